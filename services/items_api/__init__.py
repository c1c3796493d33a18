"""`POST /api`: items, files and the state of the secret."""
