"""REST API of API Gateway, with API keys."""

import json
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, cast

from aws_cdk import aws_apigateway as apigateway
from constructs import Construct

from lib.acknowledgements import excuse
from lib.constructs.encryption_key import EncryptionKey
from lib.constructs.secure_log_group import SecureLogGroup, access_log
from lib.constructs.service_function import ServiceFunction
from lib.environment import Environment

_ERRORS = tomllib.loads(Path(__file__).with_name("gateway_errors.toml").read_text("utf-8"))
_REASON = "$context.error.messageString"  # quoted by API Gateway


class KeyedRestApi(Construct):
    """A regional REST API whose methods need an API key.

    Fixed: `tap-<name>-<suffix>` with a stage `prod`; every method but a browser's preflight needs a
    key; bodies and parameters are validated before a function runs; all keys together make at most
    `requests_per_second`, with bursts of twice as many; traced; two encrypted logs, of accesses in
    JSON and of API Gateway's own errors, neither with bodies, keys or anything else that a client
    words. API Gateway's own error responses have the form of the service's, without a `timestamp`,
    and tell nothing of how it is built.
    Defaults: browsers of the environment's allowed origins only, none when it has none.

    `schemas` say what the bodies of requests must be, in JSON Schema's draft 4, by their names in
    letters and digits.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        name: str,
        requests_per_second: int,
        schemas: Mapping[str, Mapping[str, Any]],
    ) -> None:
        super().__init__(scope, construct_id)
        self._schemas, self._rate = schemas, requests_per_second
        environment = Environment.of(self)
        self._origins = environment.allowed_origins
        log_group, log_format = access_log(self, name="rest-api")
        self.rest_api = apigateway.RestApi(
            self,
            "RestApi",
            rest_api_name=environment.named(name),
            endpoint_types=[apigateway.EndpointType.REGIONAL],
            cloud_watch_role=False,
            deploy_options=apigateway.StageOptions(
                stage_name="prod",
                throttling_rate_limit=requests_per_second,
                throttling_burst_limit=2 * requests_per_second,
                access_log_destination=apigateway.LogGroupLogDestination(log_group),
                access_log_format=apigateway.AccessLogFormat.custom(log_format),
                logging_level=apigateway.MethodLoggingLevel.ERROR,
                data_trace_enabled=False,
                tracing_enabled=True,
            ),
        )
        self.rest_api.node.try_remove_child("Endpoint")  # an output that the stack names itself
        self.stage = self.rest_api.deployment_stage
        self._add_error_log()
        self._validator = self.rest_api.add_request_validator(
            "Validator", validate_request_body=True, validate_request_parameters=True
        )
        self._add_errors(Construct(self, "Errors"))
        excuse(self.stage, "rest-api-stage")

    def _add_error_log(self) -> None:
        """Define the group that API Gateway would make itself, unencrypted and for ever."""
        name = "API-Gateway-Execution-Logs_"
        # The key's policy cannot name it: the API's id is known only after the key.
        EncryptionKey.of(self).allow_log_groups("ErrorLogsOfApiGateway", f"{name}*")
        name = f"{name}{self.rest_api.rest_api_id}/prod"
        self.stage.node.add_dependency(SecureLogGroup(self, "ErrorLog", log_group_name=name))

    def _add_errors(self, scope: Construct) -> None:
        """Define API Gateway's own error responses: its other kinds of 4xx and 5xx keep theirs.

        A request that no method takes is a 404, for which API Gateway would say that a token is
        missing. Their headers are fixed texts, which name the first of the origins: a page of
        another sees a failed request without its body.
        """
        headers = {}
        if self._origins:
            headers = {
                "Access-Control-Allow-Credentials": "'true'",
                "Access-Control-Allow-Origin": f"'{self._origins[0]}'",
                "Access-Control-Expose-Headers": "'retry-after,x-request-id'",
                "Vary": "'Origin'",
            }
        for kind, said in _ERRORS.items():
            wait = {"Retry-After": "'1'"} if said["code"] == "too_many_requests" else {}
            apigateway.GatewayResponse(
                scope,
                "".join(word.capitalize() for word in kind.split("_")),
                rest_api=self.rest_api,
                type=apigateway.ResponseType.of(kind),
                status_code=said.get("status"),
                response_headers={**headers, "x-request-id": "context.requestId", **wait},
                templates={"application/json": _error(said["code"], said["message"])},
            )

    def route(
        self,
        method: str,
        path: str,
        to: ServiceFunction,
        *,
        body: str | None = None,
        parameters: Sequence[str] = (),
    ) -> None:
        """Route requests with a key, for a resource such as `/items/{id}`, to a function.

        Without `body`, the name of its schema, the gateway lets any body pass. `parameters` are
        those that a request may have, such as `querystring.limit`.
        """
        resource = self.rest_api.root.resource_for_path(path)
        integration = apigateway.LambdaIntegration(
            to.live, allow_test_invoke=False, scope_permission_to_method=True
        )
        if self._origins and not resource.node.try_find_child("OPTIONS"):
            # Browsers ask, without a key, which they send none of, before they call.
            asked = resource.add_method("OPTIONS", integration, api_key_required=False)
            excuse(asked, "preflight")
        added = resource.add_method(
            method,
            integration,
            api_key_required=True,
            request_validator=self._validator,
            request_models={"application/json": self._model(body)} if body else None,
            request_parameters={f"method.request.{each}": False for each in parameters},
        )
        excuse(added, "keyed-method")

    def add_key(
        self, scope: Construct, *, requests_per_day: int
    ) -> tuple[apigateway.ApiKey, apigateway.UsagePlan]:
        """Define a partner's key and its plan, in a `scope` of their own.

        API Gateway makes the key's value, so that no template holds it; it may call as fast as all
        keys together; a day begins at midnight UTC.
        """
        key = apigateway.ApiKey(scope, "Key", description="A partner's key")
        plan = apigateway.UsagePlan(
            scope,
            "Plan",
            description="How fast and how much a partner may call in a day",
            api_stages=[apigateway.UsagePlanPerApiStage(api=self.rest_api, stage=self.stage)],
            throttle=apigateway.ThrottleSettings(rate_limit=self._rate, burst_limit=2 * self._rate),
            quota=apigateway.QuotaSettings(limit=requests_per_day, period=apigateway.Period.DAY),
        )
        plan.add_api_key(key)
        return key, plan

    def _model(self, name: str) -> apigateway.IModel:
        schema = self._schemas[name]
        model = apigateway.CfnModel(
            self,
            name,
            rest_api_id=self.rest_api.rest_api_id,
            content_type="application/json",
            schema=schema,
        )
        deployment = cast("apigateway.Deployment", self.rest_api.latest_deployment)
        deployment.node.add_dependency(model)
        deployment.add_to_logical_id(schema)  # a changed model is deployed
        return apigateway.Model.from_model_name(self, f"{name}Name", model.ref)


def _error(code: str, message: str) -> str:
    # It never repeats the validator's text, which quotes names with `"`: of all variables API
    # Gateway documents this message alone as quoted for JSON. See
    # https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-mapping-template-reference.html
    body = {
        "success": False,
        "error": {"code": code, "message": message},
        "request_id": "$context.requestId",
        "stage": "$context.stage",
    }
    return json.dumps(body).replace(f'"{_REASON}"', _REASON)
