import json
from pathlib import Path

import pytest

from tools import request_schemas
from tools.request_schemas import DescriptionError


def schemas_of(folder: Path, **components: object) -> object:
    """What is written of an API whose one operation takes a `Thing`."""
    schema = {"$ref": "#/components/schemas/Thing"}
    body = {"content": {"application/json": {"schema": schema}}}
    paths = {"/things": {"post": {"requestBody": body}, "get": {}}}
    described = {"paths": paths, "components": {"schemas": components}}
    path = folder / "toy.openapi.json"
    path.write_text(json.dumps(described), "utf-8")
    return json.loads(request_schemas.text(path))


def test_references_are_replaced_and_texts_for_readers_left_out(tmp_path: Path) -> None:
    name = {"type": "string", "examples": ["Mug"], "description": "what it is called"}
    found = schemas_of(
        tmp_path,
        Name=name,
        Thing={
            "title": "A thing",
            "type": "object",
            "required": ["title"],
            "properties": {"title": {"$ref": "#/components/schemas/Name"}},
            "anyOf": [{"minProperties": 1}, {"$ref": "#/components/schemas/Name"}],
            "additionalProperties": {"type": "integer", "maximum": 3},
        },
    )

    assert found == {
        "Thing": {
            "$schema": "http://json-schema.org/draft-04/schema#",
            "type": "object",
            "required": ["title"],
            "properties": {"title": {"type": "string"}},
            "anyOf": [{"minProperties": 1}, {"type": "string"}],
            "additionalProperties": {"type": "integer", "maximum": 3},
        }
    }


@pytest.mark.parametrize("keyword", ["const", "exclusiveMinimum", "if", "unevaluatedProperties"])
def test_what_api_gateway_could_not_enforce_is_refused_in_one_line(
    tmp_path: Path, keyword: str
) -> None:
    with pytest.raises(DescriptionError) as refusal:
        schemas_of(tmp_path, Thing={"properties": {"a": {keyword: 1}}})

    assert str(refusal.value).startswith(f"keyword {keyword!r} has no counterpart")
    assert "\n" not in str(refusal.value)
