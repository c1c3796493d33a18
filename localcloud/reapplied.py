"""Settings the emulator's CloudFormation drops, re-applied through the public AWS API.

A green deployment would otherwise prove nothing about them. Each entry names the template's
property, what the API wants instead of it, and how it is read back: the status compares the two,
and a setting that does not come back rests on the template alone.
"""

import json
import threading
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from localcloud.cloud import write_private

Client = Any


@dataclass(frozen=True, kw_only=True)
class Resource:
    """A deployed resource: its type, physical id and resolved properties."""

    type: str
    id: str
    properties: dict[str, Any] = field(default_factory=dict)


def typed(value: Any) -> Any:
    """A template's value with its numbers and truth values, which may be written as strings."""
    if isinstance(value, dict):
        return {name: typed(item) for name, item in value.items()}
    if isinstance(value, list):
        return [typed(item) for item in value]
    if isinstance(value, str) and value.lower() in ("true", "false"):
        return value.lower() == "true"
    return int(value) if isinstance(value, str) and value.isdecimal() and len(value) < 10 else value


@dataclass(frozen=True, kw_only=True)
class Setting:
    """One property of a resource type, and its way through the API.

    Args:
        property: its name in the template.
        service: the service whose API sets and reads it.
        put: sets it, given what `wanted` made of the template's value.
        get: reads it back in the same shape.
        wanted: the template's value as the API takes it; unchanged but typed by default.
    """

    property: str
    service: str
    put: Callable[[Client, Resource, Any], object]
    get: Callable[[Client, Resource], Any]
    wanted: Callable[[Any], Any] = typed

    def apply(self, client: Client, resource: Resource) -> None:
        """Give the deployed resource what its template asked for."""
        self.put(client, resource, self.wanted(resource.properties[self.property]))

    def holds(self, client: Client, resource: Resource) -> bool:
        """Whether the deployed resource has what its template asked for."""
        try:
            found = self.get(client, resource)
        except client.exceptions.ClientError:
            return False
        return _contains(found, self.wanted(resource.properties[self.property]))


def _contains(found: Any, wanted: Any) -> bool:
    if isinstance(wanted, dict):
        return isinstance(found, dict) and all(
            _contains(found.get(name), value) for name, value in wanted.items()
        )
    if isinstance(wanted, list):
        return (
            isinstance(found, list)
            and len(found) == len(wanted)
            and all(map(_contains, found, wanted))
        )
    return bool(found == wanted)


def _encryption(value: Any) -> Any:
    rules = typed(value)["ServerSideEncryptionConfiguration"]
    return {
        "Rules": [
            {
                "ApplyServerSideEncryptionByDefault": rule["ServerSideEncryptionByDefault"],
                "BucketKeyEnabled": rule.get("BucketKeyEnabled", False),
            }
            for rule in rules
        ]
    }


def _lifecycle(value: Any) -> Any:
    return {"Rules": [_lifecycle_rule(rule) for rule in typed(value)["Rules"]]}


def _lifecycle_rule(rule: dict[str, Any]) -> dict[str, Any]:
    same = ("Status", "NoncurrentVersionExpiration", "AbortIncompleteMultipartUpload")
    wanted = {name: rule[name] for name in same if name in rule}
    wanted["ID"] = rule.get("Id", "rule")
    wanted["Filter"] = {"Prefix": rule.get("Prefix", "")}
    if "ExpirationInDays" in rule:
        wanted["Expiration"] = {"Days": rule["ExpirationInDays"]}
    if "Transitions" in rule:
        wanted["Transitions"] = [
            {"StorageClass": step["StorageClass"], "Days": step["TransitionInDays"]}
            for step in rule["Transitions"]
        ]
    return wanted


def _logging(value: Any) -> Any:
    target = {"TargetBucket": value["DestinationBucketName"]}
    return {"LoggingEnabled": target | {"TargetPrefix": value.get("LogFilePrefix", "")}}


def _table_encryption(value: Any) -> Any:
    wanted = typed(value)
    key = {"KMSMasterKeyId": wanted["KMSMasterKeyId"]} if "KMSMasterKeyId" in wanted else {}
    return {"Enabled": wanted["SSEEnabled"], "SSEType": wanted.get("SSEType", "KMS"), **key}


def _read_table_encryption(client: Client, table: Resource) -> Any:
    found = client.describe_table(TableName=table.id)["Table"].get("SSEDescription", {})
    return {
        "Enabled": found.get("Status") == "ENABLED",
        "SSEType": found.get("SSEType"),
        "KMSMasterKeyId": found.get("KMSMasterKeyArn"),
    }


def _read_recovery(client: Client, table: Resource) -> Any:
    backups = client.describe_continuous_backups(TableName=table.id)["ContinuousBackupsDescription"]
    status = backups["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"]
    return {"PointInTimeRecoveryEnabled": status == "ENABLED"}


def _stage(stage: Resource) -> dict[str, str]:
    return {"ApiId": stage.properties["ApiId"], "StageName": stage.properties["StageName"]}


def _rest_stage(stage: Resource) -> dict[str, str]:
    return {"restApiId": stage.properties["RestApiId"], "stageName": stage.properties["StageName"]}


SETTINGS: dict[str, tuple[Setting, ...]] = {
    "AWS::S3::Bucket": (
        Setting(
            property="BucketEncryption",
            service="s3",
            wanted=_encryption,
            put=lambda s3, bucket, wanted: s3.put_bucket_encryption(
                Bucket=bucket.id, ServerSideEncryptionConfiguration=wanted
            ),
            get=lambda s3, bucket: s3.get_bucket_encryption(Bucket=bucket.id)[
                "ServerSideEncryptionConfiguration"
            ],
        ),
        Setting(
            property="LifecycleConfiguration",
            service="s3",
            wanted=_lifecycle,
            put=lambda s3, bucket, wanted: s3.put_bucket_lifecycle_configuration(
                Bucket=bucket.id, LifecycleConfiguration=wanted
            ),
            get=lambda s3, bucket: s3.get_bucket_lifecycle_configuration(Bucket=bucket.id),
        ),
        Setting(
            property="LoggingConfiguration",
            service="s3",
            wanted=_logging,
            put=lambda s3, bucket, wanted: s3.put_bucket_logging(
                Bucket=bucket.id, BucketLoggingStatus=wanted
            ),
            get=lambda s3, bucket: s3.get_bucket_logging(Bucket=bucket.id),
        ),
        Setting(
            property="ObjectLockConfiguration",
            service="s3",
            put=lambda s3, bucket, wanted: s3.put_object_lock_configuration(
                Bucket=bucket.id, ObjectLockConfiguration=wanted
            ),
            get=lambda s3, bucket: s3.get_object_lock_configuration(Bucket=bucket.id)[
                "ObjectLockConfiguration"
            ],
        ),
        Setting(
            property="OwnershipControls",
            service="s3",
            put=lambda s3, bucket, wanted: s3.put_bucket_ownership_controls(
                Bucket=bucket.id, OwnershipControls=wanted
            ),
            get=lambda s3, bucket: s3.get_bucket_ownership_controls(Bucket=bucket.id)[
                "OwnershipControls"
            ],
        ),
    ),
    "AWS::DynamoDB::Table": (
        Setting(
            property="SSESpecification",
            service="dynamodb",
            wanted=_table_encryption,
            put=lambda dynamodb, table, wanted: dynamodb.update_table(
                TableName=table.id, SSESpecification=wanted
            ),
            get=_read_table_encryption,
        ),
        Setting(
            property="PointInTimeRecoverySpecification",
            service="dynamodb",
            put=lambda dynamodb, table, wanted: dynamodb.update_continuous_backups(
                TableName=table.id, PointInTimeRecoverySpecification=wanted
            ),
            get=_read_recovery,
        ),
    ),
    "AWS::ApiGatewayV2::Api": (
        Setting(
            property="CorsConfiguration",
            service="apigatewayv2",
            put=lambda gateway, api, wanted: gateway.update_api(
                ApiId=api.id, CorsConfiguration=wanted
            ),
            get=lambda gateway, api: gateway.get_api(ApiId=api.id).get("CorsConfiguration"),
        ),
    ),
    "AWS::ApiGatewayV2::Stage": (
        Setting(
            property="DefaultRouteSettings",
            service="apigatewayv2",
            put=lambda gateway, stage, wanted: gateway.update_stage(
                **_stage(stage), DefaultRouteSettings=wanted
            ),
            get=lambda gateway, stage: gateway.get_stage(**_stage(stage)).get(
                "DefaultRouteSettings"
            ),
        ),
        Setting(
            property="AccessLogSettings",
            service="apigatewayv2",
            put=lambda gateway, stage, wanted: gateway.update_stage(
                **_stage(stage), AccessLogSettings=wanted
            ),
            get=lambda gateway, stage: gateway.get_stage(**_stage(stage)).get("AccessLogSettings"),
        ),
    ),
    "AWS::ApiGateway::Stage": (
        Setting(
            property="AccessLogSetting",
            service="apigateway",
            wanted=lambda value: {
                "destinationArn": value["DestinationArn"],
                "format": value["Format"],
            },
            put=lambda gateway, stage, wanted: gateway.update_stage(
                **_rest_stage(stage),
                patchOperations=[
                    {"op": "replace", "path": f"/accessLogSettings/{name}", "value": value}
                    for name, value in wanted.items()
                ],
            ),
            get=lambda gateway, stage: gateway.get_stage(**_rest_stage(stage)).get(
                "accessLogSettings"
            ),
        ),
    ),
    "AWS::SNS::Topic": (
        Setting(
            property="KmsMasterKeyId",
            service="sns",
            put=lambda sns, topic, wanted: sns.set_topic_attributes(
                TopicArn=topic.id, AttributeName="KmsMasterKeyId", AttributeValue=wanted
            ),
            get=lambda sns, topic: sns.get_topic_attributes(TopicArn=topic.id)["Attributes"].get(
                "KmsMasterKeyId"
            ),
        ),
    ),
}


def present(resource: Resource) -> list[Setting]:
    """The settings its template gives this resource, among those the emulator drops."""
    named = SETTINGS.get(resource.type, ())
    return [setting for setting in named if setting.property in resource.properties]


class DeployedSettings:
    """The resolved properties of the deployed resources that have such settings, on disk."""

    def __init__(self, path: Path):
        self._path = path
        self._lock = threading.Lock()

    @classmethod
    def of(cls, home: Path) -> "DeployedSettings":
        """Those of the embedded cloud in this folder."""
        return cls(home / "state" / "settings.json")

    def read(self) -> list[Resource]:
        """Every resource kept, in no particular order; none where nothing was deployed."""
        try:
            return [Resource(**kept) for kept in json.loads(self._path.read_text("utf-8"))]
        except FileNotFoundError:
            return []

    def keep(self, resource: Resource) -> None:
        """Add a resource, or replace what was kept of it."""
        self._write(resource, [resource])

    def forget(self, resource: Resource) -> None:
        """Drop a resource that was deleted."""
        self._write(resource, [])

    def keep_only(self, ids: set[str]) -> None:
        """Drop the resources that no stack has: a deployment of theirs was undone."""
        with self._lock:
            found = self.read()
            kept = [resource for resource in found if resource.id in ids]
            if kept != found:
                self._save(kept)

    def _write(self, changed: Resource, now: list[Resource]) -> None:
        with self._lock:
            others = [
                kept for kept in self.read() if (kept.type, kept.id) != (changed.type, changed.id)
            ]
            self._save(others + now)

    def _save(self, resources: list[Resource]) -> None:
        write_private(self._path, json.dumps([asdict(kept) for kept in resources]))
