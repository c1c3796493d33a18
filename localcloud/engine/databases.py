"""RDS instances with a real PostgreSQL behind them.

Changes: A template's instance has the endpoint of this cloud's PostgreSQL server, and a managed
    master password in a secret.
Original: CloudFormation notes an instance that nothing answers for, without a secret.
Fault: the emulator's; its CloudFormation would honour `ManageMasterUserPassword` and make the
    secret that RDS makes.
Ours: that a real server answers.
AWS: https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/rds-secrets-manager.html
"""

import json
import secrets
from typing import Any

from ministack.services import rds, secretsmanager

from localcloud import postgres
from localcloud.cloud import Cloud
from localcloud.engine.handlers import Deploy, Deployed, Properties, wrap_deployment, wrap_verbs
from localcloud.engine.internals import need
from localcloud.errors import CloudError
from localcloud.network.deployed import DECLARED_PORT

_INSTANCE = "AWS::RDS::DBInstance"
_HOST = "127.0.0.1"


def install(cloud: Cloud) -> None:
    """Give every PostgreSQL instance of a template its database."""
    instances = need(rds, "_instances")

    def deployed(deploy: Deploy, properties: Properties, _name: str) -> Deployed:
        physical_id, given = deploy(properties)
        found = instances[physical_id]
        if "MasterUserSecret" not in found:
            arn = _give_database(cloud, physical_id, properties)
            found["MasterUserSecret"] = {"SecretArn": arn}
        found.setdefault(DECLARED_PORT, found["Endpoint"]["Port"])
        found["Endpoint"].update({"Address": _HOST, "Port": cloud.database_port})
        return physical_id, {
            **given,
            "Endpoint.Address": _HOST,
            "Endpoint.Port": str(cloud.database_port),
            "MasterUserSecret.SecretArn": found["MasterUserSecret"]["SecretArn"],
        }

    wrap_deployment(_INSTANCE, deployed)
    wrap_verbs(_INSTANCE, delete=_delete)


def _give_database(cloud: Cloud, instance: str, properties: Properties) -> str:
    """Make the database and its master user; the ARN of the secret with that one's password."""
    user = properties.get("MasterUsername", "postgres")
    password = properties.get("MasterUserPassword") or secrets.token_urlsafe(24)
    secret = {
        "Name": f"rds!{instance}-{secrets.token_hex(3)}",
        "SecretString": json.dumps({"username": user, "password": password}),
        "KmsKeyId": properties.get("MasterUserSecret", {}).get("KmsKeyId"),
    }
    made = json.loads(need(secretsmanager, "_create_secret")(secret)[2])
    if "ARN" not in made:
        raise CloudError(f"the emulator refused the master user's secret: {made}")
    database = properties.get("DBName", "postgres")
    postgres.give(cloud, user=user, password=password, database=database)
    return str(made["ARN"])


def _delete(original: Any, physical_id: str, *rest: Any) -> None:
    found = need(rds, "_instances").get(physical_id, {})
    if "MasterUserSecret" in found:
        secret = {"SecretId": found["MasterUserSecret"]["SecretArn"]}
        need(secretsmanager, "_delete_secret")(secret | {"ForceDeleteWithoutRecovery": True})
    original(physical_id, *rest)
