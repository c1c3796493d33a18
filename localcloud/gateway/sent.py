"""A client's request in the form in which API Gateway hands it to a function.

The peer's address is the gateway's own knowledge: it is appended to what the client says in
X-Forwarded-For, and is the only `sourceIp`. An HTTP API joins a repeated header with commas; a REST
API's event has each value in `multiValueHeaders`, and the last in `headers`.
https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
https://docs.aws.amazon.com/lambda/latest/dg/services-apigateway.html
"""

from collections.abc import Iterable
from contextvars import ContextVar

from localcloud.asgi import Scope, each_header

# The request being served, for the emulator's builder of REST events, which sees it joined.
SERVED: ContextVar[Scope | None] = ContextVar("served", default=None)
_GATEWAYS_OWN = ("x-forwarded-for", "x-forwarded-port", "x-forwarded-proto")


def peer(scope: Scope) -> str:
    """Return the address that a request comes from."""
    return str((scope.get("client") or ("127.0.0.1",))[0])


def handed_on(scope: Scope, *, rest: bool) -> Scope:
    """The request with the headers that API Gateway sets, and repeated ones as it has them."""
    sent = each_header(scope)
    named = [(name, value) for name, value in sent if name not in _GATEWAYS_OWN]
    if not rest:
        named = list(_joined(named))
    said = [value for name, value in sent if name == "x-forwarded-for"]
    named += [
        ("x-forwarded-for", ", ".join([*said, peer(scope)])),
        ("x-forwarded-port", "443"),
        ("x-forwarded-proto", "https"),
    ]
    return {**scope, "headers": [(n.encode("latin-1"), v.encode("latin-1")) for n, v in named]}


def values_by_name(named: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    """Each value of each header."""
    found: dict[str, list[str]] = {}
    for name, value in named:
        found.setdefault(name, []).append(value)
    return found


def _joined(named: Iterable[tuple[str, str]]) -> Iterable[tuple[str, str]]:
    for name, values in values_by_name(named).items():
        yield name, ("; " if name == "cookie" else ",").join(values)
