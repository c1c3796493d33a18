"""Faults of a site that was made: what leads nowhere, and what would be fetched from elsewhere."""

from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

# What a browser fetches by itself, by element and attribute.
_FETCHED = {("script", "src"), ("link", "href"), ("img", "src"), ("iframe", "src")}


class _Page(HTMLParser):
    """The anchors and links of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.anchors: set[str] = set()
        self.links: set[tuple[str, str, str]] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if value and name in ("id", "name"):
                self.anchors.add(value)
            elif value and name in ("href", "src"):
                self.links.add((tag, name, value))


def faults(site: Path) -> Iterator[str]:
    """Yield each link of the site's pages that leads nowhere, and each fetch from elsewhere."""
    files = [file for file in sorted(site.rglob("*.html")) if file.name != "404.html"]
    pages = {file.resolve(): _Page(file.read_text("utf-8")) for file in files}
    for file, page in pages.items():
        for tag, attribute, link in sorted(page.links):
            if (fault := _fault(file, (tag, attribute), link, pages)) is not None:
                yield f"{file.relative_to(site.resolve())}: {link} {fault}"


def _fault(file: Path, where: tuple[str, str], link: str, pages: dict[Path, _Page]) -> str | None:
    address = urlsplit(link)
    if address.scheme or address.netloc:
        return "is fetched from elsewhere" if where in _FETCHED else None
    target = (file.parent / unquote(address.path)).resolve() if address.path else file
    if not target.is_file():
        return "leads to no file"
    anchor, page = unquote(address.fragment), pages.get(target)
    return "leads to no anchor" if anchor and page and anchor not in page.anchors else None
