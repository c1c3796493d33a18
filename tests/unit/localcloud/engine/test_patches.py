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
    if re.search(
        r"^from localcloud\.engine\.(handlers import|internals import .*(replace|wrap))",
        path.read_text(),
        re.MULTILINE,
    )
)
HEADS = sorted({*CHANGES, *(f"localcloud.engine.{name}" for name in SUBJECTS)})


@pytest.mark.parametrize("name", HEADS)
def test_a_file_says_what_it_changes_what_the_original_answers_and_where_it_was_checked(name):
    module = import_module(name)

    assert module.__doc__
    assert re.search(r"^Changes: \S.*^Original: \S", module.__doc__, re.MULTILINE | re.DOTALL)
    assert LOCKED
    assert LOCKED[1] in patches.checked_versions(module)


@pytest.mark.parametrize("name", HEADS)
def test_a_file_says_whose_the_fault_is_and_what_would_mend_the_emulators(name):
    said = import_module(name).__doc__ or ""

    fault = re.search(r"^Fault: the emulator's; \S.* would ", said, re.MULTILINE | re.DOTALL)
    assert bool(fault) == ("\nFault:" in said)
    assert fault or re.search(r"^Ours: \S", said, re.MULTILINE)


def test_what_changes_the_emulator_is_known_to_start_with_a_checked_version():
    assert set(CHANGES) <= {*patches.PATCHES, *patches.PARTS}


@pytest.mark.parametrize("name", [name for name in SUBJECTS if name != "deployed"])
def test_a_file_has_a_contract_test(name):
    tests = (Path(__file__).parent / f"test_{name}.py").read_text()

    assert "def test_the_original_" in tests


@pytest.mark.parametrize("package", ["consent", "metrics"])
def test_a_package_that_changes_the_emulator_has_contract_tests(package):
    tests = (Path(__file__).parents[1] / package / "test_originals.py").read_text()

    assert "def test_the_original_" in tests


def test_the_newest_version_is_held_against_every_contract_test_weekly():
    weekly = (ROOT / ".github/workflows/weekly.yml").read_text()

    for path in (ROOT / "tests/unit/localcloud").rglob("test_*.py"):
        if "\ndef test_the_original_" in path.read_text():
            assert str(path.parent.relative_to(ROOT)) in weekly


def test_what_can_be_installed_is_in_the_list():
    found = {
        f"localcloud.engine.{name}"
        for name in SUBJECTS
        if hasattr(import_module(f"localcloud.engine.{name}"), "install")
    }

    assert found <= set(patches.PATCHES)


@pytest.mark.parametrize("name", patches.PATCHES)
def test_what_is_in_the_list_can_be_installed_with_the_emulator_here(name):
    module = import_module(name)

    patches.require_checked([module], version("ministack"))
    assert module.install


def test_another_version_is_one_line_that_says_which_and_what_to_do():
    module = SimpleNamespace(__name__="a.patch", __doc__="A patch.\n\nChecked: ministack 1.0, 1.1.")

    with pytest.raises(CloudError, match=r"^the emulator is ministack 9\.9, a\.patch was checked "):
        patches.require_checked([module], "9.9")
    with pytest.raises(CloudError, match=r"with 1\.0, 1\.1: install the locked one, or run "):
        patches.require_checked([module], "9.9")


def test_nothing_is_installed_in_an_emulator_that_was_not_checked(monkeypatch, tmp_path):
    installed: list[Cloud] = []
    unchecked = SimpleNamespace(__name__="a.patch", __doc__=None, install=installed.append)
    monkeypatch.setattr(patches, "import_module", lambda _: unchecked)

    with pytest.raises(CloudError, match=r"a\.patch was checked with"):
        patches.install(Cloud(home=tmp_path, port=1, front_port=2))

    assert not installed


def test_every_patch_is_installed_in_order(monkeypatch, tmp_path):
    installed: list[str] = []

    def module(name):
        doc = f"Checked: ministack {version('ministack')}."
        return SimpleNamespace(__name__=name, __doc__=doc, install=lambda _: installed.append(name))

    monkeypatch.setattr(patches, "import_module", module)

    patches.install(Cloud(home=tmp_path, port=1, front_port=2))

    assert installed == list(patches.PATCHES)


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
