"""Root is one random key with a true signature; whoever else says so is refused."""

import base64
import hashlib
import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import botocore.session
import pytest
from botocore.exceptions import ClientError

from tests.api import Api
from tests.deployment import Deployment
from tests.security.wire import LIST_SECRETS, SECRETS_LISTED, Said, Signer, Wire

pytestmark = pytest.mark.embedded

SCOPE = "20260101/us-east-1/secretsmanager/aws4_request"
OF_NOBODY = (
    f"AWS4-HMAC-SHA256 Credential=AKIA0123456789ABCDEF/{SCOPE}, SignedHeaders=host, Signature=0"
)
OF_TEST = f"AWS4-HMAC-SHA256 Credential=test/{SCOPE}, SignedHeaders=host, Signature=0"
IN_QUERY = (
    "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-SignedHeaders=host&X-Amz-Signature=0"
    f"&X-Amz-Date=20260101T000000Z&X-Amz-Credential={{}}/{SCOPE}"
)


def list_secrets(aws_api: Wire, *headers: tuple[str, str], query: str = "") -> Said:
    """Ask for all secrets with these headers besides."""
    target = f"/?{query}" if query else "/"
    return aws_api.send("POST", target, *LIST_SECRETS.items(), *headers, body=b"{}")


def is_refused(said: Said) -> bool:
    """Whether a request was refused as such, without a word about what it asked for."""
    return said.status in (400, 403) and SECRETS_LISTED not in said.body


def test_a_true_signature_of_the_root_key_is_answered(aws_api: Wire, root: Signer) -> None:
    signed = root.headers("secretsmanager", b"{}", LIST_SECRETS)

    said = aws_api.send("POST", "/", *signed, body=b"{}")

    assert said.status == 200
    assert SECRETS_LISTED in said.body


@pytest.mark.parametrize("key", ["test", "000000000000", "123456789012", "AKIA0123456789ABCDEF"])
def test_a_well_known_key_is_nobody(aws_api: Wire, key: str) -> None:
    claimed = OF_TEST.replace("=test/", f"={key}/")

    assert is_refused(list_secrets(aws_api, ("authorization", claimed)))


@pytest.mark.parametrize(
    "authorization",
    [
        "Bearer x",
        "Basic dGVzdDp0ZXN0",
        "AWS test:c2lnbmF0dXJl",
        "AWS4-HMAC-SHA256",
        "x",
        "AWS4-ECDSA-P256-SHA256 x",
    ],
)
def test_credentials_of_another_kind_are_nobodys(aws_api: Wire, authorization: str) -> None:
    assert is_refused(list_secrets(aws_api, ("authorization", authorization)))


def test_a_request_without_credentials_is_refused(aws_api: Wire) -> None:
    assert is_refused(list_secrets(aws_api))


def test_the_root_keys_id_alone_is_not_root(aws_api: Wire, root: Signer) -> None:
    claimed = OF_TEST.replace("=test/", f"={root.key}/")

    assert is_refused(list_secrets(aws_api, ("authorization", claimed)))


@pytest.mark.parametrize(
    ("headers", "query"),
    [
        ([OF_TEST, OF_NOBODY], ""),
        ([OF_NOBODY, OF_TEST], ""),
        ([OF_TEST, "x"], ""),
        (
            [],
            IN_QUERY.format("test") + f"&X-Amz-Credential=AKIA0123456789ABCDEF/{SCOPE}",
        ),
        (
            [],
            IN_QUERY.format("test") + f"&x-amz-credential=AKIA0123456789ABCDEF/{SCOPE}",
        ),
        (["Bearer Credential=AKIA0123456789ABCDEF/x"], f"X-Amz-Credential=test/{SCOPE}"),
        (["AWS AKIA0123456789ABCDEF:aaaa"], f"X-Amz-Credential=test/{SCOPE}"),
        (
            ["Bearer x"],
            IN_QUERY.format("{root}").replace("secretsmanager", "s3"),
        ),
        ([], "X-Amz-Credential={root}/" + SCOPE),
        ([], "AWSAccessKeyId={root}"),
        ([], "AWSAccessKeyId={root}&Signature=x&Expires=4102444800"),
    ],
)
def test_two_readers_of_a_request_cannot_see_two_callers(
    aws_api: Wire, root: Signer, headers: list[str], query: str
) -> None:
    sent = [("authorization", value) for value in headers]

    assert is_refused(list_secrets(aws_api, *sent, query=query.replace("{root}", root.key)))


@pytest.mark.parametrize("name", ["host", "x-amz-target", "x-amz-date", "x-amz-security-token"])
def test_a_repeated_header_is_refused(aws_api: Wire, root: Signer, name: str) -> None:
    signed = root.headers("secretsmanager", b"{}", LIST_SECRETS)

    said = aws_api.send("POST", "/", *signed, (name, "x"), (name, "x"), body=b"{}")

    assert said.status == 400


def in_the_past(monkeypatch: pytest.MonkeyPatch, **ago: float) -> None:
    then = datetime.now(UTC) - timedelta(**ago)
    monkeypatch.setattr("botocore.auth.get_current_datetime", lambda *_args, **_named: then)


ERRORS: dict[str, dict[str, str]] = {
    "secret": {"secret": "x" * 40},
    "region": {"region": "eu-west-1"},
    "key": {"key": "AKIA0123456789ABCDEF"},
}


@pytest.mark.parametrize("wrong", ERRORS)
def test_a_signature_with_another_of_its_parts_is_refused(
    aws_api: Wire, root: Signer, wrong: str
) -> None:
    signed = replace(root, **ERRORS[wrong]).headers("secretsmanager", b"{}", LIST_SECRETS)

    assert is_refused(aws_api.send("POST", "/", *signed, body=b"{}"))


def test_a_signature_for_another_service_is_refused(aws_api: Wire, root: Signer) -> None:
    signed = root.headers("dynamodb", b"{}", LIST_SECRETS)

    assert is_refused(aws_api.send("POST", "/", *signed, body=b"{}"))


def test_a_signature_for_another_body_is_refused(aws_api: Wire, root: Signer) -> None:
    signed = root.headers("secretsmanager", b"{}", LIST_SECRETS)

    assert is_refused(aws_api.send("POST", "/", *signed, body=b'{"MaxResults": 1}'))


def test_a_body_that_is_not_what_its_signed_hash_says_is_refused(
    aws_api: Wire, root: Signer
) -> None:
    stated = LIST_SECRETS | {"x-amz-content-sha256": hashlib.sha256(b"{}").hexdigest()}
    signed = root.headers("secretsmanager", b"{}", stated)

    assert is_refused(aws_api.send("POST", "/", *signed, body=b'{"MaxResults": 1}'))


def test_a_signature_for_another_path_is_refused(aws_api: Wire, root: Signer) -> None:
    signed = root.headers("secretsmanager", b"{}", LIST_SECRETS, target="/other")

    assert is_refused(aws_api.send("POST", "/", *signed, body=b"{}"))


def test_a_signature_of_the_past_is_refused(
    aws_api: Wire, root: Signer, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_the_past(monkeypatch, minutes=16)
    signed = root.headers("secretsmanager", b"{}", LIST_SECRETS)

    assert is_refused(aws_api.send("POST", "/", *signed, body=b"{}"))


WHO_AM_I = "/?Action=ListRoles&Version=2010-05-08"


def test_a_true_signature_in_the_query_is_answered(aws_api: Wire, root: Signer) -> None:
    said = aws_api.send("GET", root.query("iam", WHO_AM_I))

    assert said.status == 200
    assert b"ListRolesResult" in said.body


@pytest.mark.parametrize("wrong", ERRORS)
def test_a_query_signed_with_another_part_is_refused(
    aws_api: Wire, root: Signer, wrong: str
) -> None:
    target = replace(root, **ERRORS[wrong]).query("iam", WHO_AM_I)

    assert aws_api.send("GET", target).status in (400, 403)


def test_a_query_signed_for_another_service_is_refused(aws_api: Wire, root: Signer) -> None:
    for service in ("sts", "s3"):
        target = root.query(service, WHO_AM_I)

        assert aws_api.send(
            "POST", target, ("x-amz-target", "secretsmanager.ListSecrets"), body=b"{}"
        ).status in (400, 403)


def test_a_query_changed_after_signing_is_refused(aws_api: Wire, root: Signer) -> None:
    target = root.query("iam", WHO_AM_I).replace("ListRoles", "ListUsers")

    assert aws_api.send("GET", target).status in (400, 403)


def test_a_query_signed_in_the_past_is_refused(
    aws_api: Wire, root: Signer, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_the_past(monkeypatch, minutes=16)
    target = root.query("iam", WHO_AM_I)

    assert aws_api.send("GET", target).status in (400, 403)


@pytest.fixture(scope="module")
def stored(deployment: Deployment) -> Iterator[dict[str, str]]:
    """A file in a bucket, by its bucket and key."""
    s3, named = (
        deployment.client("s3"),
        {"Bucket": deployment.outputs["S3BucketName"], "Key": "test/attack"},
    )
    s3.put_object(**named, Body=b"stored")
    yield named
    s3.delete_object(**named)


def target_of(url: str) -> str:
    """What a client asks the server for."""
    return url.removeprefix(f"{urlsplit(url).scheme}://{urlsplit(url).netloc}")


def presigned(signer: Signer, stored: dict[str, str], **arguments: Any) -> str:
    return target_of(signer.s3().generate_presigned_url("get_object", Params=stored, **arguments))


def test_a_presigned_url_of_root_gives_its_file(
    aws_api: Wire, root: Signer, stored: dict[str, str]
) -> None:
    assert aws_api.send("GET", presigned(root, stored)).body == b"stored"


@pytest.mark.parametrize("wrong", ERRORS)
def test_a_url_presigned_with_another_part_gives_nothing(
    aws_api: Wire, root: Signer, stored: dict[str, str], wrong: str
) -> None:
    said = aws_api.send("GET", presigned(replace(root, **ERRORS[wrong]), stored))

    assert said.status in (400, 403)


@pytest.mark.parametrize(
    ("signed", "sent"),
    [
        ("test/attack", "test/other"),
        ("X-Amz-Expires=3600", "X-Amz-Expires=9999"),
        ("X-Amz-Signature=", "X-Amz-Signature=0"),
        ("X-Amz-Algorithm=AWS4-HMAC-SHA256", "X-Amz-Algorithm=AWS4-HMAC-SHA1"),
        ("X-Amz-Algorithm=AWS4-HMAC-SHA256", "X=0"),
        ("X-Amz-Credential", "X-AMZ-CREDENTIAL"),
    ],
)
def test_a_presigned_url_that_was_changed_gives_nothing(
    aws_api: Wire, root: Signer, stored: dict[str, str], signed: str, sent: str
) -> None:
    target = presigned(root, stored)
    assert signed in target

    assert aws_api.send("GET", target.replace(signed, sent, 1)).status in (400, 403)


@pytest.fixture(scope="module")
def public(deployment: Deployment) -> Iterator[str]:
    """The path of a file in a bucket that is open to all."""
    s3, bucket = deployment.client("s3"), "tap-test-public"
    s3.create_bucket(Bucket=bucket)
    s3.delete_public_access_block(Bucket=bucket)
    allowed = {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject"}
    policy = {"Statement": [allowed | {"Resource": f"arn:aws:s3:::{bucket}/*"}]}
    s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps({"Version": "2012-10-17"} | policy))
    s3.put_object(Bucket=bucket, Key="file", Body=b"for all")
    yield f"/{bucket}/file"
    s3.delete_object(Bucket=bucket, Key="file")
    s3.delete_bucket(Bucket=bucket)


def test_a_public_file_is_read_by_the_anonymous(aws_api: Wire, public: str) -> None:
    assert aws_api.send("GET", public).body == b"for all"


def test_a_presigned_url_expires(
    aws_api: Wire, root: Signer, stored: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    in_the_past(monkeypatch, seconds=90)
    target = presigned(root, stored, ExpiresIn=60)

    assert aws_api.send("GET", target).status == 403


@pytest.mark.parametrize(
    ("method", "target"),
    [
        ("GET", "/"),
        ("PUT", "/tap-test-of-nobody"),
        ("GET", "/{Bucket}"),
        ("GET", "/{Bucket}/{Key}"),
        ("PUT", "/{Bucket}/{Key}"),
        ("DELETE", "/{Bucket}/{Key}"),
        ("PUT", "/{Bucket}?policy"),
        ("GET", "/v20180820/accesspoint"),
        ("POST", "/{Bucket}?delete"),
    ],
)
@pytest.mark.parametrize("authorization", [None, "Bearer x"])
def test_s3_is_closed_to_the_anonymous(
    aws_api: Wire, stored: dict[str, str], method: str, target: str, authorization: str | None
) -> None:
    sent = [("authorization", authorization)] if authorization else []

    said = aws_api.send(method, target.format(**stored), *sent)

    assert said.status in (400, 403), said.body


@pytest.mark.parametrize("path", ["/v2/", "/v2/_catalog"])
def test_the_image_registry_is_closed_to_the_anonymous(aws_api: Wire, path: str) -> None:
    assert aws_api.send("GET", path).status in (401, 403, 404)


def test_a_functions_key_id_alone_is_nobody(aws_api: Wire, api: Api) -> None:
    sha256 = base64.b64encode(bytes(32)).decode()
    form = api.call("presign_upload", content_type="text/csv", size=1, sha256=sha256)
    key = form.data["upload"]["fields"]["x-amz-credential"].partition("/")[0]
    claimed = OF_TEST.replace("=test/", f"={key}/")

    assert is_refused(list_secrets(aws_api, ("authorization", claimed)))


def test_a_functions_key_does_not_follow_from_its_names(api: Api, deployment: Deployment) -> None:
    assert api.call("list").status == 200  # so that the function has its key
    name = deployment.outputs["ApiFunctionName"]
    found = deployment.client("lambda").get_function_configuration(FunctionName=name)
    names = hashlib.sha256(f"{found['FunctionArn']}:{found['Role']}".encode()).hexdigest()
    secret, token = (
        hashlib.sha256(f"{kind}:{names}".encode()).hexdigest() for kind in ("secret", "token")
    )
    dynamodb: Any = botocore.session.get_session().create_client(
        "dynamodb",
        region_name=deployment.region,
        endpoint_url=deployment.endpoint,
        verify=deployment.ca_bundle,
        aws_access_key_id=f"ASIA{names[:16].upper()}",
        aws_secret_access_key=secret,
        aws_session_token=token,
    )

    with pytest.raises(ClientError, match=r"UnrecognizedClient|InvalidSignature|security token"):
        dynamodb.scan(TableName=deployment.outputs["DynamoDBTableName"])
