"""The mutations that a change is about are caught before it is merged."""

import subprocess
from pathlib import Path

import pytest

from tests.sabotage.changed import SAMPLE, choose, files_of_the_change, files_since
from tests.sabotage.mutations import read_mutations
from tests.sabotage.runner import sabotage
from tests.unit.sabotage.checkout import changed

MUTATIONS = read_mutations()
# Each takes some seconds, without and with the change; `make sabotage` runs them all.
MOST = 3


def git(root: Path, *arguments: str) -> None:
    name = ("-c", "user.name=a", "-c", "user.email=a@example.com")
    subprocess.run(["git", *name, *arguments], cwd=root, check=True, capture_output=True)


@pytest.fixture(name="history")
def a_history(tmp_path: Path) -> Path:
    """A checkout of two commits on `main`: each adds a file of its name."""
    git(tmp_path, "init", "-b", "main")
    for name in ("first", "second"):
        (tmp_path / name).write_text(name)
        git(tmp_path, "add", ".")
        git(tmp_path, "commit", "-m", name)
    return tmp_path


def test_what_this_change_is_about_is_caught() -> None:
    chosen = choose(MUTATIONS, files_of_the_change(), most=MOST)

    verdicts = list(sabotage(chosen))

    assert len(verdicts) >= len(SAMPLE)
    assert [f"{each.mutation.name}: {each.problem}" for each in verdicts if not each.caught] == []


def test_on_main_a_change_is_the_last_commit_and_what_is_not_committed(history: Path) -> None:
    (history / "third").write_text("not committed")

    assert files_of_the_change(history) == {"second", "third"}


def test_on_a_branch_a_change_is_all_that_main_does_not_have(history: Path) -> None:
    git(history, "checkout", "-b", "branch")
    for name in ("third", "fourth"):
        (history / name).write_text(name)
        git(history, "add", ".")
        git(history, "commit", "-m", name)

    assert files_of_the_change(history) == {"third", "fourth"}
    assert files_since("main~1", history) == {"second", "third", "fourth"}


def test_without_a_history_the_sample_is_chosen(tmp_path: Path) -> None:
    files = files_of_the_change(tmp_path)

    assert files == set()
    assert {each.name for each in choose(MUTATIONS, files, most=MOST)} == set(SAMPLE)


def test_a_changed_test_is_asked_whether_it_still_bites() -> None:
    about = [each for each in MUTATIONS if each.name == SAMPLE[0]]
    others = [changed(name=f"other {number}") for number in range(3)]

    assert choose([*others, *about], {about[0].by.partition("::")[0]}, most=MOST) == about


def test_of_many_mutations_a_few_of_as_many_files_as_can_be_are_chosen() -> None:
    many = [changed(name=f"{file}{number}", file=file) for file in "abc" for number in range(9)]

    chosen = choose(many, {"a", "b", "c"}, most=4)

    assert [each.name for each in chosen] == ["a0", "b0", "c0", "a1"]


def test_what_needs_an_embedded_cloud_is_left_to_the_whole_list() -> None:
    attacked = changed(attack="tests/security/test_a.py::test_b")
    deployed = changed(name="deployed", by="tests/security/test_a.py::test_b")

    assert choose([attacked, deployed], {attacked.file}, most=4) == [changed()]
