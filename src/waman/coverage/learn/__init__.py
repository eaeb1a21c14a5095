"""What identified traffic teaches: offsets between promise and observation, and reception of unknown receivers."""
