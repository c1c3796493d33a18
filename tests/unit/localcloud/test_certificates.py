"""The local authority: forgotten, bound to local names, and made anew in time."""

import socket
import ssl
import threading
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509

from localcloud import certificates
from localcloud.cloud import Cloud


@pytest.fixture
def cloud(tmp_path):
    made = Cloud(home=tmp_path / "home", port=4566, front_port=8080)
    made.save()
    return made


@pytest.fixture
def authority(cloud):
    return x509.load_pem_x509_certificate(cloud.authority.read_bytes())


def handshake(cloud, name):
    """Whether a client that trusts the authority alone takes the server for this name."""
    server = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    server.load_cert_chain(cloud.home / "tls" / "server.pem", cloud.home / "tls" / "server.key")
    client = ssl.create_default_context(cafile=str(cloud.authority))
    client.verify_flags |= ssl.VERIFY_X509_STRICT
    ours, theirs = socket.socketpair()

    def serve():
        try:
            server.wrap_socket(theirs, server_side=True).close()
        except OSError:
            theirs.close()

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        client.wrap_socket(ours, server_hostname=name).close()
    finally:
        ours.close()
        thread.join()


@pytest.mark.parametrize(
    "name",
    ["localhost", "127.0.0.1", "::1", "a1.execute-api.localhost", "d1.cloudfront.localhost"],
)
def test_a_strict_client_takes_the_server_for_each_local_name(cloud, name):
    handshake(cloud, name)


def test_the_authoritys_key_is_on_no_disk(cloud):
    keys = [path.name for path in cloud.home.rglob("*") if b"PRIVATE KEY" in read(path)]

    assert keys == ["server.key"]


def read(path):
    return path.read_bytes() if path.is_file() else b""


def test_the_authority_may_speak_for_local_names_alone(authority):
    found = authority.extensions.get_extension_for_class(x509.NameConstraints)

    named = {str(each.value) for each in found.value.permitted_subtrees or ()}
    assert found.critical
    assert named == {"localhost", "127.0.0.1/32", "::1/128"}


def test_the_authority_signs_no_other_authority(authority):
    found = authority.extensions.get_extension_for_class(x509.BasicConstraints)

    assert (found.value.ca, found.value.path_length) == (True, 0)


def test_certificates_end_after_a_year(authority):
    assert authority.not_valid_after_utc - datetime.now(UTC) < timedelta(days=366)


@pytest.mark.parametrize(("days", "due"), [(0, False), (330, False), (340, True), (400, True)])
def test_certificates_are_due_in_their_last_month(cloud, days, due):
    then = datetime.now(UTC) + timedelta(days=days)

    assert certificates.are_due(cloud.home / "tls", then) is due


@pytest.mark.parametrize("name", ["ca.pem", "server.pem"])
def test_certificates_that_cannot_be_read_are_due(cloud, name):
    (cloud.home / "tls" / name).write_text("no certificate")

    assert certificates.are_due(cloud.home / "tls")


def test_an_expired_pair_is_made_anew(cloud, monkeypatch):
    monkeypatch.setattr(certificates, "VALID_DAYS", 0)
    (cloud.home / "tls" / "ca.pem").unlink()
    cloud.save()
    with pytest.raises(ssl.SSLError, match="expired"):
        handshake(cloud, "localhost")
    monkeypatch.undo()

    cloud.save()

    handshake(cloud, "localhost")
