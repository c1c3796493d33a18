"""Items, the rules that hold for them, and the errors of operations on them."""

from dataclasses import dataclass, fields
from decimal import Decimal

from services.shared.http.errors import Conflict, NotFound, TooLarge, problem_of, refused
from services.shared.http.exact_json import UNKEEPABLE, Json

Attributes = dict[str, Json]
# Path of a value: that of what holds it, and its own part. Joined only for an error: a long name
# over many values would make paths larger by far than the request.
Field = tuple["Field | None", str]

MAX_ITEM_BYTES = 409_600
MAX_LEVELS = 32
# Every item can be written within this many characters, and the request around it. No byte of an
# item takes more than the six of a `\u0000`: a control character is one byte, and all else that
# JSON can say (`"a":false,` is ten characters and three bytes) is shorter for each byte it takes.
# What is longer has spaces or zeros that an item does not keep.
MAX_REQUEST_LENGTH = 6 * MAX_ITEM_BYTES + 4_096


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """Item: the client's attributes and what the server keeps of it.

    `version` counts from 1 and grows by 1 with every update; the times are RFC 3339 in UTC.
    """

    id: str
    attributes: Attributes
    version: int
    created_at: str
    updated_at: str

    def to_public(self) -> dict[str, Json]:
        """Show the item as clients see it: attributes and server-kept fields side by side."""
        kept = {name: getattr(self, name) for name in FIELDS if name != "attributes"}
        return {**self.attributes, **kept}


FIELDS = tuple(field.name for field in fields(Item))


class ItemNotFound(NotFound):
    """No item has this id."""

    code = "item_not_found"

    def __init__(self, item_id: str) -> None:
        super().__init__(f"there is no item {item_id}")


class ItemExists(Conflict):
    """An item with the id of the one to create is there already; it was not changed."""

    code = "item_exists"

    def __init__(self, item_id: str) -> None:
        super().__init__(f"item {item_id} exists already")


class VersionConflict(Conflict):
    """The item has another version than the caller expected; it was not changed."""

    code = "version_conflict"

    def __init__(self, item_id: str, *, expected: int, current: int) -> None:
        super().__init__(
            f"item {item_id} has version {current}, not {expected}", {"current_version": current}
        )


class ItemTooLarge(TooLarge):
    """The item would exceed what one DynamoDB item can hold."""

    code = "item_too_large"

    def __init__(self, size: int | None = None) -> None:
        given = "more" if size is None else f"{size} bytes"
        allowed = f"at most {MAX_ITEM_BYTES} bytes as DynamoDB counts them"
        details = problem_of("item", f"has {given}", allowed)
        super().__init__(f"the item is larger than {MAX_ITEM_BYTES} bytes", details)


def check(item: Item) -> None:
    """Check that DynamoDB can hold the item exactly.

    Raises `InvalidRequest` for a number out of range, a lone surrogate, an empty name or more than
    32 levels, `ItemTooLarge` for more than 409,600 bytes.
    """
    size = sum(len(name) + size_of(getattr(item, name)) for name in FIELDS)
    if size > MAX_ITEM_BYTES:
        raise ItemTooLarge(size)


def size_of(
    value: Json, field: Field = (None, "item"), level: int = 1, room: int = MAX_ITEM_BYTES
) -> int:
    """Count the bytes that a value takes in an item, as DynamoDB does.

    A list or map of more than `room` bytes is counted no further: it raises `ItemTooLarge`.

    Strings and names: their UTF-8 bytes. Numbers: one byte for every two significant digits and
    one more, and one for a minus sign. true, false, null: 1. Lists and maps: 3, and 1 for each
    element besides the element itself. See "DynamoDB item sizes and formats",
    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html
    """
    if isinstance(value, str):
        return _utf8_length(value, field)
    if value is None or isinstance(value, bool):
        return 1
    if not isinstance(value, (dict, list)):
        if value == UNKEEPABLE:
            allowed = "at most 38 significant digits, magnitude from 1E-130 to 9.99E+125"
            raise refused(_path(field), "is a number that cannot be kept exactly", allowed)
        digits = len("".join(map(str, Decimal(value).as_tuple().digits)).strip("0"))
        return (digits + 1) // 2 + 1 + int(value < 0)
    if level > MAX_LEVELS:
        raise refused(_path(field), f"is nested more than {MAX_LEVELS} levels deep", "fewer levels")
    size = 3 + len(value)
    _check_room(size, room)
    if isinstance(value, list):
        for index, part in enumerate(value):
            size += size_of(part, (field, f"[{index}]"), level + 1, room - size)
            _check_room(size, room)
        return size
    for name, part in value.items():
        if not name:
            raise refused(_path(field), "has an empty name", "names of at least one character")
        size += _utf8_length(name, field)
        size += size_of(part, (field, "." + name), level + 1, room - size)
        _check_room(size, room)
    return size


def _check_room(size: int, room: int) -> None:
    if size > room:
        raise ItemTooLarge


def _path(field: Field | None) -> str:
    return _path(field[0]) + field[1] if field else ""


def _utf8_length(text: str, field: Field) -> int:
    try:
        return len(text.encode())
    except UnicodeEncodeError as error:
        problem = f"has half of a surrogate pair at character {error.start}"
        raise refused(_path(field), problem, "whole Unicode characters") from error
