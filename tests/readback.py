"""What the AWS API tells of a deployed resource, for whoever compares it with the template.

`described` asks every call that describes a resource; `tells` looks for one property in the
answers. An API calls most properties as templates do; `NAMED` has those that it calls otherwise.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from localcloud.cloud import ACCOUNT, REGION

Json = dict[str, Any]
Clients = Callable[[str], Any]
# A call: the service, the operation and its parameters.
Call = tuple[str, str, Json]


class Reference(str):
    """What a template's reference leads to: the physical id, where it may mean the ARN."""

    __slots__ = ()


def _last(arn: str) -> str:
    return arn.rpartition("/")[2]


def _rest(path: str, **more: str) -> Callable[[str, Json], list[Call]]:
    """A call of the REST APIs' service about a part of an API.

    Args:
        path: The operation.
        more: The parameters besides `restApiId`, each with the property that it is, or `@`.
    """
    return lambda identity, properties: [
        (
            "apigateway",
            path,
            {"restApiId": properties["RestApiId"]}
            | {
                name: identity if which == "@" else properties[which]
                for name, which in more.items()
            },
        )
    ]


def _http(operation: str, **more: str) -> Callable[[str, Json], list[Call]]:
    return lambda identity, properties: [
        (
            "apigatewayv2",
            operation,
            {"ApiId": properties["ApiId"]}
            | {
                name: _last(identity) if which == "@" else properties[which]
                for name, which in more.items()
            },
        )
    ]


def _one(service: str, operation: str, parameter: str, *, listed: bool = False) -> Any:
    """A call whose one parameter is the resource's id."""
    return lambda identity, _: [
        (service, operation, {parameter: [identity] if listed else identity})
    ]


def _calls(service: str, parameter: str, *operations: str) -> Any:
    return lambda identity, _: [(service, each, {parameter: identity}) for each in operations]


def _ec2(operation: str, filter_name: str) -> Any:
    return lambda identity, _: [
        ("ec2", operation, {"Filters": [{"Name": filter_name, "Values": [identity]}]}),
        ("ec2", "describe_tags", {"Filters": [{"Name": "resource-id", "Values": [identity]}]}),
    ]


def _arn(service: str, rest: str, region: str = REGION) -> str:
    return f"arn:aws:{service}:{region}:{ACCOUNT}{rest}"


def _tags(service: str, rest: str, parameter: str, *, region: str = REGION) -> Call:
    return service, "list_tags_for_resource", {parameter: _arn(service, rest, region)}


def _scope(web_acl: str) -> str:
    return "global" if web_acl.endswith("CLOUDFRONT") else "regional"


_BUCKET = (
    *("encryption", "lifecycle_configuration", "logging", "ownership_controls", "policy"),
    *("tagging", "versioning"),
)
CALLS: dict[str, Callable[[str, Json], list[Call]]] = {
    "AWS::ApiGateway::ApiKey": _one("apigateway", "get_api_key", "apiKey"),
    "AWS::ApiGateway::Deployment": _rest("get_deployment", deploymentId="@"),
    "AWS::ApiGateway::GatewayResponse": _rest("get_gateway_response", responseType="ResponseType"),
    "AWS::ApiGateway::Method": _rest(
        "get_method", resourceId="ResourceId", httpMethod="HttpMethod"
    ),
    "AWS::ApiGateway::Model": _rest("get_model", modelName="@"),
    "AWS::ApiGateway::RequestValidator": _rest("get_request_validator", requestValidatorId="@"),
    "AWS::ApiGateway::Resource": _rest("get_resource", resourceId="@"),
    "AWS::ApiGateway::RestApi": _one("apigateway", "get_rest_api", "restApiId"),
    "AWS::ApiGateway::Stage": _rest("get_stage", stageName="StageName"),
    "AWS::ApiGateway::UsagePlan": _one("apigateway", "get_usage_plan", "usagePlanId"),
    "AWS::ApiGateway::UsagePlanKey": lambda _, properties: [
        ("apigateway", "get_usage_plan_keys", {"usagePlanId": properties["UsagePlanId"]})
    ],
    "AWS::ApiGatewayV2::Api": lambda identity, _: [
        ("apigatewayv2", "get_api", {"ApiId": identity})
    ],
    "AWS::ApiGatewayV2::Authorizer": _http("get_authorizer", AuthorizerId="@"),
    "AWS::ApiGatewayV2::Integration": _http("get_integration", IntegrationId="@"),
    "AWS::ApiGatewayV2::Route": _http("get_route", RouteId="@"),
    "AWS::ApiGatewayV2::Stage": _http("get_stage", StageName="StageName"),
    "AWS::Backup::BackupPlan": lambda identity, _: [
        ("backup", "get_backup_plan", {"BackupPlanId": identity}),
        ("backup", "list_tags", {"ResourceArn": _arn("backup", f":backup-plan:{identity}")}),
    ],
    "AWS::Backup::BackupSelection": lambda identity, properties: [
        (
            "backup",
            "get_backup_selection",
            {"BackupPlanId": properties["BackupPlanId"], "SelectionId": identity},
        )
    ],
    "AWS::Backup::BackupVault": lambda identity, _: [
        ("backup", "describe_backup_vault", {"BackupVaultName": identity}),
        ("backup", "list_tags", {"ResourceArn": _arn("backup", f":backup-vault:{identity}")}),
    ],
    "AWS::CloudFront::CachePolicy": _one("cloudfront", "get_cache_policy", "Id"),
    "AWS::CloudFront::Distribution": lambda identity, _: [
        ("cloudfront", "get_distribution", {"Id": identity}),
        _tags("cloudfront", f":distribution/{identity}", "Resource", region=""),
    ],
    "AWS::CloudFront::OriginAccessControl": _one("cloudfront", "get_origin_access_control", "Id"),
    "AWS::CloudFront::ResponseHeadersPolicy": _one(
        "cloudfront", "get_response_headers_policy", "Id"
    ),
    "AWS::CloudWatch::Alarm": lambda identity, _: [
        ("cloudwatch", "describe_alarms", {"AlarmNames": [identity]}),
        _tags("cloudwatch", f":alarm:{identity}", "ResourceARN"),
    ],
    "AWS::CloudWatch::CompositeAlarm": lambda identity, _: [
        (
            "cloudwatch",
            "describe_alarms",
            {"AlarmNames": [identity], "AlarmTypes": ["CompositeAlarm"]},
        ),
        _tags("cloudwatch", f":alarm:{identity}", "ResourceARN"),
    ],
    "AWS::CloudWatch::Dashboard": lambda identity, _: [
        ("cloudwatch", "get_dashboard", {"DashboardName": identity}),
        _tags("cloudwatch", f":dashboard/{identity}", "ResourceARN", region=""),
    ],
    "AWS::Cognito::UserPool": _one("cognito-idp", "describe_user_pool", "UserPoolId"),
    "AWS::Cognito::UserPoolClient": lambda identity, properties: [
        (
            "cognito-idp",
            "describe_user_pool_client",
            {"UserPoolId": properties["UserPoolId"], "ClientId": identity},
        )
    ],
    "AWS::Cognito::UserPoolDomain": _one("cognito-idp", "describe_user_pool_domain", "Domain"),
    "AWS::Cognito::UserPoolResourceServer": lambda _, properties: [
        (
            "cognito-idp",
            "describe_resource_server",
            {"UserPoolId": properties["UserPoolId"], "Identifier": properties["Identifier"]},
        )
    ],
    "AWS::DynamoDB::Table": lambda identity, _: [
        ("dynamodb", "describe_table", {"TableName": identity}),
        ("dynamodb", "describe_continuous_backups", {"TableName": identity}),
        (
            "dynamodb",
            "list_tags_of_resource",
            {"ResourceArn": _arn("dynamodb", f":table/{identity}")},
        ),
    ],
    "AWS::EC2::EIP": _ec2("describe_addresses", "allocation-id"),
    "AWS::EC2::FlowLog": _ec2("describe_flow_logs", "flow-log-id"),
    "AWS::EC2::InternetGateway": _ec2("describe_internet_gateways", "internet-gateway-id"),
    "AWS::EC2::NatGateway": _ec2("describe_nat_gateways", "nat-gateway-id"),
    "AWS::EC2::Route": lambda _, properties: [
        ("ec2", "describe_route_tables", {"RouteTableIds": [properties["RouteTableId"]]})
    ],
    "AWS::EC2::RouteTable": _ec2("describe_route_tables", "route-table-id"),
    "AWS::EC2::SecurityGroup": _ec2("describe_security_groups", "group-id"),
    "AWS::EC2::SecurityGroupEgress": lambda _, properties: [
        ("ec2", "describe_security_groups", {"GroupIds": [properties["GroupId"]]})
    ],
    "AWS::EC2::SecurityGroupIngress": lambda _, properties: [
        ("ec2", "describe_security_groups", {"GroupIds": [properties["GroupId"]]})
    ],
    "AWS::EC2::Subnet": _ec2("describe_subnets", "subnet-id"),
    "AWS::EC2::SubnetRouteTableAssociation": lambda _, properties: [
        ("ec2", "describe_route_tables", {"RouteTableIds": [properties["RouteTableId"]]})
    ],
    "AWS::EC2::VPC": lambda identity, _: [
        ("ec2", "describe_vpcs", {"VpcIds": [identity]}),
        *(
            ("ec2", "describe_vpc_attribute", {"VpcId": identity, "Attribute": name})
            for name in ("enableDnsHostnames", "enableDnsSupport")
        ),
    ],
    "AWS::EC2::VPCEndpoint": _ec2("describe_vpc_endpoints", "vpc-endpoint-id"),
    "AWS::EC2::VPCGatewayAttachment": lambda _, properties: [
        (
            "ec2",
            "describe_internet_gateways",
            {"InternetGatewayIds": [properties["InternetGatewayId"]]},
        )
    ],
    "AWS::IAM::ManagedPolicy": lambda identity, _: [
        ("iam", "get_policy", {"PolicyArn": identity}),
        ("iam", "get_policy_version", {"PolicyArn": identity, "VersionId": "v1"}),
    ],
    "AWS::IAM::Role": _calls(
        *("iam", "RoleName", "get_role", "list_attached_role_policies", "list_role_policies")
    ),
    "AWS::KMS::Alias": lambda *_: [("kms", "list_aliases", {})],
    "AWS::KMS::Key": lambda identity, _: [
        *_calls("kms", "KeyId", "describe_key", "get_key_rotation_status", "list_resource_tags")(
            identity, _
        ),
        ("kms", "get_key_policy", {"KeyId": identity, "PolicyName": "default"}),
    ],
    "AWS::Lambda::EventSourceMapping": lambda identity, _: [
        ("lambda", "get_event_source_mapping", {"UUID": identity}),
        ("lambda", "list_tags", {"Resource": _arn("lambda", f":event-source-mapping:{identity}")}),
    ],
    "AWS::Lambda::Function": _calls("lambda", "FunctionName", "get_function"),
    "AWS::Lambda::Permission": lambda _, properties: [
        ("lambda", "get_policy", {"FunctionName": properties["FunctionName"]})
    ],
    "AWS::Logs::Delivery": lambda *_: [("logs", "describe_deliveries", {})],
    "AWS::Logs::DeliveryDestination": lambda *_: [("logs", "describe_delivery_destinations", {})],
    "AWS::Logs::DeliverySource": lambda *_: [("logs", "describe_delivery_sources", {})],
    "AWS::Logs::LogGroup": lambda identity, _: [
        ("logs", "describe_log_groups", {"logGroupNamePrefix": identity}),
        ("logs", "list_tags_for_resource", {"resourceArn": _arn("logs", f":log-group:{identity}")}),
    ],
    "AWS::RDS::DBInstance": _one("rds", "describe_db_instances", "DBInstanceIdentifier"),
    "AWS::RDS::DBParameterGroup": _calls(
        *("rds", "DBParameterGroupName", "describe_db_parameter_groups", "describe_db_parameters")
    ),
    "AWS::RDS::DBSubnetGroup": _one("rds", "describe_db_subnet_groups", "DBSubnetGroupName"),
    "AWS::S3::Bucket": lambda identity, _: [
        *(("s3", f"get_bucket_{each}", {"Bucket": identity}) for each in _BUCKET),
        ("s3", "get_public_access_block", {"Bucket": identity}),
        ("s3", "get_object_lock_configuration", {"Bucket": identity}),
        ("s3", "list_buckets", {}),
    ],
    "AWS::S3::BucketPolicy": lambda _, properties: [
        ("s3", "get_bucket_policy", {"Bucket": properties["Bucket"]})
    ],
    "AWS::SNS::Subscription": lambda _, properties: [
        ("sns", "list_subscriptions_by_topic", {"TopicArn": properties["TopicArn"]})
    ],
    "AWS::SNS::Topic": lambda identity, _: [
        ("sns", "get_topic_attributes", {"TopicArn": identity}),
        ("sns", "list_tags_for_resource", {"ResourceArn": identity}),
    ],
    "AWS::SNS::TopicPolicy": lambda _, properties: [
        ("sns", "get_topic_attributes", {"TopicArn": topic}) for topic in properties["Topics"]
    ],
    "AWS::SQS::Queue": lambda identity, _: [
        ("sqs", "get_queue_attributes", {"QueueUrl": identity, "AttributeNames": ["All"]}),
        ("sqs", "list_queue_tags", {"QueueUrl": identity}),
    ],
    "AWS::SQS::QueuePolicy": lambda _, properties: [
        ("sqs", "get_queue_attributes", {"QueueUrl": queue, "AttributeNames": ["All"]})
        for queue in properties["Queues"]
    ],
    "AWS::SecretsManager::RotationSchedule": _one("secretsmanager", "describe_secret", "SecretId"),
    "AWS::SecretsManager::Secret": _one("secretsmanager", "describe_secret", "SecretId"),
    "AWS::SecretsManager::SecretTargetAttachment": lambda _, properties: [
        ("secretsmanager", "get_secret_value", {"SecretId": properties["SecretId"]})
    ],
    "AWS::WAFv2::LoggingConfiguration": lambda _, properties: [
        ("wafv2", "get_logging_configuration", {"ResourceArn": properties["ResourceArn"]})
    ],
    "AWS::WAFv2::WebACL": lambda identity, _: [
        (
            "wafv2",
            "get_web_acl",
            dict(zip(("Name", "Id", "Scope"), identity.split("|"), strict=True)),
        ),
        _tags(
            "wafv2",
            f":{_scope(identity)}/webacl/{'/'.join(identity.split('|')[:2])}",
            "ResourceARN",
        ),
    ],
    "AWS::WAFv2::WebACLAssociation": lambda _, properties: [
        ("wafv2", "get_web_acl_for_resource", {"ResourceArn": properties["ResourceArn"]})
    ],
}


def described(clients: Clients, kind: str, identity: str, properties: Json) -> list[Any]:
    """Ask everything that the API tells of a resource; what it refuses to tell is left out."""
    answers = []
    for service, operation, parameters in CALLS.get(kind, lambda *_: [])(identity, properties):
        try:
            answer = getattr(clients(service), operation)(**parameters)
        except (ClientError, BotoCoreError):
            continue
        answer.pop("ResponseMetadata", None)
        # What was asked about is told too: there is an answer.
        answers.append(answer | {"asked": parameters})
    return answers


# What the API calls a property, where the template calls it otherwise; after a `~`, what has the
# value somewhere within.
NAMED: dict[str, dict[str, str]] = {
    "AWS::ApiGateway::Method": {"Integration.IntegrationHttpMethod": "httpMethod"},
    "AWS::ApiGateway::Stage": {
        "MethodSettings.HttpMethod": "~methodSettings",
        "MethodSettings.ResourcePath": "~methodSettings",
    },
    "AWS::ApiGateway::UsagePlanKey": {"KeyId": "id", "KeyType": "type"},
    "AWS::Backup::BackupPlan": {
        "BackupPlan.BackupPlanRule.*": "Rules",
    },
    "AWS::CloudFront::Distribution": {
        "DistributionConfig.IPV6Enabled": "IsIPV6Enabled",
        "DistributionConfig.WebACLId": "~WebACLId",
        "DistributionConfig.Origins.OriginCustomHeaders.HeaderName": "HeaderName",
        "DistributionConfig.Origins.OriginCustomHeaders.HeaderValue": "HeaderValue",
    },
    "AWS::CloudWatch::Dashboard": {"DashboardBody": "DashboardBody"},
    "AWS::Cognito::UserPoolClient": {"GenerateSecret": "ClientSecret"},
    "AWS::DynamoDB::Table": {
        "PointInTimeRecoverySpecification.PointInTimeRecoveryEnabled": "PointInTimeRecoveryStatus",
        "SSESpecification.KMSMasterKeyId": "~KMSMasterKeyArn",
        "SSESpecification.SSEEnabled": "SSEDescription",
    },
    "AWS::EC2::SecurityGroup": {"GroupDescription": "Description"},
    "AWS::EC2::SecurityGroupEgress": {"DestinationSecurityGroupId": "~IpPermissionsEgress"},
    "AWS::EC2::SecurityGroupIngress": {"SourceSecurityGroupId": "~IpPermissions"},
    "AWS::IAM::ManagedPolicy": {"PolicyDocument.*": "Document"},
    "AWS::IAM::Role": {
        "ManagedPolicyArns": "PolicyArn",
        "Policies.PolicyName": "PolicyNames",
        "Policies.PolicyDocument.*": "PolicyNames",
    },
    "AWS::KMS::Key": {"EnableKeyRotation": "KeyRotationEnabled", "KeyPolicy.*": "Policy"},
    "AWS::Lambda::EventSourceMapping": {
        "EventSourceArn": "~EventSourceArn",
        "FunctionName": "~FunctionArn",
    },
    "AWS::Lambda::Permission": {
        "SourceAccount": "aws:SourceAccount",
        "SourceArn": "aws:SourceArn",
    },
    "AWS::RDS::DBInstance": {
        "EnableCloudwatchLogsExports": "EnabledCloudwatchLogsExports",
        "EnableIAMDatabaseAuthentication": "IAMDatabaseAuthenticationEnabled",
        "EnablePerformanceInsights": "PerformanceInsightsEnabled",
        "ManageMasterUserPassword": "SecretArn",
        "PerformanceInsightsKMSKeyId": "PerformanceInsightsKMSKeyId",
    },
    "AWS::RDS::DBParameterGroup": {"Family": "DBParameterGroupFamily"},
    "AWS::RDS::DBSubnetGroup": {"SubnetIds": "SubnetIdentifier"},
    "AWS::S3::Bucket": {
        "BucketName": "Bucket",
        "LifecycleConfiguration.Rules.ExpirationInDays": "Days",
        "LifecycleConfiguration.Rules.Transitions.TransitionInDays": "Days",
        "LoggingConfiguration.DestinationBucketName": "TargetBucket",
        "LoggingConfiguration.LogFilePrefix": "TargetPrefix",
        "ObjectLockEnabled": "ObjectLockEnabled",
    },
    "AWS::S3::BucketPolicy": {"PolicyDocument.*": "Policy"},
    "AWS::SNS::TopicPolicy": {"PolicyDocument.*": "Policy", "Topics": "TopicArn"},
    "AWS::SQS::Queue": {"QueueName": "~QueueArn"},
    "AWS::SQS::QueuePolicy": {"PolicyDocument.*": "Policy", "Queues": "QueueUrl"},
    "AWS::SecretsManager::SecretTargetAttachment": {"TargetId": "~host"},
    "AWS::WAFv2::WebACLAssociation": {"WebACLArn": "~ARN"},
}


# Whatever its value is there, it is told.
_PRESENT = ("GenerateSecret", "ManageMasterUserPassword")


def tells(answers: Any, kind: str, path: str, value: Any) -> bool:
    """Whether the answers have a property's value, under its name or the API's own for it."""
    last = path.removesuffix(".*").rpartition(".")[2]
    name = NAMED.get(kind, {}).get(path, last)
    if last.endswith("Tags"):
        # As lists here and as maps there; the app gives every resource this one.
        tags = [*_members(answers, "tags"), *_members(answers, "taglist")]
        return any(
            "Repository" in json.dumps(each) for each in [*tags, *_members(answers, "tagset")]
        )
    if name.startswith("~"):
        value = value if isinstance(value, dict) else Reference(_text(value))
    found = list(_members(answers, _plain(name)))
    if path.endswith(".*") or path in _PRESENT:
        return any(found) or (not value and bool(found))
    found += [one for each in found for one in _items(each)]
    if isinstance(value, list):
        return all(any(_is(each, one) for each in found) for one in value)
    return any(_is(each, value) for each in found)


def _members(answers: Any, name: str) -> Iterator[Any]:
    if isinstance(answers, str) and answers[:1] in ("{", "["):
        try:
            answers = json.loads(answers)
        except ValueError:
            return
    if isinstance(answers, dict):
        for member, value in answers.items():
            if _plain(member) == name:
                yield value
            yield from _members(value, name)
    elif isinstance(answers, list | tuple):
        for each in answers:
            yield from _members(each, name)


def _items(found: Any) -> list[Any]:
    if isinstance(found, dict):  # {"Quantity": 1, "Items": [...]} of CloudFront
        found = found.get("Items")
    return found if isinstance(found, list) else []


def _is(found: Any, value: Any) -> bool:
    if isinstance(value, dict):  # of a reference that leads further: there is something
        return bool(found) or not value
    if isinstance(value, list):
        return all(any(_is(each, one) for each in _items(found)) for one in value)
    if isinstance(value, Reference):
        names = (value, value.rpartition("/")[2], value.partition("|")[0])
        return any(name.lower() in json.dumps(found, default=str).lower() for name in names)
    if isinstance(found, dict):  # {"Value": true} of EC2, {"Status": ...} of others
        return any(_is(each, value) for each in found.values())
    return _text(found) == _text(value) or (value is True and _text(found) == "enabled")


def _text(value: Any) -> str:
    text = str(value).lower()
    return text.removesuffix(".0")


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())


def resolved(value: Any, ids: Mapping[str, str], clients: Clients) -> Any:
    """A template's value with its references to resources resolved, as far as that is simple.

    Args:
        value: Of a property, or a part of one.
        ids: The physical ids by logical id, and the pseudo parameters.
        clients: Makes a client of a service.
    """
    if isinstance(value, list):
        return [resolved(each, ids, clients) for each in value]
    if not isinstance(value, dict) or value.keys() == {"Ref"}:
        return ids.get(value["Ref"], value) if isinstance(value, dict) else value
    if value.keys() == {"Fn::GetAtt"}:
        return _attribute(value, ids, clients)
    if value.keys() == {"Fn::Join"}:
        parts = [resolved(each, ids, clients) for each in value["Fn::Join"][1]]
        exact = all(isinstance(part, str) and not isinstance(part, Reference) for part in parts)
        return value["Fn::Join"][0].join(parts) if exact else value
    return {name: resolved(each, ids, clients) for name, each in value.items()}


def _attribute(value: Json, ids: Mapping[str, str], clients: Clients) -> Any:
    resource, attribute = value["Fn::GetAtt"]
    if attribute == "RootResourceId":
        api = clients("apigateway").get_rest_api(restApiId=ids[resource])
        return api["rootResourceId"]
    far = ("DefaultSecurityGroup", "Endpoint", "DomainName", "Regional")
    if attribute.startswith(far) or resource not in ids:
        return value
    return Reference(ids[resource])


def values(properties: Any, path: Sequence[str]) -> Iterator[Any]:
    """Each value at a path; the items of a list share theirs."""
    if isinstance(properties, list) and path:
        for each in properties:
            yield from values(each, path)
    elif not path:
        yield properties
    elif isinstance(properties, dict) and path[0] in properties:
        yield from values(properties[path[0]], path[1:])
