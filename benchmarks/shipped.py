"""Functions as each project ships them: `python -m benchmarks.shipped`.

The same work, an item created and read in DynamoDB, as this project does it and as the
documentation of others has it done (`benchmarks/peers/`), each packaged in its usual way. The
others are installed by pip and zipped, so that their bytecode does not fit the dates of their
sources: each cold start compiles them, and cannot write it down. `instructions` counts them
without that.
"""

import argparse
import io
import os
import re
import shutil
import statistics
import sys
import tempfile
import time
import zipfile
from collections import defaultdict
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import psutil

from benchmarks import fake_aws, functions, results, runtime_api
from benchmarks.instructions import process

OURS = "items_api"
NAMES = (OURS, *(f"peers/{each}" for each in functions.PEERS))
_LONG_AGO = 315_532_800  # 1980, which is what a reproducible zip says of every file
_WARM = 60
_METHOD = """An item created and read in DynamoDB: by this project's items API, and as the
documentation of others has it written and packaged (`benchmarks/peers/`). Each is run by AWS's
runtime client against a fake AWS that answers at once; medians of {rounds} rounds, all functions
in turn. `cold` ends with the first answer, `warm` is the median of {warm} requests."""
_NOTES = """The others check less: no scopes, no bounds; but for Powertools, no log and no metric.
What pip compiled does not fit a zip's dates, so that they compile themselves at each cold start.
This project's bytecode is not compared with its sources.
They ship the whole of botocore. Without it they would be small, and bound to Lambda's version."""
_COLUMNS = ("cold ms", "cold CPU ms", "warm ms", "memory MB")


class _Stamped(list[Any]):
    """Answers, with the time of each, and the processor time that the first had taken."""

    def __init__(self) -> None:
        super().__init__()
        self.at: list[float] = []
        self.process: psutil.Process | None = None
        self.cpu = 0.0

    def append(self, answer: Any) -> None:
        if not self.at and self.process:
            times = self.process.cpu_times()
            self.cpu = times.user + times.system
        self.at.append(time.perf_counter())
        super().append(answer)


def shipped(name: str) -> functions.Function:
    """The function as its zip would be unpacked on Lambda."""
    found = functions.find(name)
    if name == OURS:
        return found
    package = found.package.parent.parent / "shipped" / found.package.name
    shutil.rmtree(package, ignore_errors=True)
    shutil.copytree(found.package, package)
    for file in package.rglob("*.py"):
        os.utime(file, (_LONG_AGO, _LONG_AGO))
    return functions.Function(package, found.handler, found.events, found.environment)


def measure(function: functions.Function) -> dict[str, float]:
    """Start the function once: one cold request and the warm ones after it."""
    events = [function.events[n % len(function.events)] for n in range(_WARM + 1)]
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        aws = stack.enter_context(fake_aws.serve(folder))
        invocations = stack.enter_context(runtime_api.serve(events))
        stamped = _Stamped()
        invocations.answers = stamped
        environment = {**function.environment, "PYTHONDONTWRITEBYTECODE": "1"}
        began = time.perf_counter()
        started = process(function.package, function.handler, environment, aws, invocations, folder)
        stamped.process = psutil.Process(started.pid)
        while not invocations.idle.wait(0.1) and started.poll() is None:
            pass
        status = Path(f"/proc/{started.pid}/status").read_text("utf-8")
        (peak,) = re.findall(r"VmHWM:\s+(\d+) kB", status)
        started.terminate()
        started.wait()
        if len(stamped) < len(events) or any(a.get("statusCode", 500) >= 300 for a in stamped):
            sys.exit(f"{function.package.name} failed: {invocations.errors or stamped[:1]}")
        warm = [after - before for before, after in zip(stamped.at, stamped.at[1:], strict=False)]
        return {
            "cold ms": (stamped.at[0] - began) * 1000,
            "cold CPU ms": stamped.cpu * 1000,
            "warm ms": statistics.median(warm) * 1000,
            "memory MB": int(peak) / 1024,
        }


def _size(package: Path) -> tuple[float, float, int]:
    """MB of the zip, MB unpacked, and the files of a package."""
    files = [file for file in package.rglob("*") if file.is_file()]
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in files:
            archive.write(file, file.relative_to(package))
    return len(target.getvalue()) / 1e6, sum(f.stat().st_size for f in files) / 1e6, len(files)


def main() -> None:
    """Measure every function in turn, some rounds, and write the medians."""
    parser = argparse.ArgumentParser("python -m benchmarks.shipped", description=main.__doc__)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--json", type=Path, default=results.FOLDER / "shipped.json")
    given = parser.parse_args()
    measured = {name: shipped(name) for name in NAMES}
    found: dict[str, dict[str, list[float]]] = {name: defaultdict(list) for name in NAMES}
    for _ in range(given.rounds):
        for name, function in measured.items():
            for column, value in measure(function).items():
                found[name][column].append(value)
    medians = {name: [statistics.median(found[name][each]) for each in _COLUMNS] for name in NAMES}
    rows = [
        ["TAP" if name == OURS else name.removeprefix("peers/"), *medians[name], *_size(f.package)]
        for name, f in measured.items()
    ]
    columns = ["Function", *_COLUMNS, "zip MB", "unpacked MB", "files"]
    results.write(
        given.json,
        title="As shipped, beside others",
        method=" ".join(_METHOD.format(rounds=given.rounds, warm=_WARM).split()),
        columns=columns,
        rows=rows,
        notes=[results.losses(columns, rows), *_NOTES.splitlines()],
        plot="cold ms",
    )


if __name__ == "__main__":
    main()
