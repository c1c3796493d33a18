"""Local certificate authority, and the one certificate that it signs.

Its key exists only while it signs, so nobody can have another certificate from it; it may speak for
local names alone, so that trusting it opens nothing else; and it ends after a year.
"""

import ipaddress
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

VALID_DAYS = 365
# Renewed this early, so that a cloud left running does not meet the end.
RENEWED_DAYS = 30
# A wildcard stands for one label: https://www.rfc-editor.org/rfc/rfc6125#section-6.4.3
_NAMES = ("localhost", "*.execute-api.localhost", "*.cloudfront.localhost")
_ADDRESSES = ("127.0.0.1", "::1")


def are_due(folder: Path, now: datetime | None = None) -> bool:
    """Whether the certificates of a folder are missing, near their end, or made another way."""
    try:
        authority = x509.load_pem_x509_certificate((folder / "ca.pem").read_bytes())
        server = x509.load_pem_x509_certificate((folder / "server.pem").read_bytes())
        authority.extensions.get_extension_for_class(x509.NameConstraints)
        server.verify_directly_issued_by(authority)
    except (OSError, ValueError, TypeError, InvalidSignature, x509.ExtensionNotFound):
        return True
    ends = min(authority.not_valid_after_utc, server.not_valid_after_utc)
    return (now or datetime.now(UTC)) > ends - timedelta(days=RENEWED_DAYS)


def pair(numbers: Sequence[str] = _ADDRESSES) -> tuple[str, str, str]:
    """A new authority's certificate, and the certificate and key of its local server, as PEM."""
    authority_key, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    issuer = x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Embedded cloud")])
    addresses = [ipaddress.ip_address(address) for address in numbers]
    constraints = x509.NameConstraints(
        [x509.DNSName("localhost"), *(x509.IPAddress(ipaddress.ip_network(a)) for a in addresses)],
        None,
    )
    authority = (
        _begun(issuer, issuer, authority_key.public_key(), authority_key.public_key())
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs_certificates=True), critical=True)
        .add_extension(constraints, critical=True)
        .sign(authority_key, hashes.SHA256())
    )
    names = [x509.DNSName(name) for name in _NAMES] + [x509.IPAddress(a) for a in addresses]
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    server = (
        _begun(subject, issuer, key.public_key(), authority_key.public_key())
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .sign(authority_key, hashes.SHA256())
    )
    return _pem(authority), _pem(server), _private_pem(key)


def _begun(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePublicKey,
    signer: ec.EllipticCurvePublicKey,
) -> x509.CertificateBuilder:
    """A certificate of a year, with what strict verifiers ask of every one."""
    # From yesterday on: clocks differ.
    begins = datetime.now(UTC) - timedelta(days=1)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(begins)
        .not_valid_after(begins + timedelta(days=VALID_DAYS))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer), critical=False)
    )


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    encryption = ("key_encipherment", "data_encipherment", "encipher_only", "decipher_only")
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        **dict.fromkeys(("content_commitment", "key_agreement", *encryption), False),
    )


def _pem(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(serialization.Encoding.PEM).decode()


def _private_pem(key: ec.EllipticCurvePrivateKey) -> str:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()
