"""What a release is asked before it gets traffic: each function answers that one request."""

import json
from pathlib import Path

import pytest

from tests.deployment import Deployment

pytestmark = pytest.mark.embedded
REQUEST = Path("services/release_check/request.json").read_bytes()


@pytest.mark.parametrize(
    ("stack", "output", "expected"),
    [
        ("TapStack", "ApiFunctionName", 400),
        ("TapStack", "HealthFunctionName", 200),
        ("PartnerApiStack", "LambdaFunctionName", 200),
        ("PartnerApiStack", "AuditWriterFunctionName", None),
        ("EcommerceStack", "StoreApiFunctionName", 403),
        ("EcommerceStack", "MigrationFunctionName", None),
    ],
)
def test_a_function_that_works_answers_the_request_of_a_releases_check(
    deployment: Deployment, stack: str, output: str, expected: int | None
) -> None:
    function = deployment.stack(stack)[output]

    answer = deployment.client("lambda").invoke(FunctionName=function, Payload=REQUEST)

    said = json.loads(answer["Payload"].read())
    assert "FunctionError" not in answer, said
    assert said.get("statusCode") == expected, said
