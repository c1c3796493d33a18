"""Instructions that a Lambda function takes: `python -m benchmarks.instructions items_api`.

Wall time depends on the machine and on what else it does; instructions hardly do. They are counted
by valgrind while AWS's own runtime client (awslambdaric) runs the packaged handler against a fake
AWS that answers at once. In millions: `init`, up to the wait for the first event; `first`, its
request, the connections to AWS included; `cold`, both; `warm`, the mean of the ten after it.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks import fake_aws, functions, results, runtime_api, store_function

RUNTIME = Path(__file__).resolve().parent.parent / ".build" / "runtime"
_OURS = ("items_api", "partner_api", "audit_writer", "health", store_function.NAME)
_ALL = [*_OURS, *(f"peers/{each}" for each in functions.PEERS)]
_METHOD = """Millions of instructions, counted by valgrind while AWS's runtime client runs the
packaged handler against a fake AWS that answers at once: `init` up to the wait for an event,
`first` for the first request, `cold` both, `warm` the mean of ten more. All have bytecode."""
_NOTES = (
    "Boto3 and those after it do the work of the first row: an item created and read.",
    "The partner API also sends an audit record, which the writer keeps.",
    "Health asks three services and keeps what it found for a second: no warm request asks them.",
    "The store places an order, in a PostgreSQL of its own.",
)
TOOL = ("valgrind", "--tool=cachegrind", "--cache-sim=no")
_WARM = 10
_TIMEOUT = 300.0
_SETTINGS = {
    "AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE",
    "AWS_DEFAULT_REGION": "eu-west-1",
    "AWS_EXECUTION_ENV": "AWS_Lambda_python",
    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "512",
    "AWS_LAMBDA_FUNCTION_NAME": "benchmark",
    "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
    "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
    "AWS_REGION": "eu-west-1",
    "AWS_SECRET_ACCESS_KEY": "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
    "AWS_SESSION_TOKEN": "benchmark",
    "PYTHONHASHSEED": "0",  # or the same work takes another number of instructions each time
    "TZ": "UTC",
}


class NotMeasured(Exception):
    """There is nothing to count with; the argument says what is missing."""


@dataclass(frozen=True)
class Counts:
    """Instructions of a function."""

    init: int
    cold: int
    warm: int

    @property
    def first(self) -> int:
        """Of the first request."""
        return self.cold - self.init


def count(
    package: Path, handler: str, events: Sequence[Any], environment: Mapping[str, str]
) -> Counts:
    """Count the instructions of an unpacked package's handler (`module.function`).

    The first event is the cold start's; the ten warm ones take the events in turn, from the second
    on. Raises `NotMeasured` without valgrind or the runtime client.
    """
    if not is_there():
        raise NotMeasured("valgrind is not installed")
    if not RUNTIME.is_dir():
        raise NotMeasured("AWS's runtime client is not installed: `make .build/runtime`")
    first = list(events[:1])
    warm = [events[(number + 1) % len(events)] for number in range(_WARM)]
    run(package, handler, first + warm, environment, tool=[])  # writes the bytecode still missing
    init = run(package, handler, [], environment)
    cold = run(package, handler, first, environment)
    return Counts(init, cold, (run(package, handler, first + warm, environment) - cold) // _WARM)


def is_there() -> bool:
    """Whether there is a valgrind to count with."""
    return shutil.which("valgrind") is not None


def run(
    package: Path,
    handler: str,
    events: Sequence[Any],
    environment: Mapping[str, str],
    tool: Sequence[str] = TOOL,
) -> int:
    """Run a handler until it has answered the events; how many instructions that took."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        aws = stack.enter_context(fake_aws.serve(folder))
        invocations = stack.enter_context(runtime_api.serve(events))
        counts = folder / "counts"
        instrument = [*tool, f"--cachegrind-out-file={counts}"] if tool else []
        started = process(package, handler, environment, aws, invocations, folder, instrument)
        while not invocations.idle.wait(0.1) and started.poll() is None:
            pass
        started.terminate()
        started.wait(_TIMEOUT)
        said = (folder / "log").read_text("utf-8", "replace")
        answered = [a for a in invocations.answers if a.get("statusCode", 200) < 300]
        if invocations.errors or len(answered) < len(events):
            sys.exit(
                f"{handler} failed: {invocations.errors or invocations.answers[:1]}\n{said[-2000:]}"
            )
        return total(counts) if tool else 0


def process(
    package: Path,
    handler: str,
    environment: Mapping[str, str],
    aws: fake_aws.Endpoint,
    invocations: runtime_api.Invocations,
    folder: Path,
    instrument: Sequence[str] = (),
) -> "subprocess.Popen[bytes]":
    """Start a handler as Lambda does; what it says goes to the file `log` of the folder."""
    bundle = folder / "roots.pem"
    shipped = package / "botocore" / "cacert.pem"  # what the function would read is read
    also = Path(environment.get("SSL_CERT_FILE", os.devnull)).read_bytes()  # a database's
    bundle.write_bytes((shipped.read_bytes() if shipped.exists() else b"") + aws.root + also)
    with (folder / "log").open("wb") as log:
        return subprocess.Popen(
            [*instrument, _interpreter(), "-S", "-s", "-P", "-m", "awslambdaric", handler],
            cwd=package,
            env={
                **_SETTINGS,
                **environment,
                "AWS_CA_BUNDLE": str(bundle),
                "AWS_ENDPOINT_URL": aws.url,
                "AWS_LAMBDA_RUNTIME_API": invocations.address,
                "LAMBDA_TASK_ROOT": str(package),
                "PATH": os.environ["PATH"],
                "PYTHONPATH": f"{package}:{RUNTIME}",
                "SSL_CERT_FILE": str(bundle),
            },
            stdout=log,
            stderr=log,
        )


def _interpreter() -> str:
    """The interpreter of the virtual environment's, without what is installed in it."""
    return os.path.realpath(sys.executable)


def total(counts: Path) -> int:
    """Read how many instructions cachegrind counted."""
    found = re.search(r"^summary: (\d+)", counts.read_text("utf-8", "replace"), re.MULTILINE)
    if found is None:
        sys.exit(f"valgrind wrote no summary into {counts}")
    return int(found[1])


def main() -> None:
    """Count the functions that are named, in millions of instructions; all of them by default."""
    parser = argparse.ArgumentParser("python -m benchmarks.instructions", description=main.__doc__)
    parser.add_argument("names", nargs="*", default=_ALL, help="a service, or peers/NAME")
    parser.add_argument("--json", type=Path, default=results.FOLDER / "instructions.json")
    given = parser.parse_args()
    rows = []
    for name in given.names:
        stored = name == store_function.NAME
        function = store_function.served() if stored else nullcontext(functions.find(name))
        try:
            with function as found:
                counts = count(found.package, found.handler, found.events, found.environment)
        except NotMeasured as reason:
            sys.exit(f"NOT MEASURED: {reason}")
        each = (counts.init, counts.first, counts.cold, counts.warm)
        own = "" if name.startswith("peers/") else "TAP "
        rows.append([own + name.removeprefix("peers/"), *(value / 1e6 for value in each)])
    others = [row for row in rows if not row[0].startswith("TAP ")]
    columns = ["Function", "init M", "first M", "cold M", "warm M"]
    results.write(
        given.json,
        title="Instructions",
        method=" ".join(_METHOD.split()),
        columns=columns,
        rows=rows,
        notes=[results.losses(columns, [rows[0], *others]), *_NOTES],
        plot="cold M",
    )


if __name__ == "__main__":
    main()
