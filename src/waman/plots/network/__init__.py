"""What others decoded before us: state vectors, BaseStation lines, readsb files."""
