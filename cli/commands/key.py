"""`tap key`: the partner API's key, and those that operators make."""

import time
from typing import Annotated, Any

import typer

from cli import project, targets
from cli.console import done, show_rows, talk
from cli.errors import CliError
from cli.options import OWN, Action, Aws, Context, Home, Json, Name, Yes, one_of, require_name
from cli.stacks import Json as Row
from cli.stacks import pages

_ACTIONS = ("show", "create", "list", "rotate", "revoke")
_PLAN = typer.Option(help="With create: a usage plan, by name or id; the stack's by default.")
_FINISH = typer.Option("--finish", help="With rotate: end the older of two keys.")
_AT_ONCE = typer.Option("--at-once", help="With rotate: end the older key now, as it leaked.")


def key(
    action: Action = "show",
    name: Name = "",
    plan: Annotated[str, _PLAN] = "",
    finish: Annotated[bool, _FINISH] = False,
    at_once: Annotated[bool, _AT_ONCE] = False,
    as_json: Json = False,
    aws: Aws = False,
    yes: Yes = False,
    context: Context = None,
    home: Home = None,
) -> None:
    """Print the value of the partner API's key, for an `x-api-key` header.

    Or `create`, `list`, `rotate` and `revoke` keys of your own. A new key's value is printed once.
    `rotate` makes a second key of a name; both work until `--finish` ends the older.

    tap key create acme

    tap key list

    tap key rotate acme

    tap key rotate acme --finish

    tap key revoke acme
    """
    one_of("action", _ACTIONS, action)
    target = targets.find(home, aws=aws, context=context)
    keys = _Keys(target)
    if action == "show":
        own = keys.own(value=True)
        if aws:
            talk.print(f"API key {own['id']}, {own['name']}", style="dim")
        print(own["value"])
    elif action == "list":
        show_rows(keys.described(), as_json=as_json)
    else:
        finish = finish and action == "rotate" and not at_once
        before = keys.named(name) if action != "create" else []
        ended = before if action == "revoke" or at_once else before[:-1] if finish else []
        if action == "rotate" and not at_once and finish is not (len(before) > 1):
            raise CliError(
                f"{name} has {len(before)}; `tap key rotate {name}` makes the second, and with "
                "--finish it ends the older of two"
            )
        target.confirm(f"{action} {name} {', '.join(before)}".strip(), yes=yes)
        if action != "revoke" and not finish:
            made = keys.make(name, plan, before)
            done(f"API key {made['id']}, {name}; its value is not shown again")
            print(made["value"])
        for key_id in ended:
            target.clients("apigateway").delete_api_key(apiKey=key_id)
            done(f"API key {key_id}, {name}, is revoked")


class _Keys:
    """The keys to a deployed partner API, each named and tagged with its stack's name."""

    def __init__(self, target: targets.Target) -> None:
        self._stack = target.stack(project.PARTNER)
        self._gateway = target.clients("apigateway")
        self._prefix = f"{self._stack.name}."

    def own(self, *, value: bool = False) -> Row:
        """CloudFormation's key; on AWS it takes the permission `apigateway:GET` on it."""
        key_id = self._stack.outputs["ApiKeyId"]
        return dict(self._gateway.get_api_key(apiKey=key_id, includeValue=value))

    def _made(self) -> list[Row]:
        """Those that operators made, by the names they gave, the oldest first."""
        found = pages(self._gateway, "get_api_keys", "items", nameQuery=self._prefix)
        ours = [key for key in found if key.get("tags", {}).get("tap:stack") == self._stack.name]
        named = [key | {"name": key["name"].removeprefix(self._prefix)} for key in ours]
        return sorted(named, key=lambda key: str(key["tags"]["tap:made"]))

    def _plans(self) -> dict[str, tuple[str, list[str]]]:
        """The plans that cover the API, by id: each one's name, and the ids of its keys."""
        api, found = self._stack.outputs["RestApiId"], {}
        for plan in pages(self._gateway, "get_usage_plans", "items"):
            if any(stage["apiId"] == api for stage in plan.get("apiStages", [])):
                which: dict[str, Any] = {"usagePlanId": plan["id"]}
                on_it = pages(self._gateway, "get_usage_plan_keys", "items", **which)
                found[plan["id"]] = plan["name"], [key["id"] for key in on_it]
        return found

    def described(self) -> list[Row]:
        """Describe every key, the stack's own first; no value is among it."""
        plans = self._plans().values()
        return [
            {
                "id": key["id"],
                "name": key["name"],
                "plan": next((name for name, on_it in plans if key["id"] in on_it), "none"),
                "created": str(key["createdDate"]),
                "enabled": key["enabled"],
            }
            for key in (self.own() | {"name": OWN}, *self._made())
        ]

    def named(self, name: str) -> list[str]:
        """Find the keys of a name, the oldest first; `CliError` if there is none."""
        made = self._made()
        if found := [key["id"] for key in made if key["name"] == name]:
            return found
        if name in (self._stack.outputs["ApiKeyId"], self.own()["name"]):
            raise CliError(
                f"{name} is CloudFormation's: `tap key create` one for its user, then rename "
                "its construct in lib/constructs/keyed_rest_api.py and deploy: another replaces it"
            )
        known = ", ".join(key["name"] for key in made) or "none"
        raise CliError(f"no key {name!r} of {self._stack.name}; it has {known}")

    def make(self, name: str, plan: str, before: list[str]) -> Row:
        """Make a key on a plan: that of the one `before` it, or the stack's, when none is given."""
        require_name(name)
        plans = self._plans()
        same = [plan_id for plan_id, (_, on_it) in plans.items() if set(before) & set(on_it)]
        wanted = plan or [*same, self._stack.outputs["UsagePlanId"]][0]
        chosen = [plan_id for plan_id, (told, _) in plans.items() if wanted in (plan_id, told)]
        if not chosen:
            known = ", ".join(f"{told} ({plan_id})" for plan_id, (told, _) in plans.items())
            raise CliError(f"no plan {wanted!r} covers the partner API; there are {known}")
        if not before and any(key["name"] == name for key in self._made()):
            raise CliError(f"there is a key {name!r} already; rotate it, or revoke it first")
        # The second in which a key was made, as AWS tells it, does not tell two of them apart.
        tags = {"tap:stack": self._stack.name, "tap:made": str(time.time_ns())}
        made: Row = self._gateway.create_api_key(name=self._prefix + name, enabled=True, tags=tags)
        which = {"usagePlanId": chosen[0], "keyId": made["id"], "keyType": "API_KEY"}
        self._gateway.create_usage_plan_key(**which)
        return made
