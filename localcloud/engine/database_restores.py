"""Restores of databases to a point in time.

Changes: An instance is restored from a copy of PostgreSQL's data as it is now, behind a server of
    its own, where its backups are kept. No past is kept here: another moment is refused.
Original: There is no such operation, and the latest moment that could be restored is the
    deployment's.
Ours: that a real server answers.
AWS:
    https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_RestoreDBInstanceToPointInTime.html
"""

import copy
import logging
import shutil
import threading
from functools import partial
from pathlib import Path
from typing import Any

from ministack.services import rds
from pg8000.exceptions import Error

from localcloud import ports, postgres
from localcloud.cloud import ACCOUNT, REGION, Cloud
from localcloud.engine.internals import need, replace, wrap
from localcloud.errors import CloudError

_log = logging.getLogger(__name__)


def install(cloud: Cloud) -> None:
    """Add the operation, and let the deletion of a copy end its server."""
    actions = need(rds, "_ACTION_MAP")
    own = {
        "RestoreDBInstanceToPointInTime": partial(_restore, cloud),
        "DeleteDBInstance": partial(_delete, cloud, actions["DeleteDBInstance"]),
    }
    replace(rds, "_ACTION_MAP", actions | own)
    now = {"LatestRestorableTime": None}  # the emulator then says that it is now
    wrap(rds, "_instance_xml", lambda original, found: original(found | now))


def _restore(cloud: Cloud, asked: dict[str, Any]) -> Any:
    given, instances = partial(need(rds, "_p"), asked), need(rds, "_instances")
    source, name = given("SourceDBInstanceIdentifier"), given("TargetDBInstanceIdentifier")
    if refused := _refusal(instances.get(source), instances.get(name), given):
        return need(rds, "_error")(*refused)
    made = copy.deepcopy(instances[source])
    made.pop("MasterUserSecret", None)
    groups = need(rds, "_parse_member_list")(asked, "VpcSecurityGroupIds")
    made |= {
        "DBInstanceIdentifier": name,
        "DBInstanceArn": f"arn:aws:rds:{REGION}:{ACCOUNT}:db:{name}",
        "DBInstanceStatus": "creating",
        "DeletionProtection": given("DeletionProtection") == "true",
        "VpcSecurityGroups": [{"VpcSecurityGroupId": each, "Status": "active"} for each in groups],
    }
    made["Endpoint"]["Port"] = ports.free_port()
    instances[name] = made
    threading.Thread(target=_serve, args=(cloud, made), daemon=True).start()
    operation = "RestoreDBInstanceToPointInTime"
    answer = need(rds, "_single_instance_response")
    return answer(f"{operation}Response", f"{operation}Result", made)


def _refusal(source: Any, target: Any, given: Any) -> tuple[str, str, int] | None:
    if source is None:
        return "DBInstanceNotFound", "The source of the restore is not found.", 404
    if target is not None:
        return "DBInstanceAlreadyExists", "DB instance already exists", 400
    if not int(source["BackupRetentionPeriod"]):
        why = "Point in time restore is not enabled: backups are kept for 0 days"
        return "PointInTimeRestoreNotEnabled", why, 400
    if given("UseLatestRestorableTime") != "true":
        why = "RestoreTime is no restorable time: the earliest and the latest are now"
        return "InvalidParameterValue", why, 400
    return None


def _serve(cloud: Cloud, made: dict[str, Any]) -> None:
    try:
        postgres.copy(cloud, _folder(cloud, made), made["Endpoint"]["Port"])
        made["DBInstanceStatus"] = "available"
    except (CloudError, Error, OSError):
        _log.exception("the database is not restored")
        made["DBInstanceStatus"] = "incompatible-restore"


def _delete(cloud: Cloud, original: Any, asked: dict[str, Any]) -> Any:
    found = need(rds, "_instances").get(need(rds, "_p")(asked, "DBInstanceIdentifier"))
    if found and found["DBInstanceStatus"] == "creating":
        why = f"Instance {found['DBInstanceIdentifier']} is not in available state."
        return need(rds, "_error")("InvalidDBInstanceState", why, 400)
    answered = original(asked)
    if found and answered[0] == 200 and (folder := _folder(cloud, found)).exists():
        postgres.stop(folder)
        shutil.rmtree(folder)
    return answered


def _folder(cloud: Cloud, instance: dict[str, Any]) -> Path:
    return cloud.home / "restored" / str(instance["DBInstanceIdentifier"])
