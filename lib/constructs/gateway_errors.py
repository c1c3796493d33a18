"""Gateway responses of a REST API."""

import json
import tomllib
from collections.abc import Sequence
from pathlib import Path

from aws_cdk import aws_apigateway as apigateway
from constructs import Construct

_REASON = "$context.error.messageString"  # quoted by API Gateway
_ANSWERS = tomllib.loads(Path(__file__).with_suffix(".toml").read_text("utf-8"))


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
        for kind, said in _ANSWERS.items():
            wait = {"Retry-After": "'1'"} if said["code"] == "too_many_requests" else {}
            apigateway.GatewayResponse(
                self,
                "".join(word.capitalize() for word in kind.split("_")),
                rest_api=api,
                type=apigateway.ResponseType.of(kind),
                status_code=said.get("status"),
                response_headers={**headers, **wait},
                templates={"application/json": _body(said["code"], said["message"])},
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
