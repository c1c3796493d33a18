"""Everything that the deployment does, each a small function with a name.

An operation fails with an exception when its answer is not the one it ought to have.
"""

import contextlib
import uuid
from collections.abc import Callable
from typing import Any

from cli import store as store_commands
from tests.files import presign, send
from tests.lists import make_old
from tests.partner import Trail, new_agent
from tests.proof.world import World, soon

Operation = Callable[[World], object]
# By the kind of the stack that they are of, in the order in which they run.
OPERATIONS: dict[str, list[Operation]] = {}


def _of(stack: str) -> Callable[[Operation], Operation]:
    def listed(operation: Operation) -> Operation:
        OPERATIONS.setdefault(stack, []).append(operation)
        return operation

    return listed


def name_of(operation: Operation) -> str:
    """What the table calls it."""
    return operation.__name__.replace("_", " ")


def _new(world: World) -> str:
    item_id = f"proof-{uuid.uuid4().hex}"
    assert world.api.call("create", id=item_id, item={"name": "Mug"}).status == 201
    return item_id


@_of("TapStack")
def create_an_item(world: World) -> object:
    """POST /api create."""
    return _new(world)


@_of("TapStack")
def read_an_item(world: World) -> None:
    """POST /api read, of one that is not there: only the read is asked."""
    assert world.api.call("read", id="none").status == 404


@_of("TapStack")
def list_items(world: World) -> object:
    """POST /api list, in order, to a second page by the cursor of the first."""
    _new(world), _new(world)  # pylint: disable=expression-not-assigned
    _read_all(lambda cursor: world.api.call("list", limit=100, **cursor).data)
    cursor = world.api.call("list", limit=1).data["cursor"]
    return world.api.call("list", limit=1, cursor=cursor).data


@_of("TapStack")
def list_items_older_than_the_index(world: World) -> None:
    """POST /api list, which gives items their places."""
    item_id = _new(world)
    make_old(world.deployment, world.deployment.outputs["DynamoDBTableName"], [item_id])
    _read_all(lambda cursor: world.api.call("list", limit=100, **cursor).data)


def _read_all(page: Callable[[dict[str, str]], Any]) -> None:
    """Read a list to its end: from then on it is in order."""
    cursor: str | None = page({})["cursor"]
    while cursor:
        cursor = page({"cursor": cursor})["cursor"]


@_of("TapStack")
def replace_an_item(world: World) -> object:
    """POST /api update."""
    return world.api.call("update", id=_new(world), item={"name": "Cup"}).data


@_of("TapStack")
def delete_an_item(world: World) -> object:
    """POST /api delete."""
    return world.api.call("delete", id=_new(world)).data


def _upload(world: World) -> str:
    form = presign(world.api)
    assert send(world.api, form).status == 204
    return str(form["key"])


@_of("TapStack")
def upload_a_file(world: World) -> object:
    """Presigned POST to the bucket."""
    return _upload(world)


@_of("TapStack")
def download_a_file(world: World) -> None:
    """Presigned GET from the bucket."""
    download = world.api.call("presign_download", key=_upload(world)).data["download"]
    assert world.api.pool.request("GET", download["url"]).status == 200


@_of("TapStack")
def delete_a_file(world: World) -> object:
    """POST /api delete_file."""
    return world.api.call("delete_file", key=_upload(world)).data


@_of("TapStack")
def describe_the_cursor_secret(world: World) -> object:
    """POST /api describe_secret."""
    return world.api.call("describe_secret").data


@_of("TapStack")
def ask_for_health(world: World) -> None:
    """GET /health."""
    assert world.api.get("/health").status == 200


@_of("TapStack")
def ask_for_details_of_health(world: World) -> None:
    """GET /health/details."""
    assert world.api.get("/health/details", token="").status == 200


def _ring(world: World, kind: str) -> None:
    cloudwatch = world.deployment.client("cloudwatch")
    topic = f":{kind}{world.deployment.suffix}-"
    alarm = next(
        each["AlarmName"]
        for each in cloudwatch.describe_alarms()["MetricAlarms"]
        if any(topic in action for action in each["AlarmActions"])
    )
    for state in ("OK", "ALARM"):
        cloudwatch.set_alarm_state(AlarmName=alarm, StateValue=state, StateReason="proof")
    acted = cloudwatch.describe_alarm_history(
        AlarmName=alarm, HistoryItemType="Action", ScanBy="TimestampDescending", MaxRecords=1
    )["AlarmHistoryItems"]
    assert acted[0]["HistorySummary"].startswith("Successfully"), acted


def _encrypt_logs(world: World, kind: str) -> None:
    logs = world.deployment.client("logs")
    name = f"{kind}{world.deployment.suffix}"
    resources = world.deployment.client("cloudformation").describe_stack_resources(StackName=name)
    of_type: dict[str, list[str]] = {}
    for each in resources["StackResources"]:
        of_type.setdefault(each["ResourceType"], []).append(each["PhysicalResourceId"])
    [key] = of_type["AWS::KMS::Key"]
    arn = world.deployment.client("kms").describe_key(KeyId=key)["KeyMetadata"]["Arn"]
    for group in of_type["AWS::Logs::LogGroup"]:
        # Deployed anew: Logs asks the key when a group is made.
        with contextlib.suppress(logs.exceptions.ResourceNotFoundException):
            logs.delete_log_group(logGroupName=group)
        logs.create_log_group(logGroupName=group, kmsKeyId=arn)


@_of("TapStack")
def ring_an_alarm(world: World) -> None:
    """An alarm that rings publishes to its topic."""
    _ring(world, "TapStack")


@_of("TapStack")
def encrypt_the_logs(world: World) -> None:
    """Each log group is made with the key."""
    _encrypt_logs(world, "TapStack")


def _rotate(world: World, function: str) -> str:
    deployment = world.deployment
    secrets = deployment.client("secretsmanager")
    found = deployment.client("lambda").get_function_configuration(
        FunctionName=f"{function}-{deployment.suffix}"
    )
    arn = found["Environment"]["Variables"]["SECRET_ARN"]

    def stages() -> dict[str, list[str]]:
        found: dict[str, list[str]] = secrets.describe_secret(SecretId=arn)["VersionIdsToStages"]
        return found

    for version, of_version in stages().items():
        if "AWSPENDING" in of_version and "AWSCURRENT" not in of_version:
            # A rotation that was refused before is given up, as an operator would.
            secrets.update_secret_version_stage(
                SecretId=arn, VersionStage="AWSPENDING", RemoveFromVersionId=version
            )
    new: str = secrets.rotate_secret(SecretId=arn)["VersionId"]
    soon(world, lambda: "AWSCURRENT" in stages().get(new, []))
    return new


@_of("TapStack")
def rotate_the_cursor_secret(world: World) -> object:
    """Whole rotation through Secrets Manager."""
    return _rotate(world, "tap-secret-rotation")


def _partner_item(world: World) -> str:
    item_id = f"proof-{uuid.uuid4().hex}"
    assert world.partner.call("POST", "/items", item={"id": item_id}).status == 201
    return f"/items/{item_id}"


@_of("PartnerApiStack")
def write_the_audit_trail(world: World) -> None:
    """A request leaves a record: sent, polled, and written to the bucket."""
    trail, agent = Trail(world.partner), new_agent()
    world.partner.call("GET", "/", headers={"user-agent": agent})
    soon(world, lambda: any(line.record["user_agent"] == agent for line in trail.lines()))


@_of("PartnerApiStack")
def create_a_partners_item(world: World) -> object:
    """POST /items."""
    return _partner_item(world)


@_of("PartnerApiStack")
def read_a_partners_item(world: World) -> None:
    """GET /items/{id}, of one that is not there: only the read is asked."""
    assert world.partner.call("GET", "/items/none").status == 404


@_of("PartnerApiStack")
def list_a_partners_items(world: World) -> object:
    """GET /items, in order, to a second page by the cursor of the first."""
    _partner_item(world), _partner_item(world)  # pylint: disable=expression-not-assigned
    _read_all(lambda cursor: _partner_page(world, **cursor))
    cursor = world.partner.call("GET", "/items?limit=1").data["cursor"]
    return world.partner.call("GET", f"/items?limit=1&cursor={cursor}").data


@_of("PartnerApiStack")
def list_a_partners_items_older_than_the_index(world: World) -> None:
    """GET /items, which gives items their places."""
    item_id = _partner_item(world).rpartition("/")[2]
    outputs = world.partner.outputs
    make_old(world.deployment, outputs["DynamoDBTableName"], [item_id], outputs["ApiKeyId"])
    _read_all(lambda cursor: _partner_page(world, **cursor))


def _partner_page(world: World, cursor: str = "") -> Any:
    query = f"&cursor={cursor}" if cursor else ""
    return world.partner.call("GET", f"/items?limit=100{query}").data


@_of("PartnerApiStack")
def replace_a_partners_item(world: World) -> object:
    """PUT /items/{id}."""
    return world.partner.call("PUT", _partner_item(world), item={"name": "Cup"}).data


@_of("PartnerApiStack")
def delete_a_partners_item(world: World) -> object:
    """DELETE /items/{id}."""
    return world.partner.call("DELETE", _partner_item(world)).data


@_of("PartnerApiStack")
def ask_for_the_partner_apis_health(world: World) -> None:
    """GET /health."""
    assert world.partner.call("GET", "/health").status == 200


@_of("PartnerApiStack")
def ask_what_browsers_ask_first(world: World) -> None:
    """OPTIONS on every path, and GET on the first."""
    assert world.partner.call("GET", "/").status == 200
    for path in ("/", "/health", "/items", "/items/none"):
        assert world.partner.call("OPTIONS", path, key=None).status < 500


@_of("PartnerApiStack")
def ring_a_partner_alarm(world: World) -> None:
    """An alarm that rings publishes to its topic."""
    _ring(world, "PartnerApiStack")


@_of("PartnerApiStack")
def encrypt_the_partner_logs(world: World) -> None:
    """Each log group is made with the key."""
    _encrypt_logs(world, "PartnerApiStack")


@_of("PartnerApiStack")
def rotate_the_partner_cursor_secret(world: World) -> object:
    """Whole rotation through Secrets Manager."""
    return _rotate(world, "tap-partner-secret-rotation")


@_of("EcommerceStack")
def list_products(world: World) -> object:
    """GET /api/products."""
    return world.store.get("/api/products").data


@_of("EcommerceStack")
def place_an_order(world: World) -> object:
    """POST /api/orders, through the CDN."""
    return world.store.place({world.store.get("/api/products").data["products"][0]["sku"]: 1}).data


@_of("EcommerceStack")
def read_a_product_and_an_order(world: World) -> None:
    """GET /api/products/{sku} and /api/orders/{id}."""
    sku = world.store.get("/api/products").data["products"][0]["sku"]
    assert world.store.get(f"/api/products/{sku}").status == 200
    assert world.store.get(f"/api/orders/{uuid.uuid4()}").status == 404


@_of("EcommerceStack")
def open_the_page(world: World) -> None:
    """GET / through the CDN, from the bucket."""
    assert world.store.get("/").status == 200


@_of("EcommerceStack")
def ring_a_store_alarm(world: World) -> None:
    """An alarm that rings publishes to its topic."""
    _ring(world, "EcommerceStack")


@_of("EcommerceStack")
def encrypt_the_store_logs(world: World) -> None:
    """Each log group is made with the key."""
    _encrypt_logs(world, "EcommerceStack")


@_of("EcommerceStack")
def ask_for_the_stores_health(world: World) -> object:
    """GET /api/health."""
    return world.store.get("/api/health").data


@_of("EcommerceStack")
def migrate_the_database(world: World) -> object:
    """The migrations, as `tap migrate` runs them."""

    def clients(service: str, **_: Any) -> Any:
        return world.deployment.client(service)

    return store_commands.migrate(clients, dict(world.deployment.store_outputs), seed=False)


@_of("EcommerceStack")
def rotate_the_stores_secret(world: World) -> object:
    """Whole rotation through Secrets Manager, after what a given up one did to the password."""
    migrate_the_database(world)
    return _rotate(world, "tap-store-secret-rotation")
