"""What is saved is there again when it is loaded: items, objects, orders; here and elsewhere."""

import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from localcloud.cloud import Cloud
from tests.deployment import Deployment, another_cloud, embedded, start, start_deployed, tap
from tests.store import Store

pytestmark = pytest.mark.embedded

KEY = {"id": {"S": "saved"}}


@pytest.fixture(scope="module")
def cloud() -> Iterator[Deployment]:
    """A cloud of this file's own: what it holds is thrown away."""
    with another_cloud() as home:
        start_deployed(home)
        yield embedded(home)


def fill(cloud: Deployment, text: str) -> None:
    """Put a text into an item and an object."""
    table, bucket = cloud.outputs["DynamoDBTableName"], cloud.outputs["S3BucketName"]
    cloud.client("dynamodb").put_item(TableName=table, Item=KEY | {"text": {"S": text}})
    cloud.client("s3").put_object(Bucket=bucket, Key="saved", Body=text.encode())


def found(cloud: Deployment) -> tuple[str, str]:
    """The texts of the item and the object."""
    table, bucket = cloud.outputs["DynamoDBTableName"], cloud.outputs["S3BucketName"]
    item = cloud.client("dynamodb").get_item(TableName=table, Key=KEY)["Item"]
    return item["text"]["S"], cloud.client("s3").get_object(Bucket=bucket, Key="saved")[
        "Body"
    ].read().decode()


def stock(cloud: Deployment, sku: str) -> int:
    """How many are left."""
    with Store(cloud) as store:
        return int(store.get(f"/api/products/{sku}").data["product"]["stock"])


def order(cloud: Deployment, sku: str) -> None:
    """Buy one."""
    with Store(cloud) as store:
        assert store.place({sku: 1}).status == 201


def test_what_was_saved_is_there_again_and_works(cloud: Deployment) -> None:
    assert cloud.home
    fill(cloud, "first")
    order(cloud, "MUG")
    before = stock(cloud, "MUG")
    cloud.tap("save", "first")
    fill(cloud, "second")
    order(cloud, "MUG")

    cloud.tap("load", "first", "--yes")

    assert found(cloud) == ("first", "first")
    assert stock(cloud, "MUG") == before
    order(cloud, "MUG")
    assert stock(cloud, "MUG") == before - 1


def test_a_file_has_no_key_and_no_password_of_its_cloud(cloud: Deployment) -> None:
    assert cloud.home
    cloud.tap("save", "without-keys")
    known = Cloud.load(cloud.home)
    assert known

    secrets = [known.secret_access_key.encode(), known.database_password.encode()]
    secrets.append((cloud.home / "tls" / "server.key").read_bytes())
    with tarfile.open(_file(cloud.home, "without-keys")) as archive:
        for member in archive:
            text = archive.extractfile(member)
            content = text.read() if text else b""
            assert not any(secret in content for secret in secrets), member.name


@pytest.mark.long
def test_another_cloud_with_keys_of_its_own_loads_it(cloud: Deployment) -> None:
    assert cloud.home
    fill(cloud, "shared")
    before = stock(cloud, "TEAPOT")
    cloud.tap("save", "shared")
    with another_cloud() as home:
        start_deployed(home)
        tap(home, "down")
        cloud.tap("down")  # both have the database's port

        tap(home, "load", str(_file(cloud.home, "shared")), "--yes")
        start(home)

        other = embedded(home)
        assert found(other) == ("shared", "shared")
        assert stock(other, "TEAPOT") == before
        assert other.credentials != cloud.credentials
        tap(home, "down")
    start(cloud.home)


def test_a_reset_cloud_is_as_it_was_deployed(cloud: Deployment) -> None:
    fill(cloud, "to be forgotten")
    order(cloud, "CLOCK")

    cloud.tap("reset", "--yes")

    table = cloud.outputs["DynamoDBTableName"]
    assert "Item" not in cloud.client("dynamodb").get_item(TableName=table, Key=KEY)
    assert stock(cloud, "CLOCK") == 3
    assert "first" in cloud.tap("save").stdout


def _file(home: Path, name: str) -> Path:
    return home.with_name(f"{home.name}-saved") / f"{name}.tar.gz"
