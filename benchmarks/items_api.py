"""How fast the items API answers through the front door: `make bench`.

One connection, warm functions, operations interleaved, medians. Machines differ and drift: compare
figures of one run only.
"""

import json
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import urllib3

from benchmarks import results

_TAP = Path(sys.executable).with_name("tap")
_ROUNDS = 200
_PAUSE_SECONDS = 0.01  # the deployed stage lets a hundred requests a second through


def main() -> None:
    """Measure the running embedded cloud and print a table."""
    file = results.file_option(main.__doc__, "items_api")
    front_door = json.loads(_tap("endpoints", "--json"))["front_door"]
    headers = {
        "authorization": f"Bearer {_tap('token').strip()}",
        "content-type": "application/json",
    }
    pool = urllib3.PoolManager()

    def call(**request: Any) -> Any:
        answer = pool.request(
            "POST", f"{front_door}/tap/api", body=json.dumps(request), headers=headers
        )
        if answer.status >= 400:
            sys.exit(f"{request['operation']} answered {answer.status}: {answer.data.decode()}")
        return answer.json()["data"]

    item_id = call(operation="create", item={"name": "bench", "tags": ["a", "b"]})["item"]["id"]
    measured: dict[str, Callable[[], Any]] = {
        "read": lambda: call(operation="read", id=item_id),
        "update": lambda: call(operation="update", id=item_id, item={"n": 1}, mode="merge"),
        "list": lambda: call(operation="list", limit=10),
        "GET /health": lambda: pool.request("GET", f"{front_door}/tap/health"),
        "front door alone (404)": lambda: pool.request("GET", f"{front_door}/tap/none"),
    }
    times: dict[str, list[float]] = defaultdict(list)
    for round_number in range(_ROUNDS + 10):
        for name, run in measured.items():
            time.sleep(_PAUSE_SECONDS)
            began = time.perf_counter()
            run()
            if round_number >= 10:
                times[name].append((time.perf_counter() - began) * 1000)
    call(operation="delete", id=item_id)
    results.write(
        file,
        title="The items API through the front door",
        method=f"One connection to the embedded cloud, warm functions, {_ROUNDS} rounds, in turn.",
        columns=["Operation", *results.PERCENTILES],
        rows=[[name, *results.percentiles(values)] for name, values in times.items()],
        notes=["All of it is this machine's: Lambda, DynamoDB and the network are emulated here."],
        plot="p50 ms",
    )


def _tap(*arguments: str) -> str:
    ended = subprocess.run([str(_TAP), *arguments], capture_output=True, text=True, check=False)
    if ended.returncode:
        sys.exit(ended.stderr.strip())
    return ended.stdout


if __name__ == "__main__":
    main()
