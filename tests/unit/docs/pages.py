"""The repository's pages, as the tests of the documentation read them."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[3]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
README = (ROOT / "README.md").read_text("utf-8")
SYSTEMS = (ROOT / "docs/architecture.md").read_text("utf-8")
MAKE = (ROOT / "docs/reference/make.md").read_text("utf-8")
SETTINGS = (ROOT / "docs/reference/settings.md").read_text("utf-8")
ITEMS_API = (ROOT / "docs/items-api.md").read_text("utf-8")
PARTNER_API = (ROOT / "docs/partner-api.md").read_text("utf-8")
DEPENDENCIES = (ROOT / "docs/decisions/dependencies.md").read_text("utf-8")


def first_cells(page: str) -> dict[str, str]:
    """What each table row of a page says, by each word in backquotes in its first cell."""
    rows = re.findall(r"^\| ([^|]*) \|(.*)\|$", page, re.MULTILINE)
    return {name: rest for cell, rest in rows for name in re.findall(r"`([^`]+)`", cell)}


def anchors(page: Path) -> set[str]:
    """The anchors that GitHub gives the headings of a page."""
    headings = re.findall(r"^#+ (.*)$", page.read_text("utf-8"), re.MULTILINE)
    words = (re.sub(r"[^\w\- ]", "", heading.lower()) for heading in headings)
    return {heading.replace(" ", "-") for heading in words}
