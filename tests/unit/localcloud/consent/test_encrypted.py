"""What a service binds to the data that it encrypts."""

import pytest
from ministack.services import s3

from localcloud.consent.encrypted import SERVICES
from localcloud.engine.internals import need

OBJECT = "arn:aws:s3:::bucket-of-the-test/a/key"
TABLE = "arn:aws:dynamodb:us-east-1:000000000000:table/items/index/by-time"


@pytest.mark.parametrize(
    ("has_bucket_key", "bound"), [("true", "arn:aws:s3:::bucket-of-the-test"), ("false", OBJECT)]
)
def test_a_bucket_with_a_key_of_its_own_binds_its_own_name(has_bucket_key, bound):
    said = f"<BucketKeyEnabled>{has_bucket_key}</BucketKeyEnabled>"
    need(s3, "_bucket_encryption")["bucket-of-the-test"] = said

    try:
        assert SERVICES["s3"].encryption_context(OBJECT) == {"aws:s3:arn": bound}
    finally:
        del need(s3, "_bucket_encryption")["bucket-of-the-test"]


def test_a_table_binds_its_name_and_the_account():
    assert SERVICES["dynamodb"].encryption_context(TABLE) == {
        "aws:dynamodb:tableName": "items",
        "aws:dynamodb:subscriberId": "000000000000",
    }
