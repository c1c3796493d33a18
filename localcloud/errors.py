"""Error of the embedded cloud."""


class CloudError(Exception):
    """What was wrong, what was given and what to do next, in one line."""
