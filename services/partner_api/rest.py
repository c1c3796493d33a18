"""Reads a REST API's event (payload format 1.0): its parts, by the names of the description."""

import re
from typing import Any
from urllib.parse import quote, unquote

from services.shared.http import exact_json, requests
from services.shared.http.errors import refused
from services.shared.http.exact_json import Json
from services.shared.http.requests import Event
from services.shared.http.text import plain
from services.shared.items.models import MAX_REQUEST_LENGTH

Request = dict[str, Json]

_PATH_LENGTH = 1024
_WHOLE_NUMBER = re.compile("[0-9]{1,9}")


def header(event: Event, name: str) -> str | None:
    """The header's value, whatever its case; several are joined as HTTP says. None without one."""
    headers: dict[str, list[str]] = event.get("multiValueHeaders") or {}
    values = [value for key, each in headers.items() if key.lower() == name for value in each]
    return ", ".join(values) if values else None


def request(event: Event, *, takes_item: bool) -> Request:
    """Path, query, header and item, for the operation's validator.

    Of the headers only If-Match is there, on every method: a condition must be refused where it is
    not heeded, not passed over. Raises `InvalidRequest` for a parameter given more than once and a
    body that is not JSON, `RequestTooLarge` for one that no item needs.
    """
    condition = header(event, "if-match")
    parts: Request = {
        "path": {name: unquote(text) for name, text in _path_parameters(event).items()},
        "query": _query(event),
        "header": {} if condition is None else {"If-Match": condition},
    }
    if takes_item:
        parts["item"] = exact_json.parse(requests.body(event, limit=MAX_REQUEST_LENGTH))
    return parts


def owner(event: Event) -> str:
    """Whose items the request is about: the id of its API key.

    Raises `LookupError` without one. The gateway lets no such request pass, so that is a bug.
    """
    key_id: str | None = (event["requestContext"].get("identity") or {}).get("apiKeyId")
    if not key_id:
        raise LookupError("the request has no API key")
    return key_id


def path(event: Event) -> str:
    """The resource, with its parameters percent-encoded, so that it is one word of ASCII."""
    filled: str = event["resource"]
    for name, text in _path_parameters(event).items():
        encoded = quote(unquote(text, errors="replace").encode(errors="replace"), safe=":")
        filled = filled.replace(f"{{{name}}}", encoded)
    return plain(filled, _PATH_LENGTH)


def _path_parameters(event: Event) -> dict[str, str]:
    # Ids have no percent signs: decoding what the gateway left encoded, or did not, is safe.
    return event.get("pathParameters") or {}


def _query(event: Event) -> dict[str, Any]:
    """Each parameter's one value, a number where it is written as one."""
    given: dict[str, list[str]] = event.get("multiValueQueryStringParameters") or {}
    query: dict[str, Any] = {}
    for name, values in given.items():
        if len(values) > 1:
            raise refused(f"query.{name}", "is given more than once", "each parameter once")
        query[name] = values[0]
    limit = query.get("limit", "")
    if _WHOLE_NUMBER.fullmatch(limit):
        query["limit"] = int(limit)
    return query
