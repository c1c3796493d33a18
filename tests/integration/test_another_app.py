"""The embedded cloud runs any CDK app in Python: here one that shares nothing with this project."""

import time
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest
import urllib3

from cli import project
from localcloud import deployment, ports, postgres, process
from localcloud.app import App, Route
from localcloud.cloud import Cloud

pytestmark = pytest.mark.embedded

APP = App(
    name="notebook",
    folder=Path(__file__).parents[1] / "another_app",
    tools=project.APP.node_modules,
    emulator=project.APP.emulator,
    sdk=project.ROOT / ".build/site",
    routes=(Route(path="notes", stack="Notebook", output="ApiId", stage="$default"),),
)


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    """A cloud of its own with the app deployed."""
    port, front, database = (ports.free_port() for _ in range(3))
    home = tmp_path_factory.mktemp("another") / "cloud"
    made = Cloud(home=home, port=port, front_port=front, database_port=database, app=APP)
    made.save()
    try:
        process.start(made)
        deployment.deploy(made, step=lambda *_: nullcontext())
        yield made
    finally:
        process.stop(home)


@pytest.fixture(scope="module")
def outputs(cloud: Cloud) -> dict[str, str]:
    """What the deployed stack says."""
    [stack] = cloud.client("cloudformation").describe_stacks(StackName="Notebook")["Stacks"]
    return {each["OutputKey"]: each["OutputValue"] for each in stack["Outputs"]}


def test_a_message_is_written_to_the_table_by_the_function(
    cloud: Cloud, outputs: dict[str, str]
) -> None:
    table: Any = cloud.client("dynamodb")
    wanted = {"TableName": outputs["TableName"], "Key": {"note": {"S": "first"}}}

    cloud.client("sqs").send_message(QueueUrl=outputs["QueueUrl"], MessageBody="first")

    deadline = time.monotonic() + 30
    while "Item" not in table.get_item(**wanted) and time.monotonic() < deadline:
        time.sleep(0.2)
    assert table.get_item(**wanted).get("Item") == {"note": {"S": "first"}}


def test_a_call_without_credentials_is_refused(cloud: Cloud) -> None:
    with urllib3.PoolManager(ca_certs=str(cloud.authority)) as pool:
        target = {"x-amz-target": "DynamoDB_20120810.ListTables"}
        said = pool.request("POST", cloud.endpoint, headers=target, body=b"{}")

    assert b"MissingAuthenticationToken" in said.data


def test_the_front_door_leads_to_the_apps_api(cloud: Cloud) -> None:
    said = urllib3.request("GET", f"{cloud.front_door}/notes/greeting")

    assert said.data == b"hello from the notebook"


def test_the_front_doors_page_has_the_apps_name_and_route(cloud: Cloud) -> None:
    said = urllib3.request("GET", cloud.front_door)

    assert b"<h1>notebook is running here</h1>" in said.data
    assert b"href='/notes/'" in said.data


def test_no_database_server_runs_for_an_app_without_a_database(cloud: Cloud) -> None:
    assert postgres.server(cloud.home) is None
    assert not postgres.is_made(cloud.home)
