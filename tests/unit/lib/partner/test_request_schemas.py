import json
from pathlib import Path

import pytest

from lib.partner import request_schemas
from lib.partner.request_schemas import DescriptionError, request_schema


@pytest.fixture(name="described")
def description(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(request_schemas, "_DESCRIPTIONS", tmp_path)
    return tmp_path / "toy.openapi.json"


def describe(path: Path, **schemas: object) -> None:
    path.write_text(json.dumps({"components": {"schemas": schemas}}), "utf-8")


def test_references_are_replaced_and_texts_for_readers_left_out(described: Path) -> None:
    name = {"type": "string", "examples": ["Mug"], "description": "what it is called"}
    describe(
        described,
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

    assert request_schema("toy", "Thing") == {
        "$schema": "http://json-schema.org/draft-04/schema#",
        "type": "object",
        "required": ["title"],
        "properties": {"title": {"type": "string"}},
        "anyOf": [{"minProperties": 1}, {"type": "string"}],
        "additionalProperties": {"type": "integer", "maximum": 3},
    }


@pytest.mark.parametrize("keyword", ["const", "exclusiveMinimum", "if", "unevaluatedProperties"])
def test_what_api_gateway_could_not_enforce_is_refused_in_one_line(
    described: Path, keyword: str
) -> None:
    describe(described, Thing={"properties": {"a": {keyword: 1}}})

    with pytest.raises(DescriptionError) as refusal:
        request_schema("toy", "Thing")

    assert str(refusal.value).startswith(f"keyword {keyword!r} has no counterpart")
    assert "\n" not in str(refusal.value)
