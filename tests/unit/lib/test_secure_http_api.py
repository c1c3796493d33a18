from typing import cast

import pytest
from aws_cdk import App, Stack
from aws_cdk import aws_kms as kms
from aws_cdk.aws_apigatewayv2 import HttpMethod

from lib.constructs.secure_http_api import SecureHttpApi
from lib.constructs.service_function import ServiceFunction
from lib.environment import Environment


@pytest.mark.parametrize("reason", [None, ""])
def test_a_route_cannot_be_public_without_a_reason(reason: str | None) -> None:
    stack = Stack(App(), "Stack")
    api = SecureHttpApi(
        stack,
        "Api",
        environment=Environment.resolve(stack.node, environ={}),
        api_name="api",
        key=kms.Key(stack, "Key"),
    )

    with pytest.raises(ValueError, match="/secrets: an API without an identity"):
        api.route(HttpMethod.GET, "/secrets", cast("ServiceFunction", None), public_because=reason)
