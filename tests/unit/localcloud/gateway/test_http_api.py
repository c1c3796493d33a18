"""What API Gateway does in front of an HTTP API."""

import asyncio
import json
from typing import Any

import pytest
from ministack.services import apigateway_v1

from localcloud.gateway.layer import Gateway
from tests.unit.localcloud.engine.emulator import Emulator

FORMAT = (
    '{"id": "$context.requestId", "status": "$context.status", '
    '"agent": "$context.identity.userAgent", "route": "$context.routeKey"}'
)
GROUP = "arn:aws:logs:us-east-1:000000000000:log-group:http-api:*"
LIMITS = {"ThrottlingRateLimit": 1.0, "ThrottlingBurstLimit": 2}


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


class Deployed:
    """A deployed HTTP API whose stage is throttled and keeps an access log."""

    def __init__(self, emulator: Emulator) -> None:
        self._apis, self._logs = emulator.client("apigatewayv2"), emulator.client("logs")
        self.id = self._apis.create_api(Name="api", ProtocolType="HTTP")["ApiId"]
        self._apis.create_route(ApiId=self.id, RouteKey="POST /api")
        self._logs.create_log_group(logGroupName="http-api")
        log = {"DestinationArn": GROUP, "Format": FORMAT}
        self.stage = {"ApiId": self.id, "StageName": "$default"}
        self._apis.create_stage(
            **self.stage, DefaultRouteSettings=LIMITS, AccessLogSettings=log, AutoDeploy=True
        )
        self.gateway: Any = None

    def delete(self) -> None:
        """Leave nothing."""
        self._apis.delete_api(ApiId=self.id)
        self._logs.delete_log_group(logGroupName="http-api")

    def limit(self, **limits: float) -> None:
        """Throttle otherwise."""
        self._apis.update_stage(**self.stage, DefaultRouteSettings=LIMITS | limits)

    def lines(self) -> list[Any]:
        """The access log."""
        found = self._logs.filter_log_events(logGroupName="http-api")["events"]
        return [json.loads(each["message"]) for each in found]

    def call(self, app, *, times=1, body=b"", method="POST", host="localhost", path=None, more=()):
        """The answers to so many requests."""
        answers = []
        self.gateway = self.gateway or Gateway(app)
        sent: list[Any] = []
        path = path or f"/_aws/execute-api/{self.id}/$default/api"
        scope = {
            "type": "http",
            "method": method,
            "path": path,
            "headers": [(b"host", host.encode()), *more],
            "client": ("192.0.2.7", 40000),
        }

        async def receive():
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message):
            sent.append(message)

        for _ in range(times):
            sent.clear()
            asyncio.run(self.gateway(scope, receive, send))
            answers.append((sent[0]["status"], dict(sent[0]["headers"]), sent[1]["body"]))
        return answers


@pytest.fixture
def api(emulator):
    """Such an API."""
    made = Deployed(emulator)
    yield made
    made.delete()


def test_a_line_break_in_a_path_leads_not_around_the_gateway(api):
    api.call(Function(), path=f"/_aws/execute-api/{api.id}/$default/api\n")

    assert len(api.lines()) == 1


def test_a_bucket_gives_its_burst_then_its_rate(api, monkeypatch):
    now = [10.0]
    monkeypatch.setattr(apigateway_v1.time, "time", lambda: now[0])
    before = api.call(Function(), times=3)

    now[0] = 11.0
    after = api.call(Function(), times=2)

    assert [status for status, _, _ in before] == [200, 200, 429]
    assert [status for status, _, _ in after] == [200, 429]


def test_a_changed_limit_has_its_effect_at_the_next_request(api):
    api.call(Function(), times=2)

    api.limit(ThrottlingRateLimit=1e9)

    assert api.call(Function())[0][0] == 200


def test_beyond_the_burst_a_request_gets_429_in_the_gateways_words(api):
    answers = api.call(Function(), times=3)

    assert [status for status, _, _ in answers] == [200, 200, 429]
    assert answers[2][2] == b'{"message": "Too Many Requests"}'


def test_a_body_over_ten_megabytes_gets_413_and_no_function_runs(api):
    app = Function()

    answers = api.call(app, body=b"x" * (10 * 1024 * 1024 + 1))

    assert answers[0][0] == 413
    assert not app.scope


@pytest.mark.parametrize(
    ("said", "status"),
    [
        (b'{"errorMessage": "secret", "errorType": "ValueError"}', 500),
        (b'{"errorMessage": "Task timed out", "errorType": "Sandbox.Timedout"}', 503),
    ],
)
def test_a_functions_own_error_text_stays_inside(api, said, status):
    answers = api.call(Function(502, said))

    assert answers[0][0] == status
    assert b"secret" not in answers[0][2]


def test_a_502_that_a_function_answers_itself_passes(api):
    answers = api.call(Function(502, b'{"success": false}'))

    assert answers[0][0] == 502


def test_a_foreign_preflight_is_answered_without_a_body(api):
    answers = api.call(Function(403, b"CORS origin denied"), method="OPTIONS")

    assert (answers[0][0], answers[0][2]) == (204, b"")


def test_the_access_log_has_the_functions_request_id_and_the_route(api):
    api.call(Function(headers=[(b"x-request-id", b"r-1")]))

    assert api.lines() == [{"id": "r-1", "status": "200", "agent": "-", "route": "POST /api"}]


def test_a_header_cannot_write_a_field_of_the_access_log(api):
    agent = 'a", "status": "999'

    api.call(Function(), more=[(b"user-agent", agent.encode())])

    assert api.lines()[0]["agent"] == agent
    assert api.lines()[0]["status"] == "200"


def test_an_api_addressed_by_its_host_is_called_by_its_path(api):
    app = Function()

    api.call(app, host=f"{api.id}.execute-api.localhost:8080", path="/health")

    assert app.scope["path"] == f"/_aws/execute-api/{api.id}/$default/health"


def test_another_request_passes_untouched(api):
    app = Function()

    api.call(app, path="/some-bucket/key")

    assert app.scope["path"] == "/some-bucket/key"


def test_the_peers_address_is_appended_to_what_a_client_says_of_itself(api):
    app = Function()

    api.call(app, more=[(b"x-forwarded-for", b"6.6.6.6"), (b"X-Forwarded-For", b"7.7.7.7")])

    assert values(app, b"x-forwarded-for") == [b"6.6.6.6, 7.7.7.7, 192.0.2.7"]


def test_a_client_cannot_say_by_what_protocol_it_came(api):
    app = Function()

    api.call(app, more=[(b"x-forwarded-proto", b"http"), (b"x-forwarded-port", b"80")])

    assert values(app, b"x-forwarded-proto") == [b"https"]
    assert values(app, b"x-forwarded-port") == [b"443"]


def test_repeated_headers_are_joined_with_commas_and_cookies_as_one(api):
    app = Function()

    api.call(app, more=[(b"x-a", b"1"), (b"cookie", b"a=1"), (b"X-A", b"2"), (b"cookie", b"b=2")])

    assert values(app, b"x-a") == [b"1,2"]
    assert values(app, b"cookie") == [b"a=1; b=2"]


def values(app, name):
    return [value for found, value in app.scope["headers"] if found == name]
