"""What age does to the embedded cloud: `make bench`, or `python -m benchmarks.ageing --help`.

A cloud of its own, in a temporary folder, is measured empty and again with items and the logs of
many invocations behind it. What a write costs is processor time of the server, which other work on
the machine hardly changes; a stall is what a request that nothing is done for had to wait.
"""

import argparse
import http.client
import itertools
import json
import sys
import threading
import time
from pathlib import Path
from typing import Any

import urllib3

from benchmarks import results
from benchmarks.history import add_invocations, add_items
from benchmarks.own_cloud import OwnCloud
from localcloud.cloud import Cloud

_WRITES, _ROUNDS = 100, 5
_WATCHED_SECONDS = 25.0  # what is saved by itself is saved every ten
_GOALS = {"longest stall, ms": 50.0, "a write, times an empty cloud's": 1.5, "resume, s": 8.0}


def main() -> None:
    """Measure, print a table, and say whether the goals are reached."""
    options = argparse.ArgumentParser("python -m benchmarks.ageing", description=__doc__)
    options.add_argument("--items", type=int, default=10_000)
    options.add_argument("--invocations", type=int, default=50_000)
    options.add_argument("--json", type=Path, default=results.FOLDER / "ageing.json")
    asked = options.parse_args()
    with _Cloud.running() as cloud:
        empty = cloud.figures()
        cloud.age(asked.items, asked.invocations)
        aged = cloud.figures()
        aged |= {"resume, s": cloud.resumed(), "state, MB": cloud.megabytes()}
    aged["a write, times an empty cloud's"] = aged["a write, CPU ms"] / empty["a write, CPU ms"]
    past = f"{asked.items:,} items and the logs of {asked.invocations:,} invocations"
    results.write(
        asked.json,
        title="An embedded cloud with a past",
        method=f"A cloud of its own, empty and with {past} behind it: {_WRITES} creates through "
        f"the items API by the server's processor time, the least of {_ROUNDS} rounds; then "
        f"a probe each millisecond for {_WATCHED_SECONDS:g} s while items are created.",
        columns=["Measure", "empty", "aged", "goal, less than"],
        rows=[[name, empty.get(name), value, _GOALS.get(name)] for name, value in aged.items()],
        notes=["The probe shares the machine with the cloud: a stall holds what else ran then."],
    )
    missed = [name for name, goal in _GOALS.items() if aged[name] >= goal]
    sys.exit(f"missed: {', '.join(missed)}" if missed else 0)


class _Cloud(OwnCloud):
    """A running embedded cloud, whose items API is called."""

    def __init__(self, home: Path) -> None:
        super().__init__(home)
        self._pool = urllib3.PoolManager(maxsize=16)
        self._token = self.tap("token").strip()

    def call(self, **request: Any) -> None:
        """Ask the items API for an operation."""
        named = {"authorization": f"Bearer {self._token}", "content-type": "application/json"}
        address, body = f"{self.found['front_door']}/tap/api", json.dumps(request)
        # The API lets 100 through in a second.
        while (
            answer := self._pool.request("POST", address, body=body, headers=named)
        ).status == 429:
            time.sleep(0.1)
        if answer.status >= 400:
            sys.exit(f"{request['operation']} answered {answer.status}: {answer.data.decode()}")

    def age(self, items: int, invocations: int) -> None:
        """Let it have been used."""
        if (cloud := Cloud.load(self.home)) is None:
            sys.exit(f"{self.home} holds no embedded cloud")
        outputs = self.outputs("TapStack")
        add_items(cloud, outputs["DynamoDBTableName"], items)
        group = f"/aws/lambda/{outputs['ApiFunctionName']}"
        add_invocations(cloud, group, self.call, invocations)

    def figures(self) -> dict[str, float]:
        """Measure a write and the longest stall."""
        spent = min(self._spent_on_writes() for _ in range(_ROUNDS)) / _WRITES * 1000
        return {"a write, CPU ms": spent, "longest stall, ms": self._longest_stall()}

    def _spent_on_writes(self) -> float:
        before = self._spent()
        for _ in range(_WRITES):
            self._write()
        return self._spent() - before

    def _write(self) -> None:
        self.call(operation="create", item={"name": "bench", "tags": ["a", "b"]})

    def _spent(self) -> float:
        times = self.process().cpu_times()
        return times.user + times.system

    def _longest_stall(self) -> float:
        waits: list[float] = []
        end = time.monotonic() + _WATCHED_SECONDS
        watching = threading.Thread(target=self._watch, args=(waits, end))
        watching.start()
        for number in itertools.count():
            if time.monotonic() > end:
                break
            self._write()
            time.sleep(0.1)
            if number % 50 == 0:
                self.tap("token")
        watching.join()
        return max(waits) * 1000

    def _watch(self, waits: list[float], end: float) -> None:
        """Send what the guard refuses at once, each millisecond."""
        connection = http.client.HTTPConnection(self.found["front_door"].removeprefix("http://"))
        while time.monotonic() < end:
            began = time.perf_counter()
            connection.request("GET", "/", headers={"host": "elsewhere.example"})
            connection.getresponse().read()
            waits.append(time.perf_counter() - began)
            time.sleep(0.001)

    def resumed(self) -> float:
        """The seconds until a cloud that was ended answers again."""
        self.tap("down")
        began = time.monotonic()
        self.tap("up")
        return time.monotonic() - began

    def megabytes(self) -> float:
        """The size of the saved state."""
        return sum(each.stat().st_size for each in (self.home / "state").glob("*.sqlite*")) / 1e6


if __name__ == "__main__":
    main()
