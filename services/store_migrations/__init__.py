"""The store: migrations."""
