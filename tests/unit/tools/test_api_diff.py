"""A change of a description that breaks a client is found; one that does not is let pass."""

import copy
import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tools.api_diff.__main__ import judged, main
from tools.api_diff.operations import breaks

ROOT = Path(__file__).parents[3]
APIS = {
    name: json.loads((ROOT / f"docs/api/{name}.openapi.json").read_text("utf-8"))
    for name in ("items", "partner", "store")
}
Api = Any
Change = Callable[[Api], object]


def changed(name: str, change: Change) -> list[str]:
    """What a change of one of our descriptions breaks."""
    after = copy.deepcopy(APIS[name])
    change(after)
    assert after != APIS[name]
    return sorted(set(breaks(APIS[name], after)))


def schema(api: Api, name: str) -> Any:
    return api["components"]["schemas"][name]


def put(part: Any, **values: Any) -> None:
    part.update(values)


READ, LIST, CREATE = "/api#read", "/api#list", "/api#create"
BROKEN: dict[str, tuple[str, Change, str]] = {
    "operation gone": ("items", lambda a: a["paths"].pop(READ), f"POST {READ}: is gone"),
    "operation renamed": (
        "items",
        lambda a: put(a["paths"][READ]["post"], operationId="get_item"),
        f"POST {READ}: operationId read_item is now get_item",
    ),
    "another scope": (
        "items",
        lambda a: put(a["paths"][READ]["post"], security=[{"oauth2": ["tap/items.write"]}]),
        f"POST {READ}: {{'oauth2': ['tap/items.read']}} no longer suffice",
    ),
    "credentials at all": (
        "items",
        lambda a: put(a["paths"]["/health"]["get"], security=[{"oauth2": []}]),
        "GET /health: no credentials no longer suffice",
    ),
    "field of a request gone": (
        "items",
        lambda a: schema(a, "ListRequest")["properties"].pop("segment"),
        f"POST {LIST}: request.segment: is not known",
    ),
    "field of a request required": (
        "items",
        lambda a: schema(a, "ListRequest")["required"].append("limit"),
        f"POST {LIST}: request.limit: may be missing",
    ),
    "request takes a smaller number": (
        "items",
        lambda a: put(schema(a, "ListRequest")["properties"]["limit"], maximum=50),
        f"POST {LIST}: request.limit: maximum is 100 on one side and 50 on the other",
    ),
    "request takes a longer text alone": (
        "items",
        lambda a: put(schema(a, "ItemId"), minLength=2),
        f"POST {READ}: request.id: minLength is 1 on one side and 2 on the other",
    ),
    "request takes another pattern": (
        "items",
        lambda a: put(schema(a, "ItemId"), pattern="^[a-z]+$"),
        f"POST {READ}: request.id: pattern is '^[A-Za-z0-9][A-Za-z0-9._:-]*$' on one side",
    ),
    "request takes another type": (
        "items",
        lambda a: put(schema(a, "ListRequest")["properties"]["limit"], type="string"),
        f"POST {LIST}: request.limit: may be integer",
    ),
    "value of a request gone": (
        "items",
        lambda a: schema(a, "UpdateRequest")["properties"]["mode"]["enum"].remove("merge"),
        "POST /api#update: request.mode: may be 'merge'",
    ),
    "request takes fewer names": (
        "items",
        lambda a: put(schema(a, "Attributes"), patternProperties={"^a$": {}}),
        f"POST {CREATE}: request.item: patternProperties is",
    ),
    "request takes no other fields": (
        "items",
        lambda a: put(schema(a, "Item"), additionalProperties=False),
        f"POST {READ}: request.item: may have other fields",
    ),
    "answer lacks a field": (
        "items",
        lambda a: (
            schema(a, "ItemsData")["properties"].pop("cursor"),
            schema(a, "ItemsData")["required"].remove("cursor"),
        ),
        f"POST {LIST}: 200.data.cursor: is gone",
    ),
    "answer may lack a field": (
        "items",
        lambda a: schema(a, "ItemsData")["required"].remove("cursor"),
        f"POST {LIST}: 200.data.cursor: may be missing",
    ),
    "answer may be null": (
        "items",
        lambda a: put(schema(a, "Item")["properties"]["version"], type=["integer", "null"]),
        f"POST {READ}: 200.data.item.version: may be null",
    ),
    "field in a list of an answer may be null": (
        "items",
        lambda a: put(schema(a, "Item")["properties"]["version"], type=["integer", "null"]),
        f"POST {LIST}: 200.data.items[].version: may be null",
    ),
    "answer has another value": (
        "items",
        lambda a: schema(a, "HealthCheck")["properties"]["name"]["enum"].append("queue"),
        "GET /health/details: 200.data.checks[].name: may be 'queue'",
    ),
    "answer has any value": (
        "items",
        lambda a: schema(a, "HealthStatus").pop("enum"),
        "GET /health/details: 200.data.checks[].status: may be more than 'up', 'down'",
    ),
    "another shape of failure": (
        "items",
        lambda a: schema(a, "Failure")["properties"]["error"]["properties"]["details"][
            "oneOf"
        ].append({"type": "string"}),
        f"POST {READ}: 404.error.details: choice 3 fits none of the other side's",
    ),
    "status of success gone": (
        "items",
        lambda a: a["paths"][CREATE]["post"]["responses"].pop("201"),
        f"POST {CREATE}: 201 is gone",
    ),
    "another status of success": (
        "items",
        lambda a: put(a["paths"][CREATE]["post"]["responses"], **{"202": {"description": "later"}}),
        f"POST {CREATE}: 202 is new, and no failure",
    ),
    "header of an answer gone": (
        "items",
        lambda a: a["paths"][READ]["post"]["responses"]["200"].pop("headers"),
        f"POST {READ}: 200: header x-request-id is gone",
    ),
    "body gone": (
        "store",
        lambda a: a["paths"]["/api/orders"]["post"].pop("requestBody"),
        "POST /api/orders: request is gone",
    ),
    "body required": (
        "partner",
        lambda a: put(a["paths"]["/items"]["get"], requestBody={"required": True, "content": {}}),
        "GET /items: request is required now",
    ),
    "parameter required": (
        "partner",
        lambda a: put(
            next(p for p in a["paths"]["/items"]["get"]["parameters"] if p["name"] == "limit"),
            required=True,
        ),
        "GET /items: query limit is required now",
    ),
    "parameter gone": (
        "store",
        lambda a: a["paths"]["/api/orders"]["post"]["parameters"].clear(),
        "POST /api/orders: header idempotency-key is gone",
    ),
    "parameter takes less": (
        "store",
        lambda a: put(schema(a, "OrderId"), maxLength=3),
        "GET /api/orders/{id}: path id: maxLength is",
    ),
}


def wide(api: Api) -> None:
    """Have `read` take an item, which the planted description then closes."""
    schema(api, "ReadRequest")["properties"]["item"] = {"$ref": "#/components/schemas/Item"}


@pytest.mark.parametrize("name", BROKEN)
def test_a_planted_break_is_found(name: str) -> None:
    which, change, line = BROKEN[name]
    before = APIS[which]
    if name == "request takes no other fields":
        before = copy.deepcopy(before)
        wide(before)
    after = copy.deepcopy(before)
    change(after)

    assert any(found.startswith(line) for found in breaks(before, after)), [*breaks(before, after)]


KEPT: dict[str, tuple[str, Change]] = {
    "a new operation": ("items", lambda a: put(a["paths"], **{"/api#x": a["paths"][READ]})),
    "a new optional field of a request": (
        "items",
        lambda a: put(schema(a, "ReadRequest")["properties"], fresh={"type": "boolean"}),
    ),
    "a field of a request that need not be": (
        "items",
        lambda a: schema(a, "UpdateRequest")["required"].remove("id"),
    ),
    "a larger bound of a request": (
        "items",
        lambda a: put(schema(a, "ListRequest")["properties"]["limit"], maximum=500),
    ),
    "a request without a bound": (
        "items",
        lambda a: schema(a, "ListRequest")["properties"]["limit"].pop("maximum"),
    ),
    "a new value of a request": (
        "items",
        lambda a: schema(a, "UpdateRequest")["properties"]["mode"]["enum"].append("deep"),
    ),
    "a new field of an answer": (
        "items",
        lambda a: put(schema(a, "ItemsData")["properties"], total={"type": "integer"}),
    ),
    "a smaller answer": (
        "items",
        lambda a: put(schema(a, "ItemsData")["properties"]["items"], maxItems=10),
    ),
    "another failure": (
        "items",
        lambda a: put(a["paths"][READ]["post"]["responses"], **{"410": {"description": "gone"}}),
    ),
    "one failure less": ("items", lambda a: a["paths"][READ]["post"]["responses"].pop("404")),
    "one more way to prove oneself": (
        "items",
        lambda a: a["paths"][READ]["post"]["security"].append({"key": []}),
    ),
    "other words": ("items", lambda a: put(schema(a, "ItemId"), description="an id")),
    "an optional parameter": (
        "store",
        lambda a: (
            a["paths"]["/api/products"]["get"]
            .setdefault("parameters", [])
            .append({"in": "query", "name": "colour", "schema": {"type": "string"}})
        ),
    ),
}


@pytest.mark.parametrize("name", KEPT)
def test_what_breaks_nobody_is_let_pass(name: str) -> None:
    assert changed(*KEPT[name]) == []


@pytest.mark.parametrize("name", APIS)
def test_a_description_breaks_nothing_of_itself(name: str) -> None:
    assert [*breaks(APIS[name], APIS[name])] == []


def test_a_new_major_version_may_break() -> None:
    after = copy.deepcopy(APIS["items"])
    after["paths"].pop(READ)

    assert judged("items", APIS["items"], after) == [f"items: POST {READ}: is gone"]
    after["info"]["version"] = "2.0.0"
    assert judged("items", APIS["items"], after) == []


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A repository whose branch `base` has one commit more than the one it was left at."""
    folder = tmp_path / "docs/api"
    folder.mkdir(parents=True)
    for name in ("items", "store"):
        (folder / f"{name}.openapi.json").write_text(json.dumps(APIS[name]), "utf-8")
    run(tmp_path, "init", "--quiet", "--initial-branch", "base")
    commit(tmp_path)
    run(tmp_path, "checkout", "--quiet", "-b", "work")
    return tmp_path


def run(folder: Path, *arguments: str) -> None:
    who = ["-c", "user.name=a", "-c", "user.email=a@example.com", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", *who, *arguments], cwd=folder, check=True)


def commit(folder: Path) -> None:
    run(folder, "add", "--all")
    run(folder, "commit", "--quiet", "--message", "a change")


def test_the_command_names_what_this_checkout_breaks(
    checkout: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (checkout / "docs/api/store.openapi.json").unlink()
    api = copy.deepcopy(APIS["items"])
    api["paths"].pop(READ)
    (checkout / "docs/api/items.openapi.json").write_text(json.dumps(api), "utf-8")

    assert main(["base"], checkout) == 1
    said = capsys.readouterr()
    assert said.out.splitlines() == [
        f"items: POST {READ}: is gone",
        "store: the description is gone",
    ]
    assert said.err.startswith("2 breaking changes since ")


def test_what_the_base_got_since_then_is_no_break_of_ours(checkout: Path) -> None:
    run(checkout, "checkout", "--quiet", "base")
    api = copy.deepcopy(APIS["items"])
    api["paths"]["/api#x"] = api["paths"][READ]
    (checkout / "docs/api/items.openapi.json").write_text(json.dumps(api), "utf-8")
    commit(checkout)
    run(checkout, "checkout", "--quiet", "work")

    assert main(["base"], checkout) == 0
