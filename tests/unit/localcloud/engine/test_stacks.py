"""Stacks that were in progress when the emulator ended: as it restores them, and as we do."""

from typing import Any

import pytest
from ministack.services import cloudformation

from localcloud.engine import stacks
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
