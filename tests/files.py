"""Files of the items API as its clients send them: by presigned forms."""

import base64
import hashlib
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest

from tests.api import Api
from tests.deployment import Deployment

CONTENT = b"name,stock\nmug,3\n"
TYPE = "text/csv"
Form = dict[str, Any]


def presign(api: Api, **changes: Any) -> Form:
    """The form of an upload of CONTENT."""
    sha256 = base64.b64encode(hashlib.sha256(CONTENT).digest()).decode()
    members = {"content_type": TYPE, "size": len(CONTENT), "sha256": sha256} | changes
    form: Form = api.call("presign_upload", **members).data["upload"]
    return form


def send(
    api: Api, form: Form, content: bytes = CONTENT, *, changes: Mapping[str, str] | None = None
) -> Any:
    """Send a file with a form, some of its fields changed."""
    body = {**form["fields"], **(changes or {}), "file": ("stock.csv", content)}
    return api.pool.request("POST", form["url"], fields=body)


@pytest.fixture
def keys(deployment: Deployment) -> Iterator[Callable[[], set[str]]]:
    """Gives the keys of every file in the bucket; what the test added is deleted after it."""
    s3, bucket = deployment.client("s3"), deployment.outputs["S3BucketName"]

    def read() -> set[str]:
        pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket)
        return {found["Key"] for page in pages for found in page.get("Contents", [])}

    before = read()
    yield read
    for key in read() - before:
        s3.delete_object(Bucket=bucket, Key=key)
