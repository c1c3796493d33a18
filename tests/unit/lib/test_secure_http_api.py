from typing import cast

import pytest
from aws_cdk import App
from aws_cdk.aws_apigatewayv2 import HttpMethod

from lib.constructs.secure_http_api import SecureHttpApi
from lib.constructs.service_function import ServiceFunction
from tests.unit.lib.bare import Bare


@pytest.mark.parametrize("reason", [None, ""])
def test_a_route_cannot_be_public_without_a_reason(reason: str | None) -> None:
    api = SecureHttpApi(Bare(App(), "Stack"), "Api", name="api")

    with pytest.raises(ValueError, match="/secrets: an API without an identity"):
        api.route(HttpMethod.GET, "/secrets", cast("ServiceFunction", None), public_because=reason)
