"""Conditions that ask for the region: as the emulator evaluates them, and as we do."""

import json
import time

import pytest

from localcloud.engine import conditions

CONDITIONS = {
    "Here": {"Fn::Equals": [{"Ref": "AWS::Region"}, "us-east-1"]},
    "Elsewhere": {"Fn::Not": [{"Condition": "Here"}]},
}


def made(emulator, conditions_):
    """The names of the conditions whose topic is made."""
    topics = {
        name: {"Type": "AWS::SNS::Topic", "Condition": name, "Properties": {}}
        for name in conditions_
    }
    template = {"Conditions": conditions_, "Resources": topics}
    name = f"conditions-{time.time_ns()}"
    emulator.client("cloudformation").create_stack(
        StackName=name, TemplateBody=json.dumps(template)
    )
    return set(emulator.settled(name).ids)


def test_the_original_takes_the_region_for_a_text(emulator):
    assert made(emulator, CONDITIONS) == {"Elsewhere"}


def test_what_is_for_this_region_is_made_and_nothing_else(emulator, patch):
    patch(conditions)

    assert made(emulator, CONDITIONS) == {"Here"}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("AWS::AccountId", "000000000000"),
        ("AWS::Partition", "aws"),
        ("AWS::URLSuffix", "amazonaws.com"),
    ],
)
def test_each_pseudo_parameter_has_its_value(emulator, patch, name, value):
    patch(conditions)

    assert made(emulator, {"Is": {"Fn::Equals": [{"Ref": name}, value]}}) == {"Is"}
