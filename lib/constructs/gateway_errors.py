"""Gateway responses of a REST API."""

import json
from collections.abc import Sequence

from aws_cdk import aws_apigateway as apigateway
from constructs import Construct

_Type = apigateway.ResponseType
_REASON = "$context.error.messageString"  # quoted by API Gateway
_BAD_BODY = "the body is not as the API's description says"
_NOT_FOUND = "there is no such resource or method; GET / lists them"
# By kind: its status, None as API Gateway has it; its code; its message.
_ANSWERS = {
    _Type.DEFAULT_4_XX: (None, "request_refused", _REASON),
    _Type.DEFAULT_5_XX: (None, "internal_error", "the service failed; try again"),
    _Type.BAD_REQUEST_BODY: (400, "invalid_request", _BAD_BODY),
    _Type.BAD_REQUEST_PARAMETERS: (400, "invalid_request", _REASON),
    _Type.INVALID_API_KEY: (403, "forbidden", "send a valid key as x-api-key"),
    _Type.ACCESS_DENIED: (403, "forbidden", "the key may not do this"),
    _Type.WAF_FILTERED: (403, "request_blocked", "the firewall refused the request"),
    _Type.MISSING_AUTHENTICATION_TOKEN: (404, "not_found", _NOT_FOUND),
    _Type.RESOURCE_NOT_FOUND: (404, "not_found", _NOT_FOUND),
    _Type.REQUEST_TOO_LARGE: (413, "request_too_large", "the request is too large"),
    _Type.UNSUPPORTED_MEDIA_TYPE: (415, "invalid_request", "send application/json"),
    _Type.THROTTLED: (429, "too_many_requests", "slow down and try again"),
    _Type.QUOTA_EXCEEDED: (429, "quota_exceeded", "the quota of the day is used up"),
    _Type.INTEGRATION_TIMEOUT: (504, "service_unavailable", "the service took too long"),
    _Type.INTEGRATION_FAILURE: (503, "service_unavailable", "the service did not answer"),
}


class GatewayErrors(Construct):
    """API Gateway's own error responses, in the form of the service's.

    Fixed: no answer tells how the service is built; a request that no method takes is a 404, for
    which API Gateway would say that a token is missing; `x-request-id` is in every answer. The
    bodies have no `timestamp`: the gateway knows the time only in a form of its own. Its headers
    are fixed texts, which name the first of the `origins`: a page of another sees a failed request
    without its body.
    No body repeats the validator's text: it quotes names with `"`, and of all variables API Gateway
    documents `$context.error.messageString` alone as quoted for JSON.
    https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-mapping-template-reference.html
    Defaults: other kinds of 4xx keep their status and API Gateway's own message, other kinds of
    5xx their status.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        api: apigateway.RestApi,
        origins: Sequence[str],
    ) -> None:
        super().__init__(scope, construct_id)
        headers = {**_cors_headers(origins), "x-request-id": "context.requestId"}
        for kind, (status, code, message) in _ANSWERS.items():
            wait = {"Retry-After": "'1'"} if code == "too_many_requests" else {}
            apigateway.GatewayResponse(
                self,
                "".join(word.capitalize() for word in kind.response_type.split("_")),
                rest_api=api,
                type=kind,
                status_code=None if status is None else str(status),
                response_headers={**headers, **wait},
                templates={"application/json": _body(code, message)},
            )


def _cors_headers(origins: Sequence[str]) -> dict[str, str]:
    if not origins:
        return {}
    return {
        "Access-Control-Allow-Credentials": "'true'",
        "Access-Control-Allow-Origin": f"'{origins[0]}'",
        "Access-Control-Expose-Headers": "'retry-after,x-request-id'",
        "Vary": "'Origin'",
    }


def _body(code: str, message: str) -> str:
    body = {
        "success": False,
        "error": {"code": code, "message": message},
        "request_id": "$context.requestId",
        "stage": "$context.stage",
    }
    return json.dumps(body).replace(f'"{_REASON}"', _REASON)
