"""Items and locks: as the emulator keeps them, and saved one by one."""

import json
import time

import pytest
from ministack import app as ministack
from ministack.services import dynamodb, s3

from localcloud.engine.internals import need
from localcloud.state import State
from tests.unit.localcloud.engine.test_log_streams import Written

TABLE = {
    "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
    "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
    "BillingMode": "PAY_PER_REQUEST",
}


@pytest.fixture
def table(emulator):
    """The name of an empty table."""
    name = f"t-{time.time_ns()}"
    emulator.client("dynamodb").create_table(TableName=name, **TABLE)
    return name


def put(emulator, table, identity):
    """Put an item."""
    emulator.client("dynamodb").put_item(TableName=table, Item={"id": {"S": identity}})


def entries(tmp_path, table):
    """The single items of a table that are in the state file."""
    arn = f"arn:aws:dynamodb:us-east-1:000000000000:table/{table}"
    return sorted(key for key, _ in State(tmp_path / "state").rows(arn))


def test_the_original_forgets_an_objects_locks():
    assert "_object_legal_hold" not in need(s3, "get_state")()


def test_an_item_is_saved_by_itself(emulator, storage, table, tmp_path):
    put(emulator, table, "a")
    storage.save()
    put(emulator, table, "b")

    storage.save(set())

    assert (
        entries(tmp_path, table) == ['["a", ""]', '["b", ""]'] or len(entries(tmp_path, table)) == 2
    )


def test_an_item_that_is_saved_is_not_written_again(emulator, storage, table, monkeypatch):
    put(emulator, table, "a")
    storage.save(set())
    monkeypatch.setattr(storage, "_state", written := Written())

    storage.save(set())

    assert not written.rows


def test_a_deleted_item_goes_and_so_does_a_deleted_table(emulator, storage, table, tmp_path):
    put(emulator, table, "a")
    put(emulator, table, "b")
    storage.save()

    emulator.client("dynamodb").delete_item(TableName=table, Key={"id": {"S": "a"}})
    storage.save(set())
    after_item = len(entries(tmp_path, table))
    emulator.client("dynamodb").delete_table(TableName=table)
    storage.save({"dynamodb"})

    assert after_item == 1
    assert not entries(tmp_path, table)


def test_items_replaced_as_a_whole_leave_none_of_those_before(emulator, storage, table, tmp_path):
    for identity in ("a", "b"):
        put(emulator, table, identity)
    storage.save()
    items = need(dynamodb, "_tables")[table]["items"]
    need(dynamodb, "_tables")[table]["items"] = {key: of for key, of in items.items() if key == "a"}

    storage.save(frozenset())

    assert [json.loads(key)[0] for key in entries(tmp_path, table)] == ["a"]


def test_items_whose_save_failed_are_saved_by_the_next(emulator, storage, table, monkeypatch):
    class Full(Written):
        def save(self, rows):
            super().save(rows)
            raise OSError("no space")

    storage.save()
    monkeypatch.setattr(storage, "_state", Full())
    put(emulator, table, "a")
    with pytest.raises(OSError, match="no space"):
        storage.save(frozenset())
    monkeypatch.setattr(storage, "_state", written := Written())
    put(emulator, table, "b")

    storage.save(frozenset())

    assert len(written.rows) == 2


def test_what_was_saved_is_there_for_the_next_process(emulator, storage, table):
    put(emulator, table, "a")
    storage.save()
    tables = need(dynamodb, "_tables")
    tables[table]["items"] = {}

    restored = need(ministack, "load_state")("dynamodb")

    assert [
        list(found["items"])
        for found in restored["tables"].all_values()
        if found["TableName"] == table
    ] == [["a"]]


def test_an_objects_lock_is_saved_and_restored(emulator, storage, tmp_path):
    client = emulator.client("s3")
    bucket = f"b-{time.time_ns()}"
    client.create_bucket(Bucket=bucket, ObjectLockEnabledForBucket=True)
    client.put_object(Bucket=bucket, Key="k", Body=b"x")
    client.put_object_legal_hold(Bucket=bucket, Key="k", LegalHold={"Status": "ON"})

    storage.save({"s3"})

    assert len(list(State(tmp_path / "state").rows("s3:_object_legal_hold"))) == 1
    need(s3, "_object_legal_hold")._data.clear()
    need(ministack, "load_state")("s3")
    held = client.get_object_legal_hold(Bucket=bucket, Key="k")
    assert held["LegalHold"]["Status"] == "ON"
