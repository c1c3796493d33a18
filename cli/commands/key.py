"""`tap key`: the partner API's key."""

from cli.access import fetch_key
from cli.commands.options import Home, running_cloud


def key(home: Home = None) -> None:
    """Print the value of the partner API's key, for `curl -H "x-api-key: ..."`."""
    print(fetch_key(running_cloud(home)))
