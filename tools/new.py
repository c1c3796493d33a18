"""`python -m tools.new OPERATION [--scope items.read]`: begin an operation of the items API.

Writes all that belongs to one, so that every test passes: its part of the description, a route and
a method of the handler, its section of the page, a test. It reads an item, until you write what it
does. The validators are generated.
"""

import argparse
import json
import re
import sys
from pathlib import Path
from typing import Any

from tools import validators

ROOT = Path(__file__).parent.parent
_DESCRIPTION = "docs/api/items.openapi.json"
_HANDLER = "services/items_api/handler.py"
_PAGE = "docs/items-api.md"
_VALIDATORS = "services/items_api/validators.py"
_SCOPES = {"items.read": "read", "items.write": "write", "files.write": "files"}
_METHOD = """
    def _{name}(self, call: Call) -> Json:
        return {{"item": self.items.read(call.request["id"]).to_public()}}
"""
_SECTION = """### {name}

```json
{{"operation": "{name}", "id": "mug-42"}}
```

200, `{{"item": {{...}}}}` as above.

"""
_TEST = '''\
"""`{name}` does what its page says."""

from tests.unit.services.fakes.items_api import ItemsApi


def test_{name}_answers_the_item(api: ItemsApi) -> None:
    api({{"operation": "create", "id": "mug", "item": {{"name": "Mug"}}}})

    status, body = api({{"operation": "{name}", "id": "mug"}})

    assert (status, body["data"]["item"]["name"]) == (200, "Mug")


def test_{name}_of_nothing_is_refused(api: ItemsApi) -> None:
    status, body = api({{"operation": "{name}"}})

    assert (status, body["error"]["details"][0]["field"]) == (400, "id")
'''


def described(api: dict[str, Any], name: str, scope: str) -> dict[str, Any]:
    """Return a description that has the operation, too: after the last one, and before health."""
    schemas = api["components"]["schemas"]
    request = "".join(word.capitalize() for word in name.split("_")) + "Request"
    like = json.loads(json.dumps(api["paths"]["/api#read"]["post"]))
    like |= {"operationId": f"{name}_item", "summary": f"{name.replace('_', ' ').capitalize()}"}
    like["security"] = [{"oauth2": [f"tap/{scope}"]}]
    like["requestBody"]["content"]["application/json"]["schema"]["$ref"] = (
        f"#/components/schemas/{request}"
    )
    schema = json.loads(json.dumps(schemas["ReadRequest"]))
    schema["properties"]["operation"]["const"] = name
    schema["examples"] = [{"operation": name, "id": "mug-42"}]
    paths = _before(api["paths"], "/health", f"/api#{name}", {"post": like})
    components = {**api["components"], "schemas": _before(schemas, "Item", request, schema)}
    return {**api, "paths": paths, "components": components}


def _before(table: dict[str, Any], mark: str, name: str, value: Any) -> dict[str, Any]:
    rows = list(table.items())
    place = list(table).index(mark)
    return dict([*rows[:place], (name, value), *rows[place:]])


def write(name: str, scope: str, root: Path = ROOT) -> list[str]:
    """Write the operation's parts into a checkout; return the names of the files."""
    path = root / _DESCRIPTION
    api = described(json.loads(path.read_text("utf-8")), name, scope)
    path.write_text(json.dumps(api, indent=2, ensure_ascii=False) + "\n", "utf-8")
    (root / _VALIDATORS).write_text(validators.of_operations(path), "utf-8")
    route = f'            Route("{name}", self._{name}, scope={_SCOPES[scope]}),\n'
    method = _METHOD.format(name=name)
    last = "        )\n        return {route.name"
    _insert(root / _HANDLER, (last, route), ("\n\ndef connect(", method))
    _insert(root / _PAGE, ("## Files\n", _SECTION.format(name=name)))
    test = f"tests/unit/services/items_api/test_{name}.py"
    (root / test).write_text(_TEST.format(name=name), "utf-8")
    return [_DESCRIPTION, _VALIDATORS, _HANDLER, _PAGE, test]


def _insert(path: Path, *parts: tuple[str, str]) -> None:
    """Put each text before its mark, which the file has once."""
    text = path.read_text("utf-8")
    for mark, part in parts:
        if text.count(mark) != 1:
            sys.exit(f"{path.name} has no single place for it: {mark.strip()!r}")
        text = text.replace(mark, part + mark)
    path.write_text(text, "utf-8")


def main(arguments: list[str] | None = None) -> int:
    """Write what the command line asks for, and name the files."""
    parser = argparse.ArgumentParser(prog="python -m tools.new", description=__doc__)
    parser.add_argument("operation", help="its name, such as count_versions")
    parser.add_argument("--scope", choices=_SCOPES, default="items.read", help="what a token needs")
    asked = parser.parse_args(arguments)
    if not re.fullmatch(r"[a-z][a-z0-9]*(_[a-z0-9]+)*", asked.operation):
        parser.error(f"{asked.operation!r} is no name of an operation: lower-case words and _")
    known = json.loads((ROOT / _DESCRIPTION).read_text("utf-8"))["paths"]
    if f"/api#{asked.operation}" in known:
        parser.error(f"there is an operation {asked.operation}")
    for file in write(asked.operation, asked.scope):
        print(f"wrote {file}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
