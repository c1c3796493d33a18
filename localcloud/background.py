"""What the cloud does by itself, each second."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

_log = logging.getLogger(__name__)


async def every_second(turn: Callable[[], Awaitable[None]]) -> None:
    """Take a turn each second for as long as the process runs; one that fails is logged."""
    while True:
        await asyncio.sleep(1)
        try:
            await turn()
        except Exception:  # noqa: BLE001  # pylint: disable=broad-exception-caught  # goes on
            _log.exception("%s was not done whole", turn)
