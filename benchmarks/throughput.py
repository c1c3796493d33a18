"""How many reads the embedded cloud answers in a second: `make bench`, or `--help`.

The whole path of a request, from the front door to the function and its call of DynamoDB. A cloud
of its own, whose throttles are lifted; who asks shares the machine with it. The processor time of
the server and of all functions says what a request takes where other work is going on.
"""

import argparse
import contextlib
import http.client
import json
import sys
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psutil

from benchmarks import results
from benchmarks.own_cloud import OwnCloud
from localcloud.cloud import Cloud

_CONNECTIONS = (1, 4, 16)
_SECONDS = 8.0
_WARM_SECONDS = 3.0  # by then as many functions run as there are connections
_GOAL_ROW, _GOAL = "items API, connections: 16", 400.0


def main() -> None:
    """Measure, print a table, and say whether the goal is reached."""
    options = argparse.ArgumentParser("python -m benchmarks.throughput", description=__doc__)
    options.add_argument("--json", type=Path, default=results.FOLDER / "throughput.json")
    options.add_argument("--home", type=Path, help="an embedded cloud's folder, not one of its own")
    asked = options.parse_args()
    given = contextlib.nullcontext(OwnCloud(asked.home)) if asked.home else OwnCloud.running()
    with given as cloud:
        _lift_throttles(cloud)
        measured = {
            f"{name}, connections: {connections}": _measured(cloud, ask, connections)
            for name, ask in _questions(cloud).items()
            for connections in _CONNECTIONS
        }
    reached, _p50, _p99, server, functions = measured[_GOAL_ROW]
    verdict = "reached" if reached >= _GOAL else "missed"
    results.write(
        asked.json,
        title="Reads a second",
        method=f"A cloud of its own, {_SECONDS:g} s each after {_WARM_SECONDS:g} s to warm up; one "
        "item is read again and again, each connection asks as soon as it was answered.",
        columns=["API", "reads/s", "p50 ms", "p99 ms", "server CPU ms", "functions CPU ms"],
        rows=[[name, *figures] for name, figures in measured.items()],
        notes=[
            f"Goal: {_GOAL:g} reads/s, {_GOAL_ROW}; {verdict}.",
            "The throttles of both APIs and the web ACL's limit are lifted through the AWS API.",
            "Who asks shares the machine with the cloud. CPU is of one read.",
            f"One process with one event loop: its core ends at {1000 / server:,.0f} reads/s.",
            f"With the functions, the goal takes {_GOAL * (server + functions) / 1000:.1f} cores.",
        ],
    )
    sys.exit(f"missed: {reached:.0f} of {_GOAL:g} reads/s" if reached < _GOAL else 0)


def _lift_throttles(cloud: OwnCloud) -> None:
    known = Cloud.load(cloud.home)
    if known is None:
        sys.exit(f"{cloud.home} holds no embedded cloud")
    much = {"ThrottlingRateLimit": 10_000, "ThrottlingBurstLimit": 5_000}
    http_apis, rest_apis, wafv2 = map(known.client, ("apigatewayv2", "apigateway", "wafv2"))
    for api in http_apis.get_apis()["Items"]:
        for stage in http_apis.get_stages(ApiId=api["ApiId"])["Items"]:
            named = {"ApiId": api["ApiId"], "StageName": stage["StageName"]}
            http_apis.update_stage(**named, DefaultRouteSettings=much)
    for api in rest_apis.get_rest_apis()["items"]:
        for stage in rest_apis.get_stages(restApiId=api["id"])["item"]:
            named = {"restApiId": api["id"], "stageName": stage["stageName"]}
            paths = {"rateLimit": "10000", "burstLimit": "5000"}
            rest_apis.update_stage(**named, patchOperations=_replacing("/*/*/throttling", paths))
    for plan in rest_apis.get_usage_plans()["items"]:
        limits = {"throttle/rateLimit": "10000", "throttle/burstLimit": "5000"}
        limits["quota/limit"] = "100000000"
        rest_apis.update_usage_plan(usagePlanId=plan["id"], patchOperations=_replacing("", limits))
    for acl in wafv2.list_web_acls(Scope="REGIONAL")["WebACLs"]:
        _lift_rates(wafv2, {"Name": acl["Name"], "Scope": "REGIONAL", "Id": acl["Id"]})


def _replacing(below: str, values: Mapping[str, str]) -> list[dict[str, str]]:
    return [
        {"op": "replace", "path": f"{below}/{name}", "value": value}
        for name, value in values.items()
    ]


def _lift_rates(wafv2: Any, named: dict[str, str]) -> None:
    found = wafv2.get_web_acl(**named)
    acl = found["WebACL"]
    for rule in acl["Rules"]:
        if flood := rule["Statement"].get("RateBasedStatement"):
            flood["Limit"] = 2_000_000_000
    kept = {name: acl[name] for name in ("DefaultAction", "Rules", "VisibilityConfig")}
    wafv2.update_web_acl(**named, **kept, LockToken=found["LockToken"])


_Ask = Callable[[http.client.HTTPConnection], None]


def _questions(cloud: OwnCloud) -> dict[str, _Ask]:
    """What is asked of each API."""
    # The web ACL refuses whoever does not say what it is.
    json_type = {"content-type": "application/json", "user-agent": "benchmarks.throughput"}
    bearer = json_type | {"authorization": f"Bearer {cloud.tap('token').strip()}"}
    key = json_type | {"x-api-key": cloud.tap("key").strip()}
    connection = _connect(cloud)
    create = {"operation": "create", "item": {"name": "bench"}}
    made = _asked(connection, "POST", "/tap/api", bearer, create)["data"]["item"]["id"]
    kept = _asked(connection, "POST", "/partner/items", key, {"name": "bench"})
    kept_id = kept["data"]["item"]["id"]
    read = {"operation": "read", "id": made}
    return {
        "items API": lambda at: _asked(at, "POST", "/tap/api", bearer, read),
        "partner API": lambda at: _asked(at, "GET", f"/partner/items/{kept_id}", key),
    }


def _connect(cloud: OwnCloud) -> http.client.HTTPConnection:
    return http.client.HTTPConnection(urlsplit(cloud.found["front_door"]).netloc, timeout=30)


def _asked(
    connection: http.client.HTTPConnection,
    method: str,
    path: str,
    named: Mapping[str, str],
    body: Any = None,
) -> Any:
    sent = None if body is None else json.dumps(body)
    connection.request(method, path, body=sent, headers=dict(named))
    answer = connection.getresponse()
    told = answer.read()
    if answer.status >= 400:
        raise RuntimeError(f"{method} {path} answered {answer.status}: {told.decode()}")
    return json.loads(told)


def _measured(cloud: OwnCloud, ask: _Ask, connections: int) -> list[float]:
    """Reads in a second, p50 and p99 in ms, and CPU ms of server and functions for a read."""
    times: list[float] = []
    end = threading.Event()

    def keep_asking() -> None:
        connection = _connect(cloud)
        while not end.is_set():
            began = time.perf_counter()
            ask(connection)
            times.append(time.perf_counter() - began)

    asking = [threading.Thread(target=keep_asking) for _ in range(connections)]
    for each in asking:
        each.start()
    time.sleep(_WARM_SECONDS)
    before, first = _spent(cloud), len(times)
    time.sleep(_SECONDS)
    after, last = _spent(cloud), len(times)
    end.set()
    for each in asking:
        each.join()
    p50, _p90, p99, _least = results.percentiles([1000 * each for each in times[first:last]])
    spent = [(then - now) * 1000 / (last - first) for now, then in zip(before, after, strict=True)]
    return [(last - first) / _SECONDS, p50, p99, *spent]


def _spent(cloud: OwnCloud) -> tuple[float, float]:
    """Processor seconds of the server, and of its function processes."""
    server = cloud.process()
    return _seconds(server), sum(map(_seconds, server.children(recursive=True)))


def _seconds(process: psutil.Process) -> float:
    with contextlib.suppress(psutil.NoSuchProcess):
        times = process.cpu_times()
        return times.user + times.system
    return 0.0


if __name__ == "__main__":
    main()
