"""`python -m tools.smoke`: whether what was deployed answers, here or (`TARGET=aws`) on AWS.

Requests to each address that the stacks tell, and the answer that a stranger must get: a page, a
word on health, or a refusal. Changes nothing, so production is asked, too. Exits with 1 when one is
not answered so within a minute: a new CDN takes its time.
"""

import os
import sys
import time
from collections.abc import Callable, Iterator
from typing import NamedTuple

import urllib3

from cli import targets
from cli.errors import CliError
from cli.targets import Target

_PATIENCE = 60.0  # seconds


class Probe(NamedTuple):
    """A request, and the status that it must have."""

    api: str
    method: str
    path: str
    wanted: int
    because: str


PROBES = (
    Probe("tap", "GET", "/health", 200, "the items API is up"),
    Probe("tap", "POST", "/api", 401, "it wants a token"),
    Probe("partner", "GET", "/", 403, "the partner API wants a key"),
    Probe("store", "GET", "/", 200, "the store's page is published"),
    Probe("store", "GET", "/api/health", 200, "its API reaches its database"),
    Probe("store", "GET", "/api/products", 200, "its database is migrated"),
    Probe("store", "GET", "/no-such-page", 404, "what is not there is said not to be"),
)
Ask = Callable[[str, str], int]


def failures(
    target: Target, ask: Ask, *, patience: float, pause: Callable[[float], None] = time.sleep
) -> Iterator[str]:
    """Yield a line for each probe that is not answered as it must be, in the end."""
    for probe in PROBES:
        address = target.address(probe.api) + probe.path
        left = patience
        while (status := ask(probe.method, address)) != probe.wanted and left > 0:
            pause(2.0)
            left -= 2.0
        if status != probe.wanted:
            said = f"{status or 'no answer'} instead of {probe.wanted}"
            yield f"{probe.method} {address}: {said} ({probe.because})"
        else:
            print(f"{probe.method} {address}: {status}, {probe.because}")


def _asker() -> Ask:
    pool = urllib3.PoolManager(retries=False, timeout=urllib3.Timeout(10))

    def ask(method: str, address: str) -> int:
        try:
            return int(pool.request(method, address, redirect=False).status)
        except urllib3.exceptions.HTTPError:
            return 0

    return ask


def main() -> int:
    """Ask every address; 1 when one does not answer as it must, or nothing is deployed."""
    try:
        target = targets.find(None, aws=os.environ.get("TARGET") == "aws")
        faults = list(failures(target, _asker(), patience=_PATIENCE))
    except CliError as error:
        faults = [str(error)]
    for fault in faults:
        print(f"error: {fault}", file=sys.stderr)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
