"""Secret rotation in Secrets Manager's four steps.

Changes: RotateSecret stages a new version and calls the rotation function for each step. When
    rotation is not to begin at once, the step `testSecret` alone, for a version that is taken away
    again. DescribeSecret says when a secret was rotated. A version without a value is not found.
Original: RotateSecret answers without calling the function, and a copy of the value is current.
Fault: the emulator's; RotateSecret would stage a version `AWSPENDING` and invoke the function for
    each of the four steps.
AWS:
    https://docs.aws.amazon.com/secretsmanager/latest/userguide/rotate-secrets_lambda-functions.html
    What is in the version that is tested (RotateImmediately) is not documented; AWS's own rotation
    functions log in with it, so it is the current value.
Checked: ministack 1.5.32, 1.5.33.
"""

import json
import logging
import time
import uuid
from collections.abc import Sequence
from typing import Any

from ministack.core.concurrency import spawn_background
from ministack.core.responses import error_response_json, json_response
from ministack.services import secretsmanager

from localcloud.cloud import Cloud
from localcloud.consent.services import NO_ROTATION, refused_rotation
from localcloud.engine.internals import need, replace

STEPS = ("createSecret", "setSecret", "testSecret", "finishSecret")

_log = logging.getLogger(__name__)
Answer = tuple[int, dict[str, str], bytes]


def install(cloud: Cloud) -> None:
    """Make RotateSecret rotate, DescribeSecret tell when, and a version without a value not found.

    Raises:
        CloudError: The emulator lacks a name that this needs.
    """
    find = need(secretsmanager, "_resolve")
    get_value = need(secretsmanager, "_get_secret_value")
    describe = need(secretsmanager, "_describe_secret")

    def rotate_secret(request: dict[str, Any]) -> Answer:
        _, secret = find(request.get("SecretId"))
        if not secret or secret.get("DeletedDate"):
            return _error("ResourceNotFoundException", "Secrets Manager can't find the secret.")
        function = request.get("RotationLambdaARN") or secret.get("RotationLambdaARN")
        if not function:
            return _error("InvalidRequestException", "The secret has no rotation function.")
        if any("AWSPENDING" in version["Stages"] for version in secret["Versions"].values()):
            return _error("InvalidRequestException", "A previous rotation isn't complete.")
        if refused_rotation(function, secret["ARN"]):
            return _error("AccessDeniedException", NO_ROTATION)
        secret["RotationLambdaARN"] = function
        secret["RotationRules"] = request.get("RotationRules") or secret.get("RotationRules")
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
        spawn_background(carry_out, cloud, secret, function, token, thread_name="secret-rotation")
        described = {"ARN": secret["ARN"], "Name": secret["Name"], "VersionId": token}
        return _answer(json_response(described))

    def get_secret_value(request: dict[str, Any]) -> Answer:
        status, headers, body = _answer(get_value(request))
        found = json.loads(body)
        if status == 200 and not {"SecretString", "SecretBinary"} & set(found):
            return _error("ResourceNotFoundException", "The secret version has no value.")
        return status, headers, body

    replace(secretsmanager, "_rotate_secret", rotate_secret)

    def describe_secret(request: dict[str, Any]) -> Answer:
        status, headers, body = _answer(describe(request))
        _, secret = find(request.get("SecretId"))
        if status == 200 and "LastRotatedDate" in secret:
            rotated = {"LastRotatedDate": secret["LastRotatedDate"]}
            return _answer(json_response(json.loads(body) | rotated))
        return status, headers, body

    replace(secretsmanager, "_get_secret_value", get_secret_value)
    replace(secretsmanager, "_describe_secret", describe_secret)


def _current(secret: dict[str, Any]) -> str:
    versions = secret["Versions"].values()
    found: str = next(each["SecretString"] for each in versions if "AWSCURRENT" in each["Stages"])
    return found


def _test(cloud: Cloud, secret: dict[str, Any], function: str, token: str) -> None:
    try:
        _call(cloud, secret, function, token, steps=["testSecret"])
    finally:
        del secret["Versions"][token]


def _rotate(cloud: Cloud, secret: dict[str, Any], function: str, token: str) -> None:
    if not _call(cloud, secret, function, token, steps=STEPS):
        return
    secret["LastRotatedDate"] = int(time.time())
    for version in secret["Versions"].values():
        if "AWSPENDING" in version["Stages"] and "AWSCURRENT" in version["Stages"]:
            version["Stages"].remove("AWSPENDING")


def _call(
    cloud: Cloud, secret: dict[str, Any], function: str, token: str, *, steps: Sequence[str]
) -> bool:
    """Call the function for each step, until one fails; tells whether all went well."""
    functions = cloud.client("lambda", read_timeout=60)
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


def _error(code: str, message: str) -> Answer:
    return _answer(error_response_json(code, message, 400))


def _answer(answer: Any) -> Answer:
    status, headers, body = answer
    return status, headers, body
