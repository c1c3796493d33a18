"""Presigned requests: what the signature binds."""

import base64
import json
import uuid
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from botocore.exceptions import ClientError

from services.items_api.files import BucketFiles, FileNotFound
from services.shared import aws
from tests.unit.services import fakes
from tests.unit.services.environment import BUCKET

DIGEST = "LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ="
KEY = "uploads/0193a5b0-7c1e-7a52-9d5e-6f1b2c3d4e5f"


def files(status: int = 200, sent: list[str] | None = None) -> Any:
    def respond(request: Any) -> Any:
        if sent is not None:
            sent.append(f"{request.method} {urlsplit(request.url).path}")
        return status, b""

    return BucketFiles(lambda: fakes.answering(aws.client("s3"), respond), BUCKET)


def upload() -> Any:
    return files().presign_upload(content_type="text/plain", size=5, sha256=DIGEST, expires_in=60)


def test_the_policy_of_an_upload_binds_bucket_key_type_size_and_checksum() -> None:
    form = upload()

    conditions = json.loads(base64.b64decode(form["fields"]["policy"]))["conditions"]

    for condition in (
        {"bucket": BUCKET},
        {"key": form["key"]},
        {"Content-Type": "text/plain"},
        {"x-amz-checksum-sha256": DIGEST},
        ["content-length-range", 5, 5],
    ):
        assert condition in conditions
    assert form["fields"]["Content-Type"] == "text/plain"
    assert form["fields"]["x-amz-checksum-sha256"] == DIGEST
    assert form["expires_in"] == 60


def test_every_upload_has_a_key_of_its_own() -> None:
    assert upload()["key"] != upload()["key"]


def test_nobody_can_guess_the_key_of_an_upload() -> None:
    key = uuid.UUID(upload()["key"].removeprefix("uploads/"))

    # Versions 1, 6 and 7 tell when, and the first two where, an id was made; 4 is all random.
    assert (key.version, key.variant) == (4, uuid.RFC_4122)


def test_requests_are_signed_for_the_regions_own_endpoint_with_version_4() -> None:
    form = upload()

    assert form["url"] == f"https://{BUCKET}.s3.eu-west-1.amazonaws.com/"
    assert form["fields"]["x-amz-algorithm"] == "AWS4-HMAC-SHA256"


def test_a_download_is_an_attachment_for_as_long_as_asked() -> None:
    download = files().presign_download(key=KEY, expires_in=90)

    url = urlsplit(download["url"])
    query = parse_qs(url.query)
    assert url.path == f"/{KEY}"
    assert query["response-content-disposition"] == ["attachment"]
    assert query["X-Amz-Expires"] == ["90"]


@pytest.mark.parametrize("status", [403, 404])
def test_a_file_that_is_not_there_has_no_download(status: int) -> None:
    with pytest.raises(FileNotFound):
        files(status).presign_download(key=KEY, expires_in=90)


def test_another_error_of_the_bucket_stays_what_it_is() -> None:
    with pytest.raises(ClientError):
        files(400).presign_download(key=KEY, expires_in=90)


def test_a_deleted_file_is_told_as_it_was() -> None:
    sent: list[str] = []

    deleted = files(sent=sent).delete(key=KEY)

    assert deleted == {"key": KEY, "content_type": "text/plain", "size": 0}
    assert sent == [f"HEAD /{KEY}", f"DELETE /{KEY}"]


def test_a_file_that_is_not_there_is_not_deleted() -> None:
    sent: list[str] = []

    with pytest.raises(FileNotFound):
        files(403, sent).delete(key=KEY)

    assert sent == [f"HEAD /{KEY}"]
