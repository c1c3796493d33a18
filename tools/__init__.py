"""Developer commands, run as `python -m tools.<name>`."""
