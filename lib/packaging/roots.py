"""The certificates of Amazon Trust Services, which issues those of every AWS endpoint.

Reading the 140 roots of botocore's own bundle is most of what a first TLS connection costs.
"""

import hashlib
import re
import ssl

from lib.packaging import PackageError

# SHA-256 of the certificates, as https://www.amazontrust.com/repository/ publishes them.
_FINGERPRINTS = {
    "8ecde6884f3d87b1125ba31ac3fcb13d7016de7f57cc904fe1cb97c6ae98196e": "Amazon Root CA 1",
    "1ba5b2aa8c65401a82960118f80bec4f62304d83cec4713a19c39c011ea46db4": "Amazon Root CA 2",
    "18ce6cfe7bf14e60b2e347b8dfe868cb31d02ebb3ada271569f50343b46db3a4": "Amazon Root CA 3",
    "e35d28419ed02025cfa69038cd623962458da5c695fbdea3c22b0bfb25897092": "Amazon Root CA 4",
    "568d6905a2c88708a4b3025190edcfedb1974a606a13c6e5290fcb2ae63edab5": "Starfield Services G2",
}


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
            f"compare lib/packaging/roots.py with https://www.amazontrust.com/repository/"
        )
    return "".join(f"# {name}\n{found[name]}" for name in sorted(found))
