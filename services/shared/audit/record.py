"""Audit record of a request to the partner API: who asked for what, and how it went.

It never holds a body, a query's value or a key's value, and no text in it can end its line.
"""

import re
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import date
from decimal import Decimal

from services.shared.http import exact_json
from services.shared.http.errors import InvalidRequest
from services.shared.http.exact_json import UNKEEPABLE, Json


class NotARecord(Exception):
    """A text is no audit record; the argument says why, without repeating any of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditRecord:
    """One request.

    `record_id` is the server's own and sorts by time: of two records with one id, one is a
    repetition. (A client can choose `request_id`.) `time` is RFC 3339 in UTC with microseconds;
    `path` the resource with the item's id in percent-encoding; `latency_ms` the time from the
    event to the answer in the function.
    """

    record_id: str
    time: str
    request_id: str
    method: str
    path: str
    status: int
    api_key_id: str | None
    source_ip: str
    user_agent: str
    latency_ms: Decimal
    stage: str

    def to_json(self) -> str:
        """Write the record as one line of ASCII, without its end."""
        return exact_json.render(asdict(self))


def read_record(text: str) -> AuditRecord:
    """Read the record that `to_json` wrote; raise `NotARecord` for anything else."""
    try:
        fields = exact_json.parse(text)
    except InvalidRequest as error:
        raise NotARecord("it is not JSON") from error
    if not isinstance(fields, dict) or fields.keys() != _FIELD_CHECKS.keys():
        raise NotARecord("it does not have the fields of a record")
    for name, is_right in _FIELD_CHECKS.items():
        if not is_right(fields[name]):
            raise NotARecord(f"its {name} is not as it must be")
    return AuditRecord(**fields)


def _text(pattern: str) -> Callable[[Json], bool]:
    form = re.compile(pattern)
    return lambda value: isinstance(value, str) and form.fullmatch(value) is not None


_is_time = _text(r"\d{4}-\d\d-\d\dT([01]\d|2[0-3]):[0-5]\d:[0-5]\d\.\d{6}Z")
_is_key_id = _text("[!-~]{1,128}")


def _time(value: Json) -> bool:
    try:
        return _is_time(value) and date.fromisoformat(value[:10]) is not None
    except ValueError:
        return False


_FIELD_CHECKS: dict[str, Callable[[Json], bool]] = {
    "record_id": _text("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"),
    "time": _time,
    "request_id": _text("[ -~]{1,128}"),
    "method": _text("[A-Z]{1,16}"),
    "path": _text("/[!-~]{0,1023}"),
    "status": lambda value: isinstance(value, int) and 100 <= value <= 599,
    "api_key_id": lambda value: value is None or _is_key_id(value),
    "source_ip": _text("[ -~]{0,64}"),
    "user_agent": _text("[ -~]{0,256}"),
    "latency_ms": lambda value: type(value) in (int, Decimal) and 0 <= value < UNKEEPABLE,
    "stage": _text("[ -~]{1,128}"),
}
