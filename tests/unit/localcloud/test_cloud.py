"""The folder of an embedded cloud, and the environments made from it."""

import stat

import pytest

from localcloud.cloud import Cloud, without_aws
from localcloud.errors import CliError
from localcloud.project import fingerprint


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

    with pytest.raises(CliError, match=r"damaged; forget it with `make clean`"):
        Cloud.load(cloud.home)


def test_the_root_key_is_another_in_every_cloud(tmp_path):
    first, second = (Cloud(home=tmp_path, port=1, front_port=2) for _ in range(2))

    assert first.access_key_id != second.access_key_id
    assert first.secret_access_key != second.secret_access_key


@pytest.mark.parametrize("name", ["cloud.json", "tls/server.key", "tls/ca.key"])
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


def test_a_command_for_aws_carries_no_address_of_the_embedded_cloud():
    shell = {"AWS_ENDPOINT_URL": "https://127.0.0.1:4566", "AWS_ENDPOINT_URL_S3": "x", "HOME": "/"}

    assert without_aws(shell) == {"HOME": "/"}


def test_what_is_deployed_is_known_by_the_environment_suffix_too(monkeypatch):
    monkeypatch.setenv("ENVIRONMENT_SUFFIX", "one")
    one = fingerprint()
    monkeypatch.setenv("ENVIRONMENT_SUFFIX", "two")

    assert fingerprint() != one
