"""Writes every HTML and PDF page."""
