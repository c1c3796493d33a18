"""`tap key` and `tap client` with `--aws`: what they ask AWS for, and in which order."""

import json
import os
import re

import botocore.httpsession
import pytest
from typer.testing import CliRunner

from cli import main as cli
from cli import project
from cli.errors import CliError
from tests.unit.cli.fake_aws import STACK, FakeAws, stacks

TAP, PARTNER, _ = STACK
VALUE = "the-value-that-stdout-alone-may-hold"
DEPLOYED = {
    PARTNER: {"ApiKeyId": "own", "UsagePlanId": "plan1", "RestApiId": "api1"},
    TAP: {"UserPoolId": "pool_1", "UserPoolClientId": "own", "HttpApiId": "http1"},
}


def key(key_id, name, made="1", stack=PARTNER):
    tags = {"tap:stack": stack, "tap:made": made}
    return {"id": key_id, "name": name, "createdDate": 1, "enabled": True, "tags": tags}


@pytest.fixture
def aws(monkeypatch):
    """Makes AWS with these keys and clients, and an operator's shell."""
    for name in [n for n in os.environ if n.startswith("AWS_") or n.lower().endswith("_proxy")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAOPERATOR")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "an operator's secret")
    monkeypatch.setenv("AWS_REGION", "eu-central-1")
    monkeypatch.setenv("AWS_CONFIG_FILE", os.devnull)
    monkeypatch.setattr(project, "stack_names", lambda *_: list(STACK))

    def make(*keys, clients=(), **answers):
        plan = {"name": "small", "apiStages": [{"apiId": "api1", "stage": "prod"}]}
        other = {"id": "plan2", "name": "other", "apiStages": [{"apiId": "api2", "stage": "prod"}]}
        scopes = [{"ScopeName": name} for name in ("items.read", "items.write")]
        settings = {"issuer": "i", "audience": ["own", "c1"]}
        jwt = {"authorizerId": "a1", "authorizerType": "JWT", "jwtConfiguration": settings}
        known = {
            "DescribeStacks": stacks(DEPLOYED),
            "GET /apikeys/own": lambda _: key("own", "Partne-Key") | {"value": VALUE},
            "GET /apikeys": lambda _: {"item": list(keys)},
            "GET /usageplans": lambda _: {"item": [{"id": "plan1", **plan}, other]},
            "GET /usageplans/plan1/keys": lambda _: {"item": [{"id": "k1"}]},
            "POST /apikeys": lambda _: key("new", "n") | {"value": VALUE},
            "POST /usageplans/plan1/keys": lambda _: {},
            "DELETE /apikeys/k1": lambda _: {},
            "DELETE /apikeys/k2": lambda _: {},
            "ListUserPoolClients": lambda _: {
                "UserPoolClients": [
                    {"ClientId": c, "ClientName": n} for c, n in [("own", ""), *clients]
                ]
            },
            "ListResourceServers": lambda _: {
                "ResourceServers": [{"Identifier": "tap", "Scopes": scopes}]
            },
            "CreateUserPoolClient": lambda _: {
                "UserPoolClient": {"ClientId": "c2", "ClientSecret": VALUE}
            },
            "DeleteUserPoolClient": lambda _: {},
            "GET /v2/apis/http1/authorizers": lambda _: {"items": [jwt]},
            "PATCH /v2/apis/http1/authorizers/a1": lambda _: {},
        }
        made = FakeAws(known | answers)
        monkeypatch.setattr(
            botocore.httpsession.URLLib3Session, "send", lambda _, request: send(made, request)
        )
        return made

    def send(made, request):
        if "jwtConfiguration" in str(request.body):
            made.asked.append(("audience", json.loads(request.body)["jwtConfiguration"]))
        return made.send(request)

    return make


def run(*arguments, answer=None):
    return CliRunner().invoke(cli.app, [*arguments, "--aws"], input=answer)


def changes(asked):
    """What was changed at AWS, in its order."""
    changing = re.compile("POST|DELETE|PATCH|Create|Delete")
    return [name for name, _ in asked.asked if changing.match(name)]


def test_a_new_key_is_put_on_the_stacks_plan_and_told_on_stdout_alone(aws):
    asked = aws()

    done = run("key", "create", "acme", "--yes")

    assert done.stdout == f"{VALUE}\n"
    assert VALUE not in done.stderr
    assert changes(asked) == ["POST /apikeys", "POST /usageplans/plan1/keys"]


@pytest.mark.parametrize("verb", ["create", "rotate", "revoke"])
def test_aws_is_not_changed_before_somebody_says_yes(aws, verb):
    asked = aws(key("k1", f"{PARTNER}.acme")) if verb != "create" else aws()

    done = run("key", verb, "acme", answer="n\n")

    assert done.exit_code == 1
    assert changes(asked) == []


def test_a_rotated_key_leaves_the_older_one_until_it_is_finished(aws):
    asked = aws(key("k1", f"{PARTNER}.acme"))

    run("key", "rotate", "acme", "--yes")

    assert changes(asked) == ["POST /apikeys", "POST /usageplans/plan1/keys"]


def test_finishing_a_rotation_ends_the_older_key_whatever_order_aws_lists_them_in(aws):
    asked = aws(key("k2", f"{PARTNER}.acme", "2"), key("k1", f"{PARTNER}.acme", "1"))

    run("key", "rotate", "acme", "--finish", "--yes")

    assert changes(asked) == ["DELETE /apikeys/k1"]


def test_a_key_that_leaked_ends_after_the_next_is_made(aws):
    asked = aws(key("k1", f"{PARTNER}.acme"))

    run("key", "rotate", "acme", "--at-once", "--yes")

    made = ["POST /apikeys", "POST /usageplans/plan1/keys"]
    assert changes(asked) == [*made, "DELETE /apikeys/k1"]


def test_finishing_at_once_does_not_take_the_only_key_without_making_the_next(aws):
    asked = aws(key("k1", f"{PARTNER}.acme"))

    run("key", "rotate", "acme", "--at-once", "--finish", "--yes")

    assert changes(asked)[0] == "POST /apikeys"


@pytest.mark.parametrize(
    ("keys", "arguments", "told"),
    [
        ([], ("rotate", "own"), "CloudFormation's"),
        ([], ("revoke", "Partne-Key"), "CloudFormation's"),
        ([("k1", "acme")], ("create", "acme"), "there is a key 'acme' already"),
        ([("k1", "acme")], ("rotate", "acme", "--finish"), "acme has 1;"),
        ([("k1", "acme"), ("k2", "acme")], ("rotate", "acme"), "acme has 2;"),
        ([("k1", "acme")], ("revoke", "bolt"), "it has acme"),
        ([], ("create", "acme", "--plan", "other"), "there are small (plan1)"),
    ],
)
def test_what_cannot_be_done_with_a_key_changes_nothing(aws, keys, arguments, told):
    asked = aws(*(key(key_id, f"{PARTNER}.{name}") for key_id, name in keys))

    done = run("key", *arguments, "--yes")

    assert isinstance(done.exception, CliError)
    assert told in str(done.exception)
    assert changes(asked) == []


def test_a_key_of_another_environment_is_not_seen(aws):
    asked = aws(key("k1", f"{PARTNER}.acme", stack="PartnerApiStackpr1"))

    done = run("key", "revoke", "acme", "--yes")

    assert isinstance(done.exception, CliError)
    assert changes(asked) == []


def test_a_list_of_keys_has_their_plans_and_no_value(aws):
    aws(key("k1", f"{PARTNER}.acme") | {"value": VALUE})

    done = run("key", "list", "--json")

    assert VALUE not in done.output
    rows = {row["name"]: row["plan"] for row in json.loads(done.stdout)}
    assert rows == {"(the stack's own)": "none", "acme": "small"}


def test_a_new_client_is_admitted_besides_those_there_are(aws):
    asked = aws(clients=[("c1", "bolt")])

    done = run("client", "create", "acme", "--scopes", "items.read", "--yes")

    assert json.loads(done.stdout) == {"client_id": "c2", "client_secret": VALUE}
    assert VALUE not in done.stderr
    [made] = [given for name, given in asked.asked if name == "CreateUserPoolClient"]
    assert made["AllowedOAuthScopes"] == ["tap/items.read"]
    assert made["AllowedOAuthFlows"] == ["client_credentials"]
    [audience] = [given["audience"] for name, given in asked.asked if name == "audience"]
    assert audience == ["own", "c1", "c2"]


def test_a_revoked_client_is_admitted_no_more_before_it_is_deleted(aws):
    asked = aws(clients=[("c1", "bolt")])

    run("client", "revoke", "bolt", "--yes")

    [audience] = [given["audience"] for name, given in asked.asked if name == "audience"]
    assert audience == ["own"]
    assert changes(asked) == ["PATCH /v2/apis/http1/authorizers/a1", "DeleteUserPoolClient"]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("create", "bolt", "--scopes", "items.read"), "there is a client 'bolt' already"),
        (("create", "acme", "--scopes", "items.fly"), "--scopes takes items.read, items.write"),
        (("create", "acme"), "--scopes takes items.read, items.write"),
        (("create", "Acme", "--scopes", "items.read"), "a name is of a to z"),
        (("revoke", "own"), "the stack's own is CloudFormation's"),
        (("burn",), "no action 'burn'"),
    ],
)
def test_what_cannot_be_done_with_a_client_changes_nothing(aws, arguments, told):
    asked = aws(clients=[("c1", "bolt")])

    done = run("client", *arguments, "--yes")

    assert isinstance(done.exception, CliError)
    assert told in str(done.exception)
    assert changes(asked) == []
