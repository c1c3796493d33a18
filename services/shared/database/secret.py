"""The secret with which a function logs in to the database."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Self

from services.shared import aws

CURRENT, PENDING = "AWSCURRENT", "AWSPENDING"


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """Whom to be, where; the password does not show when it is printed."""

    host: str
    port: int
    dbname: str
    username: str
    password: str = field(repr=False)

    @classmethod
    def of(cls, secret: Mapping[str, Any]) -> Self:
        """The login that a secret's fields say, as Secrets Manager names them for RDS."""
        return cls(
            host=secret["host"],
            port=int(secret["port"]),
            dbname=secret["dbname"],
            username=secret["username"],
            password=secret["password"],
        )


class DatabaseSecret:
    """The logins of one secret.

    The secret that RDS keeps for the master user has only username and password; where the database
    is then comes from the secret `beside` it, whose user is of the same database.
    """

    def __init__(self, client: aws.Client, arn: str, beside: Self | None = None) -> None:
        self._client = client
        self._arn = arn
        self._beside = beside
        self._kept: Login | None = None

    def logins(self) -> Iterator[Login]:
        """The login kept from last time, then the current one, the one to come, the current one.

        A rotation first changes the password in the database and only then calls the new version
        current. Between the two, for some seconds, the pending version is the one that works; and
        it may have become the current one while this looked.
        """
        tried = self._kept
        if tried:
            yield tried
        for stage in (CURRENT, PENDING, CURRENT):
            login = self._load(stage)
            if login and login != tried:
                self._kept = tried = login
                yield login

    def current(self) -> Login:
        """The login of the current version."""
        login = self._load(CURRENT)
        if login is None:
            raise LookupError("the secret has no value yet")
        return login

    def _load(self, stage: str) -> Login | None:
        """The login of a version; None when there is none at this stage."""
        version = aws.read_secret(self._client, self._arn, stage)
        if version is None:
            return None
        place = asdict(self._beside.current()) if self._beside else {}
        return Login.of({**place, **json.loads(version["SecretString"])})
