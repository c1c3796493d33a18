"""Execution environments of functions: processes below an embedded cloud, which come and go."""

import contextlib
from collections.abc import Iterator

import psutil


def functions(server: int) -> Iterator[tuple[psutil.Process, dict[str, str]]]:
    """Yield each execution environment of a server's functions, with its environment variables."""
    for each in psutil.Process(server).children(recursive=True):
        with contextlib.suppress(psutil.Error, OSError):  # it has ended meanwhile
            environ = each.environ()
            if "AWS_LAMBDA_FUNCTION_NAME" in environ:
                yield each, environ
