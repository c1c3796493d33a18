"""CloudFormation resource types that the emulator lacks.

Changes: Each is given its effect through the public AWS API, or recorded: accepted and listed in
    the stack, without any effect; `localcloud/ledger/` says which. `Ref` of a secret is its ARN.
Original: A template that names one is refused. `Ref` of a secret is its name, so that policies and
    functions that refer to the secret by it fit no secret.
Fault: the emulator's; `Ref` of a secret would be its ARN, and rotation schedules and associations
    of web ACLs would call the operations that it has.
Ours: what is recorded, and a bucket that is emptied without the CDK's function.
AWS:
    https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-secretsmanager-secret.html
Checked: ministack 1.5.32, 1.5.33.
"""

import logging
from collections.abc import Callable
from typing import Any

from ministack.core.concurrency import spawn_background
from ministack.services.cloudformation import provisioners

from localcloud.cloud import ACCOUNT, REGION, Cloud
from localcloud.engine.internals import need
from localcloud.engine.rotation import why_no_schedule

Properties = dict[str, Any]
Handler = dict[str, Callable[..., Any]]

# Each with the attributes that templates ask for, besides `Id` and `Arn`.
RECORDED: dict[str, Properties] = {
    "AWS::Backup::BackupSelection": {},
    "AWS::EC2::EIP": {"AllocationId": "eipalloc-0a1b2c3d4e5f60718", "PublicIp": "192.0.2.1"},
    "AWS::EC2::FlowLog": {},
    "AWS::Logs::Delivery": {"DeliveryId": "0a1b2c3d4e5f6071"},
    "AWS::Logs::DeliveryDestination": {},
    "AWS::Logs::DeliverySource": {},
    "AWS::WAFv2::LoggingConfiguration": {},
    "Custom::VpcRestrictDefaultSG": {},
}

_SECRET = "AWS::SecretsManager::Secret"  # noqa: S105  # a type, not a password

_log = logging.getLogger(__name__)


def install(cloud: Cloud) -> None:
    """Register the missing types with the emulator's CloudFormation."""
    handlers = need(provisioners, "_RESOURCE_HANDLERS")
    for resource_type, attributes in RECORDED.items():
        handlers[resource_type] = _recorded(resource_type, attributes)
    handlers["AWS::SecretsManager::RotationSchedule"] = _rotation_schedule(cloud)
    handlers["AWS::WAFv2::WebACLAssociation"] = _web_acl_association(cloud)
    handlers["Custom::S3AutoDeleteObjects"] = _auto_delete_objects(cloud)
    handlers[_SECRET] = _identified_by_arn(handlers[_SECRET])


def _recorded(resource_type: str, attributes: Properties) -> Handler:
    service = resource_type.split("::")[1].lower()

    def described(physical_id: str) -> Properties:
        arn = f"arn:aws:{service}:{REGION}:{ACCOUNT}:{physical_id}"
        return {"Id": physical_id, "Arn": arn, **attributes}

    def create(logical_id: str, properties: Properties, stack: str) -> tuple[str, Properties]:
        del properties
        physical_id = f"{stack}-{logical_id}"
        return physical_id, described(physical_id)

    return {
        "create": create,
        "update": lambda physical_id, _old, _new, _stack: (physical_id, described(physical_id)),
        "delete": lambda physical_id, _properties: None,
    }


def _identified_by_arn(handler: Handler) -> Handler:
    """The handler of secrets, with the ARN as physical id; inside, the name stays it."""

    def create(logical_id: str, properties: Properties, stack: str) -> tuple[str, Properties]:
        _, attributes = handler["create"](logical_id, properties, stack)
        return attributes["Arn"], attributes

    def update(
        physical_id: str, old: Properties, new: Properties, stack: str, *rest: str
    ) -> tuple[str, Properties]:
        _, attributes = handler["update"](_secret_name(physical_id), old, new, stack, *rest)
        return attributes["Arn"], attributes

    def delete(physical_id: str, properties: Properties) -> None:
        handler["delete"](_secret_name(physical_id), properties)

    return {**handler, "create": create, "update": update, "delete": delete}


def _secret_name(arn: str) -> str:
    # Secrets Manager adds a hyphen and six random characters to the name.
    return arn.rpartition(":")[2].rpartition("-")[0]


def _rotation_schedule(cloud: Cloud) -> Handler:
    """Sets the rotation and, as on AWS, rotates at once unless told not to."""

    def schedule(properties: Properties) -> None:
        cloud.client("secretsmanager").rotate_secret(
            SecretId=properties["SecretId"],
            RotationLambdaARN=properties["RotationLambdaARN"],
            RotationRules=_rotation_rules(properties.get("RotationRules") or {}),
            RotateImmediately=str(properties.get("RotateImmediatelyOnUpdate")).lower() != "false",
        )

    def begin(properties: Properties) -> None:
        if why_not := why_no_schedule(_rotation_rules(properties.get("RotationRules") or {})):
            raise ValueError(why_not)
        # CloudFormation runs on the emulator's event loop, where a call to the emulator would wait
        # for itself: hence the thread.
        spawn_background(schedule, properties, thread_name="rotation-schedule")

    def create(logical_id: str, properties: Properties, stack: str) -> tuple[str, Properties]:
        del logical_id, stack
        begin(properties)
        return properties["SecretId"], {}

    def update(
        physical_id: str, old: Properties, new: Properties, stack: str
    ) -> tuple[str, Properties]:
        del old, stack
        begin(new)
        return physical_id, {}

    def delete(physical_id: str, properties: Properties) -> None:
        del physical_id, properties

    return {"create": create, "update": update, "delete": delete}


def _rotation_rules(rules: Properties) -> Properties:
    numbers = {"AutomaticallyAfterDays": int} | dict.fromkeys(
        ("Duration", "ScheduleExpression"), str
    )
    return {name: convert(rules[name]) for name, convert in numbers.items() if name in rules}


def _web_acl_association(cloud: Cloud) -> Handler:
    """Ties a web ACL to a stage; the gateway in front of the emulator evaluates it."""

    def associate(properties: Properties) -> None:
        cloud.client("wafv2").associate_web_acl(
            WebACLArn=properties["WebACLArn"], ResourceArn=properties["ResourceArn"]
        )

    def create(logical_id: str, properties: Properties, stack: str) -> tuple[str, Properties]:
        del logical_id, stack
        spawn_background(associate, properties, thread_name="web-acl")
        return f"{properties['WebACLArn']}|{properties['ResourceArn']}", {}

    def update(
        physical_id: str, old: Properties, new: Properties, stack: str
    ) -> tuple[str, Properties]:
        del physical_id, old
        return create("", new, stack)

    def delete(physical_id: str, properties: Properties) -> None:
        del physical_id
        spawn_background(
            cloud.client("wafv2").disassociate_web_acl,
            ResourceArn=properties["ResourceArn"],
            thread_name="web-acl",
        )

    return {"create": create, "update": update, "delete": delete}


def _auto_delete_objects(cloud: Cloud) -> Handler:
    """The CDK's custom resource that empties a bucket, without its Node.js function.

    Custom resources run on a thread of their own, so they may call the emulator.
    """

    def delete(physical_id: str, properties: Properties) -> None:
        del physical_id
        s3 = cloud.client("s3")
        bucket = properties["BucketName"]
        try:
            for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket):
                found = page.get("Versions", []) + page.get("DeleteMarkers", [])
                keys = [{"Key": item["Key"], "VersionId": item["VersionId"]} for item in found]
                if keys:
                    s3.delete_objects(Bucket=bucket, Delete={"Objects": keys, "Quiet": True})
        except s3.exceptions.NoSuchBucket:
            _log.info("bucket %s is gone already", bucket)

    return {
        "create": lambda logical_id, _properties, stack: (f"{stack}-{logical_id}", {}),
        "update": lambda physical_id, _old, _new, _stack: (physical_id, {}),
        "delete": delete,
    }
