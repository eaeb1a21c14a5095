"""Tracks with hindsight: smoothed, stitched across gaps, existence judged by the whole record."""
