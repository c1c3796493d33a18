"""docs/performance.md holds what was measured, and nothing else."""

import json

import pytest

from benchmarks.page import DOCS, files
from benchmarks.results import FOLDER, losses, write

RESULTS = sorted(FOLDER.glob("*.json"))


@pytest.mark.parametrize("name", files())
def test_the_page_and_its_plots_are_made_of_the_results(name):
    assert (DOCS / name).read_text("utf-8") == files()[name]


def test_no_plot_is_left_of_a_result_that_is_gone():
    drawn = {f"images/{file.name}" for file in (DOCS / "images").glob("performance-*.svg")}

    assert drawn <= files().keys()


@pytest.mark.parametrize("file", RESULTS, ids=lambda file: file.stem)
def test_every_result_is_of_a_benchmark_that_is_there(file):
    assert (FOLDER.parent / f"{file.stem}.py").is_file()


@pytest.mark.parametrize("file", RESULTS, ids=lambda file: file.stem)
def test_every_result_says_when_and_of_what_it_is(file):
    result = json.loads(file.read_text("utf-8"))

    assert all(result[each] for each in ("method", "date", "commit", "machine", "python"))


@pytest.mark.parametrize("file", RESULTS, ids=lambda file: file.stem)
def test_every_row_of_a_result_has_all_its_columns(file):
    result = json.loads(file.read_text("utf-8"))

    assert {len(row) for row in result["rows"]} == {len(result["columns"])}


def test_a_result_that_is_written_has_its_commit_and_machine(tmp_path):
    write(tmp_path / "a.json", title="T", method="m", columns=["a"], rows=[["b"]])

    written = json.loads((tmp_path / "a.json").read_text("utf-8"))
    assert len(written["commit"].removesuffix("-dirty")) >= 7
    assert "cores" in written["machine"]


def test_a_result_says_in_which_columns_another_is_less():
    rows = [["ours", 2, 3.0], ["theirs", 1, 4.0], ["others", 1.5, 3.0]]

    assert losses(["", "MB", "ms"], rows) == "Less than this project's: MB (theirs, others)."


def test_a_result_in_which_none_is_less_says_so():
    assert "nothing here" in losses(["", "MB"], [["ours", 1], ["theirs", 2]])
