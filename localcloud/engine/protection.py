"""Deletion protection of tables, databases and user pools.

Changes: What is protected refuses to be deleted by its stack too, also when a deployment that
    failed is rolled back.
Original: CloudFormation deletes it.
Fault: the emulator's; CloudFormation's handlers would delete through the operations of the
    services, which do refuse, instead of taking the records away.
AWS:
    https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_DeleteInstance.html
    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/WorkingWithTables.Basics.html
"""

from typing import Any

from ministack.services import cognito, dynamodb, rds

from localcloud.cloud import Cloud
from localcloud.engine.handlers import wrap_verbs
from localcloud.engine.internals import need


def install(_cloud: Cloud) -> None:
    """Let what is protected refuse its deletion."""
    _protect("AWS::Cognito::UserPool", need(cognito, "_user_pools"), "DeletionProtection")
    _protect("AWS::DynamoDB::Table", need(dynamodb, "_tables"), "DeletionProtectionEnabled")
    _protect("AWS::RDS::DBInstance", need(rds, "_instances"), "DeletionProtection")


def _protect(kind: str, stored: Any, setting: str) -> None:
    def delete(original: Any, physical_id: str, *rest: Any) -> None:
        if str((stored.get(physical_id) or {}).get(setting)).lower() in ("true", "active"):
            raise ValueError(f"{physical_id} cannot be deleted: its deletion protection is on")
        original(physical_id, *rest)

    wrap_verbs(kind, delete=delete)
