"""What the ledger writes: the database, the folder made from it, and the disk under both."""
