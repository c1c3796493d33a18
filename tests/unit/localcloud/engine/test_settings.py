"""Settings of templates: which the emulator drops, and that each holds here."""

from typing import Any

import pytest

from localcloud.engine import settings
from localcloud.reapplied import SETTINGS, DeployedSettings, Resource

KEY = "arn:aws:kms:us-east-1:000000000000:key/11111111-2222-3333-4444-555555555555"
GROUP = "arn:aws:logs:us-east-1:000000000000:log-group:g"
LOCK = {"Mode": "GOVERNANCE", "Days": 1}
ENCRYPTION = {"ServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": KEY}}
TEMPLATE: dict[str, dict[str, Any]] = {
    "Logs": {"Type": "AWS::S3::Bucket", "Properties": {}},
    "Bucket": {
        "Type": "AWS::S3::Bucket",
        "Properties": {
            "BucketEncryption": {"ServerSideEncryptionConfiguration": [ENCRYPTION]},
            "LifecycleConfiguration": {
                "Rules": [
                    {"Id": "old", "Status": "Enabled", "ExpirationInDays": "90"},
                    {"Id": "gone", "Status": "Enabled", "ExpiredObjectDeleteMarker": "true"},
                ]
            },
            "LoggingConfiguration": {"DestinationBucketName": {"Ref": "Logs"}},
            "VersioningConfiguration": {"Status": "Enabled"},
            "ObjectLockEnabled": True,
            "ObjectLockConfiguration": {
                "ObjectLockEnabled": "Enabled",
                "Rule": {"DefaultRetention": LOCK},
            },
            "OwnershipControls": {"Rules": [{"ObjectOwnership": "BucketOwnerPreferred"}]},
        },
    },
    "Table": {
        "Type": "AWS::DynamoDB::Table",
        "Properties": {
            "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
            "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
            "BillingMode": "PAY_PER_REQUEST",
            "SSESpecification": {"SSEEnabled": True, "KMSMasterKeyId": KEY, "SSEType": "KMS"},
            "PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": True},
        },
    },
    "Function": {
        "Type": "AWS::Lambda::Function",
        "Properties": {
            "Code": {"ZipFile": "def handler(event, context): pass"},
            "Handler": "index.handler",
            "KmsKeyArn": KEY,
            "Role": "arn:aws:iam::000000000000:role/function",
            "Runtime": "python3.11",
        },
    },
    "Topic": {"Type": "AWS::SNS::Topic", "Properties": {"KmsMasterKeyId": KEY}},
    "Api": {
        "Type": "AWS::ApiGatewayV2::Api",
        "Properties": {
            "Name": "api",
            "ProtocolType": "HTTP",
            "CorsConfiguration": {"AllowOrigins": ["http://a"], "MaxAge": "60"},
        },
    },
    "Stage": {
        "Type": "AWS::ApiGatewayV2::Stage",
        "Properties": {
            "ApiId": {"Ref": "Api"},
            "StageName": "$default",
            "DefaultRouteSettings": {"ThrottlingRateLimit": 1, "ThrottlingBurstLimit": 2},
        },
    },
    "Rest": {"Type": "AWS::ApiGateway::RestApi", "Properties": {"Name": "rest"}},
    "Method": {
        "Type": "AWS::ApiGateway::Method",
        "Properties": {
            "RestApiId": {"Ref": "Rest"},
            "ResourceId": {"Fn::GetAtt": ["Rest", "RootResourceId"]},
            "HttpMethod": "GET",
            "Integration": {"Type": "MOCK"},
        },
    },
    "Deployment": {
        "Type": "AWS::ApiGateway::Deployment",
        "DependsOn": ["Method"],
        "Properties": {"RestApiId": {"Ref": "Rest"}},
    },
    "RestStage": {
        "Type": "AWS::ApiGateway::Stage",
        "Properties": {
            "RestApiId": {"Ref": "Rest"},
            "DeploymentId": {"Ref": "Deployment"},
            "StageName": "prod",
            "AccessLogSetting": {"DestinationArn": GROUP, "Format": "f"},
        },
    },
}
EVERY = {setting.property for several in SETTINGS.values() for setting in several}


def resolved(value, ids):
    """A template's value with its references resolved."""
    if isinstance(value, dict):
        return (
            ids[value["Ref"]] if "Ref" in value else {n: resolved(v, ids) for n, v in value.items()}
        )
    return value


def holding(emulator, ids):
    """The properties that read back as the template says."""
    return {
        setting.property
        for name, resource in TEMPLATE.items()
        for setting in SETTINGS.get(resource["Type"], ())
        if setting.property in resource["Properties"]
        and setting.holds(
            emulator.client(setting.service),
            Resource(
                type=resource["Type"],
                id=ids[name],
                properties={n: resolved(v, ids) for n, v in resource["Properties"].items()},
            ),
        )
    }


def test_the_template_here_has_every_setting():
    named = {name for resource in TEMPLATE.values() for name in resource["Properties"]}

    assert named >= EVERY


def test_the_original_drops_them_all(emulator):
    assert holding(emulator, emulator.deploy(**TEMPLATE).ids) == set()


def test_every_setting_holds_when_its_resource_is_made(emulator, patch):
    patch(settings)

    assert holding(emulator, emulator.deploy(**TEMPLATE).ids) == EVERY


def test_a_setting_that_the_api_refuses_fails_the_deployment(emulator, patch):
    patch(settings)
    lock = TEMPLATE["Bucket"]["Properties"]["ObjectLockConfiguration"]  # of a bucket without locks

    stack = emulator.deploy(
        Bucket={"Type": "AWS::S3::Bucket", "Properties": {"ObjectLockConfiguration": lock}}
    )

    assert stack.status == "ROLLBACK_COMPLETE"


def test_what_is_to_be_read_back_is_kept_until_the_resource_goes(emulator, patch):
    cloud = patch(settings)
    stack = emulator.deploy(Topic=TEMPLATE["Topic"])
    [kept] = DeployedSettings(cloud.home).read()

    emulator.delete(stack.name)

    assert (kept.id, kept.properties["KmsMasterKeyId"]) == (stack.ids["Topic"], KEY)
    assert not DeployedSettings(cloud.home).read()


@pytest.mark.parametrize("key", [{}, {"KMSMasterKeyID": KEY}])
def test_a_key_of_awss_own_is_not_asked_of_the_emulator(emulator, patch, key):
    patch(settings)
    default = {"SSEAlgorithm": "aws:kms", **key}
    rules = {"ServerSideEncryptionConfiguration": [{"ServerSideEncryptionByDefault": default}]}

    stack = emulator.deploy(
        Bucket={"Type": "AWS::S3::Bucket", "Properties": {"BucketEncryption": rules}}
    )

    assert stack.status == "CREATE_COMPLETE"
