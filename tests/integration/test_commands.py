"""The commands speak plainly: what they did, what was refused, and what to do then."""

import json
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.deployment import Deployment, command, environment, tap
from tests.partner import eventually

pytestmark = pytest.mark.embedded
_ROOT = Path(__file__).parent.parent.parent
_WIDE = "tap-partner-secret-rotation-test"
_NOWHERE = "http://127.0.0.1:9"


def test_a_table_in_a_pipe_is_whole_however_narrow_the_terminal(deployment: Deployment) -> None:
    assert deployment.home
    outputs = json.loads(deployment.tap("endpoints", "--json").stdout)["stacks"]

    said = tap(deployment.home, "endpoints", environ={"COLUMNS": "40"}).stdout

    values = [value for stack in outputs.values() for value in stack.values()]
    assert len(values) > 20
    assert [value for value in values if value not in said] == []


@pytest.fixture(scope="module")
def rows(deployment: Deployment) -> list[dict[str, Any]]:
    """The ledger of what is deployed, a row a resource."""
    found: list[dict[str, Any]] = json.loads(deployment.tap("status", "--json").stdout)["resources"]
    return found


def test_no_word_of_the_ledger_is_lost_in_a_pipe(
    deployment: Deployment, rows: list[dict[str, Any]]
) -> None:
    assert deployment.home

    said = tap(deployment.home, "status", environ={"COLUMNS": "40"}).stdout

    assert [row["note"] for row in rows if row["note"] not in said] == []


def test_each_property_of_each_resource_is_told(
    deployment: Deployment, rows: list[dict[str, Any]]
) -> None:
    said = deployment.tap("status", "--each").stdout

    for row in rows:
        _, _, of_resource = said.partition(f" {row['resource']} ")
        for name, entry in row["properties"].items():
            assert f"  {name} " in of_resource
            assert entry["why"] in of_resource


_SHELLS: list[dict[str, str]] = [
    {"https_proxy": _NOWHERE, "HTTPS_PROXY": _NOWHERE, "http_proxy": _NOWHERE},
    {"ALL_PROXY": _NOWHERE, "all_proxy": _NOWHERE},
    {"AWS_PROFILE": "nosuch", "AWS_USE_FIPS_ENDPOINT": "true"},
    {"AWS_ENDPOINT_URL": _NOWHERE, "AWS_CA_BUNDLE": "/nowhere"},
    {"AWS_CONFIG_FILE": str(_ROOT / "README.md")},
]
_EVERYTHING = {name: value for shell in _SHELLS for name, value in shell.items()}


@pytest.mark.parametrize(
    ("arguments", "environ"),
    [
        *((("token",), shell) for shell in _SHELLS),
        # At once: each time would be a look at the whole deployment, or a synthesis.
        (("up",), _EVERYTHING),
        (("cdk", "list"), _EVERYTHING),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else next(iter(value)),
)
def test_what_the_shell_holds_of_proxies_and_aws_disturbs_no_local_command(
    deployment: Deployment, arguments: tuple[str, ...], environ: dict[str, str]
) -> None:
    assert deployment.home

    said = tap(deployment.home, *arguments, check=False, environ=environ)

    assert said.returncode == 0, said.stderr
    assert said.stdout


def test_the_exported_shell_forgets_what_would_lead_elsewhere(deployment: Deployment) -> None:
    assert deployment.home
    environ = {"AWS_PROFILE": "nosuch", "AWS_ENDPOINT_URL_S3": _NOWHERE, "AWS_SESSION_TOKEN": "x"}

    said = tap(deployment.home, "endpoints", "--export", environ=environ)
    shell = subprocess.run(
        ["bash", "-c", f"{said.stdout}\nenv"],
        env=environment() | environ,
        capture_output=True,
        text=True,
        check=True,
    )

    held = dict(line.partition("=")[::2] for line in shell.stdout.splitlines())
    assert not set(environ) & set(held)
    assert held["AWS_ENDPOINT_URL"] == deployment.endpoint
    assert {"localhost", "127.0.0.1"} <= set(held["NO_PROXY"].split(","))


@pytest.mark.parametrize("name", ["api-function", "API-FUNCTION", "items_api", "TapStack"])
def test_tap_logs_finds_a_function_by_the_names_people_know_and_marks_its_lines(
    deployment: Deployment, name: str
) -> None:
    deployment.tap("call", "tap", "POST", "/api", "-d", '{"operation": "list"}')

    def lines() -> list[str]:
        shown = deployment.tap("logs", name, "--since", "1m").stdout.splitlines()
        return [line for line in shown if " TapStacktest tap-api-function-test " in line]

    assert eventually(lines, bool)


def test_tap_trace_follows_a_request_from_the_gateway_to_its_audit_record(
    deployment: Deployment,
) -> None:
    refused = deployment.tap("call", "partner", "GET", "/items/none", check=False)
    request_id = json.loads(refused.stdout)["request_id"]

    def told() -> list[str]:
        return deployment.tap("trace", request_id, check=False).stdout.splitlines()

    wanted = (" PartnerApiStacktest-rest-api ", " tap-partner-api-test INFO ", " audit trail ")
    found = eventually(told, lambda lines: all(each in "".join(lines) for each in wanted))
    assert [each for each in wanted if each not in "".join(found)] == []
    assert all(request_id in line for line in found)


def test_tap_logs_of_a_name_that_nothing_has_says_which_there_are(deployment: Deployment) -> None:
    said = deployment.tap("logs", "nosuch", check=False)

    assert said.returncode == 1
    [line] = said.stderr.splitlines()
    assert "'nosuch'" in line
    assert _WIDE in line


def test_tap_call_store_asks_the_store_as_a_browser_does(deployment: Deployment) -> None:
    said = deployment.tap("call", "store", "GET", "/api/products/MUG")
    page = deployment.tap("call", "store", "GET", "/")

    assert json.loads(said.stdout)["data"]["product"]["sku"] == "MUG"
    assert "<html" in page.stdout


def test_tap_call_sends_the_headers_it_is_given(deployment: Deployment) -> None:
    created = deployment.tap("call", "partner", "POST", "/items", "-d", '{"name": "first"}')
    item = json.loads(created.stdout)["data"]["item"]["id"]

    arguments = ("call", "partner", "PUT", f"/items/{item}", "-d", '{"name": "second"}')
    said = deployment.tap(*arguments, "--header", 'If-Match: "7"', check=False)

    assert "412" in said.stderr
    deployment.tap("call", "partner", "DELETE", f"/items/{item}")


def test_tap_publish_names_an_address_that_answers_here(deployment: Deployment) -> None:
    said = deployment.tap("publish")

    assert f" files at {deployment.store_url}/" in said.stderr


def test_tap_migrate_says_in_words_what_it_did(deployment: Deployment) -> None:
    said = deployment.tap("migrate", "--seed")

    assert said.stderr.splitlines()[-1] == "nothing was missing; the shop was not empty"


def test_tap_redrive_says_one_line_off_a_terminal(deployment: Deployment) -> None:
    said = deployment.tap("redrive")

    assert said.stderr == "✓ 0 dead letters moved back to their queue\n"


def test_tap_upload_says_in_a_line_why_a_file_is_refused(deployment: Deployment) -> None:
    said = deployment.tap("upload", "Makefile", check=False)

    assert said.returncode == 1
    [line] = said.stderr.splitlines()
    assert "text/plain" in line
    assert "choose with --content-type" in line
    assert "{" not in line


def test_tap_upload_takes_a_type(deployment: Deployment) -> None:
    said = deployment.tap("upload", "Makefile", "--content-type", "text/plain")

    assert "Makefile is stored as uploads/" in said.stderr


@pytest.fixture
def watching(deployment: Deployment) -> Iterator[subprocess.Popen[str]]:
    """A `tap watch` that has begun."""
    assert deployment.home
    with subprocess.Popen(
        command(deployment.home, "watch"),
        cwd=_ROOT,
        env=environment(),
        stderr=subprocess.PIPE,
        text=True,
    ) as watch:
        assert watch.stderr
        assert "Watching" in watch.stderr.readline()
        yield watch
        watch.send_signal(signal.SIGINT)


def test_tap_watch_ends_when_its_cloud_is_stopped(
    deployment: Deployment, watching: subprocess.Popen[str]
) -> None:
    deployment.tap("down")

    try:
        said = watching.communicate(timeout=15)[1]
    finally:
        deployment.tap("up")

    assert watching.returncode == 0
    assert "was stopped" in said
