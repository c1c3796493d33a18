"""A stand-in for Secrets Manager, for suites with and without a real database."""

import json
from typing import Any

from botocore.exceptions import ClientError

SECRET = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:tap-application-secrets-dev-AbCdEf"
OLD, NEW = "o" * 32, "n" * 32  # passwords, before and after a rotation


def client_error(code: str, status: int = 400, message: str = "", **more: Any) -> Any:
    """The error botocore raises for a service's answer."""
    response: Any = {
        "Error": {"Code": code, "Message": message},
        "ResponseMetadata": {"HTTPStatusCode": status},
        **more,
    }
    return ClientError(response, "Operation")


class SecretsManager:
    """One secret's versions and their stages, as Secrets Manager keeps them."""

    def __init__(self) -> None:
        self.values = {"v1": {"username": "admin", "password": "1" * 32}}
        self.stages = {"AWSCURRENT": "v1"}
        self.description: dict[str, Any] = {}
        self.calls: list[tuple[str, Any]] = []

    def rotate(self, version: str) -> None:
        """What a whole rotation leaves."""
        self.values[version] = {"username": "admin", "password": version[-1] * 32}
        self.stages = {"AWSCURRENT": version, "AWSPREVIOUS": self.stages["AWSCURRENT"]}

    def get_secret_value(
        self, *, SecretId: str, VersionStage: str, VersionId: str | None = None
    ) -> Any:
        assert SecretId == SECRET
        self.calls.append(("get_secret_value", VersionStage))
        version = self.stages.get(VersionStage)
        if version not in self.values or VersionId not in (None, version):
            raise client_error("ResourceNotFoundException")
        return {"VersionId": version, "SecretString": json.dumps(self.values[version])}

    def describe_secret(self, *, SecretId: str) -> Any:
        assert SecretId == SECRET
        stages: dict[str, list[str]] = {}
        for stage, version in self.stages.items():
            stages.setdefault(version, []).append(stage)
        return {"VersionIdsToStages": stages, **self.description}

    def get_random_password(self, *, PasswordLength: int, ExcludePunctuation: bool) -> Any:
        assert ExcludePunctuation
        self.calls.append(("get_random_password", PasswordLength))
        return {"RandomPassword": "n" * PasswordLength}

    def put_secret_value(
        self, *, SecretId: str, ClientRequestToken: str, SecretString: str, VersionStages: list[str]
    ) -> None:
        assert SecretId == SECRET
        self.calls.append(("put_secret_value", ClientRequestToken))
        self.values[ClientRequestToken] = json.loads(SecretString)
        self.stages.update(dict.fromkeys(VersionStages, ClientRequestToken))

    def update_secret_version_stage(
        self, *, SecretId: str, VersionStage: str, MoveToVersionId: str, RemoveFromVersionId: str
    ) -> None:
        assert SecretId == SECRET
        assert self.stages[VersionStage] == RemoveFromVersionId
        self.calls.append(("update_secret_version_stage", MoveToVersionId))
        self.stages |= {VersionStage: MoveToVersionId, "AWSPREVIOUS": RemoveFromVersionId}


def secret_value(password: str) -> dict[str, Any]:
    """The store's secret."""
    return {
        "engine": "postgres",
        "host": "db.example",
        "port": 5433,
        "dbname": "store",
        "username": "store",
        "password": password,
    }


class StoreSecret(SecretsManager):
    """The store's secret and its versions."""

    def __init__(self) -> None:
        super().__init__()
        self.values: dict[str, Any] = {"v1": secret_value(OLD)}
