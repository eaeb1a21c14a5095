"""Elevation: read, joined, warped to a sensor's plane, fetched by name; shortest paths on its grid."""
