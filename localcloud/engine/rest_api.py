"""REST APIs: request validators of templates, API keys that are off, quotas, who calls.

Changes: A template's validator is made and tied to its methods. A key is on only where a template
    or an operator says so; UpdateApiKey heeds the text `false`. A quota's day, week or month is the
    calendar's, in UTC, on the clock that a drill puts forward; its offset is the day of the week or
    month that it begins with. A gateway response says why a body does not fit its model. A function
    is told the key's id, the peer's address and each value of a header.
Original: The validator is an id that nothing is behind. Any text is true, a key is on by default. A
    period begins with the first request. `$context.error.validationErrorString` stays as it is. The
    address is 127.0.0.1, the key's id is missing, repeated headers are joined.
Fault: the emulator's; CloudFormation would make a validator with CreateRequestValidator,
    `_update_api_key` would compare a patch's value with `true`, `_check_quota` would go by the
    calendar, `_check_request_validation` would tell its reason, and `_build_lambda_event_v1` would
    have the key's id, the peer's address and every value of a header.
AWS:
    https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-api-usage-plans.html
    https://docs.aws.amazon.com/apigateway/latest/api/API_CreateApiKey.html
    Its pages contradict each other about the offset ("the day that a time period starts" is the
    older one); the service accepts 0 for days, 0 to 6 for weeks and 0 to 27 for months.

The handlers run on the emulator's event loop and before a deployment takes its snapshot of the
methods: they call the emulator's functions, because the public API would wait for itself.
"""

import json
from collections import Counter
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

import fastjsonschema
from ministack.services import apigateway_v1

from localcloud.asgi import each_header
from localcloud.cloud import Cloud
from localcloud.engine.handlers import Deploy, Deployed, Properties, add_type, wrap_deployment
from localcloud.engine.internals import need, replace, wrap
from localcloud.errors import CloudError
from localcloud.gateway.sent import SERVED, peer, values_by_name
from localcloud.metrics.clock import Clock

_VARIABLE, _REASON = b"$context.error.validationErrorString", "validationErrorString"


def install(cloud: Cloud) -> None:
    """Create request validators, switch keys off and on, keep quotas, and tell who calls."""
    add_type("AWS::ApiGateway::RequestValidator", _deploy_validator, _delete_validator)
    wrap_deployment("AWS::ApiGateway::Method", _with_validator)
    wrap_deployment("AWS::ApiGateway::ApiKey", _off_by_default)
    wrap(apigateway_v1, "_update_api_key", _switch_key)
    wrap(apigateway_v1, "_check_request_validation", _with_reason)
    wrap(apigateway_v1, "_gateway_error_response", _telling_reason)
    wrap(apigateway_v1, "_build_lambda_event_v1", _with_caller)
    _keep_quotas(cloud)


def _deploy_validator(name: str, new: Properties, old: Properties) -> Deployed:
    if old:
        _delete_validator(name, old)
    wanted = {
        "name": new.get("Name", name),
        "validateRequestBody": _true(new.get("ValidateRequestBody")),
        "validateRequestParameters": _true(new.get("ValidateRequestParameters")),
    }
    create = need(apigateway_v1, "_create_request_validator")
    made = json.loads(create(new["RestApiId"], wanted)[2])
    return made["id"], {"RequestValidatorId": made["id"]}


def _delete_validator(validator_id: str, properties: Properties) -> None:
    need(apigateway_v1, "_delete_request_validator")(properties["RestApiId"], validator_id)


def _with_validator(deploy: Deploy, properties: Properties, _name: str) -> Deployed:
    made = deploy(properties)
    if "RequestValidatorId" in properties:
        wanted = {"op": "replace", "path": "/requestValidatorId"}
        patch = {"patchOperations": [wanted | {"value": properties["RequestValidatorId"]}]}
        names = (properties["RestApiId"], properties["ResourceId"], properties["HttpMethod"])
        status, _, body = need(apigateway_v1, "_update_method")(*names, patch)
        if status >= 400:
            raise CloudError(f"the emulator refused a request validator: {body!r}")
    return made


def _off_by_default(deploy: Deploy, properties: Properties, _name: str) -> Deployed:
    return deploy({**properties, "Enabled": _true(properties.get("Enabled"))})


def _switch_key(change: Any, key_id: str, data: Properties) -> Any:
    patch = [
        {**each, "value": _true(each["value"])} if each.get("path") == "/enabled" else each
        for each in data.get("patchOperations", [])
    ]
    return change(key_id, {**data, "patchOperations": patch})


def _true(value: Any) -> bool:
    return str(value).lower() == "true"


def _keep_quotas(cloud: Cloud) -> None:
    plans_of = need(apigateway_v1, "_usage_plans_for_key")
    refuse = need(apigateway_v1, "_gw_error")
    message = need(apigateway_v1, "_GATEWAY_ERROR_MESSAGES")["QUOTA_EXCEEDED"]
    used: Counter[tuple[str, str, str]] = Counter()

    def check(key: Properties | None, api_id: str, stage: str) -> Any:
        if key is None:
            return None
        for plan_id, plan, _ in plans_of(key["id"], api_id, stage):
            quota = plan.get("quota") or {}
            spent = (plan_id, key["id"], period_of(quota, Clock(cloud.home).now()))
            if "limit" in quota and used[spent] >= int(quota["limit"]):
                return refuse("QUOTA_EXCEEDED", message)
            used[spent] += 1
        return None

    replace(apigateway_v1, "_check_quota", check)


def period_of(quota: Properties, now: float) -> str:
    """Name the period of a quota that a time (seconds since 1970) is in."""
    begins = datetime.fromtimestamp(now, UTC) - timedelta(days=int(quota.get("offset") or 0))
    sunday = begins - timedelta(days=begins.isoweekday() % 7)
    named = {"WEEK": f"{sunday:%Y-%m-%d}", "MONTH": f"{begins:%Y-%m}"}
    return named.get(str(quota.get("period")), f"{begins:%Y-%m-%d}")


def _with_reason(check: Any, method: Properties, api: str, request: Properties, *sent: Any) -> Any:
    """Keep why a body does not fit its method's model for JSON, in brackets as AWS writes it."""
    error = check(method, api, request, *sent)
    model = (method.get("requestModels") or {}).get("application/json")
    if error and model:
        schema = need(apigateway_v1, "_model_schema")(api, model)
        request[_REASON] = why_invalid(json.dumps(schema), sent[1])
    return error


def why_invalid(schema: str, body: bytes) -> str:
    """Why a body does not fit a JSON schema."""
    try:
        _validator(schema)(json.loads(body))
    except fastjsonschema.JsonSchemaValueException as error:
        return f"[{error.message}]"
    except (ValueError, RecursionError):
        return "[the body is not JSON]"
    return "[the body does not fit the model]"


@lru_cache(maxsize=128)
def _validator(schema: str) -> Any:
    return fastjsonschema.compile(json.loads(schema))


def _telling_reason(render: Any, error: Any, request: Properties) -> Any:
    """Fill the reason in as it is: AWS promises no escaping, so a template that needs it breaks."""
    status, headers, body = render(error, request)
    return status, headers, body.replace(_VARIABLE, request.get(_REASON, "").encode())


def _with_caller(build: Any, *given: Any, **named: Any) -> Properties:
    """Make the event of a proxy integration, with who calls and each value of each header."""
    event: Properties = build(*given, **named)
    identity = event["requestContext"]["identity"]
    if served := SERVED.get():
        sent = values_by_name(each_header(served))
        event["multiValueHeaders"] = sent
        event["headers"] = {name: values[-1] for name, values in sent.items()}
        identity["sourceIp"] = peer(served)
    values = [value for name, value in event["headers"].items() if name.lower() == "x-api-key"]
    keys = need(apigateway_v1, "_api_keys").items()
    identity["apiKeyId"] = next((key_id for key_id, key in keys if key["value"] in values), None)
    return event
