"""The deployed functions and their roles."""

from dataclasses import dataclass

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


def _describe(deployment: Deployment, name: str) -> Function:
    found = deployment.client("lambda").get_function_configuration(FunctionName=name)
    return Function(
        name=found["FunctionName"],
        role_arn=found["Role"],
        log_group=found["LoggingConfig"]["LogGroup"],
        variables=found["Environment"]["Variables"],
    )
