"""What is seen and said of a simulated world: plots, reports, tips, and the files they are written to."""
