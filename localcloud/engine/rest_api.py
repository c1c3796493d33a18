"""REST APIs: request validators of templates, API keys that are off, quotas, who calls.

Changes: A template's validator is made and tied to its methods. A key is on only where a template
    or an operator says so; UpdateApiKey heeds the text `false`. A quota's day, week or month is the
    calendar's, in UTC, on the clock that a drill puts forward; its offset is the day of the week or
    month that it begins with. A function is told the key's id, the peer's address and each value
    of a header.
Original: The validator is an id that nothing is behind. Any text is true, a key is on by default. A
    period begins with the first request. The address is 127.0.0.1, the key's id is missing,
    repeated headers are joined.
Fault: the emulator's; CloudFormation would make a validator with CreateRequestValidator,
    `_update_api_key` would compare a patch's value with `true`, `_check_quota` would go by the
    calendar, and `_build_lambda_event_v1` would have the key's id, the peer's address and every
    value of a header.
AWS:
    https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-api-usage-plans.html
    https://docs.aws.amazon.com/apigateway/latest/api/API_CreateApiKey.html
    Its pages contradict each other about the offset ("the day that a time period starts" is the
    older one); the service accepts 0 for days, 0 to 6 for weeks and 0 to 27 for months.
Checked: ministack 1.5.32, 1.5.33.

The handlers run on the emulator's event loop and before a deployment takes its snapshot of the
methods: they call the emulator's functions, because the public API would wait for itself.
"""

import json
import time
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from ministack.services import apigateway_v1
from ministack.services.cloudformation import provisioners

from localcloud.asgi import each_header
from localcloud.cloud import Cloud
from localcloud.engine.internals import need, replace
from localcloud.errors import CloudError
from localcloud.gateway.sent import SERVED, peer, values_by_name
from localcloud.metrics.clock import read_ahead

Properties = dict[str, Any]


def install(cloud: Cloud) -> None:
    """Create request validators, switch keys off and on, keep quotas, and tell who calls."""
    handlers = need(provisioners, "_RESOURCE_HANDLERS")
    handlers["AWS::ApiGateway::RequestValidator"] = _request_validator()
    handlers["AWS::ApiGateway::Method"] = _method(handlers["AWS::ApiGateway::Method"])
    handlers["AWS::ApiGateway::ApiKey"] = _api_key(handlers["AWS::ApiGateway::ApiKey"])
    replace(apigateway_v1, "_check_quota", _quota(cloud))
    replace(apigateway_v1, "_build_lambda_event_v1", _with_caller())
    replace(apigateway_v1, "_update_api_key", _switched())


def _request_validator() -> dict[str, Any]:
    create_validator = need(apigateway_v1, "_create_request_validator")
    delete_validator = need(apigateway_v1, "_delete_request_validator")

    def create(logical_id: str, properties: Properties, stack: str) -> tuple[str, Properties]:
        del stack
        wanted = {
            "name": properties.get("Name", logical_id),
            "validateRequestBody": _true(properties.get("ValidateRequestBody")),
            "validateRequestParameters": _true(properties.get("ValidateRequestParameters")),
        }
        made = json.loads(create_validator(properties["RestApiId"], wanted)[2])
        return made["id"], {"RequestValidatorId": made["id"]}

    def delete(physical_id: str, properties: Properties) -> None:
        delete_validator(properties["RestApiId"], physical_id)

    return {"create": create, "delete": delete}


def _method(handler: dict[str, Any]) -> dict[str, Any]:
    change = need(apigateway_v1, "_update_method")

    def tie(properties: Properties) -> None:
        if "RequestValidatorId" not in properties:
            return
        wanted = {"op": "replace", "path": "/requestValidatorId"}
        patch = {"patchOperations": [wanted | {"value": properties["RequestValidatorId"]}]}
        names = (properties["RestApiId"], properties["ResourceId"], properties["HttpMethod"])
        status, _, body = change(*names, patch)
        if status >= 400:
            raise CloudError(f"the emulator refused a request validator: {body!r}")

    def create(logical_id: str, properties: Properties, *rest: Any) -> Any:
        answer = handler["create"](logical_id, properties, *rest)
        tie(properties)
        return answer

    def update(physical_id: str, old: Properties, new: Properties, *rest: Any) -> Any:
        answer = handler["update"](physical_id, old, new, *rest)
        tie(new)
        return answer

    return {**handler, "create": create, "update": update}


def _api_key(handler: dict[str, Any]) -> dict[str, Any]:
    """A template's key, which may say `false` as text, and is off where it says nothing."""

    def told(properties: Properties) -> Properties:
        return {**properties, "Enabled": _true(properties.get("Enabled"))}

    return {
        **handler,
        "create": lambda name, new, *rest: handler["create"](name, told(new), *rest),
        "update": lambda name, old, new, *rest: handler["update"](name, old, told(new), *rest),
    }


def _quota(cloud: Cloud) -> Callable[..., Any]:
    plans_of = need(apigateway_v1, "_usage_plans_for_key")
    refuse = need(apigateway_v1, "_gw_error")
    message = need(apigateway_v1, "_GATEWAY_ERROR_MESSAGES")["QUOTA_EXCEEDED"]
    used: Counter[tuple[str, str, str]] = Counter()

    def check(key: Properties | None, api_id: str, stage: str) -> Any:
        if key is None:
            return None
        for plan_id, plan, _ in plans_of(key["id"], api_id, stage):
            quota = plan.get("quota") or {}
            now = time.time() + read_ahead(cloud.home)
            spent = (plan_id, key["id"], period_of(quota, now))
            if "limit" in quota and used[spent] >= int(quota["limit"]):
                return refuse("QUOTA_EXCEEDED", message)
            used[spent] += 1
        return None

    return check


def period_of(quota: Properties, now: float) -> str:
    """Name the period of a quota that a time (seconds since 1970) is in."""
    begins = datetime.fromtimestamp(now, UTC) - timedelta(days=int(quota.get("offset") or 0))
    sunday = begins - timedelta(days=begins.isoweekday() % 7)
    named = {"WEEK": f"{sunday:%Y-%m-%d}", "MONTH": f"{begins:%Y-%m}"}
    return named.get(str(quota.get("period")), f"{begins:%Y-%m-%d}")


def _with_caller() -> Callable[..., Properties]:
    """The event of a proxy integration with who calls, and each value of each header, as on AWS."""
    build = need(apigateway_v1, "_build_lambda_event_v1")
    keys = need(apigateway_v1, "_api_keys")

    def event(*arguments: Any, **named: Any) -> Properties:
        built: Properties = build(*arguments, **named)
        identity = built["requestContext"]["identity"]
        if served := SERVED.get():
            sent = values_by_name(each_header(served))
            built["multiValueHeaders"] = sent
            built["headers"] = {name: values[-1] for name, values in sent.items()}
            identity["sourceIp"] = peer(served)
        sent_key = {name.lower(): value for name, value in built["headers"].items()}.get(
            "x-api-key"
        )
        known = (key_id for key_id, key in keys.items() if sent_key and key["value"] == sent_key)
        identity["apiKeyId"] = next(known, None)
        return built

    return event


def _switched() -> Callable[[str, Properties], Any]:
    """UpdateApiKey, which is told `false` as text: the emulator takes any text for true."""
    change = need(apigateway_v1, "_update_api_key")

    def update(key_id: str, data: Properties) -> Any:
        patch = [
            {**each, "value": _true(each["value"])} if each.get("path") == "/enabled" else each
            for each in data.get("patchOperations", [])
        ]
        return change(key_id, {**data, "patchOperations": patch})

    return update


def _true(value: Any) -> bool:
    return str(value).lower() == "true"
