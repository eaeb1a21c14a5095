"""Files unwrapped, and rows of JSON or text tables made into columns, damage reported."""
