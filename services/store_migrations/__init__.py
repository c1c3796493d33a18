"""Brings the store's database to the state that the code expects."""
