"""Tracks to legs: rows joined into chains, chains cut into flights, flights measured and their ends placed."""
