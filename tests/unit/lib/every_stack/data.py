"""Data at rest and on its way: buckets, queues, tables, secrets, logs."""

from collections.abc import Iterator
from typing import Any

from tests.unit.lib.every_stack.claim import claim, is_the_cdks_own, named, properties
from tests.unit.lib.policies import (
    ACCOUNT,
    REGION,
    Request,
    admits,
    is_for_everyone,
    listed,
    policies,
    resolved,
)
from tests.unit.synthesized import Json, SynthesizedStack

BLOCKS = ("BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets")
# Where CloudFormation has the key of what each type keeps.
KEYS: dict[str, tuple[tuple[str, ...], ...]] = {
    "AWS::Backup::BackupVault": (("EncryptionKeyArn",),),
    "AWS::DynamoDB::Table": (("SSESpecification", "KMSMasterKeyId"),),
    "AWS::Lambda::Function": (("KmsKeyArn",),),
    "AWS::Logs::LogGroup": (("KmsKeyId",),),
    "AWS::RDS::DBInstance": (
        ("KmsKeyId",),
        ("PerformanceInsightsKMSKeyId",),
        ("MasterUserSecret", "KmsKeyId"),
    ),
    "AWS::SNS::Topic": (("KmsMasterKeyId",),),
    "AWS::SQS::Queue": (("KmsMasterKeyId",),),
    "AWS::SecretsManager::Secret": (("KmsKeyId",),),
}
# The types of the app. A new one is added with a claim about it, if it keeps or opens anything.
KNOWN = {
    "ApiGateway": "ApiKey Deployment GatewayResponse Method Model RequestValidator Resource RestApi"
    " Stage UsagePlan UsagePlanKey",
    "ApiGatewayV2": "Api Authorizer Integration Route Stage",
    "Backup": "BackupPlan BackupSelection BackupVault",
    "CertificateManager": "Certificate",
    "CloudFront": "CachePolicy Distribution OriginAccessControl ResponseHeadersPolicy",
    "CloudWatch": "Alarm CompositeAlarm Dashboard",
    "CodeDeploy": "Application DeploymentGroup",
    "Cognito": "UserPool UserPoolClient UserPoolDomain UserPoolResourceServer",
    "DynamoDB": "Table",
    "EC2": "EIP FlowLog InternetGateway NatGateway Route RouteTable SecurityGroup"
    " SecurityGroupEgress SecurityGroupIngress Subnet SubnetRouteTableAssociation VPC VPCEndpoint"
    " VPCGatewayAttachment",
    "IAM": "ManagedPolicy Policy Role",
    "KMS": "Alias Key",
    "Lambda": "Alias EventSourceMapping Function Permission Url Version",
    "Logs": "Delivery DeliveryDestination DeliverySource LogGroup",
    "RDS": "DBInstance DBParameterGroup DBSubnetGroup",
    "S3": "Bucket BucketPolicy",
    "SNS": "Subscription Topic TopicPolicy",
    "SQS": "Queue QueuePolicy",
    "SecretsManager": "RotationSchedule Secret SecretTargetAttachment",
    "WAFv2": "LoggingConfiguration WebACL WebACLAssociation",
}


@claim
def every_type_of_resource_is_one_that_was_thought_of(stack: SynthesizedStack) -> Iterator[str]:
    for name, each in stack.template["Resources"].items():
        vendor, service, kind = ([*each["Type"].split("::"), ""])[:3]
        if vendor == "AWS" and kind not in KNOWN.get(service, "").split():
            yield name


@claim
def everything_at_rest_is_encrypted_with_a_key_of_the_stack(
    stack: SynthesizedStack,
) -> Iterator[str]:
    keys = stack.all("AWS::KMS::Key")
    for kind, wanted in KEYS.items():
        for name, each in properties(stack, kind).items():
            if not is_the_cdks_own(stack, name) and not all(
                named(_in(each, path)) in keys for path in wanted
            ):
                yield name


@claim
def every_bucket_is_encrypted_with_a_key_of_the_stack_or_says_why_not(
    stack: SynthesizedStack,
) -> Iterator[str]:
    for name, each in properties(stack, "AWS::S3::Bucket").items():
        rules = _in(each, ("BucketEncryption", "ServerSideEncryptionConfiguration")) or [{}]
        by_default = rules[0].get("ServerSideEncryptionByDefault", {})
        if named(by_default.get("KMSMasterKeyID")) in stack.all("AWS::KMS::Key"):
            if rules[0].get("BucketKeyEnabled") is not True:
                yield name
        elif not by_default or not _says_why(stack, name, "S3DefaultEncryptionKMS"):
            yield name


@claim
def every_bucket_is_private(stack: SynthesizedStack) -> Iterator[str]:
    for name, each in properties(stack, "AWS::S3::Bucket").items():
        blocked = each.get("PublicAccessBlockConfiguration", {})
        owner = _in(each, ("OwnershipControls", "Rules"))
        if (
            not all(blocked.get(setting) is True for setting in BLOCKS)
            or owner != [{"ObjectOwnership": "BucketOwnerEnforced"}]
            or {"AccessControl", "WebsiteConfiguration"} & set(each)
        ):
            yield name


@claim
def every_bucket_is_versioned_and_drops_what_is_old_or_unfinished(
    stack: SynthesizedStack,
) -> Iterator[str]:
    for name, each in properties(stack, "AWS::S3::Bucket").items():
        rules = _in(each, ("LifecycleConfiguration", "Rules")) or []
        everywhere = [rule for rule in rules if "Prefix" not in rule]
        if each.get("VersioningConfiguration") != {"Status": "Enabled"} or not any(
            rule.get("AbortIncompleteMultipartUpload") == {"DaysAfterInitiation": 1}
            and "NoncurrentVersionExpiration" in rule
            for rule in everywhere
        ):
            yield name


@claim
def every_bucket_logs_to_another_or_says_why_not(stack: SynthesizedStack) -> Iterator[str]:
    buckets = properties(stack, "AWS::S3::Bucket")
    for name, each in buckets.items():
        target = named(_in(each, ("LoggingConfiguration", "DestinationBucketName")))
        excused = not target and _says_why(stack, name, "CKV_AWS_18")
        if not excused and target not in buckets.keys() - {name}:
            yield name


@claim
def every_bucket_queue_and_topic_takes_tls_alone(stack: SynthesizedStack) -> Iterator[str]:
    for kind, policy_kind, holders in (
        ("AWS::S3::Bucket", "AWS::S3::BucketPolicy", "Bucket"),
        ("AWS::SQS::Queue", "AWS::SQS::QueuePolicy", "Queues"),
        ("AWS::SNS::Topic", "AWS::SNS::TopicPolicy", "Topics"),
    ):
        refusing = {
            named(holder)
            for each in properties(stack, policy_kind).values()
            for holder in listed(each[holders])
            if any(map(_refuses_clear_text, each["PolicyDocument"]["Statement"]))
        }
        yield from stack.all(kind).keys() - refusing


@claim
def every_queue_has_dead_letters_or_is_where_another_sends_them(
    stack: SynthesizedStack,
) -> Iterator[str]:
    queues = properties(stack, "AWS::SQS::Queue")
    targets = {
        name: named(each.get("RedrivePolicy", {}).get("deadLetterTargetArn"))
        for name, each in queues.items()
    }
    for name, each in queues.items():
        takes = each.get("RedriveAllowPolicy", {}).get("redrivePermission") == "byQueue"
        if targets[name] not in queues and not (name in targets.values() and takes):
            yield name


@claim
def every_table_can_be_restored_to_any_second(stack: SynthesizedStack) -> Iterator[str]:
    for name, each in properties(stack, "AWS::DynamoDB::Table").items():
        if not _in(each, ("PointInTimeRecoverySpecification", "PointInTimeRecoveryEnabled")):
            yield name


@claim
def every_secret_is_generated_and_rotated_or_says_why_not(
    stack: SynthesizedStack,
) -> Iterator[str]:
    attached = {
        name: named(each["SecretId"])
        for name, each in properties(stack, "AWS::SecretsManager::SecretTargetAttachment").items()
    }
    schedules = properties(stack, "AWS::SecretsManager::RotationSchedule").values()
    rotated = {
        attached.get(named(each["SecretId"]), named(each["SecretId"]))
        for each in schedules
        if each["RotationRules"] == {"AutomaticallyAfterDays": 30}
    }
    for name, each in properties(stack, "AWS::SecretsManager::Secret").items():
        made = each.get("GenerateSecretString", {})
        strong = made.get("PasswordLength", 0) >= 32 and "SecretString" not in each
        if not strong or not (name in rotated or _says_why(stack, name, "AwsSolutions-SMG4")):
            yield name


@claim
def every_database_is_private_and_rds_keeps_its_masters_password(
    stack: SynthesizedStack,
) -> Iterator[str]:
    for name, each in properties(stack, "AWS::RDS::DBInstance").items():
        if (
            each.get("PubliclyAccessible") is not False
            or each.get("StorageEncrypted") is not True
            or each.get("ManageMasterUserPassword") is not True
            or "MasterUserPassword" in each
        ):
            yield name


@claim
def every_key_is_rotated(stack: SynthesizedStack) -> Iterator[str]:
    for name, each in properties(stack, "AWS::KMS::Key").items():
        if each.get("EnableKeyRotation") is not True:
            yield name


@claim
def every_log_group_expires(stack: SynthesizedStack) -> Iterator[str]:
    for name, each in properties(stack, "AWS::Logs::LogGroup").items():
        if not each.get("RetentionInDays"):
            yield name


@claim
def cloudwatch_may_use_the_key_of_each_log_group_for_it_and_for_no_other_applications(
    stack: SynthesizedStack,
) -> Iterator[str]:
    holders = dict(policies(stack.template))
    for name, each in properties(stack, "AWS::Logs::LogGroup").items():
        policy = holders.get(named(each.get("KmsKeyId")), [])
        # CloudFormation names a group for its stack, its logical id and at random.
        own = resolved(each.get("LogGroupName", f"{stack.kind}{stack.suffix}-{name}-x1y2"))
        if not _encrypts(policy, own) or _encrypts(policy, "/aws/lambda/of-others"):
            yield name


def _encrypts(policy: list[Json], group: str) -> bool:
    arn = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{group}"
    context = {"kms:EncryptionContext:aws:logs:arn": arn}
    service = f"logs.{REGION}.amazonaws.com"
    return admits(policy, Request(service, "kms:GenerateDataKey", "a-key", context))


def _refuses_clear_text(statement: Json) -> bool:
    # On a bucket's own ARN and on its objects'; queues and topics have one ARN.
    service = listed(statement["Action"])[0].partition(":")[0]
    return (
        statement["Effect"] == "Deny"
        and is_for_everyone(statement["Principal"])
        and statement.get("Condition") == {"Bool": {"aws:SecureTransport": "false"}}
        and (listed(statement["Action"]) == [f"{service}:*"] or service == "sns")
        and len(listed(statement["Resource"])) == (2 if service == "s3" else 1)
    )


def _says_why(stack: SynthesizedStack, name: str, rule: str) -> bool:
    """Whether a rule, of whichever pack, is excused on the resource, with a reason."""
    return any(excused.endswith(rule) and why for excused, why in stack.excuses(name).items())


def _in(value: Json, path: tuple[str, ...]) -> Any:
    """What is at the end of a path through mappings; None when there is no such path."""
    found: Any = value
    for part in path:
        found = found.get(part) if isinstance(found, dict) else None
    return found
