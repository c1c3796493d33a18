"""What the services promise to whoever deploys them."""

import ast
import gc
import importlib
import runpy
import secrets
import socket
import tomllib
from pathlib import Path
from typing import Any

import pytest

import services
from services.shared.function import entry_point, from_environment, settings_of

SERVICES = Path("services")
ENVIRONMENT = {
    "items_api": {
        "ITEMS_TABLE_NAME",
        "FILES_BUCKET_NAME",
        "CURSOR_SECRET_ARN",
        "RESOURCE_SERVER_ID",
    },
    "health": {"ITEMS_TABLE_NAME", "FILES_BUCKET_NAME", "CURSOR_SECRET_ARN"},
    "release_check": {"FUNCTIONS"},
    "secret_rotation": {"SECRET_ARN"},
    "partner_api": {
        "ITEMS_TABLE_NAME",
        "CURSOR_SECRET_ARN",
        "AUDIT_QUEUE_URL",
        "ALLOWED_ORIGINS",
    },
    "audit_writer": {"LOGS_BUCKET_NAME"},
    "store_api": {"DATABASE_SECRET_ARN", "ORIGIN_KEY_ARN", "MIGRATION_LEVEL"},
    "store_migrations": {
        "MASTER_SECRET_ARN",
        "DATABASE_SECRET_ARN",
    },
    "store_secret_rotation": {"SECRET_ARN"},
}
WITH_DATABASE = {service for service in ENVIRONMENT if service.startswith("store_")}
every_service = pytest.mark.parametrize("service", ENVIRONMENT)


def connect_of(service: str) -> Any:
    return importlib.import_module(f"services.{service}.handler").connect


@every_service
def test_a_service_reads_these_environment_variables_and_no_other(service: str) -> None:
    assert set(settings_of(connect_of(service))) == ENVIRONMENT[service]


def test_a_setting_has_the_value_of_its_variable() -> None:
    def connect(*, table_name: str, level: str) -> list[str]:
        found = [table_name]  # a variable of its own is no setting
        found.append(level)
        return found

    environ = {"TABLE_NAME": "a-table", "LEVEL": "3", "ANOTHER": "x"}

    assert from_environment(connect, environ) == ["a-table", "3"]


@every_service
def test_a_missing_variable_is_named(service: str) -> None:
    with pytest.raises(KeyError) as missing:
        from_environment(connect_of(service), {})
    assert missing.value.args[0] in ENVIRONMENT[service]


@every_service
def test_a_handler_has_the_name_that_lambda_is_told(service: str) -> None:
    assert callable(importlib.import_module(f"services.{service}.handler").lambda_handler)


@every_service
def test_the_entry_point_ends_the_initialization_and_so_the_module(service: str) -> None:
    module = ast.parse((SERVICES / service / "handler.py").read_text("utf-8"))

    last = ast.unparse(module.body[-1])
    assert last.startswith("lambda_handler = entry_point(connect, os.environ, ")


def test_what_was_made_before_the_entry_point_is_collected_no_more() -> None:
    gc.unfreeze()

    handler = entry_point(lambda: "made", {}, lambda made, event, context: (made, event, context))

    assert handler("an event", "its context") == ("made", "an event", "its context")
    assert gc.get_freeze_count() > 0
    gc.unfreeze()


def test_the_collector_rests_until_the_entry_point() -> None:
    importlib.reload(services)
    rested = not gc.isenabled()

    entry_point(lambda: None, {}, print)

    assert rested
    assert gc.isenabled()
    gc.unfreeze()


@every_service
def test_a_snapshot_of_what_a_service_starts_with_holds_no_connection_and_no_drawn_number(
    service: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    held: list[object] = []
    monkeypatch.setattr(socket.socket, "connect", lambda *to: held.append(to))
    monkeypatch.setattr(secrets, "randbits", held.append)

    runpy.run_path(str(SERVICES / service / "handler.py"))

    assert not held
    gc.unfreeze()


@every_service
def test_a_service_reads_the_environment_in_one_line(service: str) -> None:
    lines = [
        line
        for path in (SERVICES / service).rglob("*.py")
        for line in path.read_text("utf-8").splitlines()
        if "os.environ" in line
    ]
    assert len(lines) == 1


@every_service
def test_a_package_declares_what_it_needs_and_the_operations_it_calls(service: str) -> None:
    declared = tomllib.loads((SERVICES / service / "package.toml").read_text("utf-8"))

    driver = ["pg8000"] if service in WITH_DATABASE else []
    assert declared["requires"] == ["botocore", "aws-lambda-powertools", *driver]
    assert all(operations == sorted(operations) for operations in declared["aws"].values())
