"""Products and orders of the store."""
