"""The store: secret_rotation."""
