"""The deployment and its clients, as the operations use them."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from tests.api import Api
from tests.deployment import Deployment
from tests.partner import PartnerApi
from tests.store import Store

PATIENCE_SECONDS = 40.0


@dataclass(frozen=True)
class World:
    """The deployment and its clients.

    Attributes:
        refused: Whether what was taken away has been refused: then waiting has no use.
    """

    deployment: Deployment
    api: Api
    partner: PartnerApi
    store: Store
    refused: Callable[[], bool] = lambda: False


def soon(world: World, read: Callable[[], bool]) -> None:
    """Wait until it is so.

    Raises:
        TimeoutError: It is not in time, or never will be.
    """
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not read():
        if time.monotonic() > deadline or world.refused():
            raise TimeoutError("it did not come to be")
        time.sleep(0.2)
