"""What the source descriptions name is in a template, in the repository, or a deviation."""

import json
import re

import pytest

from tests.unit.docs.pages import ROOT
from tests.unit.synthesized import SynthesizedStack

PAGE = (ROOT / "docs/decisions/deviations.md").read_text("utf-8")
OUTPUTS = (
    *("ApiEndpoint", "S3BucketName", "DynamoDBTableName", "SecretArn", "KMSKeyId"),
    *("ApiGatewayUrl", "ApiKeyId", "WAFWebAclArn", "LambdaFunctionName", "LogsBucketName"),
    "CodeBucketName",
)
NAMES = (
    "alias/tap-application-key-dev",
    "tap-application-secrets-dev",
    "tap-data-table-dev",
    "tap-storage-bucket-dev-",
    "tap-api-function-dev",
    "/aws/lambda/tap-api-function-dev",
    "tap-health-function-dev",
    "tap-http-api-dev",
    "KMS key for TAP application encryption",
    "MyProject",
    "STAGE",
    "LOGS_BUCKET",
    "DeploymentDate",
)
VALUES = ("t3.micro", "15.4", "5432", "boto3", "us-west-2", "s3:PutObjectAcl", "{proxy+}")
TOOLS = (
    *("Pipfile", "requirements.txt", "tsconfig.json", "black lib/", "__init__.py"),
    *("pipenv run lint", "pipenv run test-py-unit", "pipenv run test-py-integration"),
    "test_tap_stack.py",
    "cdk deploy TapStack-dev",
)


@pytest.fixture(name="templates", scope="module")
def all_templates(dev: SynthesizedStack) -> str:
    return "\n".join(
        json.dumps(dev.other(kind).template)
        for kind in ("TapStack", "PartnerApiStack", "EcommerceStack")
    )


@pytest.mark.parametrize("name", [*OUTPUTS, *NAMES])
def test_each_name_of_a_source_is_in_a_template_or_a_deviation(name: str, templates: str) -> None:
    assert f'"{name}' in templates or f"`{name}`" in PAGE


@pytest.mark.parametrize("name", VALUES)
def test_each_value_of_a_source_that_is_not_used_is_a_deviation(name: str) -> None:
    assert name in PAGE


@pytest.mark.parametrize("name", TOOLS)
def test_each_tool_and_file_of_a_source_that_is_not_there_is_a_deviation(name: str) -> None:
    assert f"`{name}" in PAGE


def test_every_deviation_has_its_reason() -> None:
    rows = [line for line in PAGE.splitlines() if line.startswith("| ")]

    for row in rows:
        says, does, because = (cell.strip() for cell in re.split(r"(?<!\\)\|", row)[1:-1])
        assert says, row
        assert does, row
        assert because, row
