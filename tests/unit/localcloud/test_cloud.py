"""The folder of an embedded cloud, and the environments made from it."""

import ssl
import stat
import threading
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from cli.project import fingerprint
from localcloud.cloud import Cloud
from localcloud.errors import CloudError


@pytest.fixture
def cloud(tmp_path):
    made = Cloud(home=tmp_path / "home", port=4566, front_port=8080)
    made.save()
    return made


def test_a_saved_cloud_is_loaded_as_it_was(cloud):
    assert Cloud.load(cloud.home) == cloud


def test_a_folder_without_a_cloud_holds_none(tmp_path):
    assert Cloud.load(tmp_path) is None


@pytest.mark.parametrize("text", ["", "{", "[]", '{"port": 1}', '{"colour": "red"}'])
def test_a_damaged_description_is_one_line_that_says_what_to_do(cloud, text):
    (cloud.home / "cloud.json").write_text(text)

    with pytest.raises(CloudError, match=r"damaged; forget it by deleting .*/home, then"):
        Cloud.load(cloud.home)


def test_the_root_key_is_another_in_every_cloud(tmp_path):
    first, second = (Cloud(home=tmp_path, port=1, front_port=2) for _ in range(2))

    assert first.access_key_id != second.access_key_id
    assert first.secret_access_key != second.secret_access_key


@pytest.mark.parametrize("name", ["cloud.json", "tls/server.key"])
def test_secrets_are_readable_by_their_owner_alone(cloud, name):
    assert stat.S_IMODE((cloud.home / name).stat().st_mode) == 0o600


def test_certificates_outlive_a_restart(cloud):
    before = cloud.authority.read_bytes()

    cloud.save()

    assert cloud.authority.read_bytes() == before


def test_a_local_command_cannot_reach_aws_with_the_users_settings(cloud, monkeypatch):
    monkeypatch.setenv("AWS_PROFILE", "production")
    monkeypatch.setenv("AWS_ENDPOINT_URL_DYNAMODB", "https://dynamodb.us-east-1.amazonaws.com")
    monkeypatch.setenv("AWS_SESSION_TOKEN", "token")

    environ = cloud.environment()

    assert not {"AWS_PROFILE", "AWS_ENDPOINT_URL_DYNAMODB", "AWS_SESSION_TOKEN"} & set(environ)
    assert environ["AWS_ENDPOINT_URL"] == "https://127.0.0.1:4566"
    assert environ["AWS_ACCESS_KEY_ID"] == cloud.access_key_id


BROKEN = "[default\nthis is no configuration"


@pytest.fixture
def answers(cloud):
    """A cloud whose AWS API answers: with TLS of the local CA, and to STS alone."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(cloud.home / "tls" / "server.pem", cloud.home / "tls" / "server.key")
    with HTTPServer(("127.0.0.1", 0), _Identity) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield replace(cloud, port=server.server_port)
        server.shutdown()
        thread.join()


class _Identity(BaseHTTPRequestHandler):
    def do_POST(self):  # pylint: disable=invalid-name  # the name that the server calls
        self.rfile.read(int(self.headers["content-length"]))
        body = (
            b"<GetCallerIdentityResponse><GetCallerIdentityResult><Account>1</Account>"
            b"</GetCallerIdentityResult></GetCallerIdentityResponse>"
        )
        self.send_response(200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_args):
        pass


@pytest.mark.parametrize(
    "names",
    [
        {"https_proxy": "http://127.0.0.1:9", "http_proxy": "http://127.0.0.1:9"},
        {"HTTPS_PROXY": "http://127.0.0.1:9", "HTTP_PROXY": "http://127.0.0.1:9"},
        {"all_proxy": "http://127.0.0.1:9", "ALL_PROXY": "socks5://127.0.0.1:9"},
        {"AWS_PROFILE": "nosuch"},
        {"AWS_DEFAULT_PROFILE": "nosuch"},
        {"AWS_CONFIG_FILE": "{broken}"},
        {"AWS_SHARED_CREDENTIALS_FILE": "{broken}"},
        {"AWS_ENDPOINT_URL": "http://127.0.0.1:9", "AWS_ENDPOINT_URL_STS": "http://127.0.0.1:9"},
        {"AWS_CA_BUNDLE": "/no/such/file", "REQUESTS_CA_BUNDLE": "/no/such/file"},
        {"AWS_USE_FIPS_ENDPOINT": "true", "AWS_USE_DUALSTACK_ENDPOINT": "true"},
        {"AWS_RETRY_MODE": "nosuch"},
        {"AWS_MAX_ATTEMPTS": "many"},
        {"AWS_DEFAULTS_MODE": "nosuch"},
        {"AWS_REQUEST_CHECKSUM_CALCULATION": "nosuch"},
        {"AWS_SESSION_TOKEN": "another's"},
    ],
    ids=lambda names: next(iter(names)),
)
def test_a_local_client_reads_nothing_of_the_users(answers, monkeypatch, tmp_path, names):
    (tmp_path / "broken").write_text(BROKEN)
    for name, value in names.items():
        monkeypatch.setenv(name, value.format(broken=tmp_path / "broken"))

    assert answers.client("sts").get_caller_identity()["Account"] == "1"


@pytest.mark.parametrize("name", ["NO_PROXY", "no_proxy"])
def test_children_ask_no_proxy_for_this_machine_and_keep_the_users_exceptions(
    cloud, monkeypatch, name
):
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.setenv(name, "intranet.example, 127.0.0.1")

    environ = cloud.environment()

    assert environ["NO_PROXY"] == environ["no_proxy"]
    assert environ["NO_PROXY"].split(",") == [
        "intranet.example",
        "127.0.0.1",
        "localhost",
        ".localhost",
        "::1",
    ]


def test_a_user_without_any_proxy_keeps_none(cloud, monkeypatch):
    monkeypatch.setenv("no_proxy", "*")

    assert cloud.environment()["no_proxy"] == "*"


def test_children_get_no_setting_of_aws_but_the_clouds_own(cloud, monkeypatch):
    monkeypatch.setenv("AWS_USE_FIPS_ENDPOINT", "true")
    monkeypatch.setenv("AWS_ROLE_ARN", "arn:aws:iam::1:role/x")

    names = {name for name in cloud.environment() if name.startswith("AWS_")}

    assert names == {name for name in cloud.credentials() if name.startswith("AWS_")} | {
        "AWS_CONFIG_FILE",
        "AWS_SHARED_CREDENTIALS_FILE",
    }


def test_what_is_deployed_is_known_by_the_environment_suffix_too(monkeypatch):
    monkeypatch.setenv("ENVIRONMENT_SUFFIX", "one")
    one = fingerprint()
    monkeypatch.setenv("ENVIRONMENT_SUFFIX", "two")

    assert fingerprint() != one
