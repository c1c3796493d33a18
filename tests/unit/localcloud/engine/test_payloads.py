"""Lambda's limits and checksums of presigned POSTs, in the emulator and here."""

import base64
import hashlib
import io
import json
import time
import uuid
import zipfile

import pytest
from botocore.exceptions import ClientError
from ministack.services import lambda_svc

from localcloud.engine import payloads

MEGABYTE = 1024 * 1024
CODE = """
def handler(event, context):
    return "x" * event.get("size", 1) if isinstance(event, dict) else len(event)
"""


@pytest.fixture
def invoke(emulator):
    """Invokes a function of the test's own: what it answers, and its error."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("index.py", CODE)
    client, name = emulator.client("lambda"), f"f-{uuid.uuid4().hex[:8]}"
    client.create_function(
        FunctionName=name,
        Runtime="python3.13",
        Role="arn:aws:iam::000000000000:role/r",
        Handler="index.handler",
        Code={"ZipFile": content.getvalue()},
        MemorySize=512,
        Timeout=30,
    )

    def send(event, kind="RequestResponse"):
        said = client.invoke(
            FunctionName=name, InvocationType=kind, Payload=json.dumps(event).encode()
        )
        return said["Payload"].read(), said.get("FunctionError")

    return send


@pytest.fixture
def post(emulator):
    """Sends a file with a presigned POST that states the checksum of `mine`."""
    s3, bucket = emulator.client("s3"), f"b-{time.time_ns()}"
    s3.create_bucket(Bucket=bucket)
    stated = base64.b64encode(hashlib.sha256(b"mine").digest()).decode()

    def send(content):
        fields = {"x-amz-checksum-sha256": stated}
        given = s3.generate_presigned_post(bucket, "k", Fields=fields, Conditions=[fields])[
            "fields"
        ]
        boundary = "b0undary"
        parts = [
            f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
            for name, value in (given | {"file": content}).items()
        ]
        body = ("".join(parts) + f"--{boundary}--\r\n").encode()
        kind = f"multipart/form-data; boundary={boundary}"
        status, _, text = emulator.send(
            "POST", f"/{bucket}", {"host": "127.0.0.1:4566", "content-type": kind}, body
        )
        return status, text

    return send


def test_the_original_limits_nothing_and_compares_no_checksum(invoke, post):
    assert invoke("x" * 7 * MEGABYTE) == (str(7 * MEGABYTE).encode(), None)
    assert post("theirs")[0] == 204


def test_a_larger_event_is_refused(invoke, patch):
    patch(payloads)

    with pytest.raises(ClientError) as refused:
        invoke("x" * 6 * MEGABYTE)

    error = refused.value.response["Error"]
    assert error["Code"] == "RequestEntityTooLargeException"
    assert error["Message"] == (
        "6291458 byte payload is too large for the RequestResponse invocation type "
        "(limit 6291456 bytes)"
    )


def test_an_event_that_nobody_waits_for_may_have_a_megabyte(invoke, patch):
    patch(payloads)

    with pytest.raises(ClientError, match="Event invocation type"):
        invoke("x" * MEGABYTE, "Event")
    assert invoke("x" * (MEGABYTE - 2), "Event") == (b"", None)


def test_an_event_of_six_megabytes_is_served(invoke, patch):
    patch(payloads)

    size = 6 * MEGABYTE - 2
    assert invoke("x" * size) == (str(size).encode(), None)


def test_a_larger_answer_is_an_error_of_the_function(invoke, patch):
    patch(payloads)

    body, error = invoke({"size": 7 * MEGABYTE})

    assert error == "Unhandled"
    assert json.loads(body)["errorType"] == "Function.ResponseSizeTooLarge"


@pytest.mark.parametrize(
    ("version", "message"), [("2.0", "Request Entity Too Large"), ("1.0", "Request Too Long")]
)
def test_an_api_answers_413_for_what_its_function_cannot_be_sent(patch, version, message):
    patch(payloads)

    found = lambda_svc._execute_function({}, {"version": version, "body": "x" * 6 * MEGABYTE})

    answer, _ = lambda_svc.lambda_execute_result_to_api_proxy_response(found)
    assert answer["statusCode"] == 413
    assert json.loads(answer["body"]) == {"message": message}


def test_a_file_with_another_checksum_than_stated_is_refused(post, patch):
    patch(payloads)

    status, text = post("theirs")

    assert status == 400
    assert b"BadDigest" in text
    assert post("mine")[0] == 204
