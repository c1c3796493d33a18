"""What the API reads of the secret, and what it tells."""

from typing import Any

import pytest
from botocore.exceptions import ClientError

from services.shared.items.secret import ApplicationSecret
from tests.unit.services import fakes
from tests.unit.services.environment import SECRET


def test_the_description_has_no_value(secret: fakes.SecretsManager) -> None:
    secret.description = {"RotationEnabled": True, "LastRotatedDate": fakes.moment()}

    told = ApplicationSecret(lambda: secret, SECRET).describe()

    assert told == {
        "version_id": "v1",
        "last_rotated_at": "2026-11-01T12:30:00.000000Z",
        "rotation_enabled": True,
        "fields": ["password", "username"],
    }


def test_a_secret_that_was_never_rotated_says_so(secret: fakes.SecretsManager) -> None:
    told = ApplicationSecret(lambda: secret, SECRET).describe()

    assert (told["last_rotated_at"], told["rotation_enabled"]) == (None, False)


def test_only_a_missing_previous_version_is_no_error(
    secret: fakes.SecretsManager, monkeypatch: pytest.MonkeyPatch
) -> None:
    def denied(**call: Any) -> Any:
        if call["VersionStage"] == "AWSPREVIOUS":
            raise fakes.client_error("AccessDeniedException")
        return fakes.SecretsManager.get_secret_value(secret, **call)

    monkeypatch.setattr(secret, "get_secret_value", denied)

    with pytest.raises(ClientError):
        ApplicationSecret(lambda: secret, SECRET).load()


def test_a_secret_without_a_value_says_so(secret: fakes.SecretsManager) -> None:
    secret.values.clear()

    with pytest.raises(LookupError, match="no value yet"):
        ApplicationSecret(lambda: secret, SECRET).load()
