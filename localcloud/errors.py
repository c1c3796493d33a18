"""The one way the embedded cloud fails on purpose."""


class CloudError(Exception):
    """What was wrong, what was given and what to do next, in one line."""
