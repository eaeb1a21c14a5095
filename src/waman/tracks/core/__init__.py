"""The tracker's kernels: motion, look, marginals, update, lives of tracks. Arrays in, arrays out, no objects."""
