"""Plots to tracks."""
