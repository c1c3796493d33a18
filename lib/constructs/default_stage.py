"""The stage that serves an HTTP API."""

import json

from aws_cdk import Stack
from aws_cdk import aws_apigatewayv2 as apigatewayv2
from aws_cdk import aws_kms as kms
from aws_cdk import aws_logs as logs

from lib.environment import Environment

_ACCESS_LOG = {
    "request_id": "$context.requestId",
    "time": "$context.requestTime",
    "ip": "$context.identity.sourceIp",
    "user_agent": "$context.identity.userAgent",
    "client_id": "$context.authorizer.claims.client_id",
    "route": "$context.routeKey",
    "status": "$context.status",
    "response_length": "$context.responseLength",
    "latency_ms": "$context.responseLatency",
    "integration_latency_ms": "$context.integrationLatency",
    "integration_error": "$context.integrationErrorMessage",
    "error": "$context.error.message",
}


class DefaultStage(apigatewayv2.CfnStage):
    """The stage `$default` of an API, which deploys itself.

    Fixed: throttled; an encrypted access log in JSON beside it, without tokens or bodies.
    """

    def __init__(
        self,
        scope: apigatewayv2.HttpApi,
        construct_id: str,
        *,
        environment: Environment,
        key: kms.IKey,
    ) -> None:
        # API Gateway writes a resource policy for every group outside /aws/vendedlogs/, and an
        # account has room for a few only.
        access_log = logs.LogGroup(
            scope,
            "AccessLog",
            log_group_name=f"/aws/vendedlogs/{Stack.of(scope).stack_name}-http-api",
            encryption_key=key,
            retention=environment.log_retention,
            removal_policy=environment.removal_policy,
        )
        super().__init__(
            scope,
            construct_id,
            api_id=scope.api_id,
            stage_name="$default",
            auto_deploy=True,
            access_log_settings=apigatewayv2.CfnStage.AccessLogSettingsProperty(
                destination_arn=access_log.log_group_arn, format=json.dumps(_ACCESS_LOG)
            ),
            default_route_settings=apigatewayv2.CfnStage.RouteSettingsProperty(
                detailed_metrics_enabled=True,
                throttling_rate_limit=environment.requests_per_second,
                throttling_burst_limit=environment.burst,
            ),
        )
