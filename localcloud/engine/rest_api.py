"""REST APIs: request validators of templates, API keys that can be switched off, who calls.

Changes: A template's validator is made and tied to its methods. UpdateApiKey heeds the text
    `false`. A function is told the key's id, the peer's address and each value of a header.
Original: The validator is an id that nothing is behind. Any text is true. The address is
    127.0.0.1, the key's id is missing, repeated headers are joined.
Fault: the emulator's; CloudFormation would make a validator with CreateRequestValidator,
    `_update_api_key` would compare a patch's value with `true`, and `_build_lambda_event_v1` would
    have the key's id, the peer's address and every value of a header.
Checked: ministack 1.5.32, 1.5.33.

The handlers run on the emulator's event loop and before a deployment takes its snapshot of the
methods: they call the emulator's functions, because the public API would wait for itself.
"""

import json
from collections.abc import Callable
from typing import Any

from ministack.services import apigateway_v1
from ministack.services.cloudformation import provisioners

from localcloud.asgi import each_header
from localcloud.cloud import Cloud
from localcloud.engine.internals import need, replace
from localcloud.errors import CloudError
from localcloud.gateway.sent import SERVED, peer, values_by_name

Properties = dict[str, Any]


def install(cloud: Cloud) -> None:
    """Create request validators, switch keys off and on, and tell functions who calls.

    Raises:
        CloudError: The emulator lacks a name that this needs.
    """
    del cloud
    handlers = need(provisioners, "_RESOURCE_HANDLERS")
    handlers["AWS::ApiGateway::RequestValidator"] = _request_validator()
    handlers["AWS::ApiGateway::Method"] = _method(handlers["AWS::ApiGateway::Method"])
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
