"""Deployed stage of an API, and its settings."""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import fastjsonschema

from localcloud.asgi import Scope, headers
from localcloud.gateway.firewall import Firewall
from localcloud.gateway.throttle import TokenBucket
from localcloud.gateway.variables import filled

_PATH = re.compile(r"/_aws/execute-api/(?P<api>[a-z0-9]+)(?P<path>/.*)?", re.DOTALL)
_HOST = re.compile(r"(?P<api>[a-z0-9]+)\.execute-api\.")
_PLAIN_ANSWER = '{"message":$context.error.messageString}'


@dataclass(frozen=True)
class Address:
    """Which API a request is for, and its path there, the stage's name included for REST."""

    api_id: str
    path: str
    by_host: bool


@dataclass(kw_only=True)
class Stage:
    """Settings of a stage that the gateway enforces."""

    rest: bool  # of a REST API, rather than an HTTP API
    name: str
    routes: frozenset[str] = frozenset()  # the route keys of an HTTP API, for the access log
    bucket: TokenBucket | None = None  # none where the emulator throttles itself, as for REST
    log_group: str = ""  # empty where there is no access log
    log_format: str = ""
    firewall: Firewall | None = None
    # Of a REST API: its own gateway responses by type, its resources' paths, as `/items/{id}`, and
    # what its validator holds a body against, by method and resource.
    answers: dict[str, dict[str, Any]] = field(default_factory=dict)
    resources: tuple[str, ...] = ()
    models: dict[tuple[str, str], Callable[[Any], Any]] = field(default_factory=dict)

    def keep_counts_of(self, before: "Stage | None") -> None:
        """Go on with the tokens and requests counted so far, where the limits are the same."""
        if before is None:
            return
        if self.bucket and before.bucket:
            now, then = self.bucket, before.bucket
            self.bucket = then if (now.rate, now.burst) == (then.rate, then.burst) else now
        if self.firewall and before.firewall:
            self.firewall.keep_counts_of(before.firewall)

    def own_answer(
        self, response_type: str, message: str, request_id: str
    ) -> tuple[str, dict[str, str]]:
        """The body and headers of a REST API's gateway response, rendered."""
        family = "DEFAULT_5XX" if response_type == "DEFAULT_5XX" else "DEFAULT_4XX"
        found = self.answers.get(response_type) or self.answers.get(family) or {}
        template = found.get("responseTemplates", {}).get("application/json") or _PLAIN_ANSWER
        values = {
            "error.messageString": json.dumps(message),
            "error.message": message,
            "error.responseType": response_type,
            "requestId": request_id,
            "stage": self.name,
        }
        constant = {
            name.removeprefix("gatewayresponse.header."): value.strip("'")
            for name, value in found.get("responseParameters", {}).items()
            if value.startswith("'")
        }
        return filled(template, values), constant

    def resource_of(self, path: str) -> str:
        """The resource that a path belongs to, as `/items/{id}`; `-` when there is none."""
        for resource in self.resources:
            if re.fullmatch(re.sub(r"\{[^}]+\}", "[^/]+", resource), path):
                return resource
        return "-"

    def invalid_because(self, method: str, path: str, body: bytes) -> str:
        """Why a body does not fit the model of its method, in brackets as AWS writes it."""
        validate = self.models.get((method, self.resource_of(path)))
        try:
            if validate:
                validate(json.loads(body))
        except fastjsonschema.JsonSchemaValueException as error:
            return f"[{error.message}]"
        except (ValueError, RecursionError):
            return "[the body is not JSON]"
        return "[the body does not fit the model]"


def address_of(scope: Scope) -> Address | None:
    """The API that a request is for, by its host or by its path; None for any other request."""
    if scope["type"] != "http":
        return None
    by_host = _HOST.match(headers(scope).get("host", ""))
    if by_host:
        return Address(by_host["api"], scope["path"], by_host=True)
    by_path = _PATH.fullmatch(scope["path"])
    return Address(by_path["api"], by_path["path"] or "/", by_host=False) if by_path else None
