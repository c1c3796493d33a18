"""Giving a database role a password that the server never sees."""

import hashlib
import hmac
import secrets
from base64 import b64encode

from pg8000.native import Connection, identifier, literal

_ITERATIONS = 4096


def set_password(connection: Connection, role: str, password: str) -> None:
    """Make this the role's password.

    What is sent is its SCRAM verifier: the statement may end up in the server's log, and a verifier
    there lets nobody in.
    """
    verifier = scram_verifier(password, secrets.token_bytes(16))
    connection.run(f"ALTER ROLE {identifier(role)} PASSWORD {literal(verifier)}")


def scram_verifier(password: str, salt: bytes) -> str:
    """What PostgreSQL keeps of a password (RFC 5803); it must be ASCII, as generated ones are."""
    salted = hashlib.pbkdf2_hmac("sha256", password.encode("ascii"), salt, _ITERATIONS)
    stored = hashlib.sha256(hmac.digest(salted, b"Client Key", "sha256")).digest()
    server = hmac.digest(salted, b"Server Key", "sha256")
    return f"SCRAM-SHA-256${_ITERATIONS}:{_text(salt)}${_text(stored)}:{_text(server)}"


def _text(data: bytes) -> str:
    return b64encode(data).decode()
