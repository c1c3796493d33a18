"""REST API of API Gateway, with API keys."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, cast

from aws_cdk import aws_apigateway as apigateway
from constructs import Construct

from lib.acknowledgements import excuse
from lib.constructs.encryption_key import EncryptionKey
from lib.constructs.gateway_errors import GatewayErrors
from lib.constructs.secure_log_group import SecureLogGroup, access_log
from lib.constructs.service_function import ServiceFunction
from lib.environment import Environment


class RequestModel(NamedTuple):
    """What a JSON body must be: a name in letters and digits, a schema in JSON Schema's draft 4."""

    name: str
    schema: Mapping[str, Any]


class KeyedRestApi(Construct):
    """A regional REST API whose methods need an API key.

    Fixed: `tap-<name>-<suffix>` with a stage `prod`; every method but a browser's preflight needs a
    key; bodies and parameters are validated before a function runs; all keys together make at most
    `requests_per_second`, with bursts of twice as many; traced; two encrypted logs, of accesses in
    JSON and of API Gateway's own errors, neither with bodies, keys or anything else that a client
    words.
    Defaults: browsers of the environment's allowed origins only, none when it has none.
    """

    def __init__(
        self, scope: Construct, construct_id: str, *, name: str, requests_per_second: int
    ) -> None:
        super().__init__(scope, construct_id)
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
        GatewayErrors(self, "Errors", api=self.rest_api, origins=self._origins)
        excuse(self.stage, "rest-api-stage")

    def _add_error_log(self) -> None:
        """Define the group that API Gateway would make itself, unencrypted and for ever."""
        name = "API-Gateway-Execution-Logs_"
        # The key's policy cannot name it: the API's id is known only after the key.
        EncryptionKey.of(self).allow_log_groups("ErrorLogsOfApiGateway", f"{name}*")
        name = f"{name}{self.rest_api.rest_api_id}/prod"
        self.stage.node.add_dependency(SecureLogGroup(self, "ErrorLog", log_group_name=name))

    def route(
        self,
        method: str,
        path: str,
        to: ServiceFunction,
        *,
        body: RequestModel | None = None,
        parameters: Sequence[str] = (),
    ) -> None:
        """Route requests with a key, for a resource such as `/items/{id}`, to a function.

        Without `body`, the gateway lets any body pass. `parameters` are those that a request may
        have, such as `querystring.limit`.
        """
        resource = self.rest_api.root.resource_for_path(path)
        integration = apigateway.LambdaIntegration(
            to.lambda_function, allow_test_invoke=False, scope_permission_to_method=True
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

    def _model(self, body: RequestModel) -> apigateway.IModel:
        model = apigateway.CfnModel(
            self,
            body.name,
            rest_api_id=self.rest_api.rest_api_id,
            content_type="application/json",
            schema=body.schema,
        )
        deployment = cast("apigateway.Deployment", self.rest_api.latest_deployment)
        deployment.node.add_dependency(model)
        deployment.add_to_logical_id(body.schema)  # a changed model is deployed
        return apigateway.Model.from_model_name(self, f"{body.name}Name", model.ref)
