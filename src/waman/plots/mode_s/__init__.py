"""Mode S: raw frames from what receivers write, their parity, and plots through rs1090."""
