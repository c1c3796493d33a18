"""`tools/venv.sh`: an environment that cannot be used is made again, or one line says why not."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[3] / "tools" / "venv.sh"
# Stands in for an interpreter of any version, and for the environments that it makes.
PYTHON = """#!/bin/sh
case "$1" in
-V) echo "Python {version}.9" ;;
-c) case "$2" in *exit*) exit {too_old} ;; *) echo "{version}" ;; esac ;;
-m) mkdir -p "$3/bin" && cp "$0" "$3/bin/python" && echo made >"$3/made-by-{version}" &&
    echo "#!$(pwd -P)/$3/bin/python" >"$3/bin/pip" ;;
esac
"""
BROKEN = "#!/nowhere/python\n"


@pytest.fixture
def machine(tmp_path):
    """A folder of interpreters that goes before the machine's own; none is there at first."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for minor in (11, 12, 13, 14):
        program(folder / f"python3.{minor}", BROKEN)
    program(folder / "python3", BROKEN)
    return folder


@pytest.fixture
def checkout(tmp_path):
    folder = tmp_path / "a [check]out"
    folder.mkdir()
    return folder


def program(path, text):
    path.write_text(text)
    path.chmod(0o755)


def install(machine, name, version):
    too_old = int(tuple(int(part) for part in version.split(".")) < (3, 11))
    program(machine / name, PYTHON.format(version=version, too_old=too_old))


def make(machine, checkout, *arguments):
    return subprocess.run(
        [str(SCRIPT), ".venv", *(arguments or ("python3", "up"))],
        cwd=checkout,
        env={"PATH": f"{machine}{os.pathsep}/usr/bin{os.pathsep}/bin"},
        capture_output=True,
        text=True,
        check=False,
    )


def is_one_line(said, *parts):
    assert said.returncode == 1
    [line] = said.stderr.splitlines()
    for part in ("error:", *parts):
        assert part in line


def test_a_good_environment_is_left_as_it_is(machine, checkout):
    install(machine, "python3", "3.11")
    make(machine, checkout)
    (checkout / ".venv" / "kept").touch()

    said = make(machine, checkout)

    assert (said.returncode, said.stdout, said.stderr) == (0, "", "")
    assert (checkout / ".venv" / "kept").exists()


def test_an_old_python_is_told_in_one_line_and_nothing_is_made(machine, checkout):
    install(machine, "python3", "3.10")

    said = make(machine, checkout)

    is_one_line(said, "3.11 or newer", "python3 is 3.10.9", "`make up PYTHON=python3.12`")
    assert not (checkout / ".venv").exists()


def test_the_line_names_a_newer_python_that_is_there(machine, checkout):
    install(machine, "python3", "3.10")
    install(machine, "python3.13", "3.13")

    said = make(machine, checkout, "python3", "check")

    is_one_line(said, "take the one that is here: `make check PYTHON=python3.13`")


def test_a_python_that_is_not_there_is_told(machine, checkout):
    said = make(machine, checkout, "python3.12", "up", "asked")

    is_one_line(said, "python3.12 is not there")


def test_the_named_python_cures_an_environment_of_an_old_one(machine, checkout):
    install(machine, "old", "3.10")
    install(machine, "python3.12", "3.12")
    subprocess.run([machine / "old", "-m", "venv", ".venv"], cwd=checkout, check=True)

    said = make(machine, checkout, "python3.12", "up", "asked")

    assert said.returncode == 0
    assert (checkout / ".venv" / "made-by-3.12").exists()


def test_an_environment_whose_python_is_gone_is_made_again(machine, checkout):
    install(machine, "python3", "3.11")
    make(machine, checkout)
    program(checkout / ".venv" / "bin" / "python", BROKEN)

    said = make(machine, checkout)

    assert said.returncode == 0
    assert "again" in said.stdout
    assert make(machine, checkout).stdout == ""


def test_the_environment_of_a_moved_checkout_is_made_again(machine, checkout, tmp_path):
    install(machine, "python3", "3.11")
    make(machine, checkout)
    moved = Path(shutil.move(checkout, tmp_path / "moved"))

    said = make(machine, moved)

    assert "again" in said.stdout
    assert f"{moved}/.venv" in (moved / ".venv" / "bin" / "pip").read_text()


def test_an_environment_does_not_make_itself_again(machine, checkout):
    install(machine, "python3", "3.11")
    make(machine, checkout)
    own = checkout / ".venv" / "bin"
    program(own / "python3", BROKEN)
    program(own / "pip", "of another folder\n")

    said = subprocess.run(
        [str(SCRIPT), ".venv", "python3", "up"],
        cwd=checkout,
        env={"PATH": os.pathsep.join((str(own), str(own), str(machine), "/usr/bin", "/bin"))},
        capture_output=True,
        text=True,
        check=False,
    )

    assert said.returncode == 0
    assert f"{checkout}/.venv" in (own / "pip").read_text()


def test_a_named_python_of_another_version_makes_it_again_and_the_same_one_does_not(
    machine, checkout
):
    install(machine, "python3", "3.11")
    install(machine, "python3.12", "3.12")
    make(machine, checkout)

    same = make(machine, checkout, "python3", "up", "asked")
    other = make(machine, checkout, "python3.12", "up", "asked")

    assert same.stdout == ""
    assert "again" in other.stdout
    assert (checkout / ".venv" / "made-by-3.12").exists()


def test_what_is_not_named_leaves_an_environment_of_another_version(machine, checkout):
    install(machine, "python3", "3.11")
    install(machine, "python3.12", "3.12")
    make(machine, checkout, "python3.12", "up", "asked")

    said = make(machine, checkout)

    assert said.stdout == ""
    assert (checkout / ".venv" / "made-by-3.12").exists()


def test_a_python_without_venv_is_told(machine, checkout):
    install(machine, "python3", "3.11")
    text = (machine / "python3").read_text()
    program(machine / "python3", text.replace("-m) ", "-m) exit 1; "))

    is_one_line(make(machine, checkout), "python3-venv")


@pytest.mark.skipif(
    os.geteuid() == 0 and not shutil.which("unshare"), reason="root writes anywhere"
)
def test_a_checkout_that_cannot_be_written_to_is_told(machine, checkout):
    install(machine, "python3", "3.11")
    checkout.chmod(0o555)
    prefix = ["unshare", "--user", "--map-user=1000", "--"] if os.geteuid() == 0 else []

    said = subprocess.run(
        [*prefix, str(SCRIPT), ".venv", "python3", "up"],
        cwd=checkout,
        env={"PATH": f"{machine}{os.pathsep}/usr/bin{os.pathsep}/bin"},
        capture_output=True,
        text=True,
        check=False,
    )

    is_one_line(said, "cannot be written to", "copy the checkout")
