"""Consent that AWS's services need before they act, asked where the emulator's services act.

Changes: A service acts only where a policy, a permission, a role or a key lets it.
Original: Services act on whatever a template names, whoever may.
Ours: the emulator promises IAM for callers, not for its services.
AWS: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
"""

import json
import logging
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from ministack.core.responses import error_response_json
from ministack.services import apigateway, apigateway_v1, cloudwatch_logs, lambda_svc, s3, sns, sqs

from localcloud.cloud import ACCOUNT, REGION, Cloud
from localcloud.consent import callers, decisions, services
from localcloud.consent.engine import Service
from localcloud.consent.keys import may
from localcloud.engine.handlers import Deploy, Deployed, Properties, wrap_deployment
from localcloud.engine.internals import need, wrap

# Why CloudFormation cannot make such a resource, given its properties and name; empty when it can.
_DEPLOYMENTS: dict[str, Callable[[Properties, str], str]] = {
    "AWS::Backup::BackupVault": lambda vault, _: services.why_no_key(vault.get("EncryptionKeyArn")),
    "AWS::RDS::DBInstance": lambda instance, _: services.why_no_key(instance.get("KmsKeyId")),
    "AWS::ApiGateway::Stage": lambda stage, _: services.why_no_stage_logs(stage),
    "AWS::Lambda::EventSourceMapping": lambda source, _: services.why_no_source(source),
    "AWS::Logs::LogGroup": services.why_no_log_group,
}

_log = logging.getLogger(__name__)


def install(_cloud: Cloud) -> None:
    """Put every question before the act it is about; after all other parts."""
    decisions.install()
    callers.install()
    wrap(apigateway, "_invoke_lambda_proxy", _invoke_by_http_api)
    wrap(apigateway_v1, "_invoke_lambda_proxy_v1", _invoke_by_rest_api)
    wrap(apigateway_v1, "_invoke_lambda_custom_v1", _invoke_by_rest_api)
    wrap(apigateway_v1, "_update_stage", _update_stage)
    wrap(sns, "_deliver_to_lambda", _deliver_by_topic)
    wrap(s3, "_deliver_event_to_lambda", _deliver_by_bucket)
    wrap(s3, "serve_cloudfront_origin_fetch", _fetch_for_cdn)
    wrap(sns, "topic_policy_allows", partial(_allows, "sns:Publish"))
    wrap(sqs, "queue_policy_allows", partial(_allows, "sqs:SendMessage"))
    wrap(lambda_svc, "_create_esm", _create_source)
    wrap(lambda_svc, "_iter_all_esms", _sources_to_poll)
    wrap(cloudwatch_logs, "_create_log_group", _create_log_group)
    for kind, why_not in _DEPLOYMENTS.items():
        wrap_deployment(kind, partial(_deploy, why_not))


def _deploy(
    why_not: Callable[[Properties, str], str], deploy: Deploy, properties: Properties, name: str
) -> Deployed:
    if refused := why_not(properties, name):
        raise ValueError(refused)
    return deploy(properties)


def _invokes(service: str, source: str, function: str) -> bool:
    """Tell whether a service may invoke a function for a source, and log why it may not."""
    refused = may(Service(service, source), "lambda:InvokeFunction", function)
    if refused:
        _log.warning("not invoked for %s: %s", source, refused.message)
    return refused is None


def _is_permitted(uri: str, method: str) -> bool:
    """Tell whether a permission of the function behind an integration lets this method invoke it.

    https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-control-access-using-iam-policies-to-invoke-api.html
    """
    source = f"arn:aws:execute-api:{REGION}:{ACCOUNT}:{method}"
    found = need(apigateway, "_extract_lambda_ref_from_integration_uri")(uri)  # its ARN, or a name
    function = found if ":" in found else f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{found}"
    return _invokes("apigateway.amazonaws.com", source, function)


async def _invoke_by_http_api(
    invoke: Any, integration: Properties, *call: Any, **named: Any
) -> Any:
    api, stage, _path, method, _headers, _body, _query, route, *_ = call
    where = route if route == "$default" else method + route.partition(" ")[2]
    if _is_permitted(integration["integrationUri"], f"{api}/{stage}/{where}"):
        return await invoke(integration, *call, **named)
    body = json.dumps({"message": "Internal Server Error"}).encode()
    return 500, {"Content-Type": "application/json"}, body


async def _invoke_by_rest_api(
    invoke: Any, integration: Properties, *call: Any, **named: Any
) -> Any:
    api, stage, _stage, resource, _path, method, *_ = call
    if _is_permitted(integration["uri"], f"{api}/{stage}/{method}{resource['path']}"):
        return await invoke(integration, *call, **named)
    return need(apigateway_v1, "_gw_error")("API_CONFIGURATION_ERROR", "Internal server error")


def _update_stage(update: Any, api: str, stage: str, data: Properties) -> Any:
    paths = [each.get("path", "") for each in data.get("patchOperations", [])]
    logs = any(path.startswith("/accessLogSettings") or "/logging/" in path for path in paths)
    refused = services.why_no_stage_logs({"AccessLogSetting": paths} if logs else {})
    if refused:
        return need(apigateway_v1, "_v1_error")("BadRequestException", refused, 400)
    return update(api, stage, data)


def _deliver_by_topic(deliver: Any, function: str, envelope: str, topic: str, *rest: Any) -> None:
    if _invokes("sns.amazonaws.com", topic, function):
        deliver(function, envelope, topic, *rest)


def _deliver_by_bucket(deliver: Any, function: str, event: Properties, region: str) -> None:
    if _invokes("s3.amazonaws.com", event["Records"][0]["s3"]["bucket"]["arn"], function):
        deliver(function, event, region)


def _fetch_for_cdn(
    fetch: Any, bucket: str, key: str, *sent: Any, source_arn: str = "", **named: Any
) -> Any:
    arn = f"arn:aws:s3:::{bucket}/{key}"
    refused = services.refused_read_by_cdn(source_arn, arn) if source_arn else None
    if refused:
        return need(s3, "_error")("AccessDenied", refused.message, 403, f"/{bucket}/{key}")
    return fetch(bucket, key, *sent, source_arn=source_arn, **named)


def _allows(
    action: str, _original: Any, target: str, service: str, source: str, account: str
) -> bool:
    return may(Service(service, source, account), action, target) is None


def _create_source(create: Any, data: Properties) -> Any:
    if refused := services.why_no_source(data):
        return error_response_json("InvalidParameterValueException", refused, 400)
    return create(data)


def _sources_to_poll(each: Any) -> Iterator[tuple[str, str, Properties]]:
    for account, region, mapping in each():
        if refused := services.why_no_source(mapping, key=True):
            mapping["LastProcessingResult"] = f"PROBLEM: {refused}"
        else:
            yield account, region, mapping


def _create_log_group(create: Any, data: Properties) -> Any:
    wanted = {"KmsKeyId": data.get("kmsKeyId")}
    if refused := services.why_no_log_group(wanted, data.get("logGroupName", "")):
        return error_response_json("AccessDeniedException", refused, 400)
    return create(data)
