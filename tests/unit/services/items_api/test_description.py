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
OPERATIONS = {
    path.partition("#")[2]: methods["post"]
    for path, methods in API["paths"].items()
    if path.startswith("/api#")
}


def schema_of(described: Any) -> Any:
    """The schema that the one content of a request or an answer refers to, and its name."""
    name = described["content"]["application/json"]["schema"]["$ref"].rpartition("/")[2]
    return name, SCHEMAS[name]


EXAMPLES = {
    name: schema_of(operation["requestBody"])[1]["examples"]
    for name, operation in OPERATIONS.items()
}
CASES = [(name, example) for name, examples in EXAMPLES.items() for example in examples]


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
    assert set(OPERATIONS) == set(VALIDATORS) == set(api.routes)
    assert all(EXAMPLES.values())


@pytest.mark.parametrize("operation", OPERATIONS)
def test_the_path_of_an_operation_is_what_its_body_says(operation: str) -> None:
    _, schema = schema_of(OPERATIONS[operation]["requestBody"])

    assert schema["properties"]["operation"]["const"] == operation


@pytest.mark.parametrize("operation", OPERATIONS)
def test_an_operation_has_the_status_and_the_scope_that_the_handler_gives_it(
    api: ItemsApi, operation: str
) -> None:
    described, route = OPERATIONS[operation], api.routes[operation]

    assert described["security"] == [{"oauth2": [route.scope]}]
    assert [status for status in described["responses"] if status < "300"] == [str(route.status)]


@pytest.mark.parametrize(("operation", "request_"), CASES)
def test_every_example_is_valid_and_its_answer_as_described(
    api: ItemsApi, operation: str, request_: Any
) -> None:
    _, schema = schema_of(OPERATIONS[operation]["requestBody"])
    if "id" in schema["required"]:
        api(EXAMPLES["create"][0])
    if operation in ("presign_download", "delete_file"):
        api.files[request_["key"].removeprefix("uploads/")] = b"hello"

    status, body = api(request_)

    answer_schema(schema_of(OPERATIONS[operation]["responses"][str(status)])[0]).validate(body)


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
