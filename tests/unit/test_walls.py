"""The walls of the house: each import contract covers what is there, and stops what it forbids."""

import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ROOMS = ("cli", "lib", "localcloud", "services")
SERVICES = {f"services.{path.parent.name}" for path in (ROOT / "services").glob("*/package.toml")}
CONTRACTS = {
    contract["id"]: contract
    for contract in tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"][
        "importlinter"
    ]["contracts"]
}

# For each contract, imports that it must not let pass: the file, and what is written into it.
BREAKS = {
    "services": [
        ("services/store_api/models.py", "import aws_cdk"),
        ("services/shared/ids.py", "from lib.environment import Environment"),
        ("services/health/handler.py", "import localcloud.cloud"),
    ],
    "lib": [
        ("lib/environment.py", "import services.shared.ids"),
        ("lib/constructs/secure_bucket.py", "import botocore"),
        ("lib/tap_stack.py", "import localcloud.cloud"),
    ],
    "localcloud": [
        ("localcloud/asgi.py", "from lib.environment import Environment"),
        ("localcloud/journal.py", "import cli.errors"),
        ("localcloud/gateway/access_log.py", "import services.shared.ids"),
    ],
    "cli": [
        ("cli/options.py", "from lib.environment import Environment"),
        ("cli/apis.py", "import services.shared.ids"),
    ],
    "independence": [
        ("services/store_api/models.py", "import services.items_api.files"),
        ("services/shared/ids.py", "import services.health.handler"),
    ],
    "service-layers": [
        ("services/store_api/models.py", "import services.store_api.repository"),
        ("services/store_api/repository.py", "import services.store_api.handler"),
    ],
    "items-layers": [
        ("services/shared/items/models.py", "import services.shared.items.repository"),
        ("services/shared/items/repository.py", "import services.shared.items.service"),
    ],
    "models": [
        ("services/shared/items/models.py", "import botocore"),
        ("services/store_api/models.py", "import services.shared.aws"),
    ],
    "lib-layers": [
        ("lib/constructs/secure_bucket.py", "import lib.store.settings"),
        ("lib/items/service.py", "import lib.tap_stack"),
        ("lib/store/settings.py", "import lib.partner.audit_trail"),
    ],
}


@pytest.fixture(scope="session")
def copy(tmp_path_factory):
    """A copy of the rooms, for breaks to be planted in."""
    folder = tmp_path_factory.mktemp("house")
    for room in ROOMS:
        shutil.copytree(ROOT / room, folder / room, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", folder)
    return folder


def lint(folder, contract):
    return subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--contract", contract, "--no-cache"],
        cwd=folder,
        env={"PATH": "/usr/bin:/bin", "PYTHONPATH": str(folder), "COLUMNS": "200"},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(
    ("contract", "file", "line"),
    [(contract, *each) for contract, breaks in BREAKS.items() for each in breaks],
)
def test_a_forbidden_import_is_caught(contract, file, line, copy):
    path = copy / file
    before = path.read_text("utf-8")
    path.write_text(f"{before}\n{line}\n", "utf-8")

    try:
        said = lint(copy, contract)
    finally:
        path.write_text(before, "utf-8")

    assert said.returncode == 1, said.stderr
    assert "BROKEN" in said.stdout


def test_every_contract_has_a_break_that_it_catches():
    assert set(BREAKS) == set(CONTRACTS)


def test_every_service_has_its_layers():
    assert set(CONTRACTS["service-layers"]["containers"]) == SERVICES


def test_every_room_of_the_infrastructure_has_its_floor():
    floors = {
        name.strip() for layer in CONTRACTS["lib-layers"]["layers"] for name in layer.split("|")
    }
    rooms = {
        f"lib.{path.stem}"
        for path in (ROOT / "lib").iterdir()
        if path.stem != "__init__" and (path.suffix == ".py" or (path / "__init__.py").exists())
    }

    assert floors == rooms


def test_every_room_is_under_the_contracts():
    linter = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"]

    assert set(linter["root_packages"]) == set(ROOMS)
