"""What survives the emulator's end: what it saves itself, and what is saved here."""

import gc

import pytest
from ministack import app as ministack

from localcloud.engine.internals import need
from localcloud.state import State


def test_the_original_saves_nothing_while_it_runs(emulator, tmp_path):
    emulator.client("sqs").create_queue(QueueName="queue")

    assert not list(tmp_path.rglob("*"))


def test_a_service_that_cannot_be_saved_is_in_nobodys_way(storage, monkeypatch, tmp_path):
    def broken():
        raise OSError("no state")

    states = {"kms": broken, "iam": lambda: {"roles": {}}}
    monkeypatch.setattr(storage, "services", lambda: states)

    storage.save()

    assert State(tmp_path / "state").service("iam") == '{"roles": {}}'
    with pytest.raises(OSError, match="no state"):
        storage.save({"kms"})


def test_a_functions_old_code_goes_once_that_is_saved(storage, monkeypatch, tmp_path):
    found: list[str | None] = []

    def prune(_used):
        found.append(State(tmp_path / "state").service("lambda"))

    monkeypatch.setattr(storage, "_prune", prune)

    storage.save({"lambda"})

    [saved] = found
    assert saved


def test_the_garbage_collector_leaves_alone_what_was_restored(storage):
    storage.save()
    gc.unfreeze()

    need(ministack, "load_state")("sqs")

    assert gc.get_freeze_count()
    gc.unfreeze()


def test_the_storage_knows_when_a_stack_is_deployed(storage, monkeypatch):
    class Stacks:
        def all_values(self):
            return [{"StackStatus": "UPDATE_IN_PROGRESS"}]

    assert not storage.deploying()
    monkeypatch.setattr(storage, "_stacks", Stacks())
    assert storage.deploying()
