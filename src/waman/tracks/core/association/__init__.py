"""Which plot belongs to which track."""
