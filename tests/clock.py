"""The clock of an embedded cloud, put forward."""

import json
from pathlib import Path

from localcloud.cloud import write_private
from localcloud.metrics.clock import file_of, read_ahead


def advance(home: Path, seconds: float) -> None:
    """Put a running embedded cloud's clock forward; it is noticed within a second.

    Raises:
        ValueError: The clock would go back.
    """
    if seconds < 0:
        raise ValueError(f"a clock cannot go back, as {seconds} seconds would; start a new cloud")
    write_private(file_of(home), json.dumps({"seconds_ahead": read_ahead(home) + seconds}))
