"""The rehearsal of a restore: what it does in which order, and what it leaves behind: nothing."""

import time
from datetime import UTC, datetime, timedelta

import pytest

from cli.errors import CliError
from tools.restore import drill
from tools.restore.comparison import Reading

EMPTY: Reading = {}


class Shelf:
    """Something that is kept, whose copies are made and removed as a test says."""

    kind, name = "shelf", "books"

    def __init__(self) -> None:
        self.did: list[str] = []
        self.copies: set[str] = set()
        self.lost: Reading | None = None
        self.refusal: BaseException | None = None
        self.stuck: BaseException | None = None
        self.behind = timedelta(0)

    def latest(self) -> datetime:
        self.did.append("latest")
        found = datetime.now(UTC) - self.behind
        self.behind = timedelta(0)  # the backups come up with it
        return found

    def read(self) -> Reading:
        self.did.append("read")
        return {"one": (1, "x")}

    def restore(self, copy: str) -> None:
        self.did.append("restore")
        self.copies.add(copy)
        if self.refusal:
            raise self.refusal

    def is_ready(self, copy: str) -> bool:
        assert copy
        self.did.append("ready?")
        return self.did.count("ready?") > 1

    def read_copy(self, copy: str) -> Reading:
        assert copy in self.copies
        return {"one": (1, "x")} if self.lost is None else self.lost

    def remove(self, copy: str) -> bool:
        if self.stuck:
            raise self.stuck
        self.did.append("remove")
        gone = copy not in self.copies
        self.copies.discard(copy)
        return gone


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "sleep", lambda _: None)


def test_the_source_is_read_before_and_after_the_moment_that_is_restored() -> None:
    shelf = Shelf()

    done = drill.rehearse(shelf)

    begun = ["latest", "read", "latest", "restore", "read", "ready?", "ready?"]
    assert shelf.did == [*begun, "remove", "remove"]
    assert done.verdict == drill.EQUAL


def test_a_copy_is_of_a_moment_after_the_first_reading() -> None:
    shelf = Shelf()
    shelf.behind = timedelta(minutes=5)

    done = drill.rehearse(shelf)

    assert done.behind == pytest.approx(300, abs=5)
    assert done.backed_up
    assert datetime.now(UTC) - done.backed_up < timedelta(seconds=5)


def test_the_name_of_a_copy_says_what_it_is() -> None:
    assert drill.rehearse(Shelf()).copy.startswith("restore-drill-")


def test_a_copy_that_differs_is_told_and_removed() -> None:
    shelf = Shelf()
    shelf.lost = EMPTY

    done = drill.rehearse(shelf)

    assert done.row()["verdict"] == drill.DIFFERENT
    assert done.row()["said"] == "1 differ: one"
    assert not shelf.copies


@pytest.mark.parametrize("refusal", [CliError("its backups are off"), KeyboardInterrupt()])
def test_nothing_is_left_of_a_restore_that_fails_or_is_interrupted(refusal: BaseException) -> None:
    shelf = Shelf()
    shelf.refusal = refusal

    if isinstance(refusal, CliError):
        assert drill.rehearse(shelf).row()["said"] == "its backups are off"
    else:
        with pytest.raises(KeyboardInterrupt):
            drill.rehearse(shelf)

    assert not shelf.copies


@pytest.mark.parametrize("stuck", [CliError("it is locked"), KeyboardInterrupt()])
def test_what_cannot_be_removed_is_named(stuck: BaseException) -> None:
    shelf = Shelf()
    shelf.stuck = stuck

    with pytest.raises(CliError, match=r"the shelf restore-drill-\w+ is left: ") as told:
        drill.rehearse(shelf)

    assert shelf.copies.pop() in str(told.value)


@pytest.mark.parametrize(
    ("behind", "seconds", "met"), [(60, 60, True), (901, 60, False), (60, 4 * 3600 + 1, False)]
)
def test_what_takes_longer_than_stated_is_missed(behind: float, seconds: float, met: bool) -> None:
    one = drill.Rehearsal(kind="shelf", name="books", copy="c", behind=behind, seconds=seconds)
    said: list[str] = []

    assert drill.are_met([one], said.append) is met
    assert any("MISSED" in line for line in said) is not met
