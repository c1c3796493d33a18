"""Python of an execution environment that waits for a debugger: this file, then the worker's own.

It is run as a script by the function's interpreter, which finds neither this package nor its
packages: `debugged.py PORT PACKAGES SOURCES TASK_ROOT WORKER`.
"""

import runpy
import socket
import sys
from contextlib import suppress
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import CodeType


def folder(home: Path) -> Path:
    """Where an embedded cloud has a file for each function that is debugged.

    In its lines: a port, the folder of debugpy's packages, that of the sources.
    """
    return home / "run" / "debugged"


def attach(port: int, packages: str) -> None:
    """Wait for an editor at a local port; `packages` has debugpy, and hides nothing that lacks."""
    sys.path.append(packages)
    import debugpy

    # In this process: one of its own would find no network where the function has none.
    debugpy.listen(("127.0.0.1", port), in_process_debug_adapter=True)
    debugpy.wait_for_client()
    sys.path.remove(packages)


def is_free(port: int) -> bool:
    """Whether no other environment of the function has the editor already.

    Asked first: debugpy waits for ever for a port that is taken.
    """
    with socket.socket() as probe, suppress(OSError):
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind(("127.0.0.1", port))
        return True
    return False


def name_modules(within: str, sources: str) -> None:
    """Let a module of a package carry the name that it has in the checkout.

    So breakpoints need no mapping, and each edit that was not deployed shows as it should: as a
    line that is not reached.
    """

    def get_code(loader: SourceFileLoader, _name: str) -> CodeType:
        source, path = loader.get_data(loader.path), loader.path
        own = sources + path.removeprefix(within)
        named = own if path.startswith(within) and Path(own).exists() else path
        return compile(source, named, "exec", dont_inherit=True)

    SourceFileLoader.get_code = get_code  # type: ignore[method-assign,assignment]


if __name__ == "__main__":
    _, told_port, told_packages, told_sources, told_within, *sys.argv = sys.argv
    name_modules(told_within, told_sources)
    if is_free(int(told_port)):  # else this one runs without
        attach(int(told_port), told_packages)
    runpy.run_path(sys.argv[0], run_name="__main__")
