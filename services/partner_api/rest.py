"""Parts of a REST API's event (payload format 1.0), by the names of the API's description."""

from typing import Any
from urllib.parse import quote, unquote

from services.shared.http.errors import refused
from services.shared.http.requests import Event, Request, json_body, read_numbers
from services.shared.http.text import plain
from services.shared.items.models import MAX_REQUEST_LENGTH

_PATH_LENGTH = 1024


def header(event: Event, name: str) -> str | None:
    """Read a header, whatever its case; several are joined as HTTP says. None without one."""
    headers: dict[str, list[str]] = event.get("multiValueHeaders") or {}
    values = [value for key, each in headers.items() if key.lower() == name for value in each]
    return ", ".join(values) if values else None


def request(event: Event, body: str | None) -> Request:
    """Read path, query, header and body, for the operation's validator.

    Of the headers only If-Match is there, on every method: a condition must be refused where it is
    not heeded, not passed over. The body is read if it has a name. Raises `InvalidRequest` for a
    parameter given more than once and a body that is not JSON, `RequestTooLarge` for one that no
    item needs.
    """
    condition = header(event, "if-match")
    parts: Request = {
        "path": {name: unquote(text) for name, text in _path_parameters(event).items()},
        "query": _query(event),
        "header": {} if condition is None else {"If-Match": condition},
    }
    if body:
        parts[body] = json_body(event, limit=MAX_REQUEST_LENGTH)
    return parts


def owner(event: Event) -> str:
    """Read the id of the request's API key, whose owner's items it is about."""
    # API Gateway lets no request without one pass, so that is a bug and raises `LookupError`.
    key_id: str | None = (event["requestContext"].get("identity") or {}).get("apiKeyId")
    if not key_id:
        raise LookupError("the request has no API key")
    return key_id


def path(event: Event) -> str:
    """Fill in the resource's parameters, percent-encoded, so that it is one word of ASCII."""
    filled: str = event["resource"]
    for name, text in _path_parameters(event).items():
        encoded = quote(unquote(text, errors="replace").encode(errors="replace"), safe=":")
        filled = filled.replace(f"{{{name}}}", encoded)
    return plain(filled, _PATH_LENGTH)


def _path_parameters(event: Event) -> dict[str, str]:
    # Ids have no percent signs: decoding what the gateway left encoded, or did not, is safe.
    return event.get("pathParameters") or {}


def _query(event: Event) -> dict[str, Any]:
    """Read each parameter's one value, a number where it is written as one."""
    given: dict[str, list[str]] = event.get("multiValueQueryStringParameters") or {}
    query: dict[str, Any] = {}
    for name, values in given.items():
        if len(values) > 1:
            raise refused(f"query.{name}", "is given more than once", "each parameter once")
        query[name] = values[0]
    return read_numbers(query, "limit", "segment")
