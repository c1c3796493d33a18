"""The one way a `tap` command fails on purpose."""

from localcloud.errors import CloudError


class CliError(CloudError):
    """What was wrong, what was given and what to do next, in one line.

    The command prints it to stderr and exits with code 1, as it does for what the embedded cloud
    refuses. Anything else that escapes a command is a bug, and shows its traceback.
    """
