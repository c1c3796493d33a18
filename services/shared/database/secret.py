"""PostgreSQL login, kept in Secrets Manager."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Self

from services.shared import aws

CURRENT, PENDING = "AWSCURRENT", "AWSPENDING"


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """PostgreSQL login: server, database, user and password, which is not printed."""

    host: str
    port: int
    dbname: str
    username: str
    password: str = field(repr=False)

    @classmethod
    def from_secret(cls, secret: Mapping[str, Any]) -> Self:
        """Read a secret's fields, as Secrets Manager names them for RDS."""
        named = {each.name: secret[each.name] for each in fields(cls)}
        return cls(**named | {"port": int(secret["port"])})


class DatabaseSecret:
    """The logins that one secret's versions hold.

    The secret that RDS keeps for the master user has only username and password; the server then
    comes from the secret `beside` it, whose user is of the same database.
    """

    def __init__(self, client: aws.Client, arn: str, beside: Self | None = None) -> None:
        self._client = client
        self._arn = arn
        self._beside = beside
        self._kept: Login | None = None

    def logins(self) -> Iterator[Login]:
        """Yield the login kept from last time, the current, the pending, the current one again."""
        # A rotation first changes the password in the database and only then makes the new version
        # current. Between the two, for some seconds, the pending version is the one that works; it
        # may have become the current one in the meantime.
        tried = self._kept
        if tried:
            yield tried
        for stage in (CURRENT, PENDING, CURRENT):
            login = self._load(stage)
            if login and login != tried:
                self._kept = tried = login
                yield login

    def current(self) -> Login:
        """Read the login of the current version; raise `LookupError` if there is none."""
        login = self._load(CURRENT)
        if login is None:
            raise LookupError("the secret has no value yet")
        return login

    def _load(self, stage: str) -> Login | None:
        """Read the login of the version with a staging label; None when there is none."""
        version = aws.read_secret(self._client, self._arn, stage)
        if version is None:
            return None
        place = asdict(self._beside.current()) if self._beside else {}
        return Login.from_secret({**place, **json.loads(version["SecretString"])})
