"""RDS instance, restored to a point in time and read by the store's function in its network."""

import json
from datetime import datetime
from typing import Any

from cli.errors import CliError
from cli.stacks import Clients
from tools.restore.comparison import Reading

_READ_SECONDS = 330  # the function's own limit is 300
_UNDER_WAY = ("backing-up", "configuring", "creating", "modifying", "rebooting", "renaming")
_AS_THE_SOURCE = ("DBInstanceClass", "PubliclyAccessible")


class Database:
    """An instance; the rows of a table whose digests begin with one byte are a thing."""

    kind = "database"

    def __init__(self, clients: Clients, name: str, *, reader: str) -> None:
        self._rds, self.name, self._reader = clients("rds"), name, reader
        once = {"read_timeout": _READ_SECONDS, "retries": {"total_max_attempts": 1}}
        self._functions = clients("lambda", tcp_keepalive=True, **once)

    def latest(self) -> datetime:
        """Tell what RDS says; raise `CliError` where no backups are kept."""
        found = self._describe(self.name)
        if not found["BackupRetentionPeriod"]:
            raise CliError("no backups are kept of it")
        latest: datetime = found["LatestRestorableTime"]
        return latest

    def read(self) -> Reading:
        """Count and digest the rows of every table."""
        return self.read_copy(self.name)

    def restore(self, copy: str) -> None:
        """Ask RDS for an instance in the same network, with the same settings, in one zone."""
        found = self._describe(self.name)
        self._rds.restore_db_instance_to_point_in_time(
            SourceDBInstanceIdentifier=self.name,
            TargetDBInstanceIdentifier=copy,
            UseLatestRestorableTime=True,
            MultiAZ=False,
            DeletionProtection=False,
            DBSubnetGroupName=found["DBSubnetGroup"]["DBSubnetGroupName"],
            DBParameterGroupName=found["DBParameterGroups"][0]["DBParameterGroupName"],
            VpcSecurityGroupIds=[g["VpcSecurityGroupId"] for g in found["VpcSecurityGroups"]],
            **{name: found[name] for name in _AS_THE_SOURCE},
        )

    def is_ready(self, copy: str) -> bool:
        """Tell whether the copy takes connections."""
        status = self._describe(copy)["DBInstanceStatus"]
        if status not in ("available", *_UNDER_WAY):
            raise CliError(f"the copy is {status}")
        return bool(status == "available")

    def read_copy(self, copy: str) -> Reading:
        """Let the function that migrates the store read it: nobody else is let to it."""
        found = self._describe(copy)["Endpoint"]
        server = {"host": found["Address"], "port": found["Port"]}
        payload = json.dumps({"digests": server}).encode()
        answer = self._functions.invoke(FunctionName=self._reader, Payload=payload)
        told: Any = json.loads(answer["Payload"].read())
        if "FunctionError" in answer:
            raise CliError(f"it cannot be read: {told}; see `tap logs migrations`")
        return {key: (rows, digest) for key, (rows, digest) in told.items()}

    def remove(self, copy: str) -> bool:
        """Delete it, and its backups, as soon as it is made."""
        errors = self._rds.exceptions
        nothing_of_it = {"SkipFinalSnapshot": True, "DeleteAutomatedBackups": True}
        try:
            self._rds.delete_db_instance(DBInstanceIdentifier=copy, **nothing_of_it)
        except errors.DBInstanceNotFoundFault:
            return True
        except errors.InvalidDBInstanceStateFault:
            pass  # it is being made, or deleted
        return False

    def _describe(self, name: str) -> dict[str, Any]:
        return dict(self._rds.describe_db_instances(DBInstanceIdentifier=name)["DBInstances"][0])
