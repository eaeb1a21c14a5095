"""Who may see what: audiences and the one policy table."""
