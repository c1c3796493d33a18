"""What is printed is printed as it is: nothing is cut, nothing is taken for markup."""

import io
import re
from pathlib import Path

import pytest
from rich.console import Console
from rich.text import Text

from cli import console

ADDRESS = "https://" + "a-long-name." * 12 + "example"
BRACKETS = "/home/[me]/[/x]/:key:"


@pytest.fixture
def shown(monkeypatch):
    """What a table is printed as, on a terminal of so many columns or in a pipe."""

    def show(columns, *rows, terminal=None):
        file = io.StringIO()
        monkeypatch.setattr(file, "isatty", lambda: terminal is not None)
        plain = Console(file=file, width=terminal or 80, markup=False, emoji=False, soft_wrap=True)
        monkeypatch.setattr(console, "data", plain)
        console.show(columns, rows, title="Title")
        return file.getvalue()

    return show


@pytest.mark.parametrize("terminal", [None, 20, 40, 80, 200])
def test_a_long_value_is_whole_on_one_line_wherever_it_is_printed(shown, terminal):
    said = shown(("What", "Address"), ("it", ADDRESS), terminal=terminal)

    assert ADDRESS in said


@pytest.mark.parametrize("terminal", [None, 20, 60, 200])
def test_no_word_of_a_table_is_lost(shown, terminal):
    words = [f"word{number}" for number in range(40)]

    said = shown(("A", "B"), ("one", " ".join(words)), ("two", "last"), terminal=terminal)

    assert re.findall(r"word\d+|last", said) == [*words, "last"]
    assert "…" not in said


@pytest.mark.parametrize("terminal", [None, 20, 200])
def test_a_cell_is_not_read_as_markup(shown, terminal):
    said = shown(("A", "B"), (BRACKETS, Text(BRACKETS)), terminal=terminal)

    assert said.count(BRACKETS) == 2


def test_a_line_between_rows_is_no_row(shown):
    said = shown(("A", "B"), ("1", "2"), None, ("3", "4"))

    assert [line.split() for line in said.splitlines() if line.strip()] == [
        ["Title"],
        ["A", "B"],
        ["1", "2"],
        ["3", "4"],
    ]


def test_what_is_done_is_told_as_it_is(capsys):
    console.done(BRACKETS, BRACKETS)
    console.failed(BRACKETS)

    said = capsys.readouterr()
    assert said.err == f"✓ {BRACKETS} {BRACKETS}\n✗ {BRACKETS}\n"
    assert said.out == ""


def test_no_source_writes_markup_that_would_be_shown_as_it_is():
    sources = Path(console.__file__).parent.rglob("*.py")

    assert not [
        f"{path.name}: {found}"
        for path in sources
        for found in re.findall(r"\[(?:bold|dim|red|green|yellow|cyan)\b[^\]]*\]", path.read_text())
    ]


def test_what_the_consoles_print_is_printed_as_it_is(capsys):
    console.talk.print(BRACKETS)
    console.data.print(BRACKETS)

    said = capsys.readouterr()
    assert (said.out, said.err) == (f"{BRACKETS}\n", f"{BRACKETS}\n")
