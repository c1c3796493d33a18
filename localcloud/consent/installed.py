"""Consent that AWS's services need before they act, asked where the emulator's services act.

Changes: A service acts only where a policy, a permission, a role or a key lets it.
Original: Services act on whatever a template names, whoever may.
Ours: the emulator promises IAM for callers, not for its services.
AWS:
    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
Checked: ministack 1.5.32, 1.5.33.
"""

import json
import logging
from collections.abc import Callable, Iterator
from typing import Any

from ministack.core.responses import error_response_json
from ministack.services import (
    apigateway,
    apigateway_v1,
    cloudwatch_logs,
    lambda_svc,
    s3,
    sns,
    sqs,
)
from ministack.services.cloudformation import provisioners

from localcloud.cloud import ACCOUNT, REGION, Cloud
from localcloud.consent import callers, decisions, services
from localcloud.consent.engine import Service
from localcloud.consent.keys import may
from localcloud.engine.internals import need, replace

Properties = dict[str, Any]

# Why CloudFormation cannot make such a resource, given its properties and name; empty when it can.
_DEPLOYMENTS: dict[str, Callable[[Properties, str], str]] = {
    "AWS::Backup::BackupVault": lambda vault, _: services.why_no_key(vault.get("EncryptionKeyArn")),
    "AWS::RDS::DBInstance": lambda instance, _: services.why_no_key(instance.get("KmsKeyId")),
    "AWS::ApiGateway::Stage": lambda stage, _: services.why_no_stage_logs(stage),
    "AWS::Lambda::EventSourceMapping": lambda source, _: services.why_no_source(source),
    "AWS::Logs::LogGroup": services.why_no_log_group,
    "AWS::SecretsManager::RotationSchedule": lambda schedule, _: services.why_no_rotation(schedule),
}

_log = logging.getLogger(__name__)


def install(cloud: Cloud) -> None:
    """Put every question before the act it is about; after all other parts."""
    del cloud
    decisions.install()
    callers.install()
    _ask_before_invocations()
    _ask_before_deliveries()
    _ask_before_polls()
    _ask_before_logging()
    handlers = need(provisioners, "_RESOURCE_HANDLERS")
    for kind, why_not in _DEPLOYMENTS.items():
        handlers[kind] = _deployed(handlers[kind], why_not)


def _invokes(service: str, source: str, function: str) -> bool:
    """Tell whether a service may invoke a function for a source, and log why it may not."""
    refused = may(Service(service, source), "lambda:InvokeFunction", function)
    if refused:
        _log.warning("not invoked for %s: %s", source, refused.message)
    return refused is None


def _ask_before_invocations() -> None:
    """Let API Gateway invoke only where a permission of the function lets this method.

    https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-control-access-using-iam-policies-to-invoke-api.html
    """
    http = need(apigateway, "_invoke_lambda_proxy")
    function_in = need(apigateway, "_extract_lambda_ref_from_integration_uri")
    gateway_error = need(apigateway_v1, "_gw_error")

    def lets(uri: str, method: str) -> bool:
        source = f"arn:aws:execute-api:{REGION}:{ACCOUNT}:{method}"
        found = function_in(uri)  # its ARN, or a name
        function = found if ":" in found else f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{found}"
        return _invokes("apigateway.amazonaws.com", source, function)

    async def invoke_http(integration: Properties, *call: Any, **named: Any) -> Any:
        api, stage, _path, method, _headers, _body, _query, route, *_ = call
        where = route if route == "$default" else method + route.partition(" ")[2]
        if lets(integration["integrationUri"], f"{api}/{stage}/{where}"):
            return await http(integration, *call, **named)
        body = json.dumps({"message": "Internal Server Error"}).encode()
        return 500, {"Content-Type": "application/json"}, body

    def asking(invoke: Callable[..., Any]) -> Callable[..., Any]:
        async def invoke_rest(integration: Properties, *call: Any, **named: Any) -> Any:
            api, stage, _stage, resource, _path, method, *_ = call
            if lets(integration["uri"], f"{api}/{stage}/{method}{resource['path']}"):
                return await invoke(integration, *call, **named)
            return gateway_error("API_CONFIGURATION_ERROR", "Internal server error")

        return invoke_rest

    replace(apigateway, "_invoke_lambda_proxy", invoke_http)
    for name in ("_invoke_lambda_proxy_v1", "_invoke_lambda_custom_v1"):
        replace(apigateway_v1, name, asking(need(apigateway_v1, name)))


def _ask_before_deliveries() -> None:
    """Let SNS and S3 deliver, and the CDN read, only where policies and keys let them."""
    of_topic = need(sns, "_deliver_to_lambda")
    of_bucket = need(s3, "_deliver_event_to_lambda")
    fetch = need(s3, "serve_cloudfront_origin_fetch")

    def by_topic(function: str, envelope: str, topic: str, *rest: Any) -> None:
        if _invokes("sns.amazonaws.com", topic, function):
            of_topic(function, envelope, topic, *rest)

    def by_bucket(function: str, event: Properties, region: str) -> None:
        if _invokes("s3.amazonaws.com", event["Records"][0]["s3"]["bucket"]["arn"], function):
            of_bucket(function, event, region)

    def allowing(action: str) -> Callable[[str, str, str, str], bool]:
        return lambda target, service, source, account: (
            may(Service(service, source, account), action, target) is None
        )

    def by_cdn(
        bucket: str, key: str, method: str, headers: Any, source_arn: str = "", oai_id: str = ""
    ) -> Any:
        arn = f"arn:aws:s3:::{bucket}/{key}"
        refused = services.refused_read_by_cdn(source_arn, arn) if source_arn else None
        if refused:
            return need(s3, "_error")("AccessDenied", refused.message, 403, f"/{bucket}/{key}")
        return fetch(bucket, key, method, headers, source_arn, oai_id)

    replace(sns, "_deliver_to_lambda", by_topic)
    replace(s3, "_deliver_event_to_lambda", by_bucket)
    replace(sns, "topic_policy_allows", allowing("sns:Publish"))
    replace(sqs, "queue_policy_allows", allowing("sqs:SendMessage"))
    replace(s3, "serve_cloudfront_origin_fetch", by_cdn)


def _ask_before_polls() -> None:
    """Create and poll an event source only where the function's role may."""
    create = need(lambda_svc, "_create_esm")
    each = need(lambda_svc, "_iter_all_esms")

    def create_mapping(data: Properties) -> Any:
        refused = services.why_no_source(data)
        if refused:
            return error_response_json("InvalidParameterValueException", refused, 400)
        return create(data)

    def pollable() -> Iterator[tuple[str, str, Properties]]:
        for account, region, mapping in each():
            refused = services.why_no_source(mapping, key=True)
            if refused:
                mapping["LastProcessingResult"] = f"PROBLEM: {refused}"
            else:
                yield account, region, mapping

    replace(lambda_svc, "_create_esm", create_mapping)
    replace(lambda_svc, "_iter_all_esms", pollable)


def _ask_before_logging() -> None:
    """Refuse logs to a stage without the account's role, and a group what its key does not let."""
    create = need(cloudwatch_logs, "_create_log_group")
    update = need(apigateway_v1, "_update_stage")

    def create_log_group(data: Properties) -> Any:
        refused = services.why_no_log_group(
            {"KmsKeyId": data.get("kmsKeyId")}, data.get("logGroupName", "")
        )
        if refused:
            return error_response_json("AccessDeniedException", refused, 400)
        return create(data)

    def update_stage(api: str, stage: str, data: Properties) -> Any:
        paths = [each.get("path", "") for each in data.get("patchOperations", [])]
        logs = any(path.startswith("/accessLogSettings") or "/logging/" in path for path in paths)
        refused = services.why_no_stage_logs({"AccessLogSetting": paths} if logs else {})
        if refused:
            return need(apigateway_v1, "_v1_error")("BadRequestException", refused, 400)
        return update(api, stage, data)

    replace(cloudwatch_logs, "_create_log_group", create_log_group)
    replace(apigateway_v1, "_update_stage", update_stage)


def _deployed(handler: dict[str, Any], why_not: Callable[[Properties, str], str]) -> dict[str, Any]:
    """Return the handler of a resource type that fails as AWS's does."""

    def check(properties: Properties, name: str) -> None:
        if refused := why_not(properties, name):
            raise ValueError(refused)

    def create(logical_id: str, properties: Properties, stack: str, *rest: Any) -> Any:
        check(properties, f"{stack}-{logical_id}")
        return handler["create"](logical_id, properties, stack, *rest)

    def update(physical_id: str, old: Properties, new: Properties, *rest: Any, **named: Any) -> Any:
        check(new, physical_id)
        return handler["update"](physical_id, old, new, *rest, **named)

    return {**handler, "create": create, "update": update}
