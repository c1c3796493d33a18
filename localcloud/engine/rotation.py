"""Secret rotation in Secrets Manager's four steps.

Changes: RotateSecret stages a new version and calls the rotation function for each step. When
    rotation is not to begin at once, the step `testSecret` alone, for a version that is taken away
    again. A secret is rotated by its schedule, on the clock that a drill puts forward, and
    DescribeSecret says when it was and will be. A version without a value is not found.
Original: RotateSecret answers without calling the function, and a copy of the value is current.
    No schedule is followed.
Fault: the emulator's; RotateSecret would stage a version `AWSPENDING` and invoke the function for
    each of the four steps.
AWS:
    https://docs.aws.amazon.com/secretsmanager/latest/userguide/rotate-secrets_lambda-functions.html
    https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_RotationRulesType.html
    A window of a schedule in days is a day of UTC, in hours an hour; here it is used at once.
    What is in the version that is tested (RotateImmediately) is not documented; AWS's own rotation
    functions log in with it, so it is the current value.
"""

import json
import logging
import re
import time
import uuid
from collections.abc import Sequence
from functools import partial
from typing import Any

from ministack.core.concurrency import spawn_background
from ministack.core.responses import error_response_json, json_response
from ministack.services import secretsmanager

from localcloud.cloud import Cloud
from localcloud.consent.services import NO_ROTATION, refused_rotation
from localcloud.engine.internals import need, replace, wrap
from localcloud.metrics.clock import Clock

STEPS = ("createSecret", "setSecret", "testSecret", "finishSecret")

_DATES = ("LastRotatedDate", "NextRotationDate")
_RATE = re.compile(r"rate\((\d+) (day|hour)s?\)")
_SECONDS = {"day": 24 * 3600, "hour": 3600}

_log = logging.getLogger(__name__)
Record = dict[str, Any]


def install(cloud: Cloud) -> None:
    """Make RotateSecret rotate by schedule too, and find no version that has no value."""
    replace(secretsmanager, "_rotate_secret", partial(_rotate_secret, cloud))
    wrap(secretsmanager, "_get_secret_value", _get_value)
    wrap(secretsmanager, "_describe_secret", _describe)


def _rotate_secret(cloud: Cloud, request: Record) -> Any:
    _, secret = need(secretsmanager, "_resolve")(request.get("SecretId"))
    if not secret or secret.get("DeletedDate"):
        return _error("ResourceNotFoundException", "Secrets Manager can't find the secret.")
    function = request.get("RotationLambdaARN") or secret.get("RotationLambdaARN")
    if not function:
        return _error("InvalidRequestException", "The secret has no rotation function.")
    if _is_rotating(secret):
        return _error("InvalidRequestException", "A previous rotation isn't complete.")
    if refused_rotation(function, secret["ARN"]):
        return _error("AccessDeniedException", NO_ROTATION)
    rules = request.get("RotationRules") or secret.get("RotationRules")
    if why_not := why_no_schedule(rules or {}):
        return _error("InvalidParameterException", why_not)
    secret["RotationLambdaARN"], secret["RotationRules"] = function, rules
    _schedule(cloud, secret)
    secret["RotationEnabled"] = True
    token = request.get("ClientRequestToken") or str(uuid.uuid4())
    at_once = request.get("RotateImmediately", True)
    secret["Versions"][token] = {
        "SecretString": None if at_once else _current(secret),
        "SecretBinary": None,
        "CreatedDate": int(time.time()),
        "Stages": ["AWSPENDING"],
    }
    carry_out = _rotate if at_once else _test
    spawn_background(carry_out, cloud, secret, token, thread_name="secret-rotation")
    return json_response({"ARN": secret["ARN"], "Name": secret["Name"], "VersionId": token})


def _get_value(get_value: Any, request: Record) -> Any:
    status, headers, body = get_value(request)
    if status == 200 and not {"SecretString", "SecretBinary"} & set(json.loads(body)):
        return _error("ResourceNotFoundException", "The secret version has no value.")
    return status, headers, body


def _describe(describe: Any, request: Record) -> Any:
    status, headers, body = describe(request)
    secret = need(secretsmanager, "_resolve")(request.get("SecretId"))[1] or {}
    dates = {name: secret[name] for name in _DATES if name in secret}
    return status, headers, json.dumps(json.loads(body) | dates).encode()


def _error(code: str, message: str) -> Any:
    return error_response_json(code, message, 400)


def why_no_schedule(rules: Record) -> str:
    """Why a schedule is none that is followed here; empty when it is."""
    said = rules.get("ScheduleExpression", "")
    if said and "AutomaticallyAfterDays" in rules:
        return "You can't specify both AutomaticallyAfterDays and ScheduleExpression."
    if said and not _RATE.fullmatch(said):
        return f"the embedded cloud does not evaluate {said}"
    return ""


def rotate_due(now: float) -> None:
    """Begin each rotation whose window is open at a time (seconds since 1970)."""
    for secret in need(secretsmanager, "_secrets").all_values():
        is_open = secret.get("NextRotationDate", now + 1) - _window(secret)[1] < now
        if is_open and not secret.get("DeletedDate") and not _is_rotating(secret):
            need(secretsmanager, "_rotate_secret")({"SecretId": secret["ARN"]})


def _is_rotating(secret: Record) -> bool:
    return any("AWSPENDING" in each["Stages"] for each in secret["Versions"].values())


def _window(secret: Record) -> tuple[int, int]:
    """How long after a rotation the next window is, and how long it is open, in seconds."""
    rules = secret.get("RotationRules") or {}
    days = f"rate({rules.get('AutomaticallyAfterDays')} days)"
    found = _RATE.fullmatch(rules.get("ScheduleExpression") or days)
    return (int(found[1]) * _SECONDS[found[2]], _SECONDS[found[2]]) if found else (0, 0)


def _schedule(cloud: Cloud, secret: Record) -> None:
    """Set the end of the window in which the secret is to be rotated next."""
    after, window = _window(secret)
    if window:
        secret["NextRotationDate"] = (_now(cloud) + after) // window * window + window - 1


def _now(cloud: Cloud) -> int:
    return int(Clock(cloud.home).now())


def _current(secret: Record) -> str:
    versions = secret["Versions"].values()
    found: str = next(each["SecretString"] for each in versions if "AWSCURRENT" in each["Stages"])
    return found


def _test(cloud: Cloud, secret: Record, token: str) -> None:
    try:
        _call(cloud, secret, token, steps=["testSecret"])
    finally:
        del secret["Versions"][token]


def _rotate(cloud: Cloud, secret: Record, token: str) -> None:
    if not _call(cloud, secret, token, steps=STEPS):
        return
    secret["LastRotatedDate"] = _now(cloud)
    _schedule(cloud, secret)
    for version in secret["Versions"].values():
        if {"AWSPENDING", "AWSCURRENT"} <= set(version["Stages"]):
            version["Stages"].remove("AWSPENDING")


def _call(cloud: Cloud, secret: Record, token: str, *, steps: Sequence[str]) -> bool:
    """Call the function for each step, until one fails; tells whether all went well."""
    functions, function = cloud.client("lambda", read_timeout=60), secret["RotationLambdaARN"]
    for step in steps:
        if refused := refused_rotation(function, secret["ARN"]):
            _log.error("rotation of %s stopped at %s: %s", secret["Name"], step, refused.message)
            return False
        event = {"Step": step, "SecretId": secret["ARN"], "ClientRequestToken": token}
        answer = functions.invoke(FunctionName=function, Payload=json.dumps(event).encode())
        if "FunctionError" in answer:
            _log.error("rotation of %s stopped at %s", secret["Name"], step)
            return False
    return True
