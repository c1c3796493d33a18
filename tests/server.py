"""PostgreSQL servers of embedded clouds, stopped and started by hand."""

import signal
import subprocess
import sys
from pathlib import Path

import psutil

from localcloud import postgres

_START = """
import sys
from pathlib import Path
from localcloud import postgres
from localcloud.cloud import Cloud
cloud = Cloud.load(Path(sys.argv[1]))
assert cloud
postgres.start(cloud)
"""


def start(home: Path) -> None:
    """Start the server in `home` in a process of its own, and wait until it answers."""
    subprocess.run([sys.executable, "-c", _START, str(home)], check=True, timeout=60)


def crash(home: Path) -> None:
    """End the server at once, as a crash would: the next start recovers from its log."""
    process = postgres.server(home)
    assert process, "no server runs"
    process.send_signal(signal.SIGQUIT)
    _, alive = psutil.wait_procs([process], timeout=10)
    assert not alive
