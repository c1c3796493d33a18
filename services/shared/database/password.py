"""PostgreSQL passwords, set so that the server never sees them."""

import hashlib
import hmac
import secrets
from base64 import b64encode

from pg8000.native import Connection, identifier, literal

_ITERATIONS = 4096


def set_password(connection: Connection, role: str, password: str) -> None:
    """Set a role's password by its SCRAM verifier."""
    # The statement may end up in the server's log, where a verifier lets nobody log in.
    verifier = scram_verifier(password, secrets.token_bytes(16))
    connection.run(f"ALTER ROLE {identifier(role)} PASSWORD {literal(verifier)}")


def scram_verifier(password: str, salt: bytes) -> str:
    """Compute what PostgreSQL keeps of a password (RFC 5803), which must be ASCII."""
    salted = hashlib.pbkdf2_hmac("sha256", password.encode("ascii"), salt, _ITERATIONS)
    stored = hashlib.sha256(hmac.digest(salted, b"Client Key", "sha256")).digest()
    server = hmac.digest(salted, b"Server Key", "sha256")
    return f"SCRAM-SHA-256${_ITERATIONS}:{_text(salt)}${_text(stored)}:{_text(server)}"


def _text(data: bytes) -> str:
    return b64encode(data).decode()
