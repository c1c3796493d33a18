"""Rotates the password with which the store logs in to its database."""
