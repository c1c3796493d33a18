"""Every example that the pages and the `--help` texts show, found by how it is written.

An example is a line of an `sh` block, a phrase in backquotes that begins with a program's name, or
a line of a help text that begins with `tap`. A new one is found without being listed anywhere.

Not run, because nobody may here: what is about AWS, a clone, and `make`, whose targets are the
suites' own surroundings (`tests/unit/docs/test_examples.py` knows whether there is such a target);
and what makes a cloud of its own, which `tests/integration/test_ephemeral.py` runs.
"""

import os
import re
import shlex
from dataclasses import dataclass
from typing import Any

from cli import main
from tests.deployment import Deployment, environment
from tests.unit.docs.pages import PAGES, ROOT

_BLOCK = re.compile(r"^```sh\n(.*?)^```", re.MULTILINE | re.DOTALL)
_PHRASE = re.compile(r"`((?:[A-Z_]+=\S+ )*(?:\.venv/bin/tap|tap|make)(?: [^`]*)?)`")
_COMMENT = re.compile(r"\s{2,}#.*$", re.MULTILINE)
_ELSEWHERE = re.compile(
    r"--aws\b|--ephemeral\b|^([A-Z_]+=\S+ )*make |^git clone |^export AWS_|<request>"
    r"|^export ENVIRONMENT_SUFFIX"
)
COMMANDS: dict[str, Any] = {name: main.load(name) for name in main.COMMANDS}


@dataclass(frozen=True)
class Example:
    """Lines to paste, and where they are shown."""

    source: str
    text: str

    def __str__(self) -> str:
        return f"{self.source}: {self.text.splitlines()[0]}"

    @property
    def calls(self) -> list[list[str]]:
        """Each call of `tap` or `make` in it, in its words."""
        found = []
        inner = re.findall(r"\$\(([^)]*)\)", self.text)
        for line in (*self.text.replace("\\\n", " ").splitlines(), *inner):
            words = shlex.split(line, comments=True)
            while words and "=" in words[0]:
                words.pop(0)
            if words and words[0].rpartition("/")[2] in ("tap", "make"):
                found.append([words[0].rpartition("/")[2], *words[1:]])
        return found


def here(text: str) -> str:
    """The lines of an example that can be run on a deployment of the tests."""
    joined = text.replace("\\\n", " ")
    return "\n".join(line for line in joined.splitlines() if not _ELSEWHERE.search(line))


def of(deployment: Deployment, text: str) -> tuple[str, dict[str, str]]:
    """An example with a deployment's addresses in place of the usual ones, and its variables."""
    assert deployment.endpoint
    text = text.replace("http://localhost:8080", deployment.store_url)
    text = text.replace("https://127.0.0.1:4566", deployment.endpoint)
    path = f"{ROOT / '.venv/bin'}{os.pathsep}{os.environ['PATH']}"
    return text, environment() | {
        "TAP_HOME": str(deployment.home),
        "PATH": path,
        "BROWSER": "true",  # the command, which opens nothing
    }


def blocks() -> list[Example]:
    """The `sh` blocks of every page."""
    return [
        Example(str(page.relative_to(ROOT)), _COMMENT.sub("", text).strip())
        for page in PAGES
        for text in _BLOCK.findall(page.read_text("utf-8"))
    ]


def phrases() -> list[Example]:
    """The phrases in backquotes of every page that call `tap` or `make`, each once."""
    found: dict[str, Example] = {}
    for page in PAGES:
        for text in _PHRASE.findall(_BLOCK.sub("", page.read_text("utf-8"))):
            found.setdefault(text, Example(str(page.relative_to(ROOT)), text))
    return list(found.values())


def helps() -> list[Example]:
    """The examples of every command's help."""
    found = []
    for name, command in COMMANDS.items():
        lines = [line.strip() for line in (command.help or "").splitlines()]
        quoted = re.findall(r"`(tap [^`]*)`", command.help or "")
        for option in command.params:
            quoted += re.findall(r"\$\((tap [^)]*)\)", getattr(option, "help", None) or "")
        shown = [line for line in lines if line.startswith("tap ")]
        found += [Example(f"tap {name} --help", text) for text in (*shown, *quoted)]
    return found
