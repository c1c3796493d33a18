"""What Lambda calls."""

import gc
from collections.abc import Callable
from typing import TypeVar

Handler = TypeVar("Handler", bound=Callable[..., object])


def entry_point(handler: Handler) -> Handler:
    """Decorate a handler module's `lambda_handler`, its last statement: initialization is over.

    What initialization made lives as long as the function: frozen, no collection looks at it again.
    """
    gc.freeze()
    return handler
