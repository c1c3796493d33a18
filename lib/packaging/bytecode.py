"""Compiles a package's modules so that Lambda never has to."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from lib.packaging import PackageError

# Where Lambda unpacks a function's code; tracebacks name files there.
_TASK_ROOT = "/var/task"


def compile_modules(files: Mapping[str, bytes]) -> dict[str, bytes]:
    """Return the bytecode of every `.py` among the files, under the name the interpreter looks for.

    The bytecode is never compared with its source ("unchecked hash"): packaging sets file times to
    a constant, so bytecode that trusts times would be compiled anew at each cold start.

    The result depends on the files' names and contents alone, not on where they lie: a fresh
    interpreter compiles them in a fixed order, with a fixed hash seed, which `-I` would ignore.
    Raises `PackageError` for a module that is not valid Python.
    """
    with tempfile.TemporaryDirectory() as folder:
        stage = Path(folder)
        for name in (each for each in files if each.endswith(".py")):
            path = stage / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(files[name])
        _compile(stage)
        return {
            path.relative_to(stage).as_posix(): path.read_bytes() for path in stage.rglob("*.pyc")
        }


def _compile(stage: Path) -> None:
    interpreter = [sys.executable, "-S", "-s", "-P"]
    quietly = ["-m", "compileall", "-q", "--invalidation-mode", "unchecked-hash"]
    as_deployed = ["-s", str(stage), "-p", _TASK_ROOT, str(stage)]
    environment = {k: v for k, v in os.environ.items() if not k.startswith("PYTHON")}
    result = subprocess.run(
        interpreter + quietly + as_deployed,
        env=environment | {"PYTHONHASHSEED": "0"},
        capture_output=True,
        text=True,
        check=False,
    )
    if result.returncode:
        # '*** Error compiling ...', then Python's own lines on what is wrong and where
        _, _, problem = result.stdout.partition("...\n")
        words = " ".join((problem or result.stderr).replace(f"{_TASK_ROOT}/", "").split())
        raise PackageError(f"a module does not compile: {words}; correct it")
