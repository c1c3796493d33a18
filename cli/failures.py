"""Failures that are no bug of `tap`: of the machine, the network and AWS, in one line each."""

import errno

from botocore.exceptions import ClientError, HTTPClientError
from botocore.exceptions import ConnectionError as NoConnection

_NO_SPACE = (errno.ENOSPC, errno.EDQUOT)
_NO_FOLDER = (errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR, errno.ENAMETOOLONG)
_MENDS = {
    **dict.fromkeys(_NO_SPACE, "free some space, then repeat"),
    **dict.fromkeys(_NO_FOLDER, "name a folder that you may write to (TAP_HOME)"),
}
# What AWS's services call a permission that is missing, and credentials that have ended.
_DENIED = ("AccessDenied", "AccessDeniedException", "AuthorizationError", "UnauthorizedOperation")
_ENDED = ("ExpiredToken", "ExpiredTokenException", "RequestExpired")


def reason(error: Exception) -> str | None:
    """Say why a command failed and what to do; None for a bug, whose traceback is to be shown."""
    if isinstance(error, NoConnection | HTTPClientError):
        return f"{error}; is the embedded cloud running (`tap up`), or with --aws the network?"
    if isinstance(error, ClientError):
        code = error.response["Error"]["Code"]
        if code in _DENIED:
            return f"{error}; use credentials that may, or ask for the permission"
        return f"{error}; log in again, then repeat" if code in _ENDED else None
    if isinstance(error, OSError) and error.errno in _MENDS:
        where = f"{error.filename}: " if error.filename else ""
        return f"{where}{error.strerror}; {_MENDS[error.errno]}"
    return None
