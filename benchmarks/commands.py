"""What the commands cost that a developer waits for all day: `make bench`.

Instructions (valgrind's, where it is installed) are the same on any load; the times are medians of
five, the commands in turn.
"""

import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks import results

_ROOT = Path(__file__).resolve().parent.parent
_BIN = Path(sys.executable).parent
_ROUNDS = 5
_CLI = [sys.executable, "-m", "cli"]
_SYNTH = [str(_BIN / "node"), "node_modules/aws-cdk/bin/cdk", "synth", "--quiet", "--output"]
_SHARED = [sys.executable, "-m", "lib.packaging.package", "health", "items_api", "partner_api"]
_HANDLER = _ROOT / "services" / "items_api" / "handler.py"
_EDITED = "tap up, one handler edited"
_SHARED_CODE = _ROOT / "services" / "shared" / "ids.py"  # which two functions have


def main() -> None:
    """Measure each command; the embedded cloud must be running, with everything deployed."""
    file = results.file_option(main.__doc__, "commands")
    with tempfile.TemporaryDirectory() as folder:
        commands = {
            "tap --help": [*_CLI, "--help"],
            "tap token": [*_CLI, "token"],
            _EDITED: [*_CLI, "up"],
            "tap up, nothing changed": [*_CLI, "up"],
            "three packages, built before": _SHARED,
            "make synth": [*_SYNTH, folder],
        }
        taken: dict[str, list[float]] = {name: [] for name in commands}
        source = _HANDLER.read_text("utf-8")
        try:
            for _ in range(_ROUNDS):
                _HANDLER.write_text(f"{source}\n_ROUND = {time.time_ns()}\n", "utf-8")
                for name, command in commands.items():
                    began = time.perf_counter()
                    _run(command)
                    taken[name].append(time.perf_counter() - began)
        finally:
            _HANDLER.write_text(source, "utf-8")
        _run(commands[_EDITED])  # as it was before the edits
        watched = statistics.median(_watched())
        rows = [
            [
                name,
                statistics.median(taken[name]),
                _instructions(command) if _is_counted(name, command) else None,
            ]
            for name, command in commands.items()
        ]
        rows.append(["tap watch, shared code edited", watched, None])
    results.write(
        file,
        title="Commands",
        method=f"Medians of {_ROUNDS} rounds, the commands in turn, with an embedded cloud that "
        "runs what is deployed; millions of instructions of the command's own process. The edit is "
        "one line of the items API's handler, or of what it shares with the partner API; watched, "
        "from the edit until both functions are live.",
        columns=["Command", "seconds", "instructions M"],
        rows=rows,
    )


def _watched() -> list[float]:
    """The seconds from an edit of shared code until the functions that have it are live."""
    source, taken = _SHARED_CODE.read_text("utf-8"), []
    with subprocess.Popen([*_CLI, "watch"], cwd=_ROOT, stderr=subprocess.PIPE, text=True) as watch:
        told = iter(watch.stderr or ())
        next(line for line in told if "Watching" in line)
        try:
            for text in [f"{source}\n_ROUND = {number}\n" for number in range(_ROUNDS)] + [source]:
                began = time.perf_counter()
                _SHARED_CODE.write_text(text, "utf-8")
                for _ in range(2):
                    next(line for line in told if "is live" in line)
                taken.append(time.perf_counter() - began)
        finally:
            _SHARED_CODE.write_text(source, "utf-8")
            watch.terminate()
    return taken


def _run(command: list[str]) -> str:
    # Validation is what `make check` and `make deploy` do.
    environ = os.environ | {"CDK_VALIDATION": "false", "PYTHONHASHSEED": "0"}
    environ["PATH"] = f"{_BIN}{os.pathsep}{environ['PATH']}"
    ended = subprocess.run(
        command, cwd=_ROOT, env=environ, capture_output=True, text=True, check=False
    )
    if ended.returncode:
        sys.exit(f"{' '.join(command)} failed: {ended.stderr}")
    return ended.stderr


def _is_counted(name: str, command: list[str]) -> bool:
    # Of Python's alone: of Node.js they vary with how its compiler fares.
    return command[0] == sys.executable and name != _EDITED


def _instructions(command: list[str]) -> float | None:
    """Count the millions of instructions of a command's own process; None without valgrind."""
    if not (valgrind := shutil.which("valgrind")):
        return None
    counting = [valgrind, "--tool=cachegrind", "--cache-sim=no", "--cachegrind-out-file=/dev/null"]
    said = _run([*counting, *command])
    counted = re.search(r"I\s+refs:\s+([\d,]+)", said)
    return int(counted[1].replace(",", "")) / 1e6 if counted else None


if __name__ == "__main__":
    main()
