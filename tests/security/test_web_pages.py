"""A page in a developer's browser can send requests to this machine; none of them gets anywhere."""

from collections.abc import Iterator

import pytest

from tests.api import Api
from tests.deployment import Deployment
from tests.security.wire import LIST_SECRETS, SECRETS_LISTED, Signer, Wire

pytestmark = pytest.mark.embedded

FOREIGN = "https://evil.example"
FORM = ("content-type", "application/x-www-form-urlencoded")


@pytest.mark.parametrize(
    "host",
    ["evil.example", "127.0.0.1.evil.example", "localhost.evil.example", "[::2]", "10.0.0.1", ""],
)
@pytest.mark.parametrize("port", ["front_door", "aws_api"])
def test_a_name_bound_to_this_machine_is_refused(
    request: pytest.FixtureRequest, port: str, host: str
) -> None:
    wire: Wire = request.getfixturevalue(port)

    assert wire.send("GET", "/", host=f"{host}:{wire.port}").status == 403


@pytest.mark.parametrize("origin", [FOREIGN, "null", "http://localhost:8080", "https://127.0.0.1"])
def test_a_signed_call_from_a_page_is_refused(aws_api: Wire, root: Signer, origin: str) -> None:
    signed = root.headers("secretsmanager", b"{}", LIST_SECRETS)

    said = aws_api.send("POST", "/", *signed, ("origin", origin), body=b"{}")

    assert said.status == 403
    assert SECRETS_LISTED not in said.body


@pytest.mark.parametrize("asked", ["x-amz-target,authorization", "content-type", ""])
@pytest.mark.parametrize(
    "path", ["/", "/bucket-of-nobody/key", "/2015-03-31/functions", "/oauth2/token"]
)
def test_a_preflight_of_the_aws_api_is_refused(aws_api: Wire, path: str, asked: str) -> None:
    said = aws_api.send(
        "OPTIONS",
        path,
        ("origin", FOREIGN),
        ("access-control-request-method", "POST"),
        *([("access-control-request-headers", asked)] if asked else []),
    )

    assert (said.status, said.cors) == (403, {})


@pytest.mark.parametrize(
    "path", ["/", "/oauth2/token", "/login", "/_ministack/reset", "/2015-03-31/functions"]
)
def test_a_pages_form_is_refused(aws_api: Wire, path: str) -> None:
    said = aws_api.send("POST", path, FORM, ("origin", FOREIGN), body=b"Action=ListUsers")

    assert (said.status, said.cors) == (403, {})


def test_a_pages_form_at_a_bucket_is_no_call_of_another_service(
    aws_api: Wire, deployment: Deployment
) -> None:
    bucket = deployment.outputs["S3BucketName"]

    said = aws_api.send("POST", f"/{bucket}", FORM, ("origin", FOREIGN), body=b"Action=ListUsers")

    assert said.status == 403


@pytest.mark.parametrize("path", ["/", "/oauth2/authorize", "/?Action=ConfirmSubscription"])
def test_a_page_cannot_send_its_visitor_to_the_aws_api(aws_api: Wire, path: str) -> None:
    assert aws_api.send("GET", path, ("sec-fetch-site", "cross-site")).status == 403


def test_no_answer_of_the_aws_api_is_for_every_origin(aws_api: Wire, root: Signer) -> None:
    signed = root.headers("secretsmanager", b"{}", LIST_SECRETS)

    said = aws_api.send("POST", "/", *signed, body=b"{}")

    assert (said.status, said.cors) == (200, {})


def test_the_token_endpoint_is_for_no_origin(aws_api: Wire) -> None:
    assert aws_api.send("POST", "/oauth2/token", FORM, body=b"grant_type=x").cors == {}


def test_the_key_set_is_for_no_origin(front_door: Wire, deployment: Deployment) -> None:
    path = f"/{deployment.outputs['UserPoolId']}/.well-known/jwks.json"

    assert front_door.send("GET", path, ("origin", FOREIGN)).cors == {}


@pytest.mark.parametrize("port", ["front_door", "aws_api"])
def test_no_websocket_opens(request: pytest.FixtureRequest, port: str) -> None:
    wire: Wire = request.getfixturevalue(port)
    upgrade = [
        ("upgrade", "websocket"),
        ("sec-websocket-version", "13"),
        ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
        ("connection", "upgrade"),
    ]
    head = "".join(f"{name}: {value}\r\n" for name, value in [("host", wire.host), *upgrade])

    with wire.connected() as connection:
        connection.sendall(f"GET /_aws/execute-api/x/y HTTP/1.1\r\n{head}\r\n".encode())
        first = connection.recv(64)

    assert first.startswith(b"HTTP/1.1 403")


@pytest.fixture
def shared_bucket(deployment: Deployment) -> Iterator[str]:
    """A bucket that lets pages of one origin read answers to their uploads."""
    s3, bucket = deployment.client("s3"), "tap-test-pages"
    s3.create_bucket(Bucket=bucket)
    rule = {"AllowedOrigins": ["https://store.example"], "AllowedMethods": ["POST", "GET"]}
    s3.put_bucket_cors(Bucket=bucket, CORSConfiguration={"CORSRules": [rule]})
    yield bucket
    for item in s3.list_objects_v2(Bucket=bucket).get("Contents", []):
        s3.delete_object(Bucket=bucket, Key=item["Key"])
    s3.delete_bucket(Bucket=bucket)


@pytest.mark.parametrize(
    ("origin", "allowed"), [("https://store.example", "https://store.example"), (FOREIGN, None)]
)
def test_a_bucket_says_itself_which_pages_may_upload(
    api: Api, deployment: Deployment, shared_bucket: str, origin: str, allowed: str | None
) -> None:
    form = deployment.client("s3").generate_presigned_post(shared_bucket, "file")
    fields = {**form["fields"], "file": ("name", b"content")}

    answer = api.pool.request("POST", form["url"], fields=fields, headers={"origin": origin})

    # As on AWS, a form with a valid policy is taken; who may read the answer, CORS says.
    assert answer.status == 204
    assert answer.headers.get("access-control-allow-origin") == allowed


@pytest.mark.parametrize(
    ("origin", "allowed"), [("https://store.example", "https://store.example"), (FOREIGN, None)]
)
def test_a_bucket_answers_preflights_itself(
    aws_api: Wire, shared_bucket: str, origin: str, allowed: str | None
) -> None:
    asked = ("access-control-request-method", "POST")

    said = aws_api.send("OPTIONS", f"/{shared_bucket}", ("origin", origin), asked)

    assert said.cors.get("access-control-allow-origin") == allowed
