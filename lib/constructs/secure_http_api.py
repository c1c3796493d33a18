"""HTTP API of API Gateway."""

from collections.abc import Sequence

from aws_cdk import Duration
from aws_cdk import aws_apigatewayv2 as apigatewayv2
from aws_cdk.aws_apigatewayv2_authorizers import HttpJwtAuthorizer
from aws_cdk.aws_apigatewayv2_integrations import HttpLambdaIntegration
from constructs import Construct

from lib.acknowledgements import excuse
from lib.constructs.machine_identity import MachineIdentity
from lib.constructs.secure_log_group import access_log
from lib.constructs.service_function import ServiceFunction
from lib.environment import Environment


class SecureHttpApi(apigatewayv2.HttpApi):
    """An HTTP API whose routes need a token, or say why they do not.

    Fixed: `tap-<name>-<suffix>` with one stage, `$default`, which deploys itself and is throttled
    as the environment says; an encrypted access log in JSON, without tokens or bodies.
    Defaults: without `identity`, which issues the tokens, every route must be public; without
    `origins`, no browser's page of another origin may call it.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        name: str,
        identity: MachineIdentity | None = None,
        origins: Sequence[str] = (),
    ) -> None:
        environment = Environment.of(scope)
        super().__init__(
            scope,
            construct_id,
            api_name=environment.named(name),
            create_default_stage=False,
            cors_preflight=_cors(origins),
        )
        self._authorizer, self._scopes = None, None
        if identity:
            audience = [identity.client.user_pool_client_id]
            self._authorizer = HttpJwtAuthorizer("Jwt", identity.issuer, jwt_audience=audience)
            self._scopes = identity.scopes
        log_group, log_format = access_log(self, name="http-api")
        apigatewayv2.CfnStage(
            self,
            "Stage",
            api_id=self.api_id,
            stage_name="$default",
            auto_deploy=True,
            access_log_settings=apigatewayv2.CfnStage.AccessLogSettingsProperty(
                destination_arn=log_group.log_group_arn, format=log_format
            ),
            default_route_settings=apigatewayv2.CfnStage.RouteSettingsProperty(
                throttling_rate_limit=environment.requests_per_second,
                throttling_burst_limit=environment.burst,
            ),
        )

    def route(
        self,
        method: apigatewayv2.HttpMethod,
        path: str,
        to: ServiceFunction,
        *,
        public_because: str | None = None,
    ) -> None:
        """Route requests for a path such as `/items/{id}` to a function.

        Without `public_because`, which says why anyone may make them, they need a token with one of
        the identity's scopes; `ValueError` for an API without an identity to issue it.
        """
        if not public_because and self._authorizer is None:
            raise ValueError(f"{path}: an API without an identity has public routes only")
        # Not `add_routes`: it leaves the path of jsii's temporary folder in the cloud assembly.
        route = apigatewayv2.HttpRoute(
            self,
            f"{method.value}{path.replace('/', '-')}",
            http_api=self,
            route_key=apigatewayv2.HttpRouteKey.with_(path, method),
            integration=HttpLambdaIntegration(f"{to.node.id}Integration", to.live),
            authorizer=apigatewayv2.HttpNoneAuthorizer() if public_because else self._authorizer,
            authorization_scopes=None if public_because else self._scopes,
        )
        if public_because:
            excuse(route, "public-route", because=public_because)


def _cors(origins: Sequence[str]) -> apigatewayv2.CorsPreflightOptions | None:
    if not origins:
        return None
    return apigatewayv2.CorsPreflightOptions(
        allow_origins=list(origins),
        allow_methods=[apigatewayv2.CorsHttpMethod.GET, apigatewayv2.CorsHttpMethod.POST],
        allow_headers=["authorization", "content-type"],
        expose_headers=["retry-after", "x-request-id"],
        max_age=Duration.hours(1),
    )
