"""The certificates of Amazon Trust Services, which issues those of every AWS endpoint.

Reading the 140 roots of botocore's own bundle is most of what a first TLS connection costs.
"""

import hashlib
import re
import ssl
import tomllib
from pathlib import Path

from lib.packaging import PackageError

_FINGERPRINTS = tomllib.loads(Path(__file__).with_suffix(".toml").read_text("utf-8"))


def amazon_roots(bundle: str) -> str:
    """Return the five roots out of a PEM bundle; raise `PackageError` if it lacks one of them."""
    found = {}
    for certificate in re.findall(r"(?s)-----BEGIN CERT.+?-----END CERTIFICATE-----\n", bundle):
        fingerprint = hashlib.sha256(ssl.PEM_cert_to_DER_cert(certificate)).hexdigest()
        if fingerprint in _FINGERPRINTS:
            found[_FINGERPRINTS[fingerprint]] = certificate
    missing = sorted(set(_FINGERPRINTS.values()) - found.keys())
    if missing:
        raise PackageError(
            f"botocore's cacert.pem lacks {missing}; "
            f"compare lib/packaging/roots.toml with https://www.amazontrust.com/repository/"
        )
    return "".join(f"# {name}\n{found[name]}" for name in sorted(found))
