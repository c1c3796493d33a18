"""What API Gateway does in front of an HTTP API."""

# pylint: disable=invalid-name,unused-argument,super-init-not-called  # botocore's own names

import asyncio
import json
from typing import Any, cast

import pytest

from localcloud.gateway.access_log import AccessLog
from localcloud.gateway.layer import Gateway
from localcloud.gateway.settings import Stages
from localcloud.gateway.throttle import TokenBucket

API = "0a1b2c3d"
STAGE = {
    "DefaultRouteSettings": {"ThrottlingRateLimit": 1.0, "ThrottlingBurstLimit": 2},
    "AccessLogSettings": {
        "DestinationArn": "arn:aws:logs:us-east-1:000000000000:log-group:api:*",
        "Format": '{"id": "$context.requestId", "status": "$context.status", '
        '"agent": "$context.identity.userAgent", "route": "$context.routeKey"}',
    },
}


class Client:
    class exceptions:  # noqa: N801 - botocore's own name
        class NotFoundException(Exception):
            pass

    def get_stage(self, ApiId, StageName):  # noqa: N803 - botocore's own names
        if ApiId != API:
            raise self.exceptions.NotFoundException
        return STAGE

    def get_routes(self, ApiId):  # noqa: N803
        return {"Items": [{"RouteKey": "POST /api"}]}


class Cloud:
    def client(self, service):
        return Client()


class Lines(AccessLog):
    def __init__(self):
        self.lines = []

    def write(self, group, line):
        self.lines.append((group, json.loads(line)))


class Function:
    """An app that answers what it is told to, and keeps the request it got."""

    def __init__(self, status=200, body=b"{}", headers=()):
        self.answer = status, body, list(headers)
        self.scope: dict[str, Any] = {}

    async def __call__(self, scope, receive, send):
        status, body, headers = self.answer
        self.scope = scope
        await receive()
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})


def call(app, *, times=1, body=b"", method="POST", host="localhost", path=None, agent="a", more=()):
    """The answers to so many requests, and the access log."""
    log = Lines()
    answers = []

    async def run():
        gateway = Gateway(app, Stages(cast(Any, Cloud())), log)
        for _ in range(times):
            sent: list[Any] = []
            scope = {
                "type": "http",
                "method": method,
                "path": path or f"/_aws/execute-api/{API}/$default/api",
                "headers": [(b"host", host.encode()), (b"user-agent", agent.encode()), *more],
                "client": ("192.0.2.7", 40000),
            }

            async def receive():
                return {"type": "http.request", "body": body, "more_body": False}

            async def send(message, sent=sent):  # pylint: disable=dangerous-default-value  # bound on purpose
                sent.append(message)

            await gateway(scope, receive, send)
            answers.append((sent[0]["status"], dict(sent[0]["headers"]), sent[1]["body"]))

    asyncio.run(run())
    return answers, log.lines


def test_a_line_break_in_a_path_leads_not_around_the_gateway():
    _, lines = call(Function(), path=f"/_aws/execute-api/{API}/$default/api\n")

    assert len(lines) == 1


def test_a_bucket_gives_its_burst_then_its_rate():
    bucket = TokenBucket(rate=2.0, burst=3)

    assert [bucket.take(10.0) for _ in range(4)] == [True, True, True, False]
    assert [bucket.take(10.5), bucket.take(10.5)] == [True, False]


def test_beyond_the_burst_a_request_gets_429_in_the_gateways_words():
    answers, _ = call(Function(), times=3)

    assert [status for status, _, _ in answers] == [200, 200, 429]
    assert answers[2][2] == b'{"message": "Too Many Requests"}'


def test_a_body_over_ten_megabytes_gets_413_and_no_function_runs():
    app = Function()

    answers, _ = call(app, body=b"x" * (10 * 1024 * 1024 + 1))

    assert answers[0][0] == 413
    assert not app.scope


@pytest.mark.parametrize(
    ("said", "status"),
    [
        (b'{"errorMessage": "secret", "errorType": "ValueError"}', 500),
        (b'{"errorMessage": "Task timed out", "errorType": "Sandbox.Timedout"}', 503),
    ],
)
def test_a_functions_own_error_text_stays_inside(said, status):
    answers, _ = call(Function(502, said))

    assert answers[0][0] == status
    assert b"secret" not in answers[0][2]


def test_a_502_that_a_function_answers_itself_passes():
    answers, _ = call(Function(502, b'{"success": false}'))

    assert answers[0][0] == 502


def test_a_foreign_preflight_is_answered_without_a_body():
    answers, _ = call(Function(403, b"CORS origin denied"), method="OPTIONS")

    assert (answers[0][0], answers[0][2]) == (204, b"")


def test_the_access_log_has_the_functions_request_id_and_the_route():
    _, lines = call(Function(headers=[(b"x-request-id", b"r-1")]))

    assert lines == [("api", {"id": "r-1", "status": "200", "agent": "a", "route": "POST /api"})]


def test_a_header_cannot_write_a_field_of_the_access_log():
    agent = 'a", "status": "999'

    _, lines = call(Function(), agent=agent)

    assert lines[0][1]["agent"] == agent
    assert lines[0][1]["status"] == "200"


def test_an_api_addressed_by_its_host_is_called_by_its_path():
    app = Function()

    call(app, host=f"{API}.execute-api.localhost:8080", path="/health")

    assert app.scope["path"] == f"/_aws/execute-api/{API}/$default/health"


def test_another_request_passes_untouched():
    app = Function()

    call(app, path="/some-bucket/key")

    assert app.scope["path"] == "/some-bucket/key"


def test_the_peers_address_is_appended_to_what_a_client_says_of_itself():
    app = Function()

    call(app, more=[(b"x-forwarded-for", b"6.6.6.6"), (b"X-Forwarded-For", b"7.7.7.7")])

    assert values(app, b"x-forwarded-for") == [b"6.6.6.6, 7.7.7.7, 192.0.2.7"]


def test_a_client_cannot_say_by_what_protocol_it_came():
    app = Function()

    call(app, more=[(b"x-forwarded-proto", b"http"), (b"x-forwarded-port", b"80")])

    assert values(app, b"x-forwarded-proto") == [b"https"]
    assert values(app, b"x-forwarded-port") == [b"443"]


def test_repeated_headers_are_joined_with_commas_and_cookies_as_one():
    app = Function()

    call(app, more=[(b"x-a", b"1"), (b"cookie", b"a=1"), (b"X-A", b"2"), (b"cookie", b"b=2")])

    assert values(app, b"x-a") == [b"1,2"]
    assert values(app, b"cookie") == [b"a=1; b=2"]


def values(app, name):
    return [value for found, value in app.scope["headers"] if found == name]
