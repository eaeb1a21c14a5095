"""Tables out, each through access for its audience."""
