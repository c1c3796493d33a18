"""The places in the emulator where services act, with the question before the act."""

import json
import logging
from collections.abc import Callable, Iterator
from typing import Any

from ministack.core.responses import error_response_json
from ministack.services import (
    apigateway,
    apigateway_v1,
    cloudwatch_logs,
    eventbridge,
    lambda_svc,
    s3,
    sns,
    sqs,
)
from ministack.services.cloudformation import provisioners

from localcloud.cloud import ACCOUNT, REGION, Cloud
from localcloud.consent import callers, services
from localcloud.consent.engine import Service
from localcloud.engine.internals import need, replace

Properties = dict[str, Any]

_log = logging.getLogger(__name__)


def install(cloud: Cloud) -> None:
    """Put every question before the act it is about; after all other parts.

    Raises:
        CloudError: The emulator is not the version this was written for.
    """
    del cloud
    callers.install()
    _ask_before_invocations()
    _ask_before_deliveries()
    _ask_before_polls()
    _ask_before_logging()
    handlers = need(provisioners, "_RESOURCE_HANDLERS")
    for kind, refused in _DEPLOYMENTS.items():
        handlers[kind] = _deployed(handlers[kind], refused)


def _ask_before_invocations() -> None:
    """Let API Gateway invoke only where a permission of the function lets this method.

    https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
    """
    http = need(apigateway, "_invoke_lambda_proxy")
    function_in = need(apigateway, "_extract_lambda_ref_from_integration_uri")
    gateway_error = need(apigateway_v1, "_gw_error")

    async def invoke_http(integration: Properties, *call: Any, **named: Any) -> Any:
        api, stage, _path, method, *_ = call
        route = call[7] if len(call) > 7 else "$default"
        where = route if route == "$default" else method + route.partition(" ")[2]
        function = function_in(integration.get("integrationUri", ""))
        if _is_refused(function, f"{api}/{stage}/{where}"):
            body = json.dumps({"message": "Internal Server Error"}).encode()
            return 500, {"Content-Type": "application/json"}, body
        return await http(integration, *call, **named)

    def asking(invoke: Callable[..., Any]) -> Callable[..., Any]:
        async def invoke_rest(integration: Properties, *call: Any, **named: Any) -> Any:
            api, stage, _stage, resource, _path, method, *_ = call
            function = function_in(integration.get("uri", ""))
            if _is_refused(function, f"{api}/{stage}/{method}{resource['path']}"):
                return gateway_error("API_CONFIGURATION_ERROR", "Internal server error")
            return await invoke(integration, *call, **named)

        return invoke_rest

    replace(apigateway, "_invoke_lambda_proxy", invoke_http)
    for name in ("_invoke_lambda_proxy_v1", "_invoke_lambda_custom_v1"):
        replace(apigateway_v1, name, asking(need(apigateway_v1, name)))


def _is_refused(function: str, method: str) -> bool:
    source = f"arn:aws:execute-api:{REGION}:{ACCOUNT}:{method}"
    denied = services.refused_invocation(Service("apigateway.amazonaws.com", source), function)
    if denied:
        _log.warning("API Gateway: %s", denied.message)
    return denied is not None


def _ask_before_deliveries() -> None:
    """Let SNS, S3 and EventBridge deliver, and the CDN read, where policies and keys let them."""
    to_function = need(sns, "_deliver_to_lambda")
    of_bucket = need(s3, "_deliver_event_to_lambda")
    of_rule = need(eventbridge, "_invoke_target")
    fetch = need(s3, "serve_cloudfront_origin_fetch")
    error = need(s3, "_error")

    def by_topic(endpoint: str, envelope: str, topic: str, *rest: Any) -> None:
        if not _undelivered(Service("sns.amazonaws.com", topic), endpoint):
            to_function(endpoint, envelope, topic, *rest)

    def by_bucket(function: str, event: Properties, region: str) -> None:
        bucket = event["Records"][0]["s3"]["bucket"]["arn"]
        if not _undelivered(Service("s3.amazonaws.com", bucket), function):
            of_bucket(function, event, region)

    def by_rule(target: Properties, event: Any, rule: Properties, *rest: Any) -> Any:
        who = Service("events.amazonaws.com", rule.get("Arn", ""))
        is_function = ":function:" in target.get("Arn", "")
        return (
            None
            if is_function and _undelivered(who, target["Arn"])
            else of_rule(target, event, rule, *rest)
        )

    def to_topic(topic: str, service: str, source: str, account: str) -> bool:
        return services.refused_publish(Service(service, source, account), topic) is None

    def to_queue(queue: str, service: str, source: str, account: str) -> bool:
        return services.refused_send(Service(service, source, account), queue) is None

    def by_cdn(
        bucket: str, key: str, method: str, headers: Any, source_arn: str = "", oai_id: str = ""
    ) -> Any:
        arn = f"arn:aws:s3:::{bucket}/{key}"
        denied = services.refused_read_by_cdn(source_arn, arn) if source_arn else None
        if denied:
            return error("AccessDenied", denied.message, 403, f"/{bucket}/{key}")
        return fetch(bucket, key, method, headers, source_arn, oai_id)

    replace(sns, "_deliver_to_lambda", by_topic)
    replace(s3, "_deliver_event_to_lambda", by_bucket)
    replace(eventbridge, "_invoke_target", by_rule)
    replace(sns, "topic_policy_allows", to_topic)
    replace(sqs, "queue_policy_allows", to_queue)
    replace(s3, "serve_cloudfront_origin_fetch", by_cdn)


def _undelivered(service: Service, function: str) -> bool:
    denied = services.refused_invocation(service, function)
    if denied:
        _log.warning("not delivered: %s", denied.message)
    return denied is not None


def _ask_before_polls() -> None:
    """Create and poll an event source only where the function's role may."""
    create = need(lambda_svc, "_create_esm")
    each = need(lambda_svc, "_iter_all_esms")

    def create_mapping(data: Properties) -> Any:
        refused = _source(data, "")
        if refused:
            return error_response_json("InvalidParameterValueException", refused, 400)
        return create(data)

    def pollable() -> Iterator[tuple[str, str, Properties]]:
        for account, region, mapping in each():
            refused = services.refused_source(
                mapping["FunctionArn"], mapping.get("EventSourceArn", ""), key_too=True
            )
            if refused:
                mapping["LastProcessingResult"] = f"PROBLEM: {refused}"
            else:
                yield account, region, mapping

    replace(lambda_svc, "_create_esm", create_mapping)
    replace(lambda_svc, "_iter_all_esms", pollable)


def _ask_before_logging() -> None:
    """Refuse logs to a stage without the account's role, and to a group without the key."""
    create = need(cloudwatch_logs, "_create_log_group")
    update = need(apigateway_v1, "_update_stage")

    def create_log_group(data: Properties) -> Any:
        refused = _log_group({**data, "KmsKeyId": data.get("kmsKeyId")}, data["logGroupName"])
        if refused:
            return error_response_json("AccessDeniedException", refused, 400)
        return create(data)

    def update_stage(api: str, stage: str, data: Properties) -> Any:
        paths = [each.get("path", "") for each in data.get("patchOperations", [])]
        logs = any(path.startswith("/accessLogSettings") or "/logging/" in path for path in paths)
        if logs and not _has_log_role():
            return need(apigateway_v1, "_v1_error")(
                "BadRequestException", services.NO_LOG_ROLE, 400
            )
        return update(api, stage, data)

    replace(cloudwatch_logs, "_create_log_group", create_log_group)
    replace(apigateway_v1, "_update_stage", update_stage)


def _has_log_role() -> bool:
    settings = need(apigateway_v1, "_account_settings").get("settings") or {}
    return bool(settings.get("cloudwatchRoleArn"))


def _log_group(properties: Properties, name: str) -> str:
    key = properties.get("KmsKeyId")
    return services.refused_log_group(key, properties.get("LogGroupName") or name) if key else ""


def _stage(properties: Properties, _name: str) -> str:
    levels = [each.get("LoggingLevel", "OFF") for each in properties.get("MethodSettings", [])]
    logs = "AccessLogSetting" in properties or any(level != "OFF" for level in levels)
    return services.NO_LOG_ROLE if logs and not _has_log_role() else ""


def _source(properties: Properties, _name: str) -> str:
    return services.refused_source(
        properties.get("FunctionName", ""), properties.get("EventSourceArn", "")
    )


def _rotation(properties: Properties, _name: str) -> str:
    function = properties.get("RotationLambdaARN", "")
    refused = function and services.refused_rotation(function, properties["SecretId"])
    return services.NO_ROTATION if refused else ""


# What CloudFormation is refused, in the service's words; empty for nothing.
_DEPLOYMENTS: dict[str, Callable[[Properties, str], str]] = {
    "AWS::ApiGateway::Stage": _stage,
    "AWS::Lambda::EventSourceMapping": _source,
    "AWS::Logs::LogGroup": _log_group,
    "AWS::SecretsManager::RotationSchedule": _rotation,
}


def _deployed(handler: dict[str, Any], refused: Callable[[Properties, str], str]) -> dict[str, Any]:
    """Return the handler of a resource type that fails as AWS's does."""

    def check(properties: Properties, name: str) -> None:
        if because := refused(properties, name):
            raise ValueError(because)

    def create(logical_id: str, properties: Properties, stack: str, *rest: Any) -> Any:
        check(properties, f"{stack}-{logical_id}")
        return handler["create"](logical_id, properties, stack, *rest)

    def update(physical_id: str, old: Properties, new: Properties, *rest: Any, **named: Any) -> Any:
        check(new, physical_id)
        return handler["update"](physical_id, old, new, *rest, **named)

    return {**handler, "create": create, "update": update}
