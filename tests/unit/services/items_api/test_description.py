"""Generated files are what their sources say, and the description describes what runs."""

import json
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from services.items_api.validators import VALIDATORS
from tests.unit.services import fakes
from tests.unit.services.fakes.items_api import ItemsApi
from tools import generate

API = json.loads(Path("docs/api/items.openapi.json").read_text("utf-8"))
SCHEMAS = API["components"]["schemas"]
EXAMPLES = API["paths"]["/api"]["post"]["requestBody"]["content"]["application/json"]["examples"]


def answer_schema(name: str) -> Any:
    """A validator of one of the description's schemas."""
    return jsonschema_rs.validator_for(
        {"$ref": f"#/components/schemas/{name}", "components": API["components"]}
    )


def test_no_generated_file_is_stale() -> None:
    assert generate.main(["--check"]) == 0


def test_a_stale_file_is_named_then_written(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(generate, "ROOT", tmp_path)
    monkeypatch.setattr(generate, "GENERATORS", {"a.txt": lambda: "text"})

    assert generate.main(["--check"]) == 1
    assert generate.main([]) == 0
    assert generate.main(["--check"]) == 0
    assert (tmp_path / "a.txt").read_text("utf-8") == "text"
    assert capsys.readouterr().out.startswith("a.txt is stale: run `make generate`")


def test_one_file_is_written_by_itself(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(generate, "ROOT", tmp_path)
    monkeypatch.setattr(generate, "GENERATORS", {n: lambda: "text" for n in ("a.txt", "b.txt")})

    assert generate.main(["b.txt"]) == 0
    assert [path.name for path in tmp_path.iterdir()] == ["b.txt"]
    with pytest.raises(SystemExit):
        generate.main(["c.txt"])
    assert "not generated: c.txt" in capsys.readouterr().err


def test_every_operation_has_a_validator_a_schema_and_an_example(api: ItemsApi) -> None:
    names = set(SCHEMAS["Request"]["discriminator"]["mapping"])

    assert names == set(VALIDATORS) == set(EXAMPLES) == set(api.routes)


@pytest.mark.parametrize("operation", EXAMPLES)
def test_every_example_is_valid_and_its_answer_as_described(api: ItemsApi, operation: str) -> None:
    request = EXAMPLES[operation]["value"]
    if operation in ("read", "update", "delete"):
        api(EXAMPLES["create"]["value"])
    if operation in ("presign_download", "delete_file"):
        api.files[request["key"].removeprefix("uploads/")] = b"hello"

    status, body = api(request)

    assert status in (200, 201)
    answer_schema("SuccessAnswer").validate(body)


@pytest.mark.parametrize(
    "request_",
    [
        "{",
        {"operation": "read", "id": "none"},
        {"operation": "list", "cursor": "a.b.c"},
        {"operation": "create", "item": {"a": "x" * 500_000}},
        {"operation": "update", "id": "mug", "item": {}, "expected_version": 7},
    ],
)
def test_every_failure_is_as_described(api: ItemsApi, request_: Any) -> None:
    api({"operation": "create", "id": "mug", "item": {}})

    status, body = api(request_)

    assert status >= 400
    answer_schema("Failure").validate(body)


def test_every_string_of_a_request_is_bounded_and_every_object_closed() -> None:
    def visit(schema: Any) -> None:
        if isinstance(schema, list):
            for part in schema:
                visit(part)
        if not isinstance(schema, dict):
            return
        if schema.get("type") == "string":
            assert schema.keys() & {"maxLength", "enum", "const"}, schema
        if schema.get("type") == "object":
            assert schema["additionalProperties"] is not None
        for part in schema.values():
            visit(part)

    visit(SCHEMAS)


def test_the_scopes_described_are_those_the_handler_asks_for(api: ItemsApi) -> None:
    described = API["components"]["securitySchemes"]["oauth2"]["flows"]["clientCredentials"]
    needed = {route.scope for route in api.routes.values()}

    assert set(described["scopes"]) == needed == set(fakes.EVERY_SCOPE)
