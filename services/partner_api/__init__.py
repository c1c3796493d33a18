"""`/items` for machine clients with an API key."""
