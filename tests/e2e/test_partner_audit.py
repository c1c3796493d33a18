"""Every request leaves one record in the trail, which tells no secret and is one line."""

import json
import re
import time
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import botocore.session
import psutil
import pytest
from botocore.exceptions import ClientError

from localcloud.process import functions
from tests.deployment import Deployment
from tests.partner import Line, PartnerApi, Trail, eventually, new_agent

REQUESTS = 60
NAME = re.compile(
    r"api-logs/year=(\d{4})/month=(\d\d)/day=(\d\d)/"
    r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}-[0-9a-f]{64}\.ndjson"
)
# Line feeds, and all that some reader of logs takes for one or for an order to its terminal.
HOSTILE = [
    '\r\n {"level":"ERROR"}',
    "\t",
    "\x0b",
    "\x0c",
    "\x1b[31m",
    "\x85",
    "\xe2\x80\xa8",
    '"}{',
]


@pytest.fixture(scope="module")
def trail(partner: PartnerApi) -> Trail:
    """The trail from the first of these tests on."""
    return Trail(partner)


@pytest.fixture(scope="module")
def function_log(partner: PartnerApi, deployment: Deployment) -> Callable[[str], list[str]]:
    """Gives the lines of the API function's log that hold a text."""
    logs = deployment.client("logs")
    configuration = deployment.client("lambda").get_function_configuration(
        FunctionName=partner.outputs["LambdaFunctionName"]
    )
    group = configuration["LoggingConfig"]["LogGroup"]

    def search(text: str) -> list[str]:
        pages = logs.get_paginator("filter_log_events").paginate(
            logGroupName=group, filterPattern=f'"{text}"'
        )
        return [event["message"] for page in pages for event in page["events"]]

    return search


def test_requests_leave_as_many_records_and_none_tells_a_body_or_a_key(
    partner: PartnerApi, trail: Trail
) -> None:
    agent, secret = new_agent(), uuid.uuid4().hex

    def work(number: int) -> tuple[str, int]:
        item_id = f"test-{secret[:8]}-{number}"
        item = {"id": item_id, "note": secret}
        headers = {"user-agent": agent, "cookie": secret, "authorization": secret}
        steps: list[tuple[str, str, Any]] = [
            ("POST", "/items", item),
            ("GET", f"/items/{item_id}?{secret}={secret}", None),
            ("DELETE", f"/items/{item_id}", None),
        ]
        answers = [partner.call(*step[:2], item=step[2], headers=headers) for step in steps]
        assert [answer.status for answer in answers] == [201, 400, 200]
        return item_id, len(answers)

    with ThreadPoolExecutor(8) as clients:
        made = dict(clients.map(work, range(REQUESTS // 3)))
    trail.of(agent, at_least=REQUESTS)
    time.sleep(2)  # whatever came twice would come now
    found = trail.of(agent, at_least=REQUESTS)

    assert sum(made.values()) == REQUESTS
    assert len(found) == REQUESTS
    assert len({line.record["record_id"] for line in found}) == REQUESTS
    paths = {line.record["path"] for line in found}
    assert paths == {"/items", *(f"/items/{item_id}" for item_id in made)}
    text = "".join(line.text for line in found)
    assert secret not in text
    assert partner.key not in text
    assert {line.record["api_key_id"] for line in found} == {partner.outputs["ApiKeyId"]}


def test_a_record_says_how_its_request_was_answered(partner: PartnerApi, trail: Trail) -> None:
    agent = new_agent()
    answer = partner.call("GET", "/items/none", headers={"user-agent": agent})

    [line] = trail.of(agent, at_least=1)

    record = line.record
    assert record["request_id"] == answer.body["request_id"]
    assert (record["method"], record["path"], record["status"]) == ("GET", "/items/none", 404)
    assert (record["stage"], record["latency_ms"] > 0) == ("prod", True)
    assert f"day={record['time'][8:10]}/" in line.name


def test_what_the_gateway_refuses_reaches_neither_function_nor_trail(
    partner: PartnerApi, trail: Trail, function_log: Callable[[str], list[str]]
) -> None:
    agent = new_agent()
    headers = {"user-agent": agent}
    refused = [
        partner.call("GET", "/items", key=None, headers=headers),
        partner.call("GET", "/items", key="wrong", headers=headers),
        partner.call("POST", "/items", item={"id": 1}, headers=headers),
        partner.call("POST", "/items", item=[], headers=headers),
    ]
    served = partner.call("GET", "/", headers=headers)

    [line] = trail.of(agent, at_least=1)
    found = eventually(lambda: function_log(served.body["request_id"]), bool)

    assert [answer.status for answer in refused] == [403, 403, 400, 400]
    assert line.record["request_id"] == served.body["request_id"]
    assert found
    for answer in refused:
        assert function_log(answer.body["request_id"]) == []


def test_a_preflight_leaves_no_record(partner: PartnerApi, trail: Trail) -> None:
    agent = new_agent()
    headers = {"user-agent": agent, "origin": "https://store.example"}
    partner.call("OPTIONS", "/items", key=None, headers=headers)
    partner.call("GET", "/", headers=headers)

    assert [line.record["method"] for line in trail.of(agent, at_least=1)] == ["GET"]


@pytest.mark.parametrize("hostile", HOSTILE)
def test_no_user_agent_can_write_a_line_of_its_own(
    partner: PartnerApi,
    trail: Trail,
    function_log: Callable[[str], list[str]],
    hostile: str,
) -> None:
    mark = new_agent()
    agent = f"{mark}{hostile}forged"

    answer = partner.call("GET", "/", headers={"user-agent": agent})

    if answer.status == 400:  # refused before it is a request
        return
    assert answer.status == 200
    [line] = eventually(lambda: _marked(trail, mark), bool)
    assert line.record["request_id"] == answer.body["request_id"]
    assert line.text.isascii()
    for entry in function_log(mark):
        assert json.loads(entry)["level"] == "INFO"


@pytest.mark.parametrize(
    "path",
    [
        "/items/a%0A%7B%22level%22:%22ERROR%22%7D",
        "/items/a%0D%0Ab",
        "/items/..%2f..%2f..%2fyear=2020",
        "/items/%2e%2e",
        "/items/a%00b",
        "/items/%E2%80%A8",
        "/items/%ff%fe",
    ],
)
def test_no_path_can_write_a_line_or_leave_the_prefix(
    partner: PartnerApi, trail: Trail, path: str
) -> None:
    agent = new_agent()

    answer = partner.call("GET", path, headers={"user-agent": agent})
    partner.call("GET", "/", headers={"user-agent": agent})

    assert 400 <= answer.status < 500
    assert answer.error["code"]
    for line in trail.of(agent, at_least=1):
        assert re.fullmatch(r"/[!-~]*", line.record["path"])


def test_every_record_of_the_trail_is_one_line_below_its_day(trail: Trail) -> None:
    lines = trail.lines()

    assert lines
    for line in lines:
        named = NAME.fullmatch(line.name)
        assert named
        assert line.record["time"].startswith("-".join(named.groups()[:3]))


@pytest.fixture(scope="module")
def as_writer(partner: PartnerApi, trail: Trail, deployment: Deployment) -> Any:
    """S3 as the audit writer's role sees it: with the credentials of its running process."""
    agent = new_agent()
    partner.call("GET", "/", headers={"user-agent": agent})
    assert trail.of(agent, at_least=1)
    cloud = psutil.Process(json.loads(deployment.tap("status", "--json").stdout)["pid"])
    name = partner.outputs["AuditWriterFunctionName"]
    (seen, *_) = [
        environ for _, environ in functions(cloud) if environ["AWS_LAMBDA_FUNCTION_NAME"] == name
    ]
    return botocore.session.get_session().create_client(
        "s3",
        region_name=deployment.region,
        endpoint_url=deployment.endpoint,
        verify=deployment.ca_bundle,
        aws_access_key_id=seen["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=seen["AWS_SECRET_ACCESS_KEY"],
        aws_session_token=seen["AWS_SESSION_TOKEN"],
    )


@pytest.mark.embedded
@pytest.mark.parametrize(
    ("condition", "code"),
    [({}, "AccessDenied"), ({"IfNoneMatch": "*"}, "PreconditionFailed")],
)
def test_the_writers_own_role_cannot_write_over_a_record(
    partner: PartnerApi, trail: Trail, as_writer: Any, condition: dict[str, str], code: str
) -> None:
    record = trail.lines()[-1]

    with pytest.raises(ClientError) as refusal:
        as_writer.put_object(
            Bucket=partner.outputs["LogsBucketName"], Key=record.name, Body=b"{}", **condition
        )

    assert refusal.value.response["Error"]["Code"] == code
    assert record.text in _read_again(partner, record)


@pytest.mark.embedded
def test_the_writers_own_role_writes_nothing_without_a_condition(
    partner: PartnerApi, as_writer: Any
) -> None:
    bucket, name = partner.outputs["LogsBucketName"], f"api-logs/suite/{uuid.uuid4()}"

    with pytest.raises(ClientError, match="AccessDenied"):
        as_writer.put_object(Bucket=bucket, Key=name, Body=b"{}")
    with pytest.raises(ClientError, match="AccessDenied"):
        as_writer.create_multipart_upload(Bucket=bucket, Key=name)


@pytest.mark.embedded
def test_the_writers_own_role_can_neither_read_nor_delete_a_record(
    partner: PartnerApi, trail: Trail, as_writer: Any
) -> None:
    record = trail.lines()[-1]
    which = {"Bucket": partner.outputs["LogsBucketName"], "Key": record.name}

    for forbidden in (as_writer.get_object, as_writer.delete_object):
        with pytest.raises(ClientError, match="AccessDenied"):
            forbidden(**which)
    assert record.text in _read_again(partner, record)


def test_a_record_is_locked_and_its_version_cannot_be_deleted(
    partner: PartnerApi, trail: Trail, deployment: Deployment
) -> None:
    s3, record = deployment.client("s3"), trail.lines()[-1]
    which = {"Bucket": partner.outputs["LogsBucketName"], "Key": record.name}
    head = s3.head_object(**which)

    with pytest.raises(ClientError, match="AccessDenied"):
        s3.delete_object(**which, VersionId=head["VersionId"])

    lock = s3.get_object_retention(**which)["Retention"]
    assert lock["Mode"] == "GOVERNANCE"
    assert (lock["RetainUntilDate"] - head["LastModified"]).days in (89, 90)
    assert record.text in _read_again(partner, record)


def _read_again(partner: PartnerApi, record: Line) -> str:
    s3 = partner.deployment.client("s3")
    found = s3.get_object(Bucket=partner.outputs["LogsBucketName"], Key=record.name)
    text: str = found["Body"].read().decode()
    return text


def _marked(trail: Trail, mark: str) -> list[Line]:
    return [line for line in trail.lines() if line.record["user_agent"].startswith(mark)]
