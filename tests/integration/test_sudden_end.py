"""`kill -9` of the embedded cloud loses nothing that it answered."""

import json
import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import botocore.exceptions
import psutil
import pytest
import urllib3.exceptions

from tests.api import Api
from tests.deployment import Deployment
from tests.partner import PartnerApi, Trail, new_agent

pytestmark = pytest.mark.embedded
ROUNDS = 3
MORE = 7  # of each kind in a round, at the least
NO_ANSWER = (urllib3.exceptions.HTTPError, botocore.exceptions.BotoCoreError)
Write = Callable[[str], Any]


@pytest.fixture
def queue(deployment: Deployment) -> Iterator[str]:
    """The URL of a queue of its own."""
    sqs = deployment.client("sqs")
    url: str = sqs.create_queue(QueueName=f"test-{uuid.uuid4()}")["QueueUrl"]
    yield url
    sqs.delete_queue(QueueUrl=url)


@pytest.fixture
def secret(deployment: Deployment) -> Iterator[str]:
    """The ARN of a secret of its own."""
    secrets = deployment.client("secretsmanager")
    arn: str = secrets.create_secret(Name=f"test-{uuid.uuid4()}", SecretString="0")["ARN"]
    yield arn
    secrets.delete_secret(SecretId=arn, ForceDeleteWithoutRecovery=True)


@pytest.fixture
def locked_bucket(deployment: Deployment) -> str:
    """A bucket of its own whose objects can be locked; it cannot be emptied, so it stays."""
    name = f"test-{uuid.uuid4()}"
    deployment.client("s3").create_bucket(Bucket=name, ObjectLockEnabledForBucket=True)
    return name


@pytest.fixture
def quick_audit(partner: PartnerApi, deployment: Deployment) -> Iterator[None]:
    """Let a record that was being written when all ended come again after some seconds."""
    sqs, url, name = deployment.client("sqs"), partner.outputs["AuditQueueUrl"], "VisibilityTimeout"
    before = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=[name])["Attributes"]
    sqs.set_queue_attributes(QueueUrl=url, Attributes={name: "5"})
    yield
    sqs.set_queue_attributes(QueueUrl=url, Attributes=before)


@pytest.mark.usefixtures("quick_audit")
def test_kill_9_loses_no_write_that_was_answered(
    api: Api, partner: PartnerApi, deployment: Deployment, queue: str, secret: str
) -> None:
    client, bucket = deployment.client, deployment.outputs["S3BucketName"]
    trail, agent = Trail(partner), new_agent()
    s3, sqs, ssm = client("s3"), client("sqs"), client("ssm")
    secrets = client("secretsmanager")
    answered = _killed_over_and_over(
        deployment,
        {
            "item": lambda name: _is_created(api, name),
            "audited request": lambda name: _is_audited(partner, name, agent),
            "object": lambda name: s3.put_object(Bucket=bucket, Key=name, Body=b"1"),
            "message": lambda name: sqs.send_message(QueueUrl=queue, MessageBody=name),
            "version": lambda name: secrets.put_secret_value(SecretId=secret, SecretString=name),
            "parameter": lambda name: ssm.put_parameter(
                Name=f"/test/{name}", Value=name, Type="String"
            ),
        },
    )

    found = {
        "item": {n for n in answered["item"] if api.call("read", id=n).status == 200},
        "audited request": {
            line.record["path"].rpartition("/")[2]
            for line in trail.of(agent, at_least=len(answered["audited request"]))
        },
        "object": _keys(s3, bucket),
        "message": _messages(sqs, queue),
        "version": _up_to(secrets, secret, answered["version"]),
        "parameter": _parameters(ssm),
    }
    lost = {kind: len(set(names) - found[kind]) for kind, names in answered.items()}
    assert lost == dict.fromkeys(answered, 0)


def test_kill_9_leaves_a_locked_object_locked(deployment: Deployment, locked_bucket: str) -> None:
    s3, until = deployment.client("s3"), datetime.now(UTC) + timedelta(days=1)
    lock = {"Mode": "GOVERNANCE", "RetainUntilDate": until}
    version = s3.put_object(Bucket=locked_bucket, Key="kept", Body=b"1")["VersionId"]
    s3.put_object_retention(Bucket=locked_bucket, Key="kept", Retention=lock)

    _kill(deployment)
    deployment.tap("up")

    found = s3.get_object_retention(Bucket=locked_bucket, Key="kept")["Retention"]
    assert found["Mode"] == "GOVERNANCE"
    with pytest.raises(s3.exceptions.ClientError, match="AccessDenied"):
        s3.delete_object(Bucket=locked_bucket, Key="kept", VersionId=version)


def test_kill_9_loses_no_log_line_older_than_the_ten_seconds_promised(
    api: Api, deployment: Deployment
) -> None:
    logs, function = deployment.client("logs"), deployment.outputs["ApiFunctionName"]
    group = deployment.client("lambda").get_function_configuration(FunctionName=function)[
        "LoggingConfig"
    ]["LogGroup"]
    request_id = api.call("read", id=f"test-{uuid.uuid4()}").headers["x-request-id"]
    time.sleep(12)

    _kill(deployment)
    deployment.tap("up")

    events = logs.filter_log_events(logGroupName=group, filterPattern=f'"{request_id}"')["events"]
    assert events


def _killed_over_and_over(deployment: Deployment, writes: dict[str, Write]) -> dict[str, list[str]]:
    """Write all kinds of things at once, kill the embedded cloud meanwhile; what was answered."""
    answered: dict[str, list[str]] = {kind: [] for kind in writes}

    def is_enough(times: int) -> bool:
        return min(map(len, answered.values())) >= MORE * times

    for times in range(1, ROUNDS + 1):
        with ThreadPoolExecutor() as threads:
            work = [
                threads.submit(_write_until_the_end, write, answered[kind])
                for kind, write in writes.items()
            ]
            _wait_until(partial(is_enough, times))
            _kill(deployment)
        assert not any(ended.exception() for ended in work)
        deployment.tap("up")
    return answered


def _wait_until(it_is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not it_is_so():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def _kill(deployment: Deployment) -> None:
    assert deployment.home
    noted = json.loads((deployment.home / "process.json").read_text("utf-8"))
    psutil.Process(noted["pid"]).kill()


def _write_until_the_end(write: Write, answered: list[str]) -> None:
    """Write one thing after the other, until there is no answer, and note what was answered."""
    try:
        while True:
            # Names sort in the order of their making.
            name = f"test-{len(answered):05}-{uuid.uuid4()}"
            if write(name):
                answered.append(name)
    except NO_ANSWER:
        pass


def _is_created(api: Api, name: str) -> bool:
    return api.call("create", id=name, item={"name": name}).status in (200, 201)


def _is_audited(partner: PartnerApi, name: str, agent: str) -> bool:
    answer = partner.call("GET", f"/items/{name}", headers={"user-agent": agent})
    return answer.status == 404  # no such item, but a request that is recorded


def _keys(s3: Any, bucket: str) -> set[str]:
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket)
    return {item["Key"] for page in pages for item in page.get("Contents", [])}


def _messages(sqs: Any, queue: str) -> set[str]:
    found: set[str] = set()
    while received := sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages"):
        found |= {message["Body"] for message in received}
    return found


def _up_to(secrets: Any, secret: str, written: list[str]) -> set[str]:
    """The versions up to the current one: each took the place of the one before."""
    current = secrets.get_secret_value(SecretId=secret)["SecretString"]
    return {name for name in written if name <= current}


def _parameters(ssm: Any) -> set[str]:
    pages = ssm.get_paginator("get_parameters_by_path").paginate(Path="/test")
    return {parameter["Value"] for page in pages for parameter in page["Parameters"]}
