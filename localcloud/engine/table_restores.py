"""Restores of tables to a point in time.

Changes: A table is restored as it is now, where its point-in-time recovery is on; the copy has the
    source's key. The emulator keeps no past: another moment is refused.
Original: Any table is, as it is now, whatever moment is asked for; the copy has no key.
Fault: the emulator's; it would look at its own setting, its own window and the source's key.
AWS:
    https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_RestoreTableToPointInTime.html
"""

from typing import Any

from ministack.core.responses import error_response_json
from ministack.services import dynamodb

from localcloud.cloud import Cloud
from localcloud.engine.internals import need, wrap


def install(_cloud: Cloud) -> None:
    """Refuse what AWS refuses, and let a copy have its source's key."""
    wrap(dynamodb, "_restore_table_to_point_in_time", _restore)
    wrap(dynamodb, "_restore_create_request", _with_the_key)


def _source(asked: dict[str, Any]) -> str:
    return str(asked.get("SourceTableName") or asked.get("SourceTableArn", "").rpartition("/")[2])


def _restore(original: Any, asked: dict[str, Any]) -> Any:
    name = _source(asked)
    if name in need(dynamodb, "_tables"):
        if not need(dynamodb, "_pitr_settings").get(name):
            why = f"Point in time recovery is not enabled for table '{name}'"
            return error_response_json("PointInTimeRecoveryUnavailableException", why, 400)
        if not asked.get("UseLatestRestorableTime"):
            why = "RestoreDateTime is not between the earliest and the latest time: both are now"
            return error_response_json("InvalidRestoreTimeException", why, 400)
    return original(asked)


def _with_the_key(original: Any, *given: Any) -> Any:
    request, asked = original(*given), given[5]
    source = need(dynamodb, "_tables").get(_source(asked)) or {}
    if key := (source.get("SSEDescription") or {}).get("KMSMasterKeyArn"):
        kept = {"Enabled": True, "SSEType": "KMS", "KMSMasterKeyId": key}
        request["SSESpecification"] = asked.get("SSESpecificationOverride") or kept
    return request
