"""Deletion protection of tables, databases and user pools.

Changes: What is protected refuses to be deleted by its stack too, also when a deployment that
    failed is rolled back.
Original: CloudFormation deletes it.
Fault: the emulator's; CloudFormation's handlers would delete through the operations of the
    services, which do refuse, instead of taking the records away.
AWS:
    https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_DeleteInstance.html
    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/WorkingWithTables.Basics.html
Checked: ministack 1.5.32, 1.5.33.
"""

from collections.abc import Callable
from typing import Any

from ministack.services import cognito, dynamodb, rds
from ministack.services.cloudformation import provisioners

from localcloud.cloud import Cloud
from localcloud.engine.internals import need

Handler = dict[str, Any]


def install(cloud: Cloud) -> None:
    """Let what is protected refuse its deletion."""
    del cloud
    handlers = need(provisioners, "_RESOURCE_HANDLERS")
    for kind, stored, name in (
        ("AWS::Cognito::UserPool", need(cognito, "_user_pools"), "DeletionProtection"),
        ("AWS::DynamoDB::Table", need(dynamodb, "_tables"), "DeletionProtectionEnabled"),
        ("AWS::RDS::DBInstance", need(rds, "_instances"), "DeletionProtection"),
    ):
        delete = _unless_protected(handlers[kind]["delete"], stored, name)
        handlers[kind] = {**handlers[kind], "delete": delete}


def _unless_protected(delete: Callable[..., Any], stored: Any, name: str) -> Callable[..., Any]:
    def guarded(physical_id: str, *rest: Any) -> Any:
        if str((stored.get(physical_id) or {}).get(name)).lower() in ("true", "active"):
            raise ValueError(f"{physical_id} cannot be deleted: its deletion protection is on")
        return delete(physical_id, *rest)

    return guarded
