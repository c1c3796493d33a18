"""Every request can be followed through logs and metrics; none of them tells a secret."""

import json
import time
import uuid
from collections.abc import Callable
from typing import Any

import pytest

from tests.api import Answer, Api
from tests.deployment import Deployment

MARKER = f"marker{uuid.uuid4().hex}"
_PATIENCE_SECONDS = 90.0
Event = dict[str, Any]


@pytest.fixture(scope="module")
def call(api: Api) -> Answer:
    """A call with a secret in its body."""
    answer = api.call("create", item={"secret": MARKER})
    assert api.call("delete", id=answer.data["item"]["id"]).status == 200
    return answer


@pytest.fixture(scope="module")
def find(deployment: Deployment) -> Callable[[str, str], list[str]]:
    """Gives the lines of a log group that hold a text, waiting for the first."""
    logs = deployment.client("logs")

    def search(group: str, text: str) -> list[str]:
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while True:
            events = logs.filter_log_events(logGroupName=group, filterPattern=f'"{text}"')["events"]
            if events or time.monotonic() > deadline:
                return [event["message"] for event in events]
            time.sleep(0.25)

    return search


@pytest.fixture(scope="module")
def function_log(deployment: Deployment) -> str:
    """The log group of the API function."""
    configuration = deployment.client("lambda").get_function_configuration(
        FunctionName=deployment.outputs["ApiFunctionName"]
    )
    return str(configuration["LoggingConfig"]["LogGroup"])


@pytest.fixture(scope="module")
def access_log(deployment: Deployment) -> str:
    """The log group of the API's stage."""
    stage = deployment.client("apigatewayv2").get_stage(
        ApiId=deployment.outputs["HttpApiId"], StageName="$default"
    )
    arn = stage["AccessLogSettings"]["DestinationArn"].removesuffix(":*")
    return str(arn.rpartition(":log-group:")[2])


Find = Callable[[str, str], list[str]]


def test_the_access_log_has_one_line_with_the_request_id(
    call: Answer, find: Find, access_log: str
) -> None:
    [line] = find(access_log, call.body["request_id"])

    entry = json.loads(line)
    assert entry["request_id"] == call.headers["x-request-id"]
    assert (entry["route"], entry["status"]) == ("POST /api", "201")


def test_the_access_log_has_refused_calls_too(api: Api, find: Find, access_log: str) -> None:
    agent = f"agent-{uuid.uuid4().hex}"

    api.request("POST", "/api", headers={"user-agent": agent})

    [line] = find(access_log, agent)
    assert json.loads(line)["status"] == "401"


def test_no_header_can_forge_an_entry_of_the_access_log(
    api: Api, find: Find, access_log: str
) -> None:
    mark = uuid.uuid4().hex
    agent = f'{mark}", "status": "200'

    api.request("POST", "/api", headers={"user-agent": agent})

    [line] = find(access_log, mark)
    assert json.loads(line)["user_agent"] == agent
    assert json.loads(line)["status"] == "401"


def test_the_function_log_has_the_request_id_and_the_operation(
    call: Answer, find: Find, function_log: str
) -> None:
    [line] = find(function_log, call.body["request_id"])

    entry = json.loads(line)
    assert (entry["message"], entry["operation"], entry["status"]) == ("request", "create", 201)


def test_a_call_costs_at_most_700_bytes_of_log_lines(
    api: Api, find: Find, function_log: str, access_log: str
) -> None:
    request_id = api.call("describe_secret").body["request_id"]

    lines = [*find(function_log, request_id), *find(access_log, request_id)]

    assert len(lines) == 2
    assert 300 < sum(len(line.encode()) for line in lines) <= 700


def test_no_call_makes_a_metric_that_is_paid_for(
    find: Find, function_log: str, call: Answer, deployment: Deployment
) -> None:
    assert find(function_log, call.body["request_id"])

    assert function_log not in _everywhere(deployment, "CloudWatchMetrics")


def test_no_log_has_a_body_or_a_token(
    api: Api, call: Answer, find: Find, deployment: Deployment, function_log: str, access_log: str
) -> None:
    for group in (function_log, access_log):
        assert find(group, call.body["request_id"]), "the call has not been logged yet"

    token = api.token()
    for text in (MARKER, token, token.rpartition(".")[2]):
        assert not _everywhere(deployment, text)


def _everywhere(deployment: Deployment, text: str) -> list[str]:
    """The log groups of the account that hold a text."""
    logs = deployment.client("logs")
    pages = logs.get_paginator("describe_log_groups").paginate()
    groups = [group["logGroupName"] for page in pages for group in page["logGroups"]]
    since = int((time.time() - 3600) * 1000)
    return [
        group
        for group in groups
        for page in logs.get_paginator("filter_log_events").paginate(
            logGroupName=group, startTime=since
        )
        for event in page["events"]
        if text in event["message"]
    ]
