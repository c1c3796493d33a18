"""Rules of S3 lifecycles."""

import pytest

from localcloud.lifecycle import fits, is_over

DAY = 24 * 3600


@pytest.mark.parametrize(
    ("said", "acts"),
    [
        ({}, True),
        ({"Prefix": "audit/"}, True),
        ({"Prefix": "logs/"}, False),
        ({"Tag": {"Key": "kind", "Value": "draft"}}, True),
        ({"Tag": {"Key": "kind", "Value": "final"}}, False),
        ({"ObjectSizeGreaterThan": 9}, True),
        ({"ObjectSizeGreaterThan": 10}, False),
        ({"ObjectSizeLessThan": 11}, True),
        ({"ObjectSizeLessThan": 10}, False),
        ({"And": {"Prefix": "audit/", "Tags": [{"Key": "kind", "Value": "draft"}]}}, True),
        ({"And": {"Prefix": "audit/", "Tags": [{"Key": "kind", "Value": "final"}]}}, False),
    ],
)
def test_a_rule_acts_on_what_its_filter_lets_it(said, acts):
    assert fits({"Filter": said}, "audit/1", size=10, tags={"kind": "draft"}) is acts


def test_an_empty_object_is_not_kept_by_a_size_that_nobody_set():
    assert fits({"Filter": {"And": {"ObjectSizeGreaterThan": 0}}}, "key", size=0, tags={})


@pytest.mark.parametrize(("hours", "over"), [(24, False), (37.9, False), (38, True)])
def test_a_day_ends_at_the_next_midnight_of_utc(hours, over):
    began = 1_800_000_000 // DAY * DAY + 10 * 3600

    assert is_over("2027-01-15T10:00:00.000Z", 1, began + hours * 3600) is over


def test_without_days_nothing_is_ever_over():
    assert not is_over("2027-01-15T10:00:00.000Z", None, 1e12)
