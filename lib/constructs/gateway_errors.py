"""Gateway responses of a REST API."""

import json
from collections.abc import Sequence

from aws_cdk import aws_apigateway as apigateway
from constructs import Construct

_Type = apigateway.ResponseType
_REASON = "$context.error.messageString"  # quoted by API Gateway
_NOT_FOUND = "there is no such resource or method; GET / lists them"


class GatewayErrors(Construct):
    """API Gateway's own error responses, in the form of the service's.

    Fixed: no answer tells how the service is built; a request that no method takes is a 404, for
    which API Gateway would say that a token is missing; `x-request-id` is in every answer. The
    bodies have no `timestamp`: the gateway knows the time only in a form of its own. Its headers
    are fixed texts, so that they can name one of the `origins` whose pages may read them: the
    first. A page of another sees a failed request without its body; none sees more than it may.
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
        self._api = api
        self._headers = {**_cors_headers(origins), "x-request-id": "context.requestId"}
        self._answer(_Type.DEFAULT_4_XX, "request_refused", _REASON)
        self._answer(_Type.DEFAULT_5_XX, "internal_error", "the service failed; try again")
        self._answer(
            _Type.BAD_REQUEST_BODY,
            "invalid_request",
            "the body is not as the API's description says",
            400,
        )
        self._answer(_Type.BAD_REQUEST_PARAMETERS, "invalid_request", _REASON, 400)
        self._answer(_Type.INVALID_API_KEY, "forbidden", "send a valid key as x-api-key", 403)
        self._answer(_Type.ACCESS_DENIED, "forbidden", "the key may not do this", 403)
        self._answer(_Type.WAF_FILTERED, "request_blocked", "the firewall refused the request", 403)
        self._answer(_Type.MISSING_AUTHENTICATION_TOKEN, "not_found", _NOT_FOUND, 404)
        self._answer(_Type.RESOURCE_NOT_FOUND, "not_found", _NOT_FOUND, 404)
        self._answer(_Type.REQUEST_TOO_LARGE, "request_too_large", "the request is too large", 413)
        self._answer(_Type.UNSUPPORTED_MEDIA_TYPE, "invalid_request", "send application/json", 415)
        self._answer(
            _Type.THROTTLED, "too_many_requests", "slow down and try again", 429, retry_after=1
        )
        self._answer(_Type.QUOTA_EXCEEDED, "quota_exceeded", "the quota of the day is used up", 429)
        self._answer(
            _Type.INTEGRATION_TIMEOUT, "service_unavailable", "the service took too long", 504
        )
        self._answer(
            _Type.INTEGRATION_FAILURE, "service_unavailable", "the service did not answer", 503
        )

    def _answer(
        self,
        kind: apigateway.ResponseType,
        code: str,
        message: str,
        status: int | None = None,
        *,
        retry_after: int | None = None,
    ) -> None:
        wait = {} if retry_after is None else {"Retry-After": f"'{retry_after}'"}
        apigateway.GatewayResponse(
            self,
            "".join(word.capitalize() for word in kind.response_type.split("_")),
            rest_api=self._api,
            type=kind,
            status_code=None if status is None else str(status),
            response_headers={**self._headers, **wait},
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
