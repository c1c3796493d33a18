"""Embedded cloud for as long as one command runs, of which nothing is left."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from cli.console import step, talk
from cli.errors import CliError

if TYPE_CHECKING:
    from localcloud.cloud import Cloud


def while_running(command: Sequence[str], make: Callable[[Path], "Cloud"]) -> int:
    """Run a command on the cloud that `make` starts in a folder; returns its exit code.

    It finds the cloud as `tap` does, by `TAP_HOME`, and as AWS SDKs do, by their variables. Without
    a command, the cloud is there until Ctrl-C or SIGTERM. Raises `CliError` for a command that
    cannot be started.
    """
    from localcloud import process

    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    folder = Path(tempfile.mkdtemp(prefix="tap-"))
    home, made = folder / "cloud", False
    try:
        environ = os.environ | make(home).credentials() | {"TAP_HOME": str(home)}
        made = True
        if command:
            return subprocess.run(command, env=environ, check=False).returncode
        talk.print(f"TAP_HOME={home} until Ctrl-C")
        signal.pause()
    except KeyboardInterrupt:
        pass
    except OSError as error:
        raise CliError(f"cannot run {command[0]}: {error.strerror}; name a program") from error
    finally:
        with step("Ending the embedded cloud", "The embedded cloud has ended"):
            process.stop(home)
            if made:  # else its logs say why not
                shutil.rmtree(folder)
    return 128 + signal.SIGINT
