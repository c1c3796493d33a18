"""Files go to S3 and come back with presigned requests, and S3 refuses any other use of them.

The embedded cloud serves the AWS API over TLS alone: what needs plain HTTP runs on AWS only.
"""

import base64
import time
import uuid
from collections.abc import Callable
from urllib.parse import quote

import pytest
import urllib3

from tests.api import Api
from tests.deployment import Deployment
from tests.files import CONTENT, TYPE, presign, send


@pytest.fixture
def uploaded(api: Api, keys: Callable[[], set[str]]) -> str:
    """The key of an uploaded file."""
    form = presign(api)
    assert send(api, form).status == 204
    assert form["key"] in keys()
    return str(form["key"])


def test_the_right_file_is_stored_encrypted_under_its_key(
    deployment: Deployment, uploaded: str
) -> None:
    found = deployment.client("s3").get_object(
        Bucket=deployment.outputs["S3BucketName"], Key=uploaded
    )

    assert found["Body"].read() == CONTENT
    assert found["ContentType"] == TYPE
    assert found["ServerSideEncryption"] == "aws:kms"
    assert found["SSEKMSKeyId"].endswith(deployment.outputs["KMSKeyId"])


def test_a_file_comes_back_as_an_attachment(api: Api, uploaded: str) -> None:
    download = api.call("presign_download", key=uploaded).data["download"]

    answer = api.pool.request("GET", download["url"])

    assert (answer.status, answer.data) == (200, CONTENT)
    assert answer.headers["content-disposition"] == "attachment"
    assert (download["size"], download["content_type"]) == (len(CONTENT), TYPE)


OTHER_KEY = f"uploads/{uuid.UUID(int=0)}"


@pytest.mark.parametrize(
    "fields",
    [
        {"key": OTHER_KEY},
        {"key": "public/page"},
        {"Content-Type": "text/html"},
        {"x-amz-checksum-sha256": base64.b64encode(bytes(32)).decode()},
        {"x-amz-signature": "0" * 64},
        {"policy": base64.b64encode(b'{"expiration":"2999-01-01T00:00:00Z"}').decode()},
        {"x-amz-meta-owner": "me"},
        {"acl": "public-read"},
        {"success_action_redirect": "https://example.com"},
    ],
    ids=lambda fields: next(iter(fields)),
)
def test_s3_refuses_a_form_with_another_field(
    api: Api, keys: Callable[[], set[str]], fields: dict[str, str]
) -> None:
    before = keys()

    answer = send(api, presign(api), changes=fields)

    assert answer.status == 403, answer.data
    assert keys() == before


@pytest.mark.parametrize(
    ("content", "code"), [(CONTENT + b"x", b"EntityTooLarge"), (CONTENT[1:], b"EntityTooSmall")]
)
def test_s3_refuses_a_file_of_another_size(
    api: Api, keys: Callable[[], set[str]], content: bytes, code: bytes
) -> None:
    before = keys()

    answer = send(api, presign(api), content)

    assert answer.status == 400
    assert code in answer.data
    assert keys() == before


def test_s3_refuses_a_file_of_another_checksum(api: Api, keys: Callable[[], set[str]]) -> None:
    before = keys()

    answer = send(api, presign(api), CONTENT[::-1])

    assert answer.status == 400
    assert b"<Code>BadDigest</Code>" in answer.data
    assert keys() == before


def test_s3_refuses_an_upload_after_it_expired(api: Api, keys: Callable[[], set[str]]) -> None:
    before = keys()
    form = presign(api, expires_in=1)

    time.sleep(2.1)
    answer = send(api, form)

    assert answer.status == 403
    assert b"expired" in answer.data
    assert keys() == before


def test_s3_refuses_a_download_after_it_expired(api: Api, uploaded: str) -> None:
    download = api.call("presign_download", key=uploaded, expires_in=1).data["download"]

    time.sleep(2.1)
    answer = api.pool.request("GET", download["url"])

    assert answer.status == 403
    assert CONTENT not in answer.data


def test_s3_refuses_a_download_of_another_key(
    api: Api, uploaded: str, deployment: Deployment
) -> None:
    s3, bucket = deployment.client("s3"), deployment.outputs["S3BucketName"]
    s3.put_object(Bucket=bucket, Key="private/secret", Body=b"secret")
    try:
        url = api.call("presign_download", key=uploaded).data["download"]["url"]

        answer = api.pool.request("GET", url.replace(quote(uploaded), "private/secret"))

        assert answer.status == 403
        assert b"secret" not in answer.data
    finally:
        s3.delete_object(Bucket=bucket, Key="private/secret")


def test_s3_refuses_to_write_with_a_download(api: Api, uploaded: str) -> None:
    url = api.call("presign_download", key=uploaded).data["download"]["url"]

    assert api.pool.request("PUT", url, body=b"mine").status == 403
    assert api.pool.request("DELETE", url).status == 403
    assert api.pool.request("GET", url).data == CONTENT


def test_a_file_that_was_never_uploaded_is_not_found(api: Api) -> None:
    answer = api.call("presign_download", key=presign(api)["key"])

    assert answer.status == 404
    assert answer.error["code"] == "file_not_found"


def test_a_deleted_file_is_gone_for_everyone_and_its_version_kept(
    api: Api, uploaded: str, deployment: Deployment
) -> None:
    url = api.call("presign_download", key=uploaded).data["download"]["url"]

    deleted = api.call("delete_file", key=uploaded)
    again = api.call("delete_file", key=uploaded)

    assert deleted.data["file"] == {
        "key": uploaded,
        "content_type": "text/csv",
        "size": len(CONTENT),
    }
    assert (again.status, again.error["code"]) == (404, "file_not_found")
    assert api.call("presign_download", key=uploaded).status == 404
    assert api.pool.request("GET", url).status in (403, 404)
    kept = deployment.client("s3").list_object_versions(
        Bucket=deployment.outputs["S3BucketName"], Prefix=uploaded
    )
    assert [each["IsLatest"] for each in kept["Versions"]] == [False]
    assert [each["IsLatest"] for each in kept["DeleteMarkers"]] == [True]


def test_a_file_is_deleted_with_the_scope_of_files_alone(api: Api, uploaded: str) -> None:
    request = {"operation": "delete_file", "key": uploaded}

    answer = api.post(request, token=api.token("items.read", "items.write"))

    assert answer.status == 403
    assert api.call("presign_download", key=uploaded).status == 200


def test_the_bucket_answers_nobody_without_a_signature(api: Api, uploaded: str) -> None:
    url = api.call("presign_download", key=uploaded).data["download"]["url"]

    answer = api.pool.request("GET", url.partition("?")[0])

    assert answer.status == 403
    assert CONTENT not in answer.data


@pytest.mark.aws
def test_s3_refuses_plain_http(api: Api, uploaded: str) -> None:
    url = api.call("presign_download", key=uploaded).data["download"]["url"]

    answer = api.pool.request("GET", url.replace("https://", "http://", 1))

    assert answer.status == 403
    assert CONTENT not in answer.data


@pytest.mark.embedded
def test_the_aws_api_does_not_speak_plain_http(api: Api, uploaded: str) -> None:
    url = api.call("presign_download", key=uploaded).data["download"]["url"]

    with pytest.raises(urllib3.exceptions.ProtocolError):
        api.pool.request("GET", url.replace("https://", "http://", 1), retries=False)
