"""The pages of the site: the repository's own, with links to where the site has each file.

GitHub shows the same pages as they are, so nothing in them is the generator's own. README.md is the
first page. A file that a page links to and that is no page, such as a test, is copied as text.
"""

import os
import posixpath
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
ALONE = ("README.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md", "LICENSE")
_NAMES = {
    "README.md": "index.md",
    "LICENSE": "license.txt",
    "SECURITY.md": "security-policy.md",  # docs/ has a page of the name
}
_LINK = re.compile(r"(?<=\]\()(?!https?:|#)([^)\s#]+)(?=[)#])")
_FENCE = re.compile(r"^(```.*?^```$)", re.MULTILINE | re.DOTALL)
# GitHub begins a list there, Python-Markdown only after an empty line.
_LIST = re.compile(r"^((?![-*] |\d+\. |[ #|]).+\n)(?=(?:[-*]|\d+\.) )", re.MULTILINE)
_DECISIONS = "docs/decisions/README.md"
_ROW = re.compile(r"^\| (?!Subject|---)([^|]+) \| (.*) \|$", re.MULTILINE)
_NAMED = re.compile(r"\[([^\]]+)\]\(([^)]+)\)")


def place(file: str) -> str:
    """Where the site has a file of the repository, such as `docs/proof.md` at `proof.md`."""
    if file.startswith("docs/"):
        return file.removeprefix("docs/")
    if file in ALONE:
        return _NAMES.get(file, file.lower())
    return f"source/{file}.txt"


def stage(target: Path, root: Path = ROOT) -> None:
    """Write the pages, and every file that they link to, below `target`.

    Raises:
        FileNotFoundError: A page links to a file that there is not.
    """
    shutil.rmtree(target, ignore_errors=True)
    docs = (path for path in sorted((root / "docs").rglob("*")) if path.is_file())
    files = [*ALONE, *(path.relative_to(root).as_posix() for path in docs)]
    for file in files:
        copied = target / place(file)
        copied.parent.mkdir(parents=True, exist_ok=True)
        if not file.endswith(".md"):
            shutil.copyfile(root / file, copied)
            continue
        text = (root / file).read_text("utf-8")
        copied.write_text(page(text, file), "utf-8")
        for linked in set(links(text, file)) - set(files):
            if not (root / linked).is_file():
                raise FileNotFoundError(f"{file} links to {linked}, which is no file")
            copied = target / place(linked)
            copied.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(root / linked, copied)


def page(text: str, file: str) -> str:
    """Return a page's text as the site has it: with its links, and as Python-Markdown reads it."""
    at = posixpath.dirname(place(file))

    def led(found: re.Match[str]) -> str:
        return os.path.relpath(place(_target(found[1], file)), at or ".")

    return "".join(
        part if part.startswith("```") else _LIST.sub(r"\1\n", _LINK.sub(led, part))
        for part in _FENCE.split(text)
    )


def links(text: str, file: str) -> Iterator[str]:
    """Yield the files of the repository that a page links to."""
    for part in _FENCE.split(text):
        if not part.startswith("```"):
            yield from (_target(link, file) for link in _LINK.findall(part))


def _target(link: str, file: str) -> str:
    path = posixpath.normpath(posixpath.join(posixpath.dirname(file), link))
    return f"{path}/README.md" if (ROOT / path / "README.md").exists() else path


def decisions(root: Path = ROOT) -> list[tuple[str, list[tuple[str, str]]]]:
    """The decisions by subject, each with its title and page: what their README says."""
    subjects: dict[str, list[tuple[str, str]]] = {}
    for subject, cell in _ROW.findall((root / _DECISIONS).read_text("utf-8")):
        for title, file in _NAMED.findall(cell):
            entry = (title[0].upper() + title[1:], f"decisions/{file}")
            subjects.setdefault(subject, []).append(entry)
    return list(subjects.items())
