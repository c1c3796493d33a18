"""What `make new` writes is whole: its own test passes, and those that ask what belongs to one."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tools import new

ROOT = Path(__file__).parents[3]
PARTS = ("docs", "lib", "services", "tests", "tools", "cli", "localcloud")
FILES = ("README.md", "Makefile", "pyproject.toml", "tap.py", "cdk.json")


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A copy of what an operation touches and its tests import."""
    for name in PARTS:
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in FILES:
        shutil.copy2(ROOT / name, tmp_path / name)
    for name in (".build", "node_modules", "requirements"):
        (tmp_path / name).symlink_to(ROOT / name)
    return tmp_path


def test_an_operation_begins_with_tests_that_pass(checkout: Path) -> None:
    written = new.write("peek_at", "items.write", checkout)
    own = [each for each in written if "test_peek_at" in each]
    asked = [
        "tests/unit/services/items_api/test_description.py",
        "tests/unit/docs/test_complete.py",
    ]

    tests = ["-q", "-p", "no:cacheprovider", *own, *asked, "-k", "not stale"]
    said = subprocess.run(
        [sys.executable, "-m", "pytest", *tests],
        cwd=checkout,
        capture_output=True,
        text=True,
        check=False,
    )

    assert said.returncode == 0, said.stdout


@pytest.mark.parametrize("name", ["Peek", "peek-at", "read"])
def test_a_name_that_is_none_or_is_taken_is_refused(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        new.main([name])

    assert name in capsys.readouterr().err.splitlines()[-1]
