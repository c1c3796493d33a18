"""Nothing but what is deployed answers at the front door, and no name leads around the guard."""

from urllib.parse import urlsplit

import pytest

from tests.deployment import Deployment
from tests.security.wire import LIST_SECRETS, SECRETS_LISTED, Said, Wire

pytestmark = pytest.mark.embedded

# Paths at which the emulator has answers of its own, whatever the Host.
OWN_PATHS = [
    "/_ministack/health",
    "/_ministack/ready",
    "/_ministack/config",
    "/_ministack/sqs/messages",
    "/_ministack/ses/messages",
    "/_ministack/lambda-code/tap-api-function-test",
    "/_ministack/rds/ca.pem",
    "/_ministack/rds/iam-auth",
    "/_ministack/cfn-response/token",
    "/_localstack/health",
    "/_localstack/init",
    "/health",
    "/login",
    "/logout",
    "/oauth2/token",
    "/oauth2/login",
    "/oauth2/authorize",
    "/oauth2/userInfo",
    "/v2/",
    "/v2/_catalog",
    "/v2/email/identities",
    "/v20180820/accesspoint",
    "/iceberg/v1/config",
    "/Execute",
    "/_aws/lambda-url/0/",
    "/_alb/0/",
]
# The same path as another reader might spell it.
SPELLINGS = [
    "/{}",
    "//{}",
    "/./{}",
    "/x/../{}",
    "/%2e/{}",
    "/%2f{}",
    "/;/{}",
    "/{}/",
    "/{}%00",
    "/{}?x=/_ministack/health",
]
ROOT_OF_OLD = (
    "AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/secretsmanager/aws4_request, "
    "SignedHeaders=host, Signature=0"
)


def is_missing_page(said: Said) -> bool:
    """Whether the CDN says that it has no such page."""
    return said.status in (403, 404) and said.is_of_the_cdn


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "OPTIONS"])
@pytest.mark.parametrize("path", OWN_PATHS)
def test_the_stores_cdn_answers_the_paths_of_the_emulator(
    front_door: Wire, path: str, method: str
) -> None:
    said = front_door.send(method, path)

    assert is_missing_page(said), said


@pytest.mark.parametrize("spelling", SPELLINGS)
@pytest.mark.parametrize("path", ["_ministack/sqs/messages", "health", "_MINISTACK/health"])
def test_no_spelling_of_a_path_leads_past_the_cdn(
    front_door: Wire, path: str, spelling: str
) -> None:
    said = front_door.send("GET", spelling.format(path))

    assert is_missing_page(said), said


@pytest.mark.parametrize("path", OWN_PATHS)
def test_a_distributions_own_name_leads_to_nothing_but_itself(
    front_door: Wire, deployment: Deployment, path: str
) -> None:
    said = front_door.send("GET", path, host=cdn_name(deployment))

    assert said.is_of_the_cdn, said


@pytest.mark.parametrize("path", OWN_PATHS)
def test_a_distributions_name_leads_to_nothing_else_on_the_port_of_the_aws_api(
    aws_api: Wire, deployment: Deployment, path: str
) -> None:
    said = aws_api.send("GET", path, host=cdn_name(deployment))

    assert said.is_of_the_cdn, said


@pytest.mark.parametrize(
    "path", ["/iceberg/v1/config", "/_ministack/health", "/v2/", "/oauth2/token"]
)
@pytest.mark.parametrize("api", ["HttpApiId", "RestApiId"])
def test_an_apis_own_name_leads_to_nothing_but_itself(
    front_door: Wire, deployment: Deployment, api: str, path: str
) -> None:
    known = dict(deployment.outputs) | deployment.stack("PartnerApiStack")

    said = front_door.send("GET", path, host=f"{known[api]}.execute-api.localhost")

    assert said.status in (403, 404)
    assert "apigw-requestid" in said.headers or b"message" in said.body


UNKNOWN = [
    "zzz.execute-api.localhost",
    "0000dead.execute-api.localhost",
    "a-b.cloudfront.localhost",
    "a1b2c3.cloudfront.localhost",
    "x.execute-api.y.localhost",
    "x.cloudfront.net.localhost",
    ".cloudfront.localhost",
]


@pytest.mark.parametrize("port", ["front_door", "aws_api"])
@pytest.mark.parametrize("host", UNKNOWN)
def test_a_name_of_nothing_deployed_leads_nowhere(
    request: pytest.FixtureRequest, port: str, host: str
) -> None:
    wire: Wire = request.getfixturevalue(port)
    sent = [*LIST_SECRETS.items(), ("authorization", ROOT_OF_OLD)]

    said = wire.send("POST", "/", *sent, body=b"{}", host=host)

    assert said.status in (403, 404)
    assert SECRETS_LISTED not in said.body


@pytest.mark.parametrize("port", ["front_door", "aws_api"])
@pytest.mark.parametrize(
    "path",
    [
        "/_aws/execute-api/0000dead/prod/items",
        "/_aws/execute-api/",
        "/_aws/execute-api",
        "/restapis/{api}/prod/_user_request_/items",
    ],
)
def test_a_path_to_no_deployed_api_leads_nowhere(
    request: pytest.FixtureRequest, deployment: Deployment, port: str, path: str
) -> None:
    wire: Wire = request.getfixturevalue(port)
    partner = deployment.stack("PartnerApiStack")["RestApiId"]

    assert wire.send("GET", path.format(api=partner)).status == 404


@pytest.mark.parametrize(
    "host", ["sts.localhost", "a.lambda-url.us-east-1.localhost", "a.alb.localhost", "{}.localhost"]
)
def test_the_front_door_serves_nothing_under_other_names(
    front_door: Wire, deployment: Deployment, host: str
) -> None:
    named = host.format(deployment.outputs["S3BucketName"])

    assert front_door.send("GET", "/", host=named).status == 404


def test_an_aws_call_at_the_front_door_is_answered_by_the_cdn(front_door: Wire) -> None:
    sent = [*LIST_SECRETS.items(), ("authorization", ROOT_OF_OLD)]

    said = front_door.send("POST", "/", *sent, body=b"{}")

    assert said.is_of_the_cdn
    assert SECRETS_LISTED not in said.body


@pytest.mark.parametrize("port", ["front_door", "aws_api"])
@pytest.mark.parametrize(
    "target", ["http://localhost/_ministack/health", "%2f_ministack/health", "*"]
)
def test_a_target_that_is_no_path_is_refused(
    request: pytest.FixtureRequest, port: str, target: str
) -> None:
    wire: Wire = request.getfixturevalue(port)

    assert wire.send("GET", target).status == 400


def test_the_key_set_of_a_deployed_pool_is_public(front_door: Wire, deployment: Deployment) -> None:
    said = front_door.send("GET", f"/{deployment.outputs['UserPoolId']}/.well-known/jwks.json")

    assert said.status == 200
    assert b'"keys"' in said.body


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/us-east-1_Nobodys00/.well-known/jwks.json"),
        ("GET", "/{pool}/.well-known/openid-configuration"),
        ("POST", "/{pool}/.well-known/jwks.json"),
        ("GET", "/x/{pool}/.well-known/jwks.json"),
    ],
)
def test_nothing_else_of_a_user_pool_answers_at_the_front_door(
    front_door: Wire, deployment: Deployment, method: str, path: str
) -> None:
    said = front_door.send(method, path.format(pool=deployment.outputs["UserPoolId"]))

    assert is_missing_page(said)


@pytest.mark.parametrize("path", ["/tap/health%0a", "/tap/%2e%2e/%2e%2e/_ministack/health"])
def test_an_odd_path_below_an_api_stays_with_that_api(front_door: Wire, path: str) -> None:
    said = front_door.send("GET", path)

    assert said.status == 404
    assert "apigw-requestid" in said.headers


@pytest.mark.parametrize(
    "path",
    [
        "/_ministack/health",
        "/_ministack/ready",
        "/_MINISTACK/reset",
        "/_localstack/health",
        "/health",
    ],
)
def test_the_administration_is_closed_at_the_port_of_the_aws_api(aws_api: Wire, path: str) -> None:
    assert aws_api.send("POST", path).status == 403


def cdn_name(deployment: Deployment) -> str:
    """The distribution's name in an embedded cloud."""
    name = str(urlsplit(deployment.store_outputs["StoreUrl"]).hostname)
    return name.replace(".cloudfront.net", ".cloudfront.localhost")
