"""Where a flight is going, and who on the ground could be there before it leaves again."""
