"""The deployed functions and their roles."""

import json
from dataclasses import dataclass
from typing import Any

import pytest

from tests.deployment import Deployment


@dataclass(frozen=True, kw_only=True)
class Function:
    """A deployed function, as Lambda describes it."""

    name: str
    role_arn: str
    log_group: str
    variables: dict[str, str]


@pytest.fixture(scope="session")
def functions(deployment: Deployment) -> dict[str, Function]:
    """The three functions, as api, health and rotation."""
    secret = deployment.client("secretsmanager").describe_secret(
        SecretId=deployment.outputs["SecretArn"]
    )
    return {
        "api": _describe(deployment, deployment.outputs["ApiFunctionName"]),
        "health": _describe(deployment, deployment.outputs["HealthFunctionName"]),
        "rotation": _describe(deployment, secret["RotationLambdaARN"]),
    }


@pytest.fixture(scope="session")
def policies(
    deployment: Deployment, functions: dict[str, Function]
) -> dict[str, list[dict[str, Any]]]:
    """The statements of every policy attached to each function's role."""
    return {
        name: _statements(deployment, function.role_arn.rpartition("/")[2])
        for name, function in functions.items()
    }


def _describe(deployment: Deployment, name: str) -> Function:
    found = deployment.client("lambda").get_function_configuration(FunctionName=name)
    return Function(
        name=found["FunctionName"],
        role_arn=found["Role"],
        log_group=found["LoggingConfig"]["LogGroup"],
        variables=found["Environment"]["Variables"],
    )


def _statements(deployment: Deployment, role: str) -> list[dict[str, Any]]:
    iam = deployment.client("iam")
    assert not iam.list_role_policies(RoleName=role)["PolicyNames"], "a policy inside the role"
    statements = []
    for attached in iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"]:
        arn = attached["PolicyArn"]
        version = iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
        found = iam.get_policy_version(PolicyArn=arn, VersionId=version)["PolicyVersion"]
        document = found["Document"]
        loaded = json.loads(document) if isinstance(document, str) else document
        statements += loaded["Statement"]
    return statements
