"""The land of a simulated world: relief, the working plane, lines of sight, least-cost ways, the air."""
