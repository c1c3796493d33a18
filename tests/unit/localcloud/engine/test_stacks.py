"""Stacks that were in progress when the emulator ended: as it restores them, and as we do."""

import asyncio
import json
import time
from typing import Any

import pytest
from ministack.services import cloudformation

from localcloud.engine import handlers, stacks
from localcloud.engine.internals import need


class Kept(dict[str, Any]):
    """Stacks as the emulator keeps them, of all accounts."""

    def all_values(self):
        return list(self.values())


def restored(monkeypatch, **stack):
    """A stack after the emulator read its state."""
    monkeypatch.setattr(cloudformation, "_restore_state", lambda data: None, raising=False)
    data = {"stacks": Kept(one=stack)}
    need(cloudformation, "load_persisted_state")(data)
    return stack


def test_the_original_leaves_a_stack_in_progress_for_ever(monkeypatch):
    found = restored(monkeypatch, StackStatus="CREATE_IN_PROGRESS")

    assert found["StackStatus"] == "CREATE_IN_PROGRESS"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("CREATE_IN_PROGRESS", "ROLLBACK_FAILED"),
        ("ROLLBACK_IN_PROGRESS", "ROLLBACK_FAILED"),
        ("DELETE_IN_PROGRESS", "DELETE_FAILED"),
        ("UPDATE_IN_PROGRESS", "UPDATE_ROLLBACK_COMPLETE"),
        ("REVIEW_IN_PROGRESS", "REVIEW_IN_PROGRESS"),
        ("CREATE_COMPLETE", "CREATE_COMPLETE"),
    ],
)
def test_a_stack_has_a_state_that_its_next_deployment_can_start_from(
    monkeypatch, patch, before, after
):
    patch(stacks)

    found = restored(monkeypatch, StackStatus=before, _template={}, _template_body="{new}")

    assert found["StackStatus"] == after


def test_an_update_that_was_cut_off_has_its_template_from_before(monkeypatch, patch):
    patch(stacks)

    found = restored(
        monkeypatch, StackStatus="UPDATE_IN_PROGRESS", _template={"a": 1}, _template_body="{new}"
    )

    assert found["_template_body"] == '{"a": 1}'


@pytest.fixture
def slowly(emulator, patch):
    """Creates a stack whose one resource takes some seconds; returns its status after the call."""
    assert patch  # puts the handlers back
    names = []

    def create(takes):
        def deploy(name, _new, _old):
            time.sleep(takes)
            return name, {}

        handlers.add_type("AWS::Test::Slow", deploy)
        handlers.let_call("AWS::Test::Slow")
        client, name = emulator.client("cloudformation"), f"slow-{time.time_ns()}"
        template = json.dumps({"Resources": {"Slow": {"Type": "AWS::Test::Slow"}}})
        client.create_stack(StackName=name, TemplateBody=template)
        names.append(name)
        return client.describe_stacks(StackName=name)["Stacks"][0]["StackStatus"]

    yield create
    for name in names:
        emulator.settled(name)


def test_the_original_answers_before_an_operation_has_ended(slowly):
    assert slowly(0.3) == "CREATE_IN_PROGRESS"


def test_a_short_operation_has_ended_when_its_call_is_answered(slowly, patch):
    patch(stacks)

    assert slowly(0.3) == "CREATE_COMPLETE"


def test_a_long_operation_goes_on_after_its_call_is_answered(slowly, patch, monkeypatch):
    monkeypatch.setattr(stacks, "_PATIENCE_SECONDS", 0.1)
    patch(stacks)

    assert slowly(1) == "CREATE_IN_PROGRESS"


def test_a_call_that_begins_nothing_waits_for_no_other(slowly, patch, monkeypatch, emulator):
    monkeypatch.setattr(stacks, "_PATIENCE_SECONDS", 0.1)
    patch(stacks)
    slowly(1)
    monkeypatch.setattr(stacks, "_PATIENCE_SECONDS", 60)

    found = emulator.client("cloudformation").describe_stacks()["Stacks"]

    assert "CREATE_IN_PROGRESS" in [each["StackStatus"] for each in found]


def test_a_call_does_not_wait_for_what_another_request_does_meanwhile():
    async def answered():
        async def handle():
            another.append(asyncio.create_task(asyncio.sleep(60)))
            return "at once"

        another: list[Any] = []
        answer = await asyncio.wait_for(need(stacks, "_answer")(handle), timeout=1)
        another[0].cancel()
        return answer

    assert asyncio.run(answered()) == "at once"
