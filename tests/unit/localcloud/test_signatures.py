"""Who may call the AWS API; what only a deployment shows is in tests/security."""

import contextvars
from pathlib import Path

import pytest
from ministack import app as emulator
from ministack.core import iam_evaluator, lambda_runtime
from ministack.services import lambda_svc, sts

from localcloud.cloud import ACCOUNT, Cloud
from localcloud.engine import signatures
from localcloud.engine.internals import need

REPLACED = {
    iam_evaluator: (
        "authenticate",
        "check_credentials",
        "enforce",
        "is_root_access_key",
        "pin_signed_request",
        "_is_root_key",
    ),
    emulator: ("pin_signed_request", "_is_ecr_registry_path"),
    sts: ("is_root_access_key",),
    lambda_runtime: ("execution_credentials",),
    lambda_svc: ("execution_credentials",),
}
CLOUD = Cloud(home=Path("nowhere"), port=1, front_port=2)


@pytest.fixture(autouse=True)
def installed():
    with pytest.MonkeyPatch.context() as patch:
        for module, names in REPLACED.items():
            for name in names:
                patch.setattr(module, name, getattr(module, name))
        signatures.install(CLOUD)
        yield


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


@pytest.mark.parametrize(
    "key",
    ["", "test", "000000000000", CLOUD.access_key_id + "0"],
    ids=["empty", "test", "account", "longer"],
)
def test_only_the_random_key_is_root(key):
    assert iam_evaluator.is_root_access_key(CLOUD.access_key_id)
    assert not iam_evaluator.is_root_access_key(key)


def test_the_key_that_acts_is_the_key_that_signed():
    refused = with_request("AKIAOTHER", iam_evaluator.authenticate, CLOUD.access_key_id, ACCOUNT)

    assert refused.code == "SignatureDoesNotMatch"


def test_a_call_that_is_no_action_needs_credentials_too():
    assert iam_evaluator.check_credentials("", "dynamodb").code == "MissingAuthenticationToken"


def test_a_call_that_is_no_action_needs_a_signature_for_its_service():
    refused = with_request("AKIA", iam_evaluator.check_credentials, "AKIA", "kms")

    assert "correct service: 'kms'" in refused.message


@pytest.mark.parametrize(("signed_for", "service"), [("ses", "sesv2"), ("rds", "documentdb")])
def test_services_may_sign_under_another_name(signed_for, service):
    checked = with_request(
        "AKIA", iam_evaluator.check_credentials, "AKIA", service, service=signed_for
    )

    assert "correct service" not in checked.message
