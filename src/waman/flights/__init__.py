"""Tracks to explained flights."""
