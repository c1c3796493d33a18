"""Who may call the AWS API; what only a deployment shows is in tests/security."""

import contextvars
import hashlib
import json
from datetime import UTC, datetime

import pytest
from ministack import app as ministack
from ministack.core import iam_evaluator, lambda_runtime

from localcloud.cloud import ACCOUNT
from localcloud.engine import signatures
from localcloud.engine.internals import need

FUNCTION = f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:f"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/r"
DIGEST = hashlib.sha256(f"{FUNCTION}:{ROLE}".encode()).hexdigest()
PUBLIC = hashlib.sha256(f"secret:{DIGEST}".encode()).hexdigest()
LIST_SECRETS = {
    "host": "127.0.0.1:4566",
    "x-amz-target": "secretsmanager.ListSecrets",
    "content-type": "application/x-amz-json-1.1",
}
OF_TEST = (
    "AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/secretsmanager/aws4_request, "
    "SignedHeaders=host, Signature=0"
)


@pytest.fixture(autouse=True)
def asked(monkeypatch):
    """Every call is asked who makes it, as in a cloud that was started."""
    monkeypatch.setattr(ministack, "AUTH", True)


@pytest.fixture
def installed(patch):
    """The cloud whose key alone is root."""
    return patch(signatures)


def secret_key():
    """The secret key that a function is given."""
    config = {"FunctionName": "f", "FunctionArn": FUNCTION, "Role": ROLE}
    return lambda_runtime.execution_credentials(config)["AWS_SECRET_ACCESS_KEY"]


def with_request(key, call, *arguments, service="dynamodb"):
    """The answer to a call while a request signed by this key, for this service, is served."""
    scope = f"{key}/20260101/us-east-1/{service}/aws4_request"
    authorization = f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0"
    headers = {"authorization": authorization, "x-amz-date": "20260101T000000Z"}
    request = need(iam_evaluator, "SignedRequest")(key, "POST", "/", {}, headers)

    def served():
        need(iam_evaluator, "_signed_request").set(request)
        return call(*arguments)

    return contextvars.copy_context().run(served)


@pytest.mark.parametrize("key", ["test", "000000000000"])
def test_the_original_takes_well_known_keys_for_root(key):
    assert iam_evaluator.is_root_access_key(key)


@pytest.mark.parametrize("claimed", ["Bearer x", OF_TEST])
def test_the_original_answers_whoever_claims_to_be_somebody(emulator, claimed):
    status, _, _ = emulator.send("POST", "/", {"authorization": claimed, **LIST_SECRETS}, b"{}")

    assert status == 200


@pytest.mark.parametrize("claimed", ["Bearer x", OF_TEST, ""])
@pytest.mark.usefixtures("installed")
def test_a_request_without_a_true_signature_is_refused(emulator, claimed):
    sent = {"authorization": claimed} if claimed else {}

    status, _, _ = emulator.send("POST", "/", sent | LIST_SECRETS, b"{}")

    assert status in (400, 403)


def test_the_random_key_needs_its_true_signature(emulator, installed):
    now = datetime.now(UTC)
    scope = f"{installed.access_key_id}/{now:%Y%m%d}/us-east-1/secretsmanager/aws4_request"
    claimed = f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host;x-amz-date, Signature=00"
    sent = {"authorization": claimed, "x-amz-date": f"{now:%Y%m%dT%H%M%SZ}", **LIST_SECRETS}

    _, _, body = emulator.send("POST", "/", sent, b"{}")

    assert json.loads(body)["__type"] == "InvalidSignatureException"


@pytest.mark.parametrize("key", ["", "test", "000000000000", "123456789012"])
def test_only_the_random_key_is_root(installed, key):
    assert iam_evaluator.is_root_access_key(installed.access_key_id)
    assert not iam_evaluator.is_root_access_key(key)


def test_the_original_derives_a_functions_keys_from_public_names():
    assert secret_key() == PUBLIC


@pytest.mark.usefixtures("installed")
def test_a_functions_keys_depend_on_this_clouds_secret():
    first = secret_key()

    assert first != PUBLIC
    assert secret_key() == first


def test_the_original_takes_a_signature_for_one_service_as_good_for_another():
    said = with_request("AKIA", iam_evaluator.check_credentials, "AKIA", "kms")

    assert "correct service" not in said.message


def test_the_key_that_acts_is_the_key_that_signed(installed):
    acting = installed.access_key_id

    refused = with_request("AKIAOTHER", iam_evaluator.authenticate, acting, ACCOUNT)

    assert refused.code == "SignatureDoesNotMatch"


@pytest.mark.usefixtures("installed")
def test_a_call_that_is_no_action_needs_credentials_too():
    assert iam_evaluator.check_credentials("", "dynamodb").code == "MissingAuthenticationToken"


@pytest.mark.usefixtures("installed")
def test_a_call_that_is_no_action_needs_a_signature_for_its_service():
    refused = with_request("AKIA", iam_evaluator.check_credentials, "AKIA", "kms")

    assert "correct service: 'kms'" in refused.message


@pytest.mark.usefixtures("installed")
@pytest.mark.parametrize(("signed_for", "service"), [("ses", "sesv2"), ("rds", "documentdb")])
def test_services_may_sign_under_another_name(signed_for, service):
    checked = with_request(
        "AKIA", iam_evaluator.check_credentials, "AKIA", service, service=signed_for
    )

    assert "correct service" not in checked.message
