"""Settings that the emulator's CloudFormation drops, and how each is set and read by the API.

A green deployment would otherwise prove nothing about them. Each entry names the template's
property, what the API wants instead of it, and how it is read back: the status compares the two,
and a setting that does not come back rests on the template alone.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from localcloud import lifecycle

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
    """One property of a resource type, and its way through the API."""

    property: str  # its name in the template
    service: str  # whose API sets and reads it
    put: Callable[[Client, Resource, Any], object]  # sets what `wanted` made of the template's
    get: Callable[[Client, Resource], Any]  # reads it back in the same shape
    wanted: Callable[[Any], Any] = typed  # the template's value as the API takes it

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
        alike = isinstance(found, dict)
        return alike and all(_contains(found.get(name), value) for name, value in wanted.items())
    if isinstance(wanted, list):
        alike = isinstance(found, list) and len(found) == len(wanted)
        return alike and all(map(_contains, found, wanted))
    return bool(found == wanted)


def _encryption(value: Any) -> Any:
    return {
        "Rules": [
            {
                "ApplyServerSideEncryptionByDefault": rule["ServerSideEncryptionByDefault"],
                "BucketKeyEnabled": rule.get("BucketKeyEnabled", False),
            }
            for rule in typed(value)["ServerSideEncryptionConfiguration"]
        ]
    }


def _lifecycle(value: Any) -> Any:
    return {"Rules": [lifecycle.from_template(rule) for rule in typed(value)["Rules"]]}


def _logging(value: Any) -> Any:
    target = {"TargetBucket": value["DestinationBucketName"]}
    return {"LoggingEnabled": target | {"TargetPrefix": value.get("LogFilePrefix", "")}}


def _table_encryption(value: Any) -> Any:
    wanted = {"SSEType": "KMS", **typed(value)}
    return {"Enabled": wanted.pop("SSEEnabled"), **wanted}


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


def _rest_stage(stage: Resource) -> dict[str, str]:
    return {"restApiId": stage.properties["RestApiId"], "stageName": stage.properties["StageName"]}


def _of_bucket(
    name: str, operation: str, member: str = "", wanted: Callable[[Any], Any] = typed
) -> Setting:
    """A setting of buckets, put and got by an `operation` alike.

    `member` is what the request calls it, and most answers too; by default as the template does.
    """
    member = member or name

    def put(s3: Client, bucket: Resource, value: Any) -> object:
        return getattr(s3, f"put_{operation}")(Bucket=bucket.id, **{member: value})

    def get(s3: Client, bucket: Resource) -> Any:
        found = getattr(s3, f"get_{operation}")(Bucket=bucket.id)
        return found.get(member, found)

    return Setting(property=name, service="s3", put=put, get=get, wanted=wanted)


def _of_http_api(name: str, kind: str) -> Setting:
    """A setting of HTTP APIs or their stages, which has the same name and shape in the API."""

    def identity(resource: Resource) -> dict[str, Any]:
        if kind == "api":
            return {"ApiId": resource.id}
        return {member: resource.properties[member] for member in ("ApiId", "StageName")}

    def put(gateway: Client, resource: Resource, value: Any) -> object:
        return getattr(gateway, f"update_{kind}")(**identity(resource), **{name: value})

    def get(gateway: Client, resource: Resource) -> Any:
        return getattr(gateway, f"get_{kind}")(**identity(resource)).get(name)

    return Setting(property=name, service="apigatewayv2", put=put, get=get)


SETTINGS: dict[str, tuple[Setting, ...]] = {
    "AWS::S3::Bucket": (
        _of_bucket(
            "BucketEncryption",
            "bucket_encryption",
            "ServerSideEncryptionConfiguration",
            _encryption,
        ),
        _of_bucket("LifecycleConfiguration", "bucket_lifecycle_configuration", wanted=_lifecycle),
        _of_bucket("LoggingConfiguration", "bucket_logging", "BucketLoggingStatus", _logging),
        _of_bucket("ObjectLockConfiguration", "object_lock_configuration"),
        _of_bucket("OwnershipControls", "bucket_ownership_controls"),
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
    "AWS::ApiGatewayV2::Api": (_of_http_api("CorsConfiguration", "api"),),
    "AWS::ApiGatewayV2::Stage": (_of_http_api("DefaultRouteSettings", "stage"),),
    "AWS::ApiGateway::Stage": (
        Setting(
            property="AccessLogSetting",
            service="apigateway",
            wanted=lambda log: {"destinationArn": log["DestinationArn"], "format": log["Format"]},
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
    "AWS::Lambda::Function": (
        Setting(
            property="KmsKeyArn",
            service="lambda",
            put=lambda client, function, wanted: client.update_function_configuration(
                FunctionName=function.id, KMSKeyArn=wanted
            ),
            get=lambda client, function: client.get_function_configuration(
                FunctionName=function.id
            ).get("KMSKeyArn"),
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
