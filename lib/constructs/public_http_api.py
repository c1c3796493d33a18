"""An HTTP API for everyone."""

from aws_cdk import aws_apigatewayv2 as apigatewayv2
from aws_cdk import aws_kms as kms
from aws_cdk.aws_apigatewayv2_integrations import HttpLambdaIntegration
from constructs import Construct

from lib.acknowledgements import acknowledge
from lib.constructs.default_stage import DefaultStage
from lib.constructs.service_function import ServiceFunction
from lib.environment import Environment


class PublicHttpApi(apigatewayv2.HttpApi):
    """An HTTP API whose routes ask nobody who they are.

    Fixed: one throttled stage with an access log (`DefaultStage`); no browser of another origin.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        environment: Environment,
        api_name: str,
        key: kms.IKey,
    ) -> None:
        super().__init__(scope, construct_id, api_name=api_name, create_default_stage=False)
        DefaultStage(self, "Stage", environment=environment, key=key)

    def route(
        self, method: apigatewayv2.HttpMethod, path: str, to: ServiceFunction, *, public: str
    ) -> None:
        """Route requests to a function; `public` says why anyone may make them."""
        # Not `add_routes`: it leaves the path of jsii's temporary folder in the cloud assembly.
        route = apigatewayv2.HttpRoute(
            self,
            f"{method.value}{path.replace('/', '-')}",
            http_api=self,
            route_key=apigatewayv2.HttpRouteKey.with_(path, method),
            integration=HttpLambdaIntegration(f"{to.node.id}Integration", to.function),
        )
        acknowledge(route, "AwsSolutions-APIG4", reason=public)
