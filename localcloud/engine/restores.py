"""Restores of tables and databases to a point in time, which is now: the emulator keeps no past.

Changes: A table is restored where its point-in-time recovery is on, and the copy has its key. An
    instance is where its backups are kept: a server of its own has a copy of PostgreSQL's data.
Original: Any table is restored, as of any moment, and the copy has no key; no database is.
Fault: the emulator's; it would look at its own setting, its own window and the source's key.
Ours: that a real server answers.
AWS:
    https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_RestoreTableToPointInTime.html
    https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_RestoreDBInstanceToPointInTime.html
"""

import copy
import logging
import shutil
import threading
from functools import partial
from typing import Any

from ministack.core.responses import error_response_json
from ministack.services import dynamodb, rds
from pg8000.exceptions import Error

from localcloud import ports, postgres
from localcloud.cloud import ACCOUNT, REGION, Cloud
from localcloud.engine.internals import need, replace, wrap
from localcloud.errors import CloudError

_RESTORE = "RestoreDBInstanceToPointInTime"
_NOW = {"LatestRestorableTime": None}  # the emulator then says that it is now
_log = logging.getLogger(__name__)


def install(cloud: Cloud) -> None:
    """Refuse what AWS refuses, and restore databases."""
    wrap(dynamodb, "_restore_table_to_point_in_time", _restore_table)
    wrap(rds, "_instance_xml", lambda original, found: original(found | _NOW))
    actions = dict(need(rds, "_ACTION_MAP"))
    actions[_RESTORE] = partial(_restore_database, cloud)
    actions["DeleteDBInstance"] = partial(_delete, cloud, actions["DeleteDBInstance"])
    replace(rds, "_ACTION_MAP", actions)


def _restore_table(original: Any, asked: dict[str, Any]) -> Any:
    tables = need(dynamodb, "_tables")
    name = asked.get("SourceTableName") or str(asked.get("SourceTableArn")).rpartition("/")[2]
    source = tables.get(name)
    if source and not need(dynamodb, "_pitr_settings").get(name):
        why = f"Point in time recovery is not enabled for table '{name}'"
        return error_response_json("PointInTimeRecoveryUnavailableException", why, 400)
    if source and not asked.get("UseLatestRestorableTime"):
        why = "RestoreDateTime is not between the earliest and the latest time: both are now"
        return error_response_json("InvalidRestoreTimeException", why, 400)
    answered = original(asked)
    if answered[0] == 200:
        key = copy.deepcopy(source.get("SSEDescription"))
        tables[asked["TargetTableName"]]["SSEDescription"] = key
    return answered


def _restore_database(cloud: Cloud, asked: dict[str, Any]) -> Any:
    given, instances = partial(need(rds, "_p"), asked), need(rds, "_instances")
    source, name = (given(f"{end}DBInstanceIdentifier") for end in ("Source", "Target"))
    groups = need(rds, "_parse_member_list")(asked, "VpcSecurityGroupIds")
    if source not in instances:
        return need(rds, "_error")("DBInstanceNotFound", f"DBInstance {source} not found.", 404)
    if name in instances:
        return need(rds, "_error")("DBInstanceAlreadyExists", "DB instance already exists", 400)
    if not int(instances[source]["BackupRetentionPeriod"]):
        return need(rds, "_error")("PointInTimeRestoreNotEnabled", "No backups are kept.", 400)
    if given("UseLatestRestorableTime") != "true":
        return need(rds, "_error")("InvalidParameterValue", "The latest time alone is kept.", 400)
    made = copy.deepcopy(instances[source]) | {
        "DBInstanceIdentifier": name,
        "DBInstanceArn": f"arn:aws:rds:{REGION}:{ACCOUNT}:db:{name}",
        "DBInstanceStatus": "creating",
        "DeletionProtection": given("DeletionProtection") == "true",
        "VpcSecurityGroups": [{"VpcSecurityGroupId": each, "Status": "active"} for each in groups],
    }
    made.pop("MasterUserSecret", None)
    made["Endpoint"]["Port"] = ports.free_port()
    instances[name] = made
    threading.Thread(target=_serve, args=(cloud, made), daemon=True).start()
    return need(rds, "_single_instance_response")(f"{_RESTORE}Response", f"{_RESTORE}Result", made)


def _serve(cloud: Cloud, made: dict[str, Any]) -> None:
    try:
        postgres.copy(cloud, made["DBInstanceIdentifier"], made["Endpoint"]["Port"])
        made["DBInstanceStatus"] = "available"
    except (CloudError, Error, OSError):
        _log.exception("the database is not restored")
        made["DBInstanceStatus"] = "incompatible-restore"


def _delete(cloud: Cloud, original: Any, asked: dict[str, Any]) -> Any:
    name = need(rds, "_p")(asked, "DBInstanceIdentifier")
    if need(rds, "_instances").get(name, {}).get("DBInstanceStatus") == "creating":
        why = f"Instance {name} is not in available state."
        return need(rds, "_error")("InvalidDBInstanceState", why, 400)
    answered, folder = original(asked), cloud.home / "restored" / name
    if answered[0] == 200:
        postgres.stop(folder)
        shutil.rmtree(folder, ignore_errors=True)
    return answered
