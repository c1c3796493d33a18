"""Lambda function: its settings, which are its environment variables, and its entry point."""

import gc
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, TypeVar

Answer = TypeVar("Answer")
Made = TypeVar("Made")


def settings_of(connect: Callable[..., object]) -> list[str]:
    """List the environment variables of a handler's `connect`: its arguments, in capitals."""
    # Read from its code: to inspect its signature would make a cold start longer.
    code = connect.__code__
    return [name.upper() for name in code.co_varnames[: code.co_kwonlyargcount]]


def from_environment(connect: Callable[..., Made], environ: Mapping[str, str]) -> Made:
    """Call `connect` with its settings; raise `KeyError` with the name of one that is missing."""
    return connect(**{name.lower(): environ[name] for name in settings_of(connect)})


def entry_point(
    connect: Callable[..., Made],
    environ: Mapping[str, str],
    handle: Callable[[Made, Any, object], Answer],
) -> partial[Answer]:
    """Make `lambda_handler`, the last statement of its module: initialization is over then.

    `handle` is called with what `connect` makes once of its settings, an event and its context.
    """
    made = from_environment(connect, environ)
    # What initialization made lives as long as the function: no collection looks at it again.
    gc.freeze()
    gc.enable()
    return partial(handle, made)
