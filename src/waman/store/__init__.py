"""The workspace: reads and writes every contract table."""
