"""Each function's role can do what the function needs, and nothing else."""

from typing import Any

import pytest

from tests.deployment import Deployment

WRITES_LOGS_AND_TRACES = {
    "logs:CreateLogStream",
    "logs:PutLogEvents",
    "xray:PutTelemetryRecords",
    "xray:PutTraceSegments",
}
NEEDED = {
    "api": {
        "dynamodb:BatchGetItem",
        "dynamodb:DeleteItem",
        "dynamodb:GetItem",
        "dynamodb:PutItem",
        "dynamodb:Query",
        "dynamodb:Scan",
        "dynamodb:UpdateItem",
        "kms:Decrypt",
        "kms:GenerateDataKey",
        "s3:DeleteObject",
        "s3:GetObject",
        "s3:PutObject",
        "secretsmanager:DescribeSecret",
        "secretsmanager:GetSecretValue",
    },
    "health": {
        "dynamodb:DescribeTable",
        "kms:Decrypt",
        "s3:GetBucketLocation",
        "secretsmanager:GetSecretValue",
    },
    "rotation": {
        "kms:Decrypt",
        "kms:GenerateDataKey",
        "secretsmanager:DescribeSecret",
        "secretsmanager:GetRandomPassword",
        "secretsmanager:GetSecretValue",
        "secretsmanager:PutSecretValue",
        "secretsmanager:UpdateSecretVersionStage",
    },
}
ALLOWED = [
    *[
        ("api", action, "index" if "Query" in action else "table")
        for action in sorted(NEEDED["api"])
        if "dynamodb" in action
    ],
    ("api", "s3:DeleteObject", "upload"),
    ("api", "s3:GetObject", "upload"),
    ("api", "s3:PutObject", "upload"),
    ("api", "secretsmanager:GetSecretValue", "secret"),
    ("health", "dynamodb:DescribeTable", "table"),
    ("health", "s3:GetBucketLocation", "bucket"),
    ("health", "secretsmanager:GetSecretValue", "secret"),
    *[
        ("rotation", action, "any" if "Random" in action else "secret")
        for action in sorted(NEEDED["rotation"])
        if "secretsmanager" in action
    ],
]
REFUSED = [
    ("api", "dynamodb:DeleteTable", "table"),
    ("api", "dynamodb:UpdateTable", "table"),
    ("api", "dynamodb:CreateBackup", "table"),
    ("api", "dynamodb:GetItem", "other table"),
    ("api", "dynamodb:Scan", "other table"),
    ("api", "dynamodb:Query", "table"),
    ("api", "dynamodb:Scan", "index"),
    ("api", "dynamodb:ListTables", "any"),
    ("api", "s3:GetObject", "object besides uploads"),
    ("api", "s3:PutObject", "object besides uploads"),
    ("api", "s3:DeleteObject", "object besides uploads"),
    ("api", "s3:DeleteObjectVersion", "upload"),
    ("api", "s3:ListBucket", "bucket"),
    ("api", "s3:PutBucketPolicy", "bucket"),
    ("api", "s3:ListAllMyBuckets", "any"),
    ("api", "secretsmanager:GetSecretValue", "other secret"),
    ("api", "secretsmanager:ListSecrets", "any"),
    ("api", "secretsmanager:PutSecretValue", "secret"),
    ("api", "secretsmanager:RotateSecret", "secret"),
    ("api", "kms:Decrypt", "key"),  # but through the services that store what it encrypts
    ("api", "kms:ScheduleKeyDeletion", "key"),
    ("api", "lambda:InvokeFunction", "any"),
    ("api", "iam:PassRole", "any"),
    ("api", "sts:AssumeRole", "any"),
    ("health", "dynamodb:GetItem", "table"),
    ("health", "dynamodb:Scan", "table"),
    ("health", "dynamodb:PutItem", "table"),
    ("health", "s3:GetObject", "upload"),
    ("health", "s3:PutObject", "upload"),
    ("health", "s3:ListBucket", "bucket"),
    ("health", "secretsmanager:GetSecretValue", "other secret"),
    ("health", "kms:Decrypt", "key"),
    ("rotation", "secretsmanager:GetSecretValue", "other secret"),
    ("rotation", "secretsmanager:PutSecretValue", "other secret"),
    ("rotation", "secretsmanager:DeleteSecret", "secret"),
    ("rotation", "dynamodb:GetItem", "table"),
    ("rotation", "s3:GetObject", "upload"),
]


@pytest.fixture(scope="module")
def resources(deployment: Deployment) -> dict[str, str]:
    """The ARNs of what the tests name in words."""
    outputs = deployment.outputs
    table = deployment.client("dynamodb").describe_table(TableName=outputs["DynamoDBTableName"])[
        "Table"
    ]["TableArn"]
    key = deployment.client("kms").describe_key(KeyId=outputs["KMSKeyId"])["KeyMetadata"]["Arn"]
    bucket = f"arn:aws:s3:::{outputs['S3BucketName']}"
    return {
        "any": "*",
        "table": table,
        "other table": f"{table}-other",
        "index": f"{table}/index/listed",
        "bucket": bucket,
        "upload": f"{bucket}/uploads/a",
        "object besides uploads": f"{bucket}/private/a",
        "secret": outputs["SecretArn"],
        "other secret": f"{outputs['SecretArn'].rpartition(':')[0]}:other-AbCdEf",
        "key": key,
    }


@pytest.mark.parametrize("name", NEEDED)
def test_a_role_names_the_actions_it_needs_and_no_more(
    policies: dict[str, list[dict[str, Any]]], name: str
) -> None:
    named = [_listed(statement["Action"]) for statement in policies[name]]

    assert set().union(*named) == NEEDED[name] | WRITES_LOGS_AND_TRACES


@pytest.mark.parametrize("name", NEEDED)
def test_a_role_names_every_resource_where_the_service_has_one(
    policies: dict[str, list[dict[str, Any]]], name: str
) -> None:
    unbound = [
        _listed(statement["Action"])
        for statement in policies[name]
        if "*" in _listed(statement["Resource"])
    ]

    without_resources = {
        "secretsmanager:GetRandomPassword",
        "xray:PutTelemetryRecords",
        "xray:PutTraceSegments",
    }
    assert set().union(*unbound) <= without_resources


@pytest.mark.parametrize(("name", "action", "resource"), ALLOWED)
def test_a_role_may(
    deployment: Deployment,
    functions: Any,
    resources: dict[str, str],
    name: str,
    action: str,
    resource: str,
) -> None:
    role = functions[name].role_arn

    assert _decision(deployment, role, action, resources[resource]) == "allowed"


@pytest.mark.parametrize(("name", "action", "resource"), REFUSED)
def test_a_role_may_not(
    deployment: Deployment,
    functions: Any,
    resources: dict[str, str],
    name: str,
    action: str,
    resource: str,
) -> None:
    role = functions[name].role_arn

    assert _decision(deployment, role, action, resources[resource]) == "implicitDeny"


@pytest.mark.parametrize("name", NEEDED)
def test_a_role_writes_to_its_own_log_alone(
    deployment: Deployment, functions: Any, name: str
) -> None:
    groups = {
        other: f"arn:aws:logs:{deployment.region}:"
        f"{function.role_arn.split(':')[4]}:log-group:{function.log_group}:log-stream:a"
        for other, function in functions.items()
    }

    decisions = {
        other: _decision(deployment, functions[name].role_arn, "logs:PutLogEvents", group)
        for other, group in groups.items()
    }

    assert decisions == {
        other: "allowed" if other == name else "implicitDeny" for other in functions
    }


def test_no_two_functions_share_a_role(functions: Any) -> None:
    assert len({function.role_arn for function in functions.values()}) == len(functions)


def test_only_lambda_may_assume_the_roles(deployment: Deployment, functions: Any) -> None:
    iam = deployment.client("iam")
    for function in functions.values():
        role = iam.get_role(RoleName=function.role_arn.rpartition("/")[2])["Role"]
        [statement] = role["AssumeRolePolicyDocument"]["Statement"]
        assert statement["Principal"] == {"Service": "lambda.amazonaws.com"}


def _listed(value: str | list[str]) -> set[str]:
    return {value} if isinstance(value, str) else set(value)


def _decision(deployment: Deployment, role: str, action: str, resource: str) -> str:
    answer = deployment.client("iam").simulate_principal_policy(
        PolicySourceArn=role, ActionNames=[action], ResourceArns=[resource]
    )
    return str(answer["EvaluationResults"][0]["EvalDecision"])
