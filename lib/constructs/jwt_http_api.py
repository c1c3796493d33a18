"""An HTTP API that asks for a token."""

from aws_cdk import Duration
from aws_cdk import aws_apigatewayv2 as apigatewayv2
from aws_cdk import aws_kms as kms
from aws_cdk.aws_apigatewayv2_authorizers import HttpJwtAuthorizer
from aws_cdk.aws_apigatewayv2_integrations import HttpLambdaIntegration
from constructs import Construct

from lib.acknowledgements import acknowledge
from lib.constructs.default_stage import DefaultStage
from lib.constructs.machine_identity import MachineIdentity
from lib.constructs.service_function import ServiceFunction
from lib.environment import Environment


class JwtHttpApi(apigatewayv2.HttpApi):
    """An HTTP API whose routes need a token of the given issuer unless they say otherwise.

    Fixed: one throttled stage with an access log (`DefaultStage`).
    Defaults: browsers of the environment's allowed origins only, none when it has none.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        environment: Environment,
        api_name: str,
        identity: MachineIdentity,
        key: kms.IKey,
    ) -> None:
        super().__init__(
            scope,
            construct_id,
            api_name=api_name,
            create_default_stage=False,
            cors_preflight=_cors(environment),
        )
        self._authorizer = HttpJwtAuthorizer(
            "Jwt", identity.issuer, jwt_audience=[identity.client.user_pool_client_id]
        )
        self._scopes = identity.scopes
        DefaultStage(self, "Stage", environment=environment, key=key)

    def route(
        self,
        method: apigatewayv2.HttpMethod,
        path: str,
        to: ServiceFunction,
        *,
        public: bool = False,
    ) -> None:
        """Route requests to a function; with `public`, without a token."""
        # Not `add_routes`: it leaves the path of jsii's temporary folder in the cloud assembly.
        route = apigatewayv2.HttpRoute(
            self,
            f"{method.value}{path.replace('/', '-')}",
            http_api=self,
            route_key=apigatewayv2.HttpRouteKey.with_(path, method),
            integration=HttpLambdaIntegration(f"{to.node.id}Integration", to.function),
            authorizer=apigatewayv2.HttpNoneAuthorizer() if public else self._authorizer,
            authorization_scopes=[] if public else self._scopes,
        )
        if public:
            acknowledge(
                route,
                "AwsSolutions-APIG4",
                reason="Public on purpose: load balancers and people ask it without a token, and "
                "it says no more than up or down.",
            )


def _cors(environment: Environment) -> apigatewayv2.CorsPreflightOptions | None:
    if not environment.allowed_origins:
        return None
    return apigatewayv2.CorsPreflightOptions(
        allow_origins=list(environment.allowed_origins),
        allow_methods=[apigatewayv2.CorsHttpMethod.GET, apigatewayv2.CorsHttpMethod.POST],
        allow_headers=["authorization", "content-type"],
        expose_headers=["retry-after", "x-request-id"],
        max_age=Duration.hours(1),
    )
