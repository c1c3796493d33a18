"""`GET /health` and `GET /health/details`."""
