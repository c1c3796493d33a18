"""Condition keys of a write: the emulator's, and ours."""

import pytest
from ministack.core import iam_actions

from localcloud.engine import conditional_writes
from localcloud.engine.internals import need


def context(action, **headers):
    """What a bucket policy's conditions are held against."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return need(iam_actions, "s3_service_context")(action, {}, "/bucket/key", named)


def test_the_original_leaves_the_keys_out():
    assert "s3:if-none-match" not in context("s3:PutObject", if_none_match="*")


@pytest.mark.parametrize("name", ["if-none-match", "if-match"])
def test_a_write_has_the_key_that_its_header_says(patch, name):
    patch(conditional_writes)

    assert context("s3:PutObject", **{name.replace("-", "_"): "*"})[f"s3:{name}"] == "*"


def test_a_write_without_the_header_has_no_key(patch):
    patch(conditional_writes)

    assert not [key for key in context("s3:PutObject", host="h") if key.startswith("s3:if-")]


def test_a_read_has_no_key(patch):
    patch(conditional_writes)

    assert "s3:if-none-match" not in context("s3:GetObject", if_none_match="*")
