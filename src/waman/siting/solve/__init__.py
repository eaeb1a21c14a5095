"""The search for a plan and the proof of its bound."""
