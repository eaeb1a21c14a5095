"""Bytes to plots: one reader a format, recognised by content."""
