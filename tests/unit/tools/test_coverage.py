"""Coverage is judged room by room, and a patch of the emulator that no test reaches is named."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tools import coverage as judge

PROGRAM = """
def run(flag):
    if flag:
        return 1
    return 2
"""


@pytest.fixture
def measured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two rooms, one of them run by half, and a patch that is imported and never run."""
    for name in ("lib/whole.py", "cli/half.py", "localcloud/engine/storage.py"):
        (tmp_path / name).parent.mkdir(parents=True)
        (tmp_path / name).write_text(PROGRAM)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("COVERAGE_FILE", raising=False)
    (tmp_path / "run.py").write_text(
        "from lib import whole\nfrom cli import half\nimport localcloud.engine.storage\n"
        "whole.run(True); whole.run(False); half.run(True)\n"
    )
    subprocess.run(
        [sys.executable, "-m", "coverage", "run", "--branch", "run.py"],
        check=True,
        cwd=tmp_path,
        env={n: value for n, value in os.environ.items() if not n.startswith("COVERAGE_")},
    )


@pytest.mark.usefixtures("measured")
def test_a_room_below_its_bound_fails_and_is_marked(capsys: pytest.CaptureFixture[str]) -> None:
    code = judge.main(["lib=100", "cli=90"])

    said = capsys.readouterr().out
    assert code == 1
    assert "lib           100.00%      100%\n" in said
    assert "cli            66.67%       90%  too little\n" in said


@pytest.mark.usefixtures("measured")
def test_rooms_that_reach_their_bounds_pass() -> None:
    assert judge.main(["lib=100", "cli=60"]) == 0


@pytest.mark.usefixtures("measured")
def test_a_room_that_was_not_measured_fails(capsys: pytest.CaptureFixture[str]) -> None:
    assert judge.main(["lib=100", "services=1"]) == 1

    assert "services        0.00%        1%  too little\n" in capsys.readouterr().out


@pytest.mark.usefixtures("measured")
def test_a_patch_that_was_imported_and_never_run_is_named(
    capsys: pytest.CaptureFixture[str],
) -> None:
    judge.main(["localcloud=1"])

    assert "localcloud/engine/storage.py: no test reached this patch" in capsys.readouterr().out
