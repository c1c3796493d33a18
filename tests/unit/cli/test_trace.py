"""`tap trace --aws`: what AWS has of one request, in the order of its time."""

import json
import time

import pytest

from cli.errors import CliError
from tests.unit.cli.fake_aws import STACK, resources
from tests.unit.cli.test_aws_commands import aws, event, function, run, shell

__all__ = ["aws", "shell"]  # the fixtures
TAP, PARTNER, _STORE = STACK
REQUEST, TRACE = "c6af9ac6-7b61-11e6-9a41-93e8deadbeef", "1-5759e988-bd862e3fe1be46a994272793"
DEPLOYED = {PARTNER: {"LogsBucketName": "audit-bucket"}}


def span(name, at, *below, **more):
    """A segment of X-Ray that took a fifth of a second."""
    times = {"start_time": at, "end_time": at + 0.2}
    return {"name": name, **times, "subsegments": list(below), **more}


@pytest.fixture
def traced(aws):
    """AWS that has a line of the gateway, one of the function, and a trace with a failed call."""
    now = time.time()
    groups = [("Api", "AWS::Lambda::Function", "api-fn"), ("Log", "AWS::Logs::LogGroup", "gateway")]
    lines = {
        "gateway": event(0, json.dumps({"request_id": REQUEST, "trace_id": TRACE, "status": 500})),
        "/aws/lambda/api-fn": event(-50, json.dumps({"level": "ERROR", "message": "failed"})),
    }
    segment = span("api-fn", now - 1, span("DynamoDB", now - 0.9, fault=True))
    return aws(
        DEPLOYED,
        ListStackResources=resources(groups),
        FilterLogEvents=lambda given: {"events": [lines[given["logGroupName"]]]},
        **{
            "GET /": lambda _: "<ListBucketResult></ListBucketResult>",
            "POST /Traces": lambda _: {
                "Traces": [{"Segments": [{"Document": json.dumps(segment)}]}],
                "UnprocessedTraceIds": [],
            },
        },
        **function("partner_api", "api-fn"),
    )


def test_a_request_is_told_in_the_order_of_its_time_with_its_spans(traced):
    said = run("trace", REQUEST, "--aws")

    whose = [line.split()[1] for line in said.stdout.splitlines()]
    assert whose == ["x-ray", "x-ray", PARTNER, PARTNER]
    assert "span=. DynamoDB ms=200.0 failed=True" in said.stdout
    assert {
        given["filterPattern"] for name, given in traced.asked if name == "FilterLogEvents"
    } == {f'"{REQUEST}"'}


def test_a_request_that_left_nothing_is_an_error_that_says_how_to_look_further(aws):
    aws({TAP: {}}, ListStackResources=resources([]))

    with pytest.raises(CliError, match=f"nothing of {REQUEST} since 5m; look further back"):
        run("trace", REQUEST, "--aws", "--since", "5m")


@pytest.mark.parametrize("wrong", ['a" || "b', "short", "x" * 129])
def test_what_cannot_be_an_id_is_never_searched_for(aws, wrong):
    asked = aws(DEPLOYED)

    with pytest.raises(CliError, match="give an answer's x-request-id"):
        run("trace", wrong, "--aws")

    assert asked.asked == []


@pytest.mark.usefixtures("traced")
def test_a_script_reads_the_events_as_json():
    said = json.loads(run("trace", REQUEST, "--aws", "--json").stdout)

    assert [each["from"].split()[0] for each in said] == ["x-ray", "x-ray", PARTNER, PARTNER]
    assert {frozenset(each) for each in said} == {frozenset(("timestamp", "from", "message"))}
