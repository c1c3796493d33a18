"""How many bytes of log lines a request of each API leaves, and what a million of them cost.

    .venv/bin/python -m benchmarks.log_bytes

Bytes are not times: one run of the running embedded cloud is enough. Those of
Lambda itself are counted apart: on AWS `SystemLogLevel` leaves them out.
"""

import sys
import time
from collections import Counter
from typing import Any

import urllib3
from rich.console import Console
from rich.table import Table

from cli import apis, project, targets
from cli.stacks import pages, resources
from tools.cost.bill import PRICES, cost

_ROUNDS = 20
_MOST = 700
_DELIVERY_SECONDS = 3  # the access log is written after the answers


def main() -> None:
    """Measure the running embedded cloud; exit code 1 for more than the APIs may write."""
    target = targets.embedded(targets.running_cloud(None))
    bearer = {"authorization": f"Bearer {apis.fetch_token(target, [])}"}
    key = {"x-api-key": apis.fetch_key(target)["value"]}
    pool = urllib3.PoolManager()
    door = target.address("store").rstrip("/")
    calls: dict[str, tuple[str, tuple[Any, ...], dict[str, Any]]] = {
        "items": (
            project.ITEMS,
            ("POST", f"{door}/tap/api"),
            {"headers": bearer, "json": {"operation": "list"}},
        ),
        "partner": (project.PARTNER, ("GET", f"{door}/partner/items"), {"headers": key}),
        "store": (project.STORE, ("GET", f"{door}/api/products"), {}),
    }
    table = Table("API", "Function", "Access log", "Together", "USD a million", "Of Lambda itself")
    worst = 0.0
    for name, (stack, call, members) in calls.items():
        pool.request(*call, **members)  # its first call says more
        time.sleep(_DELIVERY_SECONDS)
        since = int(time.time() * 1000)
        for _ in range(_ROUNDS):
            pool.request(*call, **members)
        time.sleep(_DELIVERY_SECONDS)
        told = _bytes(target, stack, since)
        ours = (told["function"] + told["access"]) / _ROUNDS
        worst = max(worst, ours)
        cells = (told["function"] / _ROUNDS, told["access"] / _ROUNDS, ours)
        usd = f"{cost(PRICES['cloudwatch.logs'], ours * 1e6):.2f}"
        table.add_row(
            name, *(f"{each:.0f}" for each in cells), usd, f"{told['lambda'] / _ROUNDS:.0f}"
        )
    Console().print(table)
    sys.exit(int(worst > _MOST))


def _bytes(target: targets.Target, stack: str, since: int) -> Counter[str]:
    """Sum up the bytes of a stack's log lines since a moment (ms), by what wrote them."""
    sums: Counter[str] = Counter()
    client = target.clients("logs")
    for each in resources(target.clients, target.stack(stack)):
        if each["ResourceType"] != "AWS::Logs::LogGroup":
            continue
        group = each["PhysicalResourceId"]
        request = {"logGroupName": group, "startTime": since}
        for event in pages(client, "filter_log_events", "events", **request):
            line = event["message"]
            kind = "access" if "/vendedlogs/" in group else "function"
            if not line.startswith("{"):
                kind = "lambda"
            sums[kind] += len(line.encode())
    return sums


if __name__ == "__main__":
    main()
