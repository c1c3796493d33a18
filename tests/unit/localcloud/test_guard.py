"""The layer that closes what the emulator leaves open."""

import pytest

from localcloud.guard import refuse

SIGNED = "AWS4-HMAC-SHA256 Credential={}/20260101/us-east-1/dynamodb/aws4_request, Signature=0"


def request(path="/", query=b"", **sent):
    named = {"host": "127.0.0.1:4566"} | {name.replace("_", "-"): v for name, v in sent.items()}
    headers = [(name.encode(), value.encode()) for name, value in named.items()]
    return {"type": "http", "path": path, "query_string": query, "headers": headers}


def test_a_signed_request_to_a_local_name_passes():
    assert refuse(request(authorization=SIGNED.format("AKIA0123456789ABCDEF"))) is None


@pytest.mark.parametrize("host", ["localhost", "localhost:4566", "[::1]:4566", "a1.localhost:1"])
def test_every_local_name_is_answered(host):
    assert refuse(request(host=host)) is None


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "localhost.evil:80"])
def test_a_foreign_name_for_this_machine_is_refused(host):
    assert refuse(request(host=host)) == "the embedded cloud answers to local names only"


@pytest.mark.parametrize("path", ["/_ministack/reset", "/_ministack/config", "/_localstack/init"])
def test_the_emulators_administration_is_closed(path):
    assert refuse(request(path)) == "the emulator's administration is closed"


@pytest.mark.parametrize("key", ["test", "000000000000", "123456789012"])
def test_the_emulators_free_root_keys_are_refused_in_a_header(key):
    assert "not a credential" in str(refuse(request(authorization=SIGNED.format(key))))


@pytest.mark.parametrize(
    "query",
    [b"X-Amz-Credential=test%2F20260101%2Fus-east-1%2Fs3%2Faws4_request", b"AWSAccessKeyId=test"],
)
def test_the_emulators_free_root_keys_are_refused_in_a_query(query):
    assert "not a credential" in str(refuse(request(query=query)))


def test_an_old_style_signature_with_a_free_root_key_is_refused():
    assert "not a credential" in str(refuse(request(authorization="AWS test:c2lnbmF0dXJl")))


def test_a_web_page_may_not_call_the_aws_api():
    signed = SIGNED.format("AKIA0123456789ABCDEF")

    refusal = refuse(request(origin="https://evil.example", authorization=signed))

    assert refusal == "web pages may not call the AWS API"


def test_a_web_page_may_call_a_deployed_api():
    sent = {"origin": "https://a.example", "authorization": "Bearer token"}

    assert refuse(request("/_aws/execute-api/0a1b2c3d/$default/api", **sent)) is None
