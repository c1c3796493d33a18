"""botocore in a package sends over http.client, and makes of a server what it made with urllib3."""

import ast
import hashlib
import json
import os
import ssl
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from lib.packaging import httpsession
from lib.packaging.stand_ins import REPLACED, STAND_INS
from localcloud import certificates
from tests.unit.lib.packaging.checkout import REPOSITORY, Checkout, read, unpack

SITE = REPOSITORY / ".build/site"
# Where a package acts otherwise on purpose: what it says or raises there.
REFUSED = "functions do without unverified endpoints, client certificates and settings of proxies"
OTHERWISE = {
    "hung TLS": "ConnectTimeoutError",  # urllib3: ReadTimeoutError, though nothing was to be read
    "a proxy": "functions reach AWS without a proxy; unset HTTPS_PROXY, or",
    "unverified": REFUSED,
    "client certificate": REFUSED,
    "settings of proxies": REFUSED,
}
# What must come of it, whatever urllib3 does.
EXPECTED = {
    "another host's certificate": "SSLError",
    "another authority's": "SSLError",
    "packaged roots": "SSLError",
    "roots that are not there": "SSLError",
    "old TLS": "SSLError",
    "TLS where there is none": "SSLError",
    "nobody listens": "EndpointConnectionError",
    "no such name": "EndpointConnectionError",
    "no room": "ConnectTimeoutError",
    "delete_object hangs nothing": "ReadTimeoutError",
    "delete_object hangs-in-the-body nothing": "ReadTimeoutError",
    "delete_object truncated nothing": "ConnectionClosedError",
    "delete_object no-answer nothing": "ConnectionClosedError",
    "get_object hangs-in-the-body read_in_pieces": "ReadTimeoutError",
    "get_object truncated read_in_pieces": "ResponseStreamingError",
    "get_object truncated-chunk read": "ResponseStreamingError",
    "a header that is none": "HTTPClientError",
    "a retry": "1",
    "and then is asked": "0",
    "as many connections as threads at most": "True",
}
# The version of botocore's module, and what its modules import of what is replaced, that
# lib/packaging/httpsession.py and stand_ins.py were written for.
WRITTEN_FOR = "14b2961314c711499da785ec30f00d9b04ead55a4403b2aba5c5e822ffd93b7b"
IMPORTED = {
    "urllib3": {"exceptions"},
    "urllib3.connection": {"HTTPConnection", "VerifiedHTTPSConnection"},
    "urllib3.connectionpool": {"HTTPConnectionPool", "HTTPSConnectionPool"},
    "urllib3.exceptions": {"LocationParseError", "ProtocolError", "ReadTimeoutError"},
    "urllib3.util": {"import"},
    "typing_extensions": {"NotRequired", "deprecated"},
}


def probe(site: Path, folder: Path) -> dict[str, Any]:
    """Run the probe with the botocore of a folder."""
    program = Path(__file__).with_name("transport_probe.py")
    result = subprocess.run(
        [sys.executable, "-s", "-P", "-W", "ignore", str(program), str(folder)],
        env=os.environ | {"PYTHONPATH": str(site)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    results: dict[str, Any] = json.loads(result.stdout)
    return results


@pytest.fixture(name="folder", scope="module")
def write_certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A server's certificate for localhost alone, its root, and the root of another."""
    folder = tmp_path_factory.mktemp("certificates")
    root, certificate, key = certificates.pair(["::1"])
    (folder / "server.pem").write_text(key + certificate)
    (folder / "roots.pem").write_text(root)
    (folder / "stranger.pem").write_text(certificates.pair()[0])
    return folder


@pytest.fixture(name="task", scope="module")
def unpack_package(real_checkout: Checkout, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A package, whose module is the very file that this project holds, so that it is covered."""
    task = unpack(real_checkout.build("items_api"), tmp_path_factory.mktemp("task"))
    module = task / "botocore/httpsession.py"
    (module.parent / f"__pycache__/httpsession.{sys.implementation.cache_tag}.pyc").unlink()
    module.unlink()
    module.symlink_to(httpsession.__file__)
    return task


@pytest.fixture(name="own", scope="module")
def probe_package(task: Path, folder: Path) -> dict[str, Any]:
    """What comes of it in a package."""
    return probe(task, folder)


@pytest.fixture(name="original", scope="module")
def probe_original(folder: Path) -> dict[str, Any]:
    """What comes of it with the botocore and the urllib3 that are locked."""
    return probe(SITE, folder)


def test_a_package_makes_of_every_server_what_botocore_makes_of_it_with_urllib3(
    own: dict[str, Any], original: dict[str, Any]
) -> None:
    assert own.keys() == original.keys()
    assert {
        name: (original[name], found)
        for name, found in own.items()
        if name not in OTHERWISE and found != original[name]
    } == {}


@pytest.mark.parametrize(("name", "expected"), sorted((EXPECTED | OTHERWISE).items()))
def test_what_comes_of_a_bad_server_or_setting(
    own: dict[str, Any], name: str, expected: str
) -> None:
    assert own[name]["outcome"].startswith(expected)


def test_a_kept_connection_is_used_again(own: dict[str, Any]) -> None:
    connections, requests = own["three after another"]["seen"]

    assert (connections, len(requests)) == (1, 3)


def test_the_oldest_tls_is_1_2_and_the_hosts_name_is_verified(folder: Path) -> None:
    context = httpsession._verifying(str(folder / "roots.pem"))

    assert context.minimum_version >= ssl.TLSVersion.TLSv1_2
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname


def test_botocores_own_module_is_the_one_that_this_was_written_for() -> None:
    source = (SITE / "botocore/httpsession.py").read_bytes()

    assert hashlib.sha256(source).hexdigest() == WRITTEN_FOR, (
        "botocore sends in another way: see what changed in its httpsession.py, follow it in "
        "lib/packaging/httpsession.py where that is meant, then write this digest"
    )


def test_what_is_replaced_is_asked_for_what_stands_in_for_it(
    real_checkout: Checkout,
) -> None:
    asked: dict[str, set[str]] = {}
    every_distribution = real_checkout.build("store_api")
    for name, content in read(every_distribution).items():
        if name.endswith(".py") and name not in STAND_INS and b"import" in content:
            for module, names in imports(content):
                if module.split(".")[0] in REPLACED.split("|"):
                    asked.setdefault(module, set()).update(names)

    assert asked == IMPORTED, "botocore or Powertools need more than lib/packaging/stand_ins.py has"


def imports(content: bytes) -> list[tuple[str, list[str]]]:
    """The modules that a source imports when it is itself imported, and the names of each."""
    found = []
    for node in ast.walk(ast.parse(content)):
        if isinstance(node, ast.ImportFrom) and node.module:
            found.append((node.module, [alias.name for alias in node.names]))
        if isinstance(node, ast.Import):
            found += [(alias.name, ["import"]) for alias in node.names]
    return found
