"""How surely a sensor detects what it has in sight: beam, radar equation, fluctuating targets, catalogue."""
