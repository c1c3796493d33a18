"""The tutorial does what it shows, line by line, on the deployment that the suite has.

What it asks people to save and edit is saved and edited in a copy of the checkout. Its sections
need the ones before them, so they run in their order.
"""

import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest

from tests.deployment import Deployment
from tests.examples import here, of
from tests.partner import eventually
from tests.sabotage.copies import copy_checkout
from tests.unit.docs.pages import ROOT

pytestmark = pytest.mark.embedded
_PAGE = (ROOT / "docs/tutorial.md").read_text("utf-8")
_BLOCK = re.compile(r'^```(\w+)(?: title="([^"]+)")?\n(.*?)^```$', re.MULTILINE | re.DOTALL)
SECTIONS = dict(re.findall(r"^## (.+?)\n(.*?)(?=^## |\Z)", _PAGE, re.MULTILINE | re.DOTALL))
_SECOND = "second terminal"
_WATCH = "tap watch"
_CHANGED = "items_api"  # the service that the tutorial changes


@dataclass
class Reader:
    """Someone who follows the tutorial in a copy of the checkout, at two terminals."""

    deployment: Deployment
    checkout: Path
    second: subprocess.Popen[bytes] | None = None
    passed: int = 0  # how much of the second terminal is older than the last paste

    def paste(self, text: str) -> str:
        """Paste lines into the first terminal; what they print, without the statuses."""
        self.passed = len(self._screen())
        lines, variables = self._of(text.replace("curl ", "curl -sS "))
        # As in a terminal, the next line runs whatever became of this one.
        done = subprocess.run(
            ["bash", "-uc", lines.replace("\n", "\necho\n")],
            cwd=self.checkout,
            env=variables,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        assert "Traceback" not in done.stderr, done.stderr
        return done.stdout + done.stderr

    def watch(self) -> None:
        """Run the second terminal's line."""
        line, variables = self._of(_WATCH)
        with self._second_screen.open("w", encoding="utf-8") as screen:
            self.second = subprocess.Popen(  # pylint: disable=consider-using-with  # `end` ends it
                line.split(), cwd=self.checkout, env=variables, stdout=screen, stderr=screen
            )

    def heard(self) -> str:
        """What the second terminal has said since the last paste."""
        return self._screen()[self.passed :]

    def save(self, name: str, text: str) -> None:
        """Save a file that the tutorial shows."""
        (self.checkout / name).write_text(text, "utf-8")

    def end(self) -> None:
        """Press Ctrl-C in the second terminal."""
        if self.second:
            self.second.send_signal(signal.SIGINT)
            self.second.wait(30)

    @property
    def _second_screen(self) -> Path:
        return self.checkout.with_name("second")

    def _screen(self) -> str:
        return self._second_screen.read_text("utf-8") if self.second else ""

    def _of(self, text: str) -> tuple[str, dict[str, str]]:
        text, variables = of(self.deployment, text)
        # The copy's command and sources; what is measured of them would be of no file that stays.
        variables.pop("COVERAGE_PROCESS_CONFIG", None)
        return text, variables | {"PYTHONPATH": str(self.checkout)}


@pytest.fixture(name="reader", scope="module")
def at_two_terminals(
    deployment: Deployment, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Reader]:
    checkout = tmp_path_factory.mktemp("tutorial") / "tap"
    copy_checkout(ROOT, checkout)
    reader = Reader(deployment, checkout)
    before = _digest(deployment)
    try:
        yield reader
    finally:
        reader.end()
        _put_back(deployment)
    assert _digest(deployment) == before


def _function(deployment: Deployment) -> str:
    return deployment.outputs["ApiFunctionName"]


def _digest(deployment: Deployment) -> str:
    function = deployment.client("lambda").get_function_configuration(
        FunctionName=_function(deployment)
    )
    return str(function["CodeSha256"])


def _put_back(deployment: Deployment) -> None:
    """Leave the function as the checkout has it, wherever the tutorial broke off."""
    built = subprocess.run(
        [sys.executable, "-m", "lib.packaging.package", _CHANGED],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    package = Path(built.stdout.split()[1]).read_bytes()
    deployment.client("lambda").update_function_code(
        FunctionName=_function(deployment), ZipFile=package
    )


def _missing(shown: str, said: str) -> str | None:
    """The first line that is shown and was not said after those before it; `...` is anything."""
    lines = iter(said.splitlines())
    for line in shown.splitlines():
        wanted = re.compile(".*".join(re.escape(part) for part in line.split("...")))
        if not any(wanted.fullmatch(each.rstrip()) for each in lines):
            return line
    return None


def _is_shown(shown: str, said: str) -> bool:
    return _missing(shown, said) is None


def _follow(reader: Reader, section: str) -> None:
    said = ""
    for language, title, text in _BLOCK.findall(section):
        if language == "sh" and text.strip() == _WATCH:
            reader.watch()
        elif language == "sh":
            said = reader.paste(here(text))
        elif title == _SECOND:
            heard = eventually(reader.heard, partial(_is_shown, text))
            assert _missing(text, heard) is None, heard
        elif title:
            reader.save(title, text)
        else:
            assert _missing(text, said) is None, said


@pytest.mark.parametrize("name", [name for name, section in SECTIONS.items() if "```" in section])
def test_a_section_of_the_tutorial_does_what_it_shows(reader: Reader, name: str) -> None:
    _follow(reader, SECTIONS[name])


def test_an_answer_that_is_not_as_shown_is_noticed() -> None:
    assert _missing("a ... c\nd", "a b c\nsomething else\nd  ") is None
    assert _missing("a ... c", "a b d") == "a ... c"
    assert _missing("a\nb", "b\na") == "b"
