"""What survives the emulator's end: what it saves itself, and what is saved here."""

import gc
import json
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from ministack import app as ministack
from ministack.services import sqs

from localcloud.engine.internals import need
from localcloud.state import SERVICE, State


def test_the_original_saves_nothing_while_it_runs(emulator, tmp_path):
    emulator.client("sqs").create_queue(QueueName="queue")

    assert not list(tmp_path.rglob("*"))


def test_a_service_that_cannot_be_saved_is_in_nobodys_way(storage, monkeypatch, tmp_path):
    def broken():
        raise OSError("no state")

    states = {"kms": broken, "iam": lambda: {"roles": {}}}
    monkeypatch.setattr(storage, "services", lambda: states)

    storage.save()

    assert State(tmp_path / "state").value(SERVICE, "iam") == '{"roles": {}}'
    with pytest.raises(OSError, match="no state"):
        storage.save({"kms"})


def test_a_functions_old_code_goes_once_that_is_saved(storage, monkeypatch, tmp_path):
    found: list[str | None] = []

    def prune(_used):
        found.append(State(tmp_path / "state").value(SERVICE, "lambda"))

    monkeypatch.setattr(storage, "_prune", prune)

    storage.save({"lambda"})

    assert found
    assert all(found)


def test_no_service_is_read_for_single_entries(storage, monkeypatch):
    monkeypatch.setattr(storage, "services", None)

    storage.save(frozenset())


def test_the_thread_that_saves_alone_goes_without_copies(storage, monkeypatch):
    value: list[int] = []
    found = []

    def get_state():
        deepcopy = need(sqs, "copy").deepcopy
        with ThreadPoolExecutor() as threads:
            elsewhere = threads.submit(deepcopy, value).result()
        found.append((deepcopy(value) is value, elsewhere is value))
        return {}

    get_state.__module__ = sqs.__name__
    monkeypatch.setattr(storage, "services", lambda: {"sqs": get_state})

    storage.save({"sqs"})

    assert found == [(True, False)]


def test_what_is_saved_in_turn_is_saved_piece_by_piece(storage, emulator, tmp_path, monkeypatch):
    monkeypatch.setattr("localcloud.engine.storage._PIECE_SECONDS", -1.0)
    group = f"g-{time.time_ns()}"
    emulator.client("logs").create_log_group(logGroupName=group)
    emulator.client("logs").create_log_stream(logGroupName=group, logStreamName="s")

    pieces = sum(1 for _ in storage.save_in_turn())

    saved = [key for key, _ in State(tmp_path / "state").rows("logs")]
    assert pieces > len(storage.services())
    assert any(json.loads(key)[2:] == [group, "s"] for key in saved)


@pytest.mark.parametrize(("many", "left_alone"), [(-1, True), (10**9, False)])
def test_the_garbage_collector_leaves_alone_what_is_much(storage, monkeypatch, many, left_alone):
    monkeypatch.setattr("localcloud.engine.storage._MANY_OBJECTS", many)
    gc.unfreeze()

    for _ in storage.save_in_turn():
        pass

    assert bool(gc.get_freeze_count()) == left_alone
    gc.unfreeze()


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
