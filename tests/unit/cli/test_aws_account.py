"""`--aws`: whose credentials are used, and that they are the only ones the CDK CLI gets."""

import hashlib
import json
import os
import re
import subprocess
import sys
import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs

import botocore.credentials
import botocore.httpsession
import pytest
from botocore.awsrequest import AWSResponse

from cli import project
from cli.account import Account
from cli.errors import CliError
from localcloud import cdk

LATER = (datetime.now(UTC) + timedelta(hours=8)).isoformat()
SOON = (datetime.now(UTC) + timedelta(minutes=30)).isoformat()
# Whose each key is, at AWS.
ACCOUNTS = {
    "AKIASHELL": "111111111111",
    "ASIASHELL": "222222222222",
    "AKIAWORK": "333333333333",
    "AKIAOTHER": "444444444444",
    "ASIAASSUMED": "555555555555",
    "ASIAWEB": "666666666666",
    "ASIASSO": "777777777777",
    "ASIAPROCESS": "888888888888",
}
CONFIG = f"""
[default]
aws_access_key_id = AKIADEFAULT
aws_secret_access_key = secret-default
region = sa-east-1
[profile work]
aws_access_key_id = AKIAWORK
aws_secret_access_key = secret-work
region = eu-west-3
endpoint_url = http://127.0.0.1:1
[profile other]
aws_access_key_id = AKIAOTHER
aws_secret_access_key = secret-other
[profile assumed]
role_arn = arn:aws:iam::555555555555:role/deployer
source_profile = work
[profile sso]
sso_start_url = https://sso.example
sso_region = eu-west-1
sso_account_id = 777777777777
sso_role_name = deployer
[profile process]
credential_process = {sys.executable} -c "print('{{\\"Version\\": 1, \
\\"AccessKeyId\\": \\"ASIAPROCESS\\", \\"SecretAccessKey\\": \\"s\\", \
\\"SessionToken\\": \\"t\\", \\"Expiration\\": \\"{SOON}\\"}}')"
"""
SHELL = {"AWS_ACCESS_KEY_ID": "AKIASHELL", "AWS_SECRET_ACCESS_KEY": "secret-shell"}
TEMPORARY = {
    "AWS_ACCESS_KEY_ID": "ASIASHELL",
    "AWS_SECRET_ACCESS_KEY": "secret-temporary",
    "AWS_SESSION_TOKEN": "token-temporary",
}
WEB_IDENTITY = {
    "AWS_ROLE_ARN": "arn:aws:iam::666666666666:role/ci",
    "AWS_WEB_IDENTITY_TOKEN_FILE": "token",
}
SOURCES = {
    "static keys": (SHELL, "111111111111"),
    "a session token": (TEMPORARY, "222222222222"),
    "a profile": ({"AWS_PROFILE": "work"}, "333333333333"),
    "the default profile's variable": ({"AWS_DEFAULT_PROFILE": "other"}, "444444444444"),
    "an assumed role": ({"AWS_PROFILE": "assumed"}, "555555555555"),
    "web identity": (WEB_IDENTITY, "666666666666"),
    "web identity and a profile": ({**WEB_IDENTITY, "AWS_PROFILE": "work"}, "666666666666"),
    "single sign-on": ({"AWS_PROFILE": "sso"}, "777777777777"),
    "a process": ({"AWS_PROFILE": "process"}, "888888888888"),
    "keys and a profile": ({**SHELL, "AWS_PROFILE": "work"}, "111111111111"),
    "temporary keys and a profile": ({**TEMPORARY, "AWS_PROFILE": "work"}, "222222222222"),
}


@dataclass
class Aws:
    """AWS at the other end of the wire: it knows keys by their ids, and counts who asks."""

    asked: list[str] = field(default_factory=list)

    def send(self, request):
        """Answer one request of botocore."""
        body = request.body.decode() if isinstance(request.body, bytes) else request.body or ""
        action = parse_qs(body).get("Action", [""])[0]
        if "/federation/credentials" in request.url:
            return response(request, json.dumps({"roleCredentials": role_credentials()}))
        if action.startswith("AssumeRole"):
            key = "ASIAWEB" if "WebIdentity" in action else "ASIAASSUMED"
            return response(request, assumed(action, key))
        assert request.url.startswith("https://sts."), request.url
        sent = request.headers["Authorization"]
        key = key_of(sent.decode() if isinstance(sent, bytes) else sent)
        self.asked.append(key)
        if key not in ACCOUNTS:
            return response(request, REFUSED, 403)
        return response(request, caller(ACCOUNTS[key]))


REFUSED = """<ErrorResponse><Error><Code>InvalidClientTokenId</Code>
<Message>The security token included in the request is invalid.</Message></Error></ErrorResponse>"""


def key_of(authorization):
    found = re.search(r"Credential=([^/]+)", authorization)
    assert found
    return found[1]


def caller(account):
    return f"""<GetCallerIdentityResponse><GetCallerIdentityResult><Account>{account}</Account>
<Arn>arn:aws:iam::{account}:user/somebody</Arn></GetCallerIdentityResult>
</GetCallerIdentityResponse>"""


def assumed(action, key):
    return f"""<{action}Response><{action}Result><Credentials><AccessKeyId>{key}</AccessKeyId>
<SecretAccessKey>s</SecretAccessKey><SessionToken>token-{key}</SessionToken>
<Expiration>{LATER}</Expiration></Credentials></{action}Result></{action}Response>"""


def role_credentials():
    expiry = int(datetime.fromisoformat(LATER).timestamp() * 1000)
    return {
        "accessKeyId": "ASIASSO",
        "secretAccessKey": "s",
        "sessionToken": "token-sso",
        "expiration": expiry,
    }


class Raw:
    """The body of an answer, as urllib3 gives it."""

    def __init__(self, body):
        self.body = body

    def stream(self):
        """The whole body at once."""
        yield self.body.encode()


def response(request, body, status=200):
    headers: Any = {"content-type": "text/xml"}
    return AWSResponse(request.url, status, headers, Raw(body))


@pytest.fixture(autouse=True)
def aws(tmp_path, monkeypatch):
    """A shell without settings, a home with profiles, and AWS behind it."""
    for name in [name for name in os.environ if name.startswith(("AWS_", "AMAZON_"))]:
        monkeypatch.delenv(name)
    (tmp_path / "config").write_text(CONFIG)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "token").write_text("a signed claim")
    cache = tmp_path / "sso"
    cache.mkdir()
    name = hashlib.sha1(b"https://sso.example").hexdigest()  # noqa: S324  # as SSO names it
    (cache / f"{name}.json").write_text(json.dumps({"accessToken": "x", "expiresAt": LATER}))
    monkeypatch.setattr(botocore.credentials.SSOProvider, "_SSO_TOKEN_CACHE_DIR", str(cache))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_REGION", "eu-central-1")
    behind = Aws()
    monkeypatch.setattr(
        botocore.httpsession.URLLib3Session, "send", lambda _, request: behind.send(request)
    )
    return behind


def give(monkeypatch, variables):
    for name, value in variables.items():
        monkeypatch.setenv(name, value)


@pytest.mark.parametrize(("given", "number"), SOURCES.values(), ids=SOURCES)
def test_the_account_that_is_shown_is_that_of_the_credentials(given, number, monkeypatch, capsys):
    give(monkeypatch, given)

    account = Account()

    assert account.number == number
    assert f"AWS account {number}, region eu-central-1" in capsys.readouterr().err


@pytest.mark.parametrize(("given", "number"), SOURCES.values(), ids=SOURCES)
def test_the_cdk_cli_finds_the_same_credentials_and_no_other_source(
    given, number, monkeypatch, tmp_path
):
    give(monkeypatch, given)

    environ = Account().environment()

    script = """if 1:
        import botocore.session
        found = botocore.session.Session().get_credentials()
        print(found.method, found.access_key, found.secret_key, found.token)"""
    ended = subprocess.run(
        [sys.executable, "-c", script],
        env=environ | {"HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )
    method, key, _, token = ended.stdout.split()
    assert (method, ACCOUNTS[key]) == ("env", number)
    assert (token == "None") == key.startswith("AKIA")
    assert not {"AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_ROLE_ARN"} & set(environ)


def test_credentials_are_resolved_once(aws, monkeypatch):
    give(monkeypatch, {"AWS_PROFILE": "work"})
    account = Account()
    give(monkeypatch, {"AWS_PROFILE": "other"})

    account.client("sts").get_caller_identity()

    assert aws.asked == ["AKIAWORK", "AKIAWORK"]
    assert account.environment()["AWS_ACCESS_KEY_ID"] == "AKIAWORK"


def test_a_profile_that_keys_go_before_is_named(monkeypatch, capsys):
    give(monkeypatch, {**SHELL, "AWS_PROFILE": "work"})

    Account()

    assert "not using profile work: AWS_ACCESS_KEY_ID is set" in capsys.readouterr().err


def test_credentials_that_end_soon_are_named(monkeypatch, capsys):
    give(monkeypatch, {"AWS_PROFILE": "process"})

    Account()

    assert "end within an hour" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("given", "region"),
    [
        ({"AWS_REGION": "ap-south-1", "AWS_DEFAULT_REGION": "us-west-2"}, "ap-south-1"),
        ({"AWS_REGION": "", "AWS_DEFAULT_REGION": "us-west-2"}, "us-west-2"),
        ({"AWS_REGION": ""}, "eu-west-3"),
    ],
    ids=["AWS_REGION", "AWS_DEFAULT_REGION", "the profile"],
)
def test_the_region_is_the_shells_before_the_profiles(given, region, monkeypatch):
    give(monkeypatch, {"AWS_PROFILE": "work", **given})

    environ = Account().environment()

    assert (environ["AWS_REGION"], environ["AWS_DEFAULT_REGION"]) == (region, region)


def test_without_a_region_none_is_guessed(monkeypatch):
    give(monkeypatch, {"AWS_PROFILE": "other", "AWS_REGION": ""})

    with pytest.raises(CliError, match="no AWS region was given; set AWS_REGION"):
        Account()


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"AWS_PROFILE": "nobody"}, r"The config profile \(nobody\) could not be found"),
        ({"AWS_ACCESS_KEY_ID": "AKIASTRANGER", "AWS_SECRET_ACCESS_KEY": "s"}, "InvalidClientToken"),
        ({"AWS_CONFIG_FILE": "/dev/null"}, "no AWS credentials"),
    ],
    ids=["an unknown profile", "an unknown key", "nothing"],
)
def test_what_aws_does_not_accept_is_one_line_that_says_what_to_do(given, said, monkeypatch):
    give(monkeypatch, given)

    with pytest.raises(CliError, match=said) as raised:
        Account()

    assert "aws sso login" in str(raised.value)
    assert "\n" not in str(raised.value)


def test_no_setting_of_an_endpoint_reaches_a_command_for_aws(monkeypatch, capsys):
    give(monkeypatch, {**SHELL, "AWS_ENDPOINT_URL": "http://[::1]:4566"})

    account = Account()

    assert not [name for name in account.environment() if name.startswith("AWS_ENDPOINT_URL")]
    assert account.client("s3").meta.endpoint_url == "https://s3.eu-central-1.amazonaws.com"
    assert "ignoring AWS_ENDPOINT_URL=http://[::1]:4566" in capsys.readouterr().err


@pytest.fixture
def endpoint():
    """A server that notes with which key and token it is asked, and knows nothing."""
    noted = []

    class Handler(BaseHTTPRequestHandler):
        """Answers each request as STS would; other services refuse to read it."""

        def do_POST(self):  # pylint: disable=invalid-name  # the server's name for it
            """Note who asks."""
            self.rfile.read(int(self.headers["content-length"]))
            noted.append(
                (key_of(self.headers["authorization"]), self.headers["x-amz-security-token"])
            )
            body = caller("222222222222").encode()
            self.send_response(200)
            self.send_header("content-type", "text/xml")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):  # pylint: disable=arguments-differ  # nothing is told
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}", noted
    server.shutdown()
    server.server_close()


def test_the_real_cdk_cli_signs_with_the_credentials_that_were_shown(
    endpoint, monkeypatch, tmp_path
):
    give(monkeypatch, {**TEMPORARY, "AWS_PROFILE": "work"})
    (tmp_path / "manifest.json").write_text(
        json.dumps(
            {
                "version": "36.0.0",
                "artifacts": {
                    "Any": {
                        "type": "aws:cloudformation:stack",
                        "environment": "aws://unknown-account/unknown-region",
                        "properties": {"templateFile": "any.json"},
                    }
                },
            }
        )
    )
    (tmp_path / "any.json").write_text(json.dumps({"Resources": {}}))
    address, noted = endpoint
    environ = {
        name: value
        for name, value in Account().environment().items()
        if name != "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"
    }

    subprocess.run(
        cdk.command(project.APP, ["diff", "--app", str(tmp_path), "--no-notices"]),
        cwd=tmp_path,
        env=cdk.environment(environ) | {"AWS_ENDPOINT_URL": address},
        capture_output=True,
        timeout=60,
        check=False,
    )

    assert set(noted) == {("ASIASHELL", "token-temporary")}
