"""Whom the console answers, and what it tells; what it shows is for a browser to show."""

import asyncio
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from localcloud.app import App
from localcloud.cloud import Cloud
from localcloud.consent import decisions
from localcloud.console import page, requests

CONSOLE = """
headers = ["accept", "content-type"]
[files]
"shared.json" = "shared.json"
"absent.js" = "node_modules/absent.js"
[commands.GET]
said = ["-c", "import json, sys; print(json.dumps(sys.argv[1:]))", "{id}", "{home}"]
broken = ["-c", "import sys; sys.exit('broken\\\\nfor this reason')"]
[commands.POST]
change = ["-c", "import sys; print('changed', file=sys.stderr)"]
[credentials.api]
header = "authorization"
value = "Bearer {}"
command = ["-c", "print('a-fresh-secret')"]
"""
HOST = "127.0.0.1:8080"


class Front:
    """A console, and a front door behind it that answers 201."""

    def __init__(self, folder: Path) -> None:
        pages = folder / "pages"
        pages.mkdir()
        (pages / "console.toml").write_text(CONSOLE)
        (pages / "index.html").write_text("the page")
        (folder / "shared.json").write_text("{}")
        (folder / "run").mkdir()
        app = App(folder=folder, console=pages)
        cloud = Cloud(home=folder, port=1, front_port=8080, app=app)
        self.passed: list[Any] = []
        self.console = page.Console(cloud, pages, self.door)
        self.key = (folder / "run/console.key").read_text()

    async def door(self, scope, receive, send):
        body = (await receive())["body"]
        self.passed.append((scope, body))
        headers = [(b"x-request-id", b"r-1"), (b"set-cookie", b"s=1")]
        await send({"type": "http.response.start", "status": 201, "headers": headers})
        await send({"type": "http.response.body", "body": b"made"})

    def ask(self, path, method="GET", *, query="", body=b"", app=None, **sent):
        """What a path is answered with: status, headers and body; `key=None` sends none."""
        key = {"x-console-key": self.key} if sent.pop("key", True) else {}
        named = {"host": HOST} | key | {name.replace("_", "-"): v for name, v in sent.items()}
        path = path if path.startswith("/") else f"/console/{path}"
        scope = {
            "type": "http",
            "method": method,
            "path": path,
            "raw_path": path.encode(),
            "query_string": query.encode(),
            "headers": [(name.encode(), value.encode()) for name, value in named.items()],
        }
        said = []

        async def receive():
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message):
            said.append(message)

        asyncio.run((app(scope) if app else self.console)(scope, receive, send))
        told = {name.decode(): value.decode() for name, value in said[0]["headers"]}
        return said[0]["status"], told, b"".join(each.get("body", b"") for each in said)

    def note(self, path="/api/things", **given):
        """Send a request to an API, past the console, which notes it."""
        return self.ask(
            path, app=lambda scope: self.console.noting(self.door, scope, "api"), **given
        )

    def seen(self, after=0):
        return json.loads(self.ask("api/requests", query=f"after={after}")[2])


@pytest.fixture
def front(tmp_path):
    return Front(tmp_path)


def test_the_page_is_for_everybody_and_tells_no_key(front):
    status, told, body = front.ask("", key=None)

    assert (status, body) == (200, b"the page")
    assert front.key not in str(told)


@pytest.mark.parametrize("path", ["", "shared.json", "api/requests"])
def test_no_answer_may_be_framed_cached_or_run_a_script_from_elsewhere(front, path):
    _, told, _ = front.ask(path, query="after=0")

    policy = told["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self';" in policy
    assert "frame-ancestors 'none'" in policy
    assert told["cache-control"] == "no-store"
    assert told["cross-origin-resource-policy"] == "same-origin"


@pytest.mark.parametrize(
    "sent",
    [
        {"key": None},
        {"x_console_key": "another"},
        {"origin": "http://localhost:8080"},
        {"origin": "null"},
        {"origin": "https://127.0.0.1:8080"},
        {"sec_fetch_site": "cross-site"},
        {"sec_fetch_site": "same-site"},
        {"host": "localhost:8080"},
        {"host": "127.0.0.1:8081"},
        {"host": "rebound.example:8080"},
    ],
    ids=str,
)
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "api/requests"),
        ("GET", "api/said"),
        ("POST", "api/change"),
        ("POST", "api/send/api/x"),
    ],
)
def test_whoever_is_not_the_page_with_its_key_is_refused(front, method, path, sent):
    status, _, body = front.ask(path, method, query="after=0", **sent)

    assert status == 403
    assert "message" in json.loads(body)
    assert front.passed == []


def test_its_own_page_is_answered(front):
    status, _, _ = front.ask(
        "api/requests", query="after=0", origin=f"http://{HOST}", sec_fetch_site="same-origin"
    )

    assert status == 200


def test_another_name_of_this_machine_is_led_to_the_consoles_own(front):
    status, told, _ = front.ask("", host="localhost:8080", key=None)

    assert (status, told["location"]) == (307, f"http://{HOST}/console/")


@pytest.mark.parametrize("path", ["console.toml", "../run/console.key", "absent.js", "shared"])
def test_no_file_is_served_but_those_named(front, path):
    assert front.ask(path)[0] == 404


def test_a_command_is_given_the_cloud_and_an_id(front, tmp_path):
    _, _, body = front.ask("api/said", query="id=0a1b2c3d-4e5f")

    assert json.loads(body) == ["0a1b2c3d-4e5f", str(tmp_path)]


@pytest.mark.parametrize(
    "given", ["--aws-account", "-d@/etc/passwd", "short", "a b c d e f g h", "$(id)aaaa"]
)
def test_no_option_gets_into_a_command(front, given):
    assert front.ask("api/said", query=f"id={given}")[0] == 400


def test_a_command_without_json_answers_with_its_last_words(front):
    assert json.loads(front.ask("api/change", "POST")[2]) == "changed"


def test_a_command_that_fails_says_why(front):
    status, _, body = front.ask("api/broken")

    assert (status, json.loads(body)) == (502, {"message": "for this reason"})


def test_what_changes_something_is_not_got(front):
    assert front.ask("api/change")[0] == 404


def test_a_command_that_never_ends_is_given_up(front, monkeypatch):
    def run(*_given, **named):
        raise subprocess.TimeoutExpired("said", named["timeout"])

    monkeypatch.setattr(subprocess, "run", run)

    assert front.ask("api/said")[0] == 504


def test_a_request_is_sent_with_fresh_credentials_and_none_of_the_pages_own(front):
    status, _, body = front.ask(
        "api/send/api/things/a%20b",
        "PUT",
        query="x=1",
        body=b"{}",
        authorization="Bearer stolen",
        content_type="application/json",
        cookie="c=1",
    )

    [(scope, sent)] = front.passed
    assert (status, body, sent) == (201, b"made", b"{}")
    assert (scope["path"], scope["raw_path"]) == ("/api/things/a b", b"/api/things/a%20b")
    assert scope["query_string"] == b"x=1"
    assert dict(scope["headers"]) == {
        b"host": HOST.encode(),
        b"content-type": b"application/json",
        b"authorization": b"Bearer a-fresh-secret",
    }


@pytest.mark.parametrize(
    ("path", "sent"), [("open/things", {}), ("api/things", {"x_console_proof": "none"})]
)
def test_no_credentials_go_where_none_are_wanted(front, path, sent):
    front.ask(f"api/send/{path}", **sent)

    [(scope, _)] = front.passed
    assert b"authorization" not in dict(scope["headers"])


def test_a_request_is_noted_without_what_it_was_proven_with(front):
    front.note(
        method="POST",
        query="x=1",
        body=b"sent",
        authorization="Bearer a-token",
        cookie="c=a-session",
        accept="*/*",
    )

    [seen] = front.seen()
    told = {
        name: seen[name] for name in ("method", "path", "query", "body", "status", "request_id")
    }
    assert told == {
        "method": "POST",
        "path": "/api/things",
        "query": "x=1",
        "body": "sent",
        "status": 201,
        "request_id": "r-1",
    }
    assert (seen["headers"], seen["proven"]) == ([["accept", "*/*"]], True)
    assert not any(secret in json.dumps(seen) for secret in ("a-token", "a-session"))


def test_a_request_without_credentials_is_known_as_such(front):
    front.note()

    assert front.seen()[0]["proven"] is False


def test_only_what_came_since_is_told_and_the_oldest_is_forgotten(front):
    for _ in range(302):
        front.note()

    assert [each["number"] for each in front.seen(after=300)] == [301, 302]
    assert front.seen()[0]["number"] == 3


def test_a_long_body_is_not_kept(front):
    front.note(body=b"x" * (requests.BODY_LIMIT + 1))

    assert front.seen()[0]["body"] is None


def test_commands_run_with_this_python_and_nothing_of_the_servers_environment(front, monkeypatch):
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "root")
    monkeypatch.setenv("PYTHONPATH", "/elsewhere")
    told = "import json, os, sys; print(json.dumps([sys.executable, *os.environ]))"
    front.console._said["commands"]["GET"]["told"] = ["-c", told]

    executable, *environment = json.loads(front.ask("api/told")[2])

    assert executable == sys.executable
    assert not {"AWS_SECRET_ACCESS_KEY", "PYTHONPATH"} & set(environment)


def test_decisions_are_told_by_trace(front, monkeypatch):
    monkeypatch.setattr(decisions, "of_trace", lambda trace_id: [trace_id])

    assert json.loads(front.ask("api/decisions/1-0a")[2]) == ["1-0a"]
