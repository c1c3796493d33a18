"""`tap key`: the partner API's key."""

from cli import targets
from cli.console import talk
from cli.options import Aws, Context, Home


def key(aws: Aws = False, context: Context = None, home: Home = None) -> None:
    """Print the value of the partner API's key, for an `x-api-key` header.

    On AWS it says whose key it is, and takes the permission `apigateway:GET` on it.
    """
    from cli import apis

    found = apis.fetch_key(targets.find(home, aws=aws, context=context))
    if aws:
        talk.print(f"API key {found['id']}, {found['name']}", style="dim")
    print(found["value"])
