"""Writes the JSON Schemas that API Gateway holds request bodies against, by their component."""

import json
from pathlib import Path
from typing import Any

_DRAFT = "http://json-schema.org/draft-04/schema#"
_COMPONENT = "#/components/schemas/"
# The keywords that mean the same in OpenAPI 3.1 and in the draft that API Gateway knows.
_OF_ANY = {"allOf", "anyOf", "enum", "not", "oneOf", "type"}
_OF_NUMBERS = {"maximum", "minimum", "multipleOf"}
_OF_TEXTS = {"format", "maxLength", "minLength", "pattern"}
_OF_LISTS = {"items", "maxItems", "minItems", "uniqueItems"}
_OF_OBJECTS = {"additionalProperties", "maxProperties", "minProperties", "required"}
_KEPT = _OF_ANY | _OF_NUMBERS | _OF_TEXTS | _OF_LISTS | _OF_OBJECTS
_ANNOTATIONS = {"$comment", "default", "deprecated", "description", "example", "examples", "title"}


class DescriptionError(ValueError):
    """The API's description says what API Gateway could not enforce. The message is one line."""


def text(openapi: Path) -> str:
    """The file's text: the schema, in draft 4, of each component that is a request's body.

    References are replaced by what they name, and texts for readers left out: API Gateway knows
    neither. Raises `DescriptionError` for a keyword that draft 4 has not, or in another sense.
    """
    described = json.loads(openapi.read_text("utf-8"))
    components = described["components"]["schemas"]
    bodies = {
        operation["requestBody"]["content"]["application/json"]["schema"]["$ref"]
        for methods in described["paths"].values()
        for operation in methods.values()
        if "requestBody" in operation
    }
    names = sorted(reference.removeprefix(_COMPONENT) for reference in bodies)
    found = {name: {"$schema": _DRAFT, **_plain(components[name], components)} for name in names}
    return json.dumps(found, indent=2) + "\n"


def _plain(schema: dict[str, Any], components: dict[str, Any]) -> dict[str, Any]:
    if "$ref" in schema:
        return _plain(components[schema["$ref"].removeprefix(_COMPONENT)], components)
    plain: dict[str, Any] = {}
    for keyword, value in schema.items():
        if keyword in ("properties", "patternProperties"):
            plain[keyword] = {name: _plain(each, components) for name, each in value.items()}
        elif keyword in _KEPT:
            plain[keyword] = _value(value, components)
        elif keyword not in _ANNOTATIONS:
            raise DescriptionError(
                f"keyword {keyword!r} has no counterpart in API Gateway's models: "
                "say it otherwise or leave it to the handler"
            )
    return plain


def _value(value: Any, components: dict[str, Any]) -> Any:
    if isinstance(value, dict):
        return _plain(value, components)
    if isinstance(value, list):
        return [_value(each, components) for each in value]
    return value
