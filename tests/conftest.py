"""What every suite shares: the deployment, its API, and which tests fit the target."""

import os
import shutil
import signal
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests import prepared
from tests.api import Api
from tests.deployment import Deployment, deployment, is_aws
from tests.files import keys
from tests.partner import PartnerApi
from tests.store import new_product, shelf, store

__all__ = ["deployment", "keys", "new_product", "shelf", "store"]


# The files of deployed tests that take a minute or more, the longest first; but one that begins
# with embedded clouds of its own comes early, while another process deploys the one that is copied.
_LONGEST = (
    *("interrupted_up", "partner_fuzz", "embedded_lifecycle", "interrupted_deployment"),
    *("examples", "commands", "sudden_end", "store_orders", "embedded_cloud", "aws_commands"),
    "partner_commands",
)


@pytest.fixture(scope="session")
def api(deployment: Deployment) -> Iterator[Api]:  # pylint: disable=redefined-outer-name  # a fixture
    """The deployed API, called with a token of every scope."""
    with Api(deployment) as connected:
        yield connected


@pytest.fixture(scope="session")
def partner(deployment: Deployment) -> Iterator[PartnerApi]:  # pylint: disable=redefined-outer-name  # a fixture
    """The deployed partner API, called with its stack's key.

    The suites are one address that sends thousands of requests: while they run, the firewall's
    rate rule lets it.
    """
    with PartnerApi(deployment) as connected, connected.rate_rule(limit=1_000_000, seconds=300):
        yield connected


def pytest_configure(config: pytest.Config) -> None:
    """Let the tests' processes run side by side, and Ctrl-C reach what they start."""
    # The CDK CLI locks the folder that it synthesizes into: each process has one of its own.
    name = f"cdk.out-{os.environ.get('PYTEST_XDIST_WORKER', 'alone')}"
    os.environ["CDK_OUTPUT"] = str(Path(__file__).parents[1] / ".build" / name)
    if prepared.SHARED not in os.environ:
        os.environ[prepared.SHARED] = tempfile.mkdtemp(prefix="tap-test-")
        config.add_cleanup(
            lambda: shutil.rmtree(os.environ.pop(prepared.SHARED), ignore_errors=True)
        )
    # Also where a shell put pytest into the background.
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_report_header() -> str:
    """Say where the deployed suites run."""
    return f"deployed suites: {'AWS' if is_aws() else 'an embedded cloud of their own'}"


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Deselect what has no meaning on the target, and begin with what takes longest.

    Pytest prints how many were deselected. A file runs in one process: the longest, begun last,
    would keep one process at work while the others have ended.

    Raises:
        UsageError: Two tests have one name.
    """
    _name_each(items)
    unfit = "embedded" if is_aws() else "aws"
    deselected = [item for item in items if item.get_closest_marker(unfit)]
    if deselected:
        config.hook.pytest_deselected(items=deselected)
    kept = [item for item in items if not item.get_closest_marker(unfit)]
    rank = {f"test_{name}": number for number, name in enumerate(_LONGEST)}
    items[:] = sorted(kept, key=lambda item: rank.get(item.path.stem, len(rank)))


def _name_each(items: list[pytest.Item]) -> None:
    """Give each test a name of its own: of those with one name, pytest-xdist runs a single one."""
    each: Any
    for each in items:
        if operation := getattr(each, "operation_label", None):  # schemathesis names them all alike
            each._id = each.id.with_params(operation)
    twice = [name for name, times in Counter(item.nodeid for item in items).items() if times > 1]
    if twice:
        raise pytest.UsageError(f"two tests have one name: {', '.join(twice)}")
