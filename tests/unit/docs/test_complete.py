"""What people can type, set or install is described."""

import json
import re
from pathlib import Path

import pytest
from aws_cdk import App

from cli.commands.up import _DEFAULTS, _TRY
from cli.main import COMMANDS
from lib.environment import Environment
from services.items_api import files
from services.items_api.validators import VALIDATORS
from services.shared.http import errors
from services.shared.items import cursors, models
from tests.unit.docs.pages import (
    DEPENDENCIES,
    ITEMS_API,
    MAKE,
    PARTNER_API,
    README,
    ROOT,
    SETTINGS,
    SYSTEMS,
    first_cells,
)

API = json.loads((ROOT / "docs/api/items.openapi.json").read_text("utf-8"))
PARTNER_OPERATIONS = json.loads(
    (ROOT / "services/partner_api/description.json").read_text("utf-8")
)["operations"]
TARGETS = re.findall(r"^([a-z-]+):.*##", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)
ROUTES = sorted(
    {
        f"{verb.upper()} {path.partition('#')[0]}"
        for path, verbs in API["paths"].items()
        for verb in verbs
    }
)
CODES = {
    kind.code
    for module in (errors, cursors, files, models)
    for kind in vars(module).values()
    if isinstance(kind, type) and issubclass(kind, errors.Failure) and hasattr(kind, "code")
}
REQUIRED = {
    re.split(r"[=<>~\[ ]", line)[0]
    for source in (ROOT / "requirements").glob("*.in")
    for line in source.read_text("utf-8").splitlines()
    if line and line[0] not in "#-"
}


def settings(pattern: str, *sources: str) -> set[str]:
    """The names that a pattern finds in these files."""
    files_ = [path for source in sources for path in sorted(ROOT.glob(source))]
    return {
        name
        for path in files_
        for name in re.findall(pattern, path.read_text("utf-8"), re.MULTILINE)
    }


CONTEXT = settings(
    r'(?:try_get_context\(|(?:choice|flag|listed|text)\(\s*(?:app\.)?node,)\s*"(\w+)"',
    "tap.py",
    "lib/**/*.py",
)
VARIABLES = settings(
    r'(?:environ\.get\(|environ\[|envvar=)"(\w+)"',
    "tap.py",
    "lib/**/*.py",
    "cli/**/*.py",
    "localcloud/**/*.py",
) | settings(r'environ\.get\("([A-Z]\w+)"', "tests/deployment.py")

PARTNER_CODES = {
    kind.code
    for module in (errors, cursors, models)
    for kind in vars(module).values()
    if isinstance(kind, type) and issubclass(kind, errors.Failure) and hasattr(kind, "code")
} | settings(
    r'^(?:    )?code = "(\w+)"', "services/partner_api/*.py", "lib/constructs/gateway_errors.toml"
)


def test_the_scans_find_what_is_known_to_be_there() -> None:
    assert {"up", "test", "deploy"} <= set(TARGETS)
    assert {"up", "call", "cdk"} <= set(COMMANDS)
    assert {"environmentSuffix", "apiBurstLimit", "partnerPlan", "storeDomain"} <= CONTEXT
    assert {"ENVIRONMENT_SUFFIX", "TAP_HOME", "TAP_PORT", "TARGET"} <= VARIABLES
    assert {"item_exists", "invalid_cursor", "file_not_found"} <= CODES
    assert {"item_exists", "not_found", "quota_exceeded", "forbidden"} <= PARTNER_CODES


@pytest.mark.parametrize("target", TARGETS)
def test_every_make_target_is_described(target: str) -> None:
    assert re.search(rf"`make {target}\b", MAKE)


@pytest.mark.parametrize("name", sorted(CONTEXT | VARIABLES))
def test_every_setting_is_in_the_table_of_settings(name: str) -> None:
    assert name in first_cells(SETTINGS)


def test_the_defaults_are_those_that_hold() -> None:
    rows = first_cells(SETTINGS)
    default = Environment.resolve(App().node, environ={})

    assert rows["environmentSuffix"].endswith(f"| `{default.suffix}` ")
    kept = Environment.resolve(App().node, suffix="prod", environ={})
    assert f"| `{default.log_retention.name}` where data is thrown away" in rows["logRetention"]
    assert rows["logRetention"].endswith(f"else `{kept.log_retention.name}` ")
    assert rows["apiRateLimit"].endswith(f"| {default.requests_per_second} ")
    assert rows["apiBurstLimit"].endswith(f"| {default.burst} ")
    assert f"`{default.allowed_origins[0]}`" in rows["allowedOrigins"]


def test_the_lines_to_paste_are_those_that_tap_up_prints() -> None:
    front_door = f"http://localhost:{_DEFAULTS['front_port']}"
    printed = _TRY.format(front_door=front_door, tap=".venv/bin/tap")
    lines = [line.strip() for line in printed.strip().splitlines()[1:]]

    assert "\n".join(lines) in README


@pytest.mark.parametrize("route", ROUTES)
def test_every_route_is_described(route: str) -> None:
    assert f"`{route}`" in SYSTEMS
    assert f"`{route}`" in ITEMS_API


@pytest.mark.parametrize("operation", PARTNER_OPERATIONS, ids=lambda each: each["operation"])
def test_every_route_of_the_partner_api_is_described(operation: dict[str, str]) -> None:
    route = f"`{operation['method']} {operation['path']}`"

    assert route in SYSTEMS
    assert route in PARTNER_API


@pytest.mark.parametrize("operation", VALIDATORS)
def test_every_operation_has_its_heading_and_a_valid_request(operation: str) -> None:
    _, heading, section = ITEMS_API.partition(f"\n### {operation}\n")
    shown = re.search(r"```json\n(.*?)```", section, re.DOTALL)

    assert heading
    assert shown
    request = json.loads(shown[1])
    assert request["operation"] == operation
    VALIDATORS[operation](request)


@pytest.mark.parametrize("code", sorted(CODES | {"internal_error"}))
def test_every_error_code_is_described(code: str) -> None:
    assert f"`{code}`" in ITEMS_API


@pytest.mark.parametrize("code", sorted(PARTNER_CODES | {"internal_error", "request_refused"}))
def test_every_error_code_of_the_partner_api_is_described(code: str) -> None:
    assert f"`{code}`" in PARTNER_API


@pytest.mark.parametrize("name", sorted(REQUIRED))
def test_every_direct_dependency_earns_its_place(name: str) -> None:
    assert name in first_cells(DEPENDENCIES)


def test_no_dependency_is_described_that_is_gone() -> None:
    assert set(first_cells(DEPENDENCIES)) - {path.name for path in _sources()} <= (
        REQUIRED | {f"make {target}" for target in TARGETS}
    )


def _sources() -> list[Path]:
    return sorted((ROOT / "requirements").glob("*.in"))


@pytest.mark.parametrize(
    "page", sorted((ROOT / "docs/decisions").glob("*.md")), ids=lambda p: p.name
)
def test_every_decision_is_short_and_listed(page: Path) -> None:
    listed = (ROOT / "docs/decisions/README.md").read_text("utf-8")

    tables = page.name in ("dependencies.md", "deviations.md")
    assert page.name == "README.md" or f"({page.name})" in listed
    assert tables or len(page.read_text("utf-8").splitlines()) <= 25


def test_every_page_is_linked_from_the_first_one() -> None:
    linked = set(re.findall(r"\]\(([^)#]*)", README))

    for folder in ("docs", "docs/reference"):
        for page in sorted((ROOT / folder).glob("*.md")):
            assert f"{folder}/{page.name}" in linked
