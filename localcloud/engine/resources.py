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
"""

import logging
from typing import Any

from localcloud.cloud import ACCOUNT, REGION, Cloud
from localcloud.engine import handlers
from localcloud.engine.handlers import Deploy, Deployed, Properties
from localcloud.reapplied import typed

# Each with the attributes that templates ask for, besides `Id` and `Arn`.
RECORDED: dict[str, Properties] = {
    "AWS::Backup::BackupSelection": {},
    "AWS::CodeDeploy::Application": {},
    "AWS::CodeDeploy::DeploymentGroup": {},
    "AWS::EC2::EIP": {"AllocationId": "eipalloc-0a1b2c3d4e5f60718", "PublicIp": "192.0.2.1"},
    "AWS::EC2::FlowLog": {},
    "AWS::Logs::Delivery": {"DeliveryId": "0a1b2c3d4e5f6071"},
    "AWS::Logs::DeliveryDestination": {},
    "AWS::Logs::DeliverySource": {},
    "AWS::WAFv2::LoggingConfiguration": {},
    "Custom::VpcRestrictDefaultSG": {},
}

_SECRET = "AWS::SecretsManager::Secret"  # noqa: S105  # a type, not a password
_ROTATION = "AWS::SecretsManager::RotationSchedule"
_ASSOCIATION = "AWS::WAFv2::WebACLAssociation"
_COMPOSITE = "AWS::CloudWatch::CompositeAlarm"

_log = logging.getLogger(__name__)


def install(cloud: Cloud) -> None:
    """Register the missing types with the emulator's CloudFormation."""
    for kind, attributes in RECORDED.items():
        _record(kind, attributes)
    handlers.let_call(_ROTATION, _ASSOCIATION, _COMPOSITE)
    _add_rotation_schedule(cloud)
    _add_web_acl_association(cloud)
    _add_composite_alarm(cloud)
    _add_auto_delete_objects(cloud)
    handlers.wrap_deployment(_SECRET, _identified_by_arn)
    handlers.wrap_verbs(_SECRET, update=_found_by_name, delete=_found_by_name)


def _record(kind: str, attributes: Properties) -> None:
    def deploy(name: str, *_: Properties) -> Deployed:
        arn = f"arn:aws:{kind.split('::')[1].lower()}:{REGION}:{ACCOUNT}:{name}"
        return name, {"Id": name, "Arn": arn, **attributes}

    handlers.add_type(kind, deploy)


def _identified_by_arn(deploy: Deploy, properties: Properties, _name: str) -> Deployed:
    _, attributes = deploy(properties)
    return attributes["Arn"], attributes


def _found_by_name(original: Any, arn: str, *rest: Any) -> Any:
    """Hand the name to the emulator, to which Secrets Manager adds a hyphen and six characters."""
    return original(arn.rpartition(":")[2].rpartition("-")[0], *rest)


def _add_rotation_schedule(cloud: Cloud) -> None:
    """Set the rotation and, as on AWS, rotate at once unless told not to."""

    def deploy(_name: str, new: Properties, _old: Properties) -> Deployed:
        wanted = {name: new[name] for name in ("SecretId", "RotationLambdaARN")}
        at_once = str(new.get("RotateImmediatelyOnUpdate")).lower() != "false"
        rules = typed(new.get("RotationRules") or {})
        wanted |= {"RotationRules": rules, "RotateImmediately": at_once}
        cloud.client("secretsmanager").rotate_secret(**wanted)
        return new["SecretId"], {}

    handlers.add_type(_ROTATION, deploy)


def _add_web_acl_association(cloud: Cloud) -> None:
    """Tie a web ACL to a stage; the gateway in front of the emulator evaluates it."""

    def deploy(_name: str, new: Properties, _old: Properties) -> Deployed:
        tie = {name: new[name] for name in ("WebACLArn", "ResourceArn")}
        cloud.client("wafv2").associate_web_acl(**tie)
        return "|".join(tie.values()), {}

    def delete(_id: str, old: Properties) -> None:
        cloud.client("wafv2").disassociate_web_acl(ResourceArn=old["ResourceArn"])

    handlers.add_type(_ASSOCIATION, deploy, delete)


def _add_composite_alarm(cloud: Cloud) -> None:
    """Put an alarm on other alarms, whose properties are what the operation takes."""

    def deploy(name: str, new: Properties, _old: Properties) -> Deployed:
        wanted = {"AlarmName": name} | typed(new)
        cloud.client("cloudwatch").put_composite_alarm(**wanted)
        arn = f"arn:aws:cloudwatch:{REGION}:{ACCOUNT}:alarm:{wanted['AlarmName']}"
        return wanted["AlarmName"], {"Arn": arn}

    def delete(name: str, _old: Properties) -> None:
        cloud.client("cloudwatch").delete_alarms(AlarmNames=[name])

    handlers.add_type(_COMPOSITE, deploy, delete)


def _add_auto_delete_objects(cloud: Cloud) -> None:
    """Empty a bucket as the CDK's custom resource does, without its Node.js function."""

    def delete(_id: str, old: Properties) -> None:
        s3, bucket = cloud.client("s3"), old["BucketName"]
        try:
            for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket):
                found = page.get("Versions", []) + page.get("DeleteMarkers", [])
                keys = [{"Key": item["Key"], "VersionId": item["VersionId"]} for item in found]
                if keys:
                    s3.delete_objects(Bucket=bucket, Delete={"Objects": keys, "Quiet": True})
        except s3.exceptions.NoSuchBucket:
            _log.info("bucket %s is gone already", bucket)

    handlers.add_type("Custom::S3AutoDeleteObjects", lambda name, *_: (name, {}), delete)
