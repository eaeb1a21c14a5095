"""Waman: open, explained awareness of the low sky. Importing it does nothing."""

__version__ = "0.1.0"
