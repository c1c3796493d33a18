"""Every patch is installed, says what it is for, and was checked with the emulator that is here."""

import re
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from types import SimpleNamespace

import pytest

from localcloud.cloud import Cloud
from localcloud.engine import internals, patches
from localcloud.errors import CloudError

ROOT = Path(__file__).parents[4]
FILES = sorted(path.stem for path in (ROOT / "localcloud/engine").glob("*.py"))
NO_PATCHES = {"__init__", "handlers", "internals", "patches"}
SUBJECTS = [name for name in FILES if name not in NO_PATCHES]
LOCKED = re.search(
    r"^ministack==(\S+)", (ROOT / "requirements/emulator.txt").read_text(), re.MULTILINE
)


# Whatever puts something in the place of a name or a handler of the emulator's, wherever it is.
CHANGES = sorted(
    ".".join(path.relative_to(ROOT).with_suffix("").parts)
    for path in (ROOT / "localcloud").rglob("*.py")
    if path.stem not in NO_PATCHES
    and re.search(
        r"^from localcloud\.engine(\.| import )(handlers|internals import .*(replace|wrap))",
        path.read_text(),
        re.MULTILINE,
    )
)
HEADS = sorted({*CHANGES, *(f"localcloud.engine.{name}" for name in SUBJECTS)})


@pytest.mark.parametrize("name", HEADS)
def test_a_file_says_what_it_changes_and_what_the_original_answers(name):
    said = import_module(name).__doc__ or ""

    assert re.search(r"^Changes: \S.*^Original: \S", said, re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("name", HEADS)
def test_a_file_says_whose_the_fault_is_and_what_would_mend_the_emulators(name):
    said = import_module(name).__doc__ or ""

    fault = re.search(r"^Fault: the emulator's; \S.* would ", said, re.MULTILINE | re.DOTALL)
    assert bool(fault) == ("\nFault:" in said)
    assert fault or re.search(r"^Ours: \S", said, re.MULTILINE)


def test_the_locked_emulator_is_one_that_was_checked():
    assert LOCKED
    assert LOCKED[1] in patches.CHECKED


@pytest.mark.parametrize("name", [name for name in SUBJECTS if name != "deployed"])
def test_a_file_has_a_contract_test(name):
    tests = (Path(__file__).parent / f"test_{name}.py").read_text()

    assert "def test_the_original_" in tests


@pytest.mark.parametrize("package", ["consent", "metrics"])
def test_a_package_that_changes_the_emulator_has_contract_tests(package):
    tests = (Path(__file__).parents[1] / package / "test_originals.py").read_text()

    assert "def test_the_original_" in tests


def test_the_newest_version_is_held_against_every_contract_test_weekly():
    assert "make newest-emulator" in (ROOT / ".github/workflows/weekly.yml").read_text()
    target = (ROOT / "Makefile").read_text().partition("\nnewest-emulator:")[2].partition("\n\n")[0]

    for path in (ROOT / "tests/unit/localcloud").rglob("test_*.py"):
        if "\ndef test_the_original_" in path.read_text():
            assert str(path.parent.relative_to(ROOT)) in target


def test_what_can_be_installed_is_in_the_list():
    found = {
        f"localcloud.engine.{name}"
        for name in SUBJECTS
        if hasattr(import_module(f"localcloud.engine.{name}"), "install")
    }

    assert found <= set(patches.PATCHES)


@pytest.fixture
def installed(monkeypatch):
    """The patches that were installed, by name."""
    names: list[str] = []

    def module(name):
        return SimpleNamespace(install=lambda _: names.append(name))

    monkeypatch.setattr(patches, "import_module", module)
    return names


def test_an_emulator_that_was_not_checked_is_one_line_and_nothing_is_installed(
    installed, monkeypatch, tmp_path
):
    monkeypatch.setattr(patches, "version", lambda _: "9.9")

    with pytest.raises(CloudError, match=r"^the emulator is ministack 9\.9, .* install the locked"):
        patches.install(Cloud(home=tmp_path, port=1, front_port=2))

    assert not installed


def test_every_patch_is_installed_in_order(installed, tmp_path):
    patches.install(Cloud(home=tmp_path, port=1, front_port=2))

    assert installed == list(patches.PATCHES)


@pytest.mark.parametrize("name", patches.PATCHES)
def test_what_is_in_the_list_can_be_installed(name):
    assert import_module(name).install


def test_the_installed_emulator_is_the_locked_one():
    assert LOCKED
    assert version("ministack") == LOCKED[1], "make up installs it; an old .venv may hold another"


def test_a_name_that_the_emulator_lacks_is_named():
    with pytest.raises(CloudError, match=r"there is no emulator\._gone; install the locked one"):
        internals.replace(SimpleNamespace(__name__="emulator"), "_gone", None)


def test_a_name_that_the_emulator_has_is_replaced():
    owner = SimpleNamespace(__name__="emulator", _here=1)

    internals.replace(owner, "_here", 2)

    assert internals.need(owner, "_here") == 2
