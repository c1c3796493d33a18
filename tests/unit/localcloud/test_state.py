"""The file that an embedded cloud's state is saved in."""

import shutil
import sqlite3
import tempfile
from pathlib import Path

import pytest

from localcloud.errors import CloudError
from localcloud.state import Change, State, require_whole


def test_what_was_saved_is_read_by_the_next_process(tmp_path):
    State(tmp_path).save(Change(services={"sqs": "{}"}, entries={("table", "a"): "1"}))

    again = State(tmp_path)

    assert again.service("sqs") == "{}"
    assert again.service("sns") is None
    assert list(again.entries("table")) == [("a", "1")]


def test_an_entry_is_replaced_or_goes(tmp_path):
    state = State(tmp_path)
    state.save(Change(entries={("table", "a"): "1", ("table", "b"): "1"}))

    state.save(Change(entries={("table", "a"): "2", ("table", "b"): None}))

    assert list(state.entries("table")) == [("a", "2")]


def test_an_emptied_part_keeps_only_what_came_with_it(tmp_path):
    state = State(tmp_path)
    state.save(Change(entries={("table", "old"): "1", ("other", "a"): "1"}))

    state.save(Change(emptied={"table"}, entries={("table", "new"): "1"}))

    assert list(state.entries("table")) == [("new", "1")]
    assert list(state.entries("other")) == [("a", "1")]


def file_alone(tmp_path):
    """What the file holds without the log of what was committed since."""
    alone = Path(tempfile.mkdtemp(dir=tmp_path))
    shutil.copy(tmp_path / "state.sqlite", alone)
    return dict(State(alone).entries("table"))


def test_a_commit_leaves_it_to_the_checkpoint_to_wait_for_the_disk(tmp_path):
    state = State(tmp_path)
    for number in range(3):
        state.save(Change(entries={("table", str(number)): "x" * 3_000_000}))
    before = file_alone(tmp_path)

    state.checkpoint()

    assert not before
    assert set(file_alone(tmp_path)) == {"0", "1", "2"}


def test_a_checkpoint_that_fails_is_in_nobodys_way(tmp_path):
    state = State(tmp_path)
    state.save(Change(entries={("table", "a"): "1"}))
    (tmp_path / "state.sqlite").rename(tmp_path / "elsewhere")
    (tmp_path / "state.sqlite").mkdir()

    state.checkpoint()

    assert list(state.entries("table")) == [("a", "1")]


def test_a_change_that_fails_in_its_middle_leaves_no_trace(tmp_path):
    state = State(tmp_path)
    bad = {("table", "a"): "1", ("table", "b"): object()}

    with pytest.raises(sqlite3.Error):
        state.save(Change(services={"sqs": "{}"}, entries=bad))  # type: ignore[arg-type]

    assert state.service("sqs") is None
    assert not list(state.entries("table"))


def test_a_folder_without_a_state_and_a_whole_state_are_taken(tmp_path):
    require_whole(tmp_path)
    State(tmp_path).save(Change(services={"sqs": "{}"}))
    require_whole(tmp_path)


def test_a_damaged_state_is_refused_with_what_to_do(tmp_path):
    (tmp_path / "state.sqlite").write_bytes(b"no database " * 100)

    with pytest.raises(CloudError, match=r"state.sqlite is not whole.*by deleting"):
        require_whole(tmp_path)
