"""`tap client`: machine clients of the items API, each with scopes of its own."""

from collections.abc import Sequence
from typing import Annotated

import typer

from cli import project, targets
from cli.console import done, emit, show_rows
from cli.errors import CliError
from cli.options import OWN, Action, Aws, Context, Home, Json, Name, Yes, one_of, require_name
from cli.stacks import Json as Row
from cli.stacks import pages

_ACTIONS = ("list", "create", "revoke")
_SCOPES = typer.Option("--scopes", help="With create: scopes with commas between; repeatable.")


def client(
    action: Action = "list",
    name: Name = "",
    scopes: Annotated[list[str] | None, _SCOPES] = None,
    as_json: Json = False,
    aws: Aws = False,
    yes: Yes = False,
    context: Context = None,
    home: Home = None,
) -> None:
    """List, create and revoke the machine clients that get tokens for the items API.

    `create` prints id and secret as JSON, once. `revoke` ends the tokens that a client has, too.

    tap client create acme --scopes items.read,items.write

    tap client list

    tap client revoke acme
    """
    one_of("action", _ACTIONS, action)
    target = targets.find(home, aws=aws, context=context)
    clients = _Clients(target)
    if action == "list":
        show_rows(clients.described(), as_json=as_json)
    elif action == "revoke":
        client_id = clients.named(name)
        target.confirm(f"end the client {name} ({client_id})", yes=yes)
        clients.revoke(client_id)
        done(f"client {client_id}, {name}, is revoked, and the tokens it has")
    else:
        require_name(name)
        wanted = clients.scopes(",".join(scopes or []))
        target.confirm(f"make the client {name}, which may {', '.join(wanted)}", yes=yes)
        made = clients.make(name, wanted)
        done(f"client {name}, which may {', '.join(wanted)}; its secret is not shown again")
        emit({"client_id": made["ClientId"], "client_secret": made["ClientSecret"]})


class _Clients:
    """The app clients of a deployed user pool.

    The API takes the tokens of those alone that its authorizer's audience holds: a new client is
    added, a revoked one is taken out first, which ends the tokens it has.
    """

    def __init__(self, target: targets.Target) -> None:
        outputs = target.stack(project.ITEMS).outputs
        self._cognito, self._gateway = target.clients("cognito-idp"), target.clients("apigatewayv2")
        self._pool, self._own = {"UserPoolId": outputs["UserPoolId"]}, outputs["UserPoolClientId"]
        self._api = outputs["HttpApiId"]

    def _all(self) -> list[Row]:
        found = pages(self._cognito, "list_user_pool_clients", "UserPoolClients", **self._pool)
        return sorted(found, key=lambda each: (each["ClientId"] != self._own, each["ClientName"]))

    def described(self) -> list[Row]:
        """Describe every client, the stack's own first; no secret is among it."""
        audience = self._audience()
        ask = self._cognito.describe_user_pool_client
        told = [ask(**self._pool, ClientId=each["ClientId"]) for each in self._all()]
        return [
            {
                "id": each["ClientId"],
                "name": OWN if each["ClientId"] == self._own else each["ClientName"],
                "scopes": " ".join(sorted(each.get("AllowedOAuthScopes", []))),
                "created": str(each["CreationDate"]),
                "enabled": each["ClientId"] in audience,
            }
            for each in (answer["UserPoolClient"] for answer in told)
        ]

    def named(self, name: str) -> str:
        """Find a client's id; raises `CliError` if there is none, or it is CloudFormation's."""
        made = {each["ClientName"]: each["ClientId"] for each in self._all()[1:]}
        if name in made:
            return str(made[name])
        raise CliError(
            f"no client {name!r} that was made with `tap client create`; there are "
            f"{', '.join(made) or 'none'} (the stack's own is CloudFormation's)"
        )

    def scopes(self, given: str) -> list[str]:
        """Read scopes, with commas between; raises `CliError` for one that there is not."""
        asked = self._cognito.list_resource_servers(**self._pool, MaxResults=50)
        known = {
            scope["ScopeName"]: f"{server['Identifier']}/{scope['ScopeName']}"
            for server in asked["ResourceServers"]
            for scope in server["Scopes"]
        }
        names = {scope.strip().removeprefix("tap/") for scope in given.split(",")}
        if unknown := sorted(names - known.keys()):
            raise CliError(f"no scope {unknown[0]!r}; --scopes takes {', '.join(sorted(known))}")
        return [known[name] for name in sorted(names)]

    def make(self, name: str, scopes: list[str]) -> Row:
        """Make a client as lib/constructs/machine_identity.py makes the stack's own."""
        if any(each["ClientName"] == name for each in self._all()):
            raise CliError(f"there is a client {name!r} already; revoke it first")
        made: Row = self._cognito.create_user_pool_client(
            **self._pool,
            ClientName=name,
            GenerateSecret=True,
            ExplicitAuthFlows=["ALLOW_REFRESH_TOKEN_AUTH"],
            AllowedOAuthFlowsUserPoolClient=True,
            AllowedOAuthFlows=["client_credentials"],
            AllowedOAuthScopes=scopes,
            AccessTokenValidity=15,
            TokenValidityUnits={"AccessToken": "minutes"},
            EnableTokenRevocation=True,
            PreventUserExistenceErrors="ENABLED",
        )["UserPoolClient"]
        self._audience(add=[made["ClientId"]])
        return made

    def revoke(self, client_id: str) -> None:
        """End a client, and the tokens it has."""
        self._audience(remove=[client_id])
        self._cognito.delete_user_pool_client(**self._pool, ClientId=client_id)

    def _audience(self, *, add: Sequence[str] = (), remove: Sequence[str] = ()) -> list[str]:
        """Read which clients' tokens the API takes, and change it."""
        authorizers = self._gateway.get_authorizers(ApiId=self._api)["Items"]
        [jwt] = [each for each in authorizers if each["AuthorizerType"] == "JWT"]
        before = [*jwt["JwtConfiguration"]["Audience"], *add]
        after = [each for each in before if each not in remove]
        if add or remove:
            changed = jwt["JwtConfiguration"] | {"Audience": after}
            which = {"ApiId": self._api, "AuthorizerId": jwt["AuthorizerId"]}
            self._gateway.update_authorizer(**which, JwtConfiguration=changed)
        return after
