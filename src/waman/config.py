"""The area file: one TOML that names sensors, terrain, places, plans and people."""
