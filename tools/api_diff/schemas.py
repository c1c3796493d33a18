"""Whether one JSON Schema takes all that another does.

A request's schema may take more than before and no less; an answer's may give less than before and
no more. Both are the question whether every value of one schema is one of another's, put the other
way round; but a client is expected to pass over fields of an answer that it does not know, and to
miss those that are gone.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

_LEAST = {"minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties"}
_MOST = {"maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties"}
_READ = {"type", "enum", "const", "required", "properties", "additionalProperties", "items"}
_CHOICES = {"oneOf", "anyOf"}
_WORDS = {"description", "title", "examples", "example", "deprecated", "default", "discriminator"}
_ALL_TYPES = {"string", "number", "integer", "boolean", "object", "array", "null"}


@dataclass(frozen=True, kw_only=True)
class Schema:
    """A schema, and the components of its own description that it refers to."""

    text: Mapping[str, Any]
    components: Mapping[str, Any]

    def at(self, text: Any) -> "Schema":
        """A part of it, with its reference replaced; `True` is a schema that takes everything."""
        part = text if isinstance(text, Mapping) else {}
        while "$ref" in part:
            part = self.components[part["$ref"].rpartition("/")[2]]
        return Schema(text=part, components=self.components)

    @property
    def types(self) -> set[str]:
        """The types of its values; a number may be an integer."""
        named = self.text.get("type", _ALL_TYPES)
        found = {named} if isinstance(named, str) else set(named)
        return found | ({"integer"} if "number" in found else set())

    @property
    def values(self) -> list[Any] | None:
        """The values that it is limited to."""
        return [self.text["const"]] if "const" in self.text else self.text.get("enum")

    @property
    def choices(self) -> list["Schema"]:
        """The schemas of which one must hold: itself when there is no choice."""
        return [self.at(each) for name in _CHOICES for each in self.text.get(name, ())] or [self]


def refused(given: Schema, taken: Schema, where: str, *, tolerant: bool) -> Iterator[str]:
    """Yield why a value that `given` allows would be no value of `taken`.

    Args:
        given: What is sent.
        taken: What the other side expects.
        where: Name of the place in the document, for the lines that are yielded.
        tolerant: The other side passes over fields it does not know, as a client does, and misses
            those that are gone, even if they were not always there.
    """
    if len(given.choices) > 1 or len(taken.choices) > 1:
        for number, choice in enumerate(given.choices):
            if all(list(refused(choice, each, where, tolerant=tolerant)) for each in taken.choices):
                yield f"{where}: choice {number + 1} fits none of the other side's"
        return
    yield from _of_values(given, taken, where)
    yield from _of_bounds(given, taken, where)
    if "object" in given.types & taken.types:
        yield from _of_fields(given, taken, where, tolerant=tolerant)
    if "items" in taken.text:
        inner = given.at(given.text.get("items", True)), taken.at(taken.text["items"])
        yield from refused(*inner, f"{where}[]", tolerant=tolerant)


def _of_values(given: Schema, taken: Schema, where: str) -> Iterator[str]:
    if more := given.types - taken.types:
        yield f"{where}: may be {' or '.join(sorted(more))}"
    if taken.values is None:
        return
    if given.values is None:
        yield f"{where}: may be more than {_listed(taken.values)}"
    elif other := [value for value in given.values if value not in taken.values]:
        yield f"{where}: may be {_listed(other)}"


def _of_bounds(given: Schema, taken: Schema, where: str) -> Iterator[str]:
    for name, bound in taken.text.items():
        ours = given.text.get(name)
        if given.values is not None or name in _WORDS | _READ | _CHOICES or ours == bound:
            continue
        if name in _LEAST and ours is not None and ours > bound:
            continue
        if name in _MOST and ours is not None and ours < bound:
            continue
        yield f"{where}: {name} is {ours!r} on one side and {bound!r} on the other"


def _of_fields(given: Schema, taken: Schema, where: str, *, tolerant: bool) -> Iterator[str]:
    ours, theirs = given.text.get("properties", {}), taken.text.get("properties", {})
    for name in set(taken.text.get("required", ())) - set(given.text.get("required", ())):
        yield f"{where}.{name}: may be missing"
    others = taken.text.get("additionalProperties", True)
    for name, field in ours.items():
        if name in theirs:
            pair = given.at(field), taken.at(theirs[name])
            yield from refused(*pair, f"{where}.{name}", tolerant=tolerant)
        elif not tolerant and others is False:
            yield f"{where}.{name}: is not known"
        elif not tolerant:
            pair = given.at(field), taken.at(others)
            yield from refused(*pair, f"{where}.{name}", tolerant=tolerant)
    if tolerant:
        for name in theirs.keys() - ours.keys():
            yield f"{where}.{name}: is gone"
    elif given.text.get("additionalProperties", True) is not False and others is False:
        yield f"{where}: may have other fields"


def _listed(values: list[Any]) -> str:
    return ", ".join(map(repr, values))
