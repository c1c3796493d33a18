"""The documentation's site: where each file is in it, and what no page may have."""

import re
import tomllib
from pathlib import Path

import pytest

from tests.unit.docs.pages import PAGES, ROOT
from tools.site import links, pages
from tools.site.pages import decisions, page, place, stage

NAVIGATION = (ROOT / "tools/site/zensical.toml").read_text("utf-8")


@pytest.fixture(name="checkout")
def small_checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkout of three pages and a test."""
    written = {
        "README.md": "See [the proof](docs/proof.md#roles), [why](docs/decisions).",
        "docs/proof.md": "# Proof\n\n[tested](../tests/test_a.py)\n\n## Roles\n",
        "docs/decisions/README.md": "[back](../../README.md)",
        "tests/test_a.py": "assert True",
    }
    for name, text in written.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, "utf-8")
    monkeypatch.setattr(pages, "ROOT", tmp_path)
    monkeypatch.setattr(pages, "ALONE", ("README.md",))
    return tmp_path


def test_links_lead_to_where_the_site_has_the_files(checkout: Path, tmp_path: Path) -> None:
    stage(tmp_path / "site", checkout)

    front, proof, why = (
        (tmp_path / "site" / name).read_text("utf-8")
        for name in ("index.md", "proof.md", "decisions/README.md")
    )
    assert front == "See [the proof](proof.md#roles), [why](decisions/README.md)."
    assert "[tested](source/tests/test_a.py.txt)" in proof
    assert why == "[back](../index.md)"
    assert (tmp_path / "site/source/tests/test_a.py.txt").read_text("utf-8") == "assert True"


def test_a_page_that_links_to_no_file_is_refused(checkout: Path, tmp_path: Path) -> None:
    (checkout / "README.md").write_text("[gone](docs/gone.md)", "utf-8")

    with pytest.raises(FileNotFoundError, match=r"README\.md links to docs/gone\.md"):
        stage(tmp_path / "site", checkout)


def test_what_is_shown_as_code_stays_as_it_is() -> None:
    shown = "```text\n[a](docs/a.md)\nA line\n- no list\n```\n"

    assert page(shown, "README.md") == shown


def test_a_list_is_a_list_for_python_markdown_too() -> None:
    text = "**Take care**\n- one\n- two\n\nIt does\n1. this\n"

    assert page(text, "README.md") == "**Take care**\n\n- one\n- two\n\nIt does\n\n1. this\n"


def test_every_page_is_in_the_navigation_once() -> None:
    named = re.findall(r'"([\w/-]+\.md)"', NAVIGATION)
    named += [file for _, listed in decisions() for _, file in listed]
    files = [place(path.relative_to(ROOT).as_posix()) for path in PAGES]

    assert set(files) <= set(named)
    assert len(named) == len(set(named))


def test_the_navigation_is_what_the_generator_reads() -> None:
    project = tomllib.loads(NAVIGATION)["project"]

    assert project["validation"] == {"invalid_links": True, "invalid_link_anchors": True}
    assert project["theme"]["font"] is False
    assert {"Decisions": ["decisions/README.md"]} in project["nav"]


FAULTS = {
    '<a href="gone.html">': "gone.html leads to no file",
    '<a href="other.html#gone">': "other.html#gone leads to no anchor",
    '<a href="#gone">': "#gone leads to no anchor",
    '<img src="gone.png">': "gone.png leads to no file",
    '<script src="https://a.example/a.js"></script>': "is fetched from elsewhere",
    '<link href="//a.example/a.css">': "is fetched from elsewhere",
}


@pytest.mark.parametrize("planted", FAULTS)
def test_a_fault_of_the_site_is_named(tmp_path: Path, planted: str) -> None:
    (tmp_path / "other.html").write_text('<h1 id="there">', "utf-8")
    (tmp_path / "index.html").write_text(planted, "utf-8")

    (found,) = links.faults(tmp_path)

    assert found.startswith("index.html: ")
    assert found.endswith(FAULTS[planted])


def test_a_site_whose_links_lead_somewhere_has_no_fault(tmp_path: Path) -> None:
    (tmp_path / "other.html").write_text('<h1 id="it&#39;s"><a href="https://a.example">', "utf-8")
    (tmp_path / "index.html").write_text(
        '<a href="other.html#it%27s"><a href="#"><a href="mailto:a@a.example">', "utf-8"
    )

    assert not list(links.faults(tmp_path))
