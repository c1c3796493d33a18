"""Whatever a function waits for gives up before Lambda gives the function up.

A function that Lambda stops has said nothing: its caller gets the gateway's 500 or 504 instead of a
503 with `retry-after`, and neither log nor metrics nor audit record tell of the request.
"""

import runpy
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest

from services.shared import aws
from services.shared import health as checks
from services.shared.database import postgres
from tests.unit.synthesized import KINDS, ROOT, SynthesizedStack

SERVICES = sorted(path.parent.name for path in ROOT.glob("services/*/handler.py"))
# Longest pauses between three attempts of the SDK's standard mode: 1 s, then 2 s.
_PAUSES_SECONDS = 3.0


@dataclass
class Waits:
    """How long each thing that a service's start connects to may keep it waiting, in seconds."""

    clients: dict[str, float] = field(default_factory=dict)
    database: float = 0.0


def longest(settings: Any) -> float:
    attempts = int(settings.retries["total_max_attempts"])
    pauses = _PAUSES_SECONDS if attempts > 1 else 0.0
    return attempts * float(settings.connect_timeout + settings.read_timeout) + pauses


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Gives the waits of a service, which is started anew for it."""

    def of(service: str) -> Waits:
        found = Waits()

        def client(name: str, settings: Any = None) -> Any:
            found.clients[name] = longest(settings or aws.config())
            return Mock()

        def connect_to(_: str, *, timeout: float = postgres.TIMEOUT_SECONDS) -> Any:
            attempts = postgres.ATTEMPTS if service == "store_api" else 1
            found.database = attempts * timeout

        monkeypatch.setattr(aws, "client", client)
        monkeypatch.setattr(postgres, "connect_to", connect_to)
        runpy.run_path(f"services/{service}/handler.py")
        return found

    return of


def shortest_timeout(app: SynthesizedStack, service: str) -> int:
    """The shortest timeout, in seconds, of the functions of any stack that run a service."""
    handler = f"services.{service}.handler.lambda_handler"
    return min(
        int(each["Properties"]["Timeout"])
        for kind in KINDS
        for each in app.other(kind).all("AWS::Lambda::Function").values()
        if each["Properties"].get("Handler") == handler
    )


@pytest.mark.parametrize("service", SERVICES)
def test_every_wait_of_a_function_together_is_shorter_than_its_timeout(
    prod: SynthesizedStack, waits: Any, service: str
) -> None:
    timeout = shortest_timeout(prod, service)

    found = waits(service)

    assert found.clients or found.database
    assert sum(found.clients.values()) + found.database < timeout


@pytest.mark.parametrize("service", ["items_api", "partner_api"])
def test_a_client_made_later_fits_into_the_timeout_too(dev: SynthesizedStack, service: str) -> None:
    timeout = shortest_timeout(dev, service)

    assert 2 * longest(aws.config()) < timeout  # a secret's current and previous version


def test_a_statement_is_stopped_by_the_server_before_its_client_gives_up() -> None:
    setup = Path("services/store_migrations/sql/setup.sql").read_text("utf-8")
    statement, lock = (
        int(setup.split(f"ALTER ROLE store SET {name} = '")[1].split("s'")[0])
        for name in ("statement_timeout", "lock_timeout")
    )

    assert lock < statement < postgres.TIMEOUT_SECONDS


def test_a_check_of_health_ends_before_its_function_and_a_load_balancers_patience() -> None:
    assert checks.TIMEOUT_SECONDS <= 5  # what load balancers wait for by default
