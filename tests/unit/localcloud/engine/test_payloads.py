"""Payloads of functions and files of forms, in the emulator and here."""

import base64
import hashlib
import io
import json
import uuid
import zipfile

import pytest
from botocore.exceptions import ClientError
from ministack.services import lambda_svc

from localcloud.engine import payloads
from localcloud.engine.internals import need

CODE = """
def handler(event, context):
    return "x" * event["answers"]
"""
MEGABYTE = 1024 * 1024


@pytest.fixture
def function(emulator):
    """The name of a function that answers as many characters as it is told."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("index.py", CODE)
    name = f"f-{uuid.uuid4().hex[:8]}"
    emulator.client("lambda").create_function(
        FunctionName=name,
        Runtime="python3.13",
        Role="arn:aws:iam::000000000000:role/r",
        Handler="index.handler",
        Code={"ZipFile": content.getvalue()},
    )
    return name


def invoke(emulator, function, *, size=0, answers=1, **how):
    event = json.dumps({"answers": answers, "x": ""})
    event = event.replace('""', f'"{"x" * (size - len(event))}"')
    return emulator.client("lambda").invoke(FunctionName=function, Payload=event, **how)


def test_the_original_takes_a_request_of_any_size(emulator, function):
    assert invoke(emulator, function, size=7 * MEGABYTE)["StatusCode"] == 200


def test_a_request_of_6_mb_is_taken_and_not_a_byte_more(emulator, patch, function):
    patch(payloads)

    taken = invoke(emulator, function, size=6 * MEGABYTE)
    with pytest.raises(ClientError) as refused:
        invoke(emulator, function, size=6 * MEGABYTE + 1)

    assert taken["StatusCode"] == 200
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 413
    assert refused.value.response["Error"] == {
        "Code": "RequestEntityTooLargeException",
        "Message": "Request must be smaller than 6291456 bytes for the InvokeFunction operation",
    }


def test_an_event_has_1_mb_at_most(emulator, patch, function):
    patch(payloads)

    taken = invoke(emulator, function, size=MEGABYTE, InvocationType="Event")
    with pytest.raises(ClientError, match="limit 1048576 bytes"):
        invoke(emulator, function, size=MEGABYTE + 1, InvocationType="Event")

    assert taken["StatusCode"] == 202


def test_the_original_hands_on_an_answer_of_any_size(emulator, function):
    assert "FunctionError" not in invoke(emulator, function, answers=7 * MEGABYTE)


def test_an_answer_beyond_6_mb_is_an_error_of_the_function(emulator, patch, function):
    patch(payloads)

    failed = invoke(emulator, function, answers=6 * MEGABYTE + 101)

    assert failed["FunctionError"] == "Unhandled"
    assert json.loads(failed["Payload"].read()) == {
        "errorType": "Function.ResponseSizeTooLarge",
        "errorMessage": "Response payload size exceeded maximum allowed payload size "
        "(6291556 bytes).",
    }


def test_what_an_api_hands_to_a_function_has_6_mb_at_most(patch):
    patch(payloads)

    answer = need(lambda_svc, "_execute_function")({}, {"body": "x" * 6 * MEGABYTE})

    assert answer == {"body": {"statusCode": 413, "body": '{"message": "Request Too Long"}'}}


@pytest.fixture
def bucket(emulator):
    name = f"b-{uuid.uuid4().hex[:8]}"
    emulator.client("s3").create_bucket(Bucket=name)
    return name


def posted(emulator, bucket, content, *, checksum):
    """The answer to a signed form that names this text's SHA-256."""
    digest = base64.b64encode(hashlib.sha256(checksum).digest()).decode()
    fields = {"x-amz-checksum-algorithm": "SHA256", "x-amz-checksum-sha256": digest}
    form = emulator.client("s3").generate_presigned_post(
        bucket, "file", Fields=fields, Conditions=[{name: value} for name, value in fields.items()]
    )
    lines = [
        f'--limit\r\ncontent-disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in [*form["fields"].items(), ("file", content.decode())]
    ]
    sent = {"host": "127.0.0.1:4566", "content-type": "multipart/form-data; boundary=limit"}
    body = "".join([*lines, "--limit--\r\n"]).encode()
    status, _, answer = emulator.send("POST", f"/{bucket}", sent, body)
    return status, answer


def test_the_original_takes_a_file_of_another_checksum(emulator, bucket):
    assert posted(emulator, bucket, b"a", checksum=b"b")[0] == 204


def test_a_form_with_a_file_of_another_checksum_is_refused_and_changes_nothing(
    emulator, patch, bucket
):
    patch(payloads)

    status, answer = posted(emulator, bucket, b"a", checksum=b"b")

    assert (status, b"<Code>BadDigest</Code>" in answer) == (400, True)
    assert emulator.client("s3").list_objects_v2(Bucket=bucket)["KeyCount"] == 0


def test_a_form_with_a_file_of_its_checksum_is_taken(emulator, patch, bucket):
    patch(payloads)

    assert posted(emulator, bucket, b"a", checksum=b"a")[0] == 204
