"""`tools/install.sh`: a failed installation says in one line why, where that can be known."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
SCRIPT = ROOT / "tools" / "install.sh"
NOWHERE = "https://127.0.0.1:9/"


def install(*command, **options):
    return subprocess.run(
        [str(SCRIPT), *command], capture_output=True, text=True, check=False, **options
    )


def saying(words):
    return install("sh", "-c", 'printf "%s\\n" "$1" >&2; exit 1', "sh", words)


def the_line(said):
    assert said.returncode == 1
    [line] = said.stderr.splitlines()
    assert line.startswith("error: ")
    return line


def test_a_good_installation_says_nothing():
    said = install("sh", "-c", "echo notice; echo warning >&2")

    assert (said.returncode, said.stdout, said.stderr) == (0, "", "")


def test_pip_without_a_network_says_that(tmp_path):
    said = install(
        sys.executable, "-m", "pip", "install", "--quiet", "--isolated", "--retries", "1",
        "--disable-pip-version-check", "--index-url", NOWHERE, "--target", str(tmp_path), "nosuch",
    )  # fmt: skip

    assert "cannot be reached" in the_line(said)


def test_npm_without_a_network_says_that(tmp_path):
    (tmp_path / "package.json").write_text('{"dependencies": {"nosuch": "1.0.0"}}')
    npm = Path(sys.executable).with_name("npm")

    said = install(
        str(npm), "install", "--registry", NOWHERE, "--fetch-retries", "0", "--loglevel", "error",
        "--cache", str(tmp_path / "cache"), cwd=tmp_path,
    )  # fmt: skip

    assert "cannot be reached" in the_line(said)


@pytest.mark.parametrize(
    "words",
    [
        "WARNING: Retrying (Retry(total=4)) after connection broken by 'NewConnectionError(...)'",
        "ERROR: HTTPSConnectionPool: Max retries exceeded (Caused by NameResolutionError('x'))",
        "ProxyError('Cannot connect to proxy.', OSError('Tunnel connection failed: 407'))",
        "npm error code EAI_AGAIN\nnpm error syscall getaddrinfo",
        "npm error network request to https://x failed, reason: connect ECONNREFUSED 1.2.3.4:443",
    ],
)
def test_what_tells_of_no_network_is_told_so(words):
    line = the_line(saying(words + "\nERROR: No matching distribution found for annotated-doc"))

    assert "cannot be reached" in line
    assert "annotated-doc" not in line


@pytest.mark.parametrize(
    "words", ["ERROR: [Errno 28] No space left on device", "npm error code ENOSPC"]
)
def test_what_tells_of_a_full_disk_is_told_so(words):
    assert "the disk is full" in the_line(saying(words))


@pytest.mark.parametrize(
    "words", ["OSError: [Errno 30] Read-only file system: '.venv/x'", "npm error code EACCES"]
)
def test_what_tells_of_a_folder_that_is_not_the_users_is_told_so(words):
    assert "cannot be written to" in the_line(saying(words))


def test_any_other_failure_is_shown_as_it_is():
    said = saying("first\nTHESE PACKAGES DO NOT MATCH THE HASHES")

    assert said.returncode == 1
    assert said.stderr.splitlines()[:2] == ["first", "THESE PACKAGES DO NOT MATCH THE HASHES"]
    assert said.stderr.splitlines()[-1].startswith("error: the installation failed")


def test_make_up_does_not_install_what_only_tests_and_checks_use():
    locked = json.loads((ROOT / "package-lock.json").read_text("utf-8"))["packages"]
    wanted = json.loads((ROOT / "package.json").read_text("utf-8"))
    recipe = re.search(
        r"^\.venv/\.up:.*?\n\n", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE | re.DOTALL
    )

    assert recipe
    assert "npm ci --omit=dev " in recipe[0]
    only = {name.removeprefix("node_modules/") for name, each in locked.items() if each.get("dev")}
    assert only >= set(wanted["devDependencies"])
    assert not only & set(wanted["dependencies"])
