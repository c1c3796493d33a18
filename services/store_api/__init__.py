"""The store: api."""
