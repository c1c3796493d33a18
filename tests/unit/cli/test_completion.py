"""The shell completes `tap`, as `tap --install-completion` sets it up."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

TAP = Path(sys.executable).with_name("tap")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home folder in which bash was told to complete `tap`."""
    command = [str(TAP), "--install-completion", "bash"]
    environ = {**os.environ, "HOME": str(tmp_path)}
    subprocess.run(command, env=environ, check=True, capture_output=True)
    return tmp_path


@pytest.mark.parametrize(
    ("words", "completed"),
    [("tap wat", ["watch"]), ("tap up --fr", ["--front-port"]), ("tap nosuch --fr", [])],
)
def test_bash_completes_commands_and_the_options_of_one(
    home: Path, words: str, completed: list[str]
) -> None:
    typed = words.split()
    script = (
        f"source ~/.bashrc; COMP_WORDS=({words}); COMP_CWORD={len(typed) - 1}; "
        'complete -p tap | grep -q _tap_completion && _tap_completion tap; echo "${COMPREPLY[@]}"'
    )
    environ = {**os.environ, "HOME": str(home), "PATH": f"{TAP.parent}:{os.environ['PATH']}"}

    said = subprocess.run(
        ["bash", "--norc", "-c", script], env=environ, capture_output=True, text=True, check=True
    )

    assert said.stdout.split() == completed
