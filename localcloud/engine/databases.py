"""RDS instances with a real PostgreSQL behind them.

Changes: A template's instance has the endpoint of this cloud's PostgreSQL server, and a managed
    master password in a secret.
Original: CloudFormation notes an instance that nothing answers for, without a secret.
Fault: the emulator's; its CloudFormation would honour `ManageMasterUserPassword` and make the
    secret that RDS makes.
Ours: that a real server answers.
AWS:
    https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/rds-secrets-manager.html
Checked: ministack 1.5.32, 1.5.33.
"""

import json
import secrets
from typing import Any

from ministack.services import rds, secretsmanager
from ministack.services.cloudformation import provisioners

from localcloud import postgres
from localcloud.cloud import Cloud
from localcloud.engine.internals import need
from localcloud.errors import CloudError
from localcloud.network.deployed import DECLARED_PORT

Properties = dict[str, Any]
_INSTANCE = "AWS::RDS::DBInstance"
_HOST = "127.0.0.1"


def install(cloud: Cloud) -> None:
    """Give every PostgreSQL instance of a template its database."""
    handlers = need(provisioners, "_RESOURCE_HANDLERS")
    handlers[_INSTANCE] = _instance(cloud, handlers[_INSTANCE])


def _instance(cloud: Cloud, handler: dict[str, Any]) -> dict[str, Any]:
    instances = need(rds, "_instances")
    create_secret = need(secretsmanager, "_create_secret")
    delete_secret = need(secretsmanager, "_delete_secret")

    def attributes(physical_id: str, given: Properties, secret_arn: str) -> Properties:
        endpoint = {"Address": _HOST, "Port": cloud.database_port}
        found = instances[physical_id]
        found.setdefault(DECLARED_PORT, found["Endpoint"]["Port"])
        found["Endpoint"].update(endpoint)
        found["MasterUserSecret"] = {"SecretArn": secret_arn}
        return {
            **given,
            "Endpoint.Address": _HOST,
            "Endpoint.Port": str(cloud.database_port),
            "MasterUserSecret.SecretArn": secret_arn,
        }

    def create(logical_id: str, properties: Properties, *rest: Any) -> Any:
        physical_id, given = handler["create"](logical_id, properties, *rest)
        user = properties.get("MasterUsername", "postgres")
        password = properties.get("MasterUserPassword") or secrets.token_urlsafe(24)
        secret = {
            "Name": f"rds!{physical_id}-{secrets.token_hex(3)}",
            "SecretString": json.dumps({"username": user, "password": password}),
            "KmsKeyId": properties.get("MasterUserSecret", {}).get("KmsKeyId"),
        }
        made = json.loads(create_secret(secret)[2])
        if "ARN" not in made:
            raise CloudError(f"the emulator refused the master user's secret: {made}")
        database = properties.get("DBName", "postgres")
        postgres.give(cloud, user=user, password=password, database=database)
        return physical_id, attributes(physical_id, given, made["ARN"])

    def update(physical_id: str, old: Properties, new: Properties, *rest: Any) -> Any:
        secret_arn = instances[physical_id].get("MasterUserSecret", {}).get("SecretArn", "")
        changed_id, given = handler["update"](physical_id, old, new, *rest)
        return changed_id, attributes(changed_id, given, secret_arn)

    def delete(physical_id: str, properties: Properties, *rest: Any) -> Any:
        secret_arn = instances.get(physical_id, {}).get("MasterUserSecret", {}).get("SecretArn")
        if secret_arn:
            delete_secret({"SecretId": secret_arn, "ForceDeleteWithoutRecovery": True})
        return handler["delete"](physical_id, properties, *rest)

    return {**handler, "create": create, "update": update, "delete": delete}
