"""The file that an embedded cloud's state is saved in."""

import shutil
import sqlite3
import tempfile
from pathlib import Path
from typing import Any

import pytest

from localcloud.errors import CloudError
from localcloud.state import SERVICE, State, require_whole


def test_what_was_saved_is_read_by_the_next_process(tmp_path):
    State(tmp_path).save({(SERVICE, "sqs"): "{}", ("table", "a"): "1"})

    again = State(tmp_path)

    assert again.value(SERVICE, "sqs") == "{}"
    assert again.value(SERVICE, "sns") is None
    assert list(again.rows("table")) == [("a", "1")]


def test_an_entry_is_replaced_or_goes(tmp_path):
    state = State(tmp_path)
    state.save({("table", "a"): "1", ("table", "b"): "1"})

    state.save({("table", "a"): "2", ("table", "b"): None})

    assert list(state.rows("table")) == [("a", "2")]


def test_a_state_of_an_earlier_version_is_read(tmp_path):
    file = sqlite3.connect(tmp_path / "state.sqlite")
    file.execute("CREATE TABLE services (name TEXT PRIMARY KEY, state TEXT NOT NULL)")
    file.execute("INSERT INTO services VALUES ('sqs', '{}')")
    file.commit()

    for _ in range(2):
        assert State(tmp_path).value(SERVICE, "sqs") == "{}"


def file_alone(tmp_path):
    """What the file holds without the log of what was committed since."""
    alone = Path(tempfile.mkdtemp(dir=tmp_path))
    shutil.copy(tmp_path / "state.sqlite", alone)
    return dict(State(alone).rows("table"))


def test_a_commit_leaves_it_to_the_checkpoint_to_wait_for_the_disk(tmp_path):
    state = State(tmp_path)
    for number in range(3):
        state.save({("table", str(number)): "x" * 3_000_000})
    before = file_alone(tmp_path)

    state.checkpoint()

    assert not before
    assert set(file_alone(tmp_path)) == {"0", "1", "2"}


def test_a_checkpoint_that_fails_is_in_nobodys_way(tmp_path):
    state = State(tmp_path)
    state.save({("table", "a"): "1"})
    (tmp_path / "state.sqlite").rename(tmp_path / "elsewhere")
    (tmp_path / "state.sqlite").mkdir()

    state.checkpoint()

    assert list(state.rows("table")) == [("a", "1")]


def test_a_change_that_fails_in_its_middle_leaves_no_trace(tmp_path):
    state = State(tmp_path)
    bad: Any = {(SERVICE, "sqs"): "{}", ("table", "a"): "1", ("table", "b"): object()}

    with pytest.raises(sqlite3.Error):
        state.save(bad)

    assert state.value(SERVICE, "sqs") is None
    assert not list(state.rows("table"))


def test_a_folder_without_a_state_and_a_whole_state_are_taken(tmp_path):
    require_whole(tmp_path)
    State(tmp_path).save({(SERVICE, "sqs"): "{}"})
    require_whole(tmp_path)


def test_a_damaged_state_is_refused_with_what_to_do(tmp_path):
    (tmp_path / "state.sqlite").write_bytes(b"no database " * 100)

    with pytest.raises(CloudError, match=r"state.sqlite is not whole.*by deleting"):
        require_whole(tmp_path)
