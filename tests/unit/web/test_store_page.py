"""What the store's page promises about its files; how it behaves is for a browser to show."""

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

PAGE = Path("web/store")
FILES = sorted(path for path in PAGE.rglob("*") if path.is_file())
SCRIPTS = [path for path in FILES if path.suffix == ".js"]
PICTURES = [path for path in FILES if path.suffix == ".svg"]
SEED = Path("services/store_migrations/sql/seed.sql")


class Elements(HTMLParser):
    """Every element of a page with its attributes."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed((PAGE / name).read_text("utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


ELEMENTS = Elements("index.html").found
NOT_FOUND = Elements("404.html").found
IDS = [attributes["id"] for _, attributes in ELEMENTS if "id" in attributes]


def text(path: Path) -> str:
    return path.read_text("utf-8")


def test_the_page_is_under_60_kilobytes() -> None:
    assert sum(path.stat().st_size for path in FILES) < 60_000


def test_nothing_is_inline_so_that_the_content_security_policy_can_be_strict() -> None:
    for tag, attributes in [*ELEMENTS, *NOT_FOUND]:
        assert tag != "style"
        assert tag != "script" or attributes.keys() == {"type", "src"}
        assert not [name for name in attributes if name == "style" or name.startswith("on")]


@pytest.mark.parametrize("picture", PICTURES, ids=lambda path: path.name)
def test_a_picture_is_only_a_drawing(picture: Path) -> None:
    assert not re.search(r"<style|style=|<script|href|\son\w+=", text(picture))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_nothing_comes_from_elsewhere(path: Path) -> None:
    addresses = re.findall(r"(?:https?:)?//[\w.-]+\.\w+\S*", text(path))

    assert [each for each in addresses if not each.startswith("http://www.w3.org/2000/svg")] == []


def test_every_file_is_used_and_every_file_used_is_there() -> None:
    named = {
        str(attributes[name])
        for tag, attributes in ELEMENTS
        for name in ("src", "href")
        if attributes.get(name) and tag != "a"
    }
    imported = {name for path in SCRIPTS for name in re.findall(r'from "\./(.+?)"', text(path))}
    seeded = set(re.findall(r"images/[a-z-]+\.svg", text(SEED)))

    there = {path.relative_to(PAGE).as_posix() for path in FILES} - {"index.html", "404.html"}
    assert named | imported | seeded == there


def test_the_page_for_what_is_not_there_works_under_any_address() -> None:
    addresses = [
        str(attributes[name])
        for _, attributes in NOT_FOUND
        for name in ("src", "href")
        if attributes.get(name)
    ]

    assert "/styles.css" in addresses
    for each in addresses:
        assert each == "/" or (PAGE / each.removeprefix("/")).is_file()
        assert each.startswith("/")


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_text_from_the_store_is_only_set_as_text(script: Path) -> None:
    assert not re.search(r"innerHTML|outerHTML|insertAdjacent|document\.write|eval\(", text(script))


def test_what_the_scripts_look_for_is_on_the_page() -> None:
    wanted = {
        name
        for path in SCRIPTS
        for name in re.findall(r'(?:\$|clone|open|showProblem)\("([\w-]+)"', text(path))
    }

    assert wanted <= set(IDS)
    assert len(IDS) == len(set(IDS))


def test_everything_one_can_press_or_see_has_a_name() -> None:
    labels = {
        attributes["aria-labelledby"]
        for _, attributes in ELEMENTS
        if "aria-labelledby" in attributes
    }

    assert labels <= set(IDS)
    assert {tag for tag, _ in ELEMENTS} >= {"header", "main", "footer", "h1"}
    assert all("alt" in attributes for tag, attributes in ELEMENTS if tag == "img")
    assert all(
        attributes.get("type") == "button" for tag, attributes in ELEMENTS if tag == "button"
    )
