"""Strings that infrastructure, services, commands and descriptions share.

Each test asks the code of one side and looks for its answer on the other: none repeats the string,
so whichever side changes, it fails. A function's settings and the metrics that alarms watch are
held together in the same way, for every stack, by `lib/every_stack`.
"""

import ast
import json
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from decimal import Decimal
from fnmatch import fnmatchcase
from typing import Any

import pytest
from botocore.exceptions import ClientError

from cli import project
from cli import store as command_store
from cli.commands import audit
from cli.errors import CliError
from services.audit_writer.trail import BucketTrail
from services.items_api import handler
from services.items_api.files import BucketFiles
from services.items_api.validators import VALIDATORS
from services.shared import aws
from services.shared.audit.record import AuditRecord
from services.shared.items.repository import DynamoItems
from services.store_api.cdn import OriginKey
from services.store_migrations.migrations import FOLDER
from tests.unit.lib.policies import listed, resolved
from tests.unit.synthesized import KINDS, ROOT, Json, SynthesizedStack

NOW = datetime.now(UTC)
RECORD = AuditRecord(
    record_id="0193a5b0-7c1e-7a52-9d5e-6f1b2c3d4e5f",
    time=f"{NOW:%Y-%m-%dT%H:%M:%S.%fZ}",
    request_id="a-request",
    method="GET",
    path="/items/mug",
    status=200,
    api_key_id=None,
    source_ip="203.0.113.7",
    user_agent="",
    latency_ms=Decimal("1.5"),
    stage="prod",
)


class Recorder:
    """An AWS client that keeps what it is asked, and fails."""

    def __init__(self) -> None:
        self.asked: Json = {}

    def __getattr__(self, operation: str) -> Callable[..., None]:
        def ask(**asked: Any) -> None:
            self.asked = asked
            raise ClientError({"Error": {"Code": "Recorded"}}, operation)

        return ask

    def get_paginator(self, operation: str) -> Any:
        """A paginator that is asked, and fails, as its operation would be."""
        recorder = Recorder()
        setattr(recorder, "paginate", getattr(self, operation))  # noqa: B010
        return recorder


def asked(call: Callable[[Any], object]) -> Json:
    """What a call asks of its client first."""
    client = Recorder()
    with pytest.raises(ClientError):
        call(client)
    return client.asked


def objects(stack: SynthesizedStack, service: str, action: str) -> Iterator[str]:
    """The patterns of the keys that a function may do something with."""
    for statement in stack.statements(service).values():
        if action in listed(statement["Action"]):
            for resource in listed(statement["Resource"]):
                yield resolved(resource).partition("/")[2]


def described(name: str) -> Json:
    """What `docs/api` says of an API."""
    api: Json = json.loads((ROOT / f"docs/api/{name}.openapi.json").read_text("utf-8"))
    return api


def outputs_read() -> set[str]:
    """The stack outputs that the command reads by name."""
    return {
        node.slice.value
        for path in (ROOT / "cli").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Subscript)
        and isinstance(node.slice, ast.Constant)
        and isinstance(node.slice.value, str)
        and "outputs" in (getattr(node.value, "id", ""), getattr(node.value, "attr", ""))
    }


# Prefixes


def test_an_upload_gets_a_key_that_the_function_may_use_and_the_api_takes(
    dev: SynthesizedStack,
) -> None:
    files = BucketFiles(lambda: aws.client("s3"), "a-bucket")

    form = files.presign_upload(content_type="text/plain", size=1, sha256="", expires_in=60)

    for action in ("s3:PutObject", "s3:GetObject", "s3:DeleteObject"):
        (pattern,) = objects(dev, "items_api", action)
        assert fnmatchcase(form["key"], pattern), action
    for operation in ("presign_download", "delete_file"):
        assert VALIDATORS[operation]({"operation": operation, "key": form["key"]})


def test_a_record_is_put_where_the_writer_may_it_expires_and_the_command_looks(
    prod: SynthesizedStack,
) -> None:
    partner = prod.other("PartnerApiStack")
    rules = partner.at("Audit/Logs")["LifecycleConfiguration"]["Rules"]
    (prefix,) = (rule["Prefix"] for rule in rules if "ExpirationInDays" in rule)

    key = asked(lambda s3: BucketTrail(s3, "a-bucket").keep({RECORD.record_id: RECORD}))["Key"]
    looked_for = asked(lambda s3: list(audit._written(s3, "a-bucket", NOW)))["Prefix"]

    assert all(fnmatchcase(key, each) for each in objects(partner, "audit_writer", "s3:PutObject"))
    assert key.startswith(prefix)
    assert key.startswith(looked_for)


def test_the_command_looks_back_as_far_as_the_trail_goes(prod: SynthesizedStack) -> None:
    rules = prod.other("PartnerApiStack").at("Audit/Logs")["LifecycleConfiguration"]["Rules"]
    (days,) = (rule["ExpirationInDays"] for rule in rules if "ExpirationInDays" in rule)

    with pytest.raises(CliError, match=f"goes {days} days back"):
        audit.audit(since=f"{days + 1}d")


def test_the_command_shows_what_a_record_has() -> None:
    assert set(audit._COLUMNS) <= set(json.loads(RECORD.to_json()))


# Keys of tables, roles of databases


@pytest.mark.parametrize(
    ("kind", "table", "owner"),
    [("TapStack", "Items", None), ("PartnerApiStack", "OwnedItems", "a-key")],
)
def test_items_are_found_by_the_keys_of_their_table(
    dev: SynthesizedStack, kind: str, table: str, owner: str | None
) -> None:
    keys = [each["AttributeName"] for each in dev.other(kind).at(table)["KeySchema"]]

    found = asked(lambda dynamodb: DynamoItems(dynamodb, "a-table", owner).get("mug"))

    assert list(found["Key"]) == keys


def test_the_stores_user_is_the_role_that_the_migrations_make(store: SynthesizedStack) -> None:
    made = re.findall(r"CREATE ROLE (\w+) LOGIN", (FOLDER / "setup.sql").read_text("utf-8"))

    generated = store.at("Database/User/Secret")["GenerateSecretString"]
    assert [json.loads(generated["SecretStringTemplate"])["username"]] == made


# Scopes, routes, headers


def test_the_operations_need_the_scopes_that_the_issuer_has_and_the_description_says(
    dev: SynthesizedStack,
) -> None:
    (server,) = dev.all("AWS::Cognito::UserPoolResourceServer").values()
    identifier = server["Properties"]["Identifier"]
    issued = {f"{identifier}/{each['ScopeName']}" for each in server["Properties"]["Scopes"]}

    needed = set()
    for operation in VALIDATORS:
        event = {
            "routeKey": "POST /api",
            "requestContext": {"requestId": "a-request"},
            "headers": {},
            "body": json.dumps({"operation": operation}),
        }
        said = json.loads(handler.lambda_handler(event, None)["body"])["error"]["message"]
        needed.add(said.rpartition(" ")[2])

    (flow,) = described("items")["components"]["securitySchemes"]["oauth2"]["flows"].values()
    assert needed == issued == set(flow["scopes"])
    variables = dev.function("items_api")["Environment"]["Variables"]
    assert variables["RESOURCE_SERVER_ID"] == identifier


@pytest.mark.parametrize(
    ("kind", "name"), [("TapStack", "items"), ("EcommerceStack", "store")], ids=str
)
def test_the_gateway_has_the_routes_that_are_described(
    dev: SynthesizedStack, kind: str, name: str
) -> None:
    routes = {
        each["Properties"]["RouteKey"]
        for each in dev.other(kind).all("AWS::ApiGatewayV2::Route").values()
    }

    assert routes == {
        f"{method.upper()} {path.partition('#')[0]}"
        for path, methods in described(name)["paths"].items()
        for method in methods
        if method != "parameters"
    }


def test_the_api_takes_the_cdns_key_out_of_the_header_that_the_cdn_sets(
    store: SynthesizedStack,
) -> None:
    config = store.properties("AWS::CloudFront::Distribution")["DistributionConfig"]
    (name,) = (
        header["HeaderName"]
        for origin in config["Origins"]
        for header in origin.get("OriginCustomHeaders", [])
    )
    event = {"headers": {name: "a-key"}}

    asked(lambda secrets: OriginKey(secrets, "an-arn").check(event))

    assert not event["headers"]


# What the command knows of the stacks


def test_every_output_that_the_command_reads_is_one_of_a_stack(dev: SynthesizedStack) -> None:
    written = {name for kind in KINDS for name in dev.other(kind).template["Outputs"]}

    assert len(outputs_read()) >= 8
    assert outputs_read() <= written


@pytest.mark.parametrize("route", project.APP.routes, ids=lambda route: route.stack)
def test_every_route_of_the_front_door_leads_to_an_output_and_a_stage(
    dev: SynthesizedStack, route: Any
) -> None:
    assert route.stack in KINDS
    stack = dev.other(route.stack)
    stages = {
        each["Properties"]["StageName"]
        for kind in ("AWS::ApiGateway::Stage", "AWS::ApiGatewayV2::Stage")
        for each in stack.all(kind).values()
    }

    assert route.output in stack.template["Outputs"]
    assert not route.stage or {route.stage} == stages


def test_the_command_waits_for_migrations_longer_than_they_may_take(
    store: SynthesizedStack,
) -> None:
    waits: list[int] = []

    def clients(_: str, **config: Any) -> Any:
        waits.append(config["read_timeout"])
        return Recorder()

    with pytest.raises(ClientError):
        command_store.migrate(clients, {"MigrationFunctionName": "a-function"}, seed=False)

    assert waits[0] > store.function("store_migrations")["Timeout"]
