"""What stands beside a plan: what planners do today, hidden placement, where flow goes, what it would have meant."""
