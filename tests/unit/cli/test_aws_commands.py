"""The operating commands with `--aws`: what they ask AWS for, and what they tell."""

import json
import os
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import botocore.httpsession
import pytest
from typer.testing import CliRunner

from cli import main as cli
from cli import project
from cli.commands import logs, redrive
from cli.errors import CliError
from cli.failures import reason
from tests.unit.cli.fake_aws import STACK, FakeAws, Refusal, operations, resources, stacks

TAP, PARTNER, STORE = STACK
QUEUE = "https://sqs.eu-central-1.amazonaws.com/111111111111/dead"
ARN = "arn:aws:sqs:eu-central-1:111111111111:dead"
SECRET = "the-client-secret-that-nobody-may-see"
KEY = "the-partner-key-that-stdout-alone-may-hold"
REDRIVEN = {"AuditDeadLetterQueueUrl": QUEUE, "AuditQueueUrl": QUEUE.replace("dead", "audit")}


@pytest.fixture(autouse=True)
def shell(monkeypatch, tmp_path):
    """A shell of an operator, without anything of another account."""
    for name in [name for name in os.environ if name.startswith(("AWS_", "AMAZON_"))]:
        monkeypatch.delenv(name)
    for name in [name for name in os.environ if name.lower().endswith("_proxy")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAOPERATOR")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "an operator's secret")
    monkeypatch.setenv("AWS_REGION", "eu-central-1")
    monkeypatch.setenv("AWS_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("TAP_HOME", str(tmp_path))
    monkeypatch.setattr(time, "sleep", lambda _: None)


@pytest.fixture
def aws(monkeypatch):
    """Makes AWS of answers, and the app's names for its stacks."""

    def make(deployed, **answers):
        made = FakeAws({"DescribeStacks": stacks(deployed)} | answers)
        monkeypatch.setattr(
            botocore.httpsession.URLLib3Session, "send", lambda _, request: made.send(request)
        )
        monkeypatch.setattr(project, "stack_names", names)
        return made

    def names(environ, context):
        assert environ["AWS_ACCESS_KEY_ID"] == "AKIAOPERATOR"
        suffix = dict(each.split("=") for each in context).get("environmentSuffix", "prod")
        return [name.removesuffix("prod") + suffix for name in STACK]

    return make


@pytest.fixture
def web():
    """A server that notes what it is asked, and answers with a token and a greeting."""
    noted = []

    class Handler(BaseHTTPRequestHandler):
        """Both Cognito's token endpoint and an API."""

        def do_POST(self):  # pylint: disable=invalid-name  # the server's name for it
            """Note a request, and answer."""
            body = self.rfile.read(int(self.headers.get("content-length") or 0)).decode()
            noted.append((self.command, self.path, dict(self.headers), body))
            answer = json.dumps({"access_token": "a.fresh.token", "hello": "there"}).encode()
            self.send_response(200)
            self.send_header("content-length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        do_GET = do_POST  # noqa: N815  # pylint: disable=invalid-name

        def log_message(self, *_):  # pylint: disable=arguments-differ  # nothing is told
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}", noted
    server.shutdown()
    server.server_close()


def run(*arguments, **given):
    return CliRunner().invoke(cli.app, arguments, catch_exceptions=False, **given)


def client(_):
    scopes = ["tap/items.read", "tap/items.write"]
    return {"UserPoolClient": {"ClientSecret": SECRET, "AllowedOAuthScopes": scopes}}


def deployed(address):
    pool = {"UserPoolId": "eu-central-1_1", "UserPoolClientId": "machine"}
    urls = {"TokenUrl": f"{address}/oauth2/token", "ApiEndpoint": f"{address}/"}
    return {
        TAP: pool | urls,
        PARTNER: {"ApiKeyId": "k1", "ApiGatewayUrl": f"{address}/prod/"},
        STORE: {"StoreUrl": address},
    }


def get_key(_):
    return {"id": "k1", "name": "partner-prod", "value": KEY}


def test_a_token_is_asked_for_at_the_stacks_own_address_and_tells_no_secret(aws, web):
    address, noted = web
    aws(deployed(address), DescribeUserPoolClient=client)

    said = run("token", "--aws", "--scope", "items.read")

    [(_, path, _, body)] = noted
    assert said.stdout == "a.fresh.token\n"
    assert path == "/oauth2/token"
    assert "scope=tap%2Fitems.read" in body
    assert SECRET not in said.stderr
    assert "AWS account 111111111111, region eu-central-1" in said.stderr


@pytest.mark.parametrize(
    ("arguments", "path", "header"),
    [
        (("tap", "POST", "/api", "-d", "{}"), "/api", ("authorization", "Bearer a.fresh.token")),
        (("partner", "GET", "/items"), "/prod/items", ("x-api-key", KEY)),
        (("store", "GET", "/api/products"), "/api/products", None),
    ],
)
def test_a_call_goes_to_the_apis_own_address_with_its_credentials(
    aws, web, arguments, path, header
):
    address, noted = web
    aws(deployed(address), DescribeUserPoolClient=client, **{"GET /apikeys/k1": get_key})

    said = run("call", *arguments, "--aws")

    _, asked, headers, _ = noted[-1]
    assert asked == path
    assert header is None or header in headers.items()
    assert json.loads(said.stdout)["hello"] == "there"
    assert KEY not in said.stderr


def test_the_users_proxy_is_asked_for_an_address_of_aws(aws, web, monkeypatch):
    proxy, noted = web
    monkeypatch.setenv("http_proxy", proxy)
    aws(deployed("http://store.example"))

    run("call", "store", "GET", "/", "--aws")

    assert [path for _, path, _, _ in noted] == ["http://store.example/"]


def test_a_key_is_printed_on_stdout_alone_with_whose_it_is_beside(aws):
    asked = aws(deployed("x"), **{"GET /apikeys/k1": get_key})

    said = run("key", "--aws")

    assert said.stdout == f"{KEY}\n"
    assert "API key k1, partner-prod" in said.stderr
    assert KEY not in said.stderr
    assert ("GET /apikeys/k1", {"includeValue": ["true"]}) in asked.asked


def test_the_context_chooses_the_stacks(aws):
    asked = aws({})

    with pytest.raises(CliError, match="PartnerApiStackstaging is not deployed there"):
        run("key", "--aws", "-c", "environmentSuffix=staging")

    assert ("DescribeStacks", "TapStackstaging") in [
        (name, given.get("StackName")) for name, given in asked.asked
    ]


def test_an_output_that_an_older_deployment_lacks_says_what_to_do(aws):
    aws({TAP: {}, PARTNER: {}})

    with pytest.raises(CliError, match="UPDATE_COMPLETE, has no output ApiKeyId; deploy it again"):
        run("key", "--aws")


def test_a_permission_that_is_missing_is_one_line(aws):
    def denied(_):
        raise Refusal("AccessDeniedException", "not authorized to perform apigateway:GET", 403)

    aws(deployed("x"), **{"GET /apikeys/k1": denied})

    with pytest.raises(Exception, match="apigateway:GET") as raised:
        run("key", "--aws")

    assert str(reason(raised.value)).endswith("use credentials that may, or ask for the permission")


def function(service, name):
    """A function's configuration, at its address."""
    log = {"LoggingConfig": {"LogGroup": f"/aws/lambda/{name}"}}
    path = f"GET /2015-03-31/functions/{name}/configuration"
    return {path: lambda _: {"Handler": f"services.{service}.handler.run", **log}}


def test_logs_of_every_page_are_shown_once_in_the_order_of_their_time(aws):
    # A stack of ours has more resources than one page of the listing.
    pages = resources(
        [("Table", "AWS::DynamoDB::Table", "items")],
        [("Api", "AWS::Lambda::Function", "api-fn"), ("Log", "AWS::Logs::LogGroup", "gateway")],
    )
    events = {
        "": {"events": [event(2, "second")], "nextToken": "more"},
        "more": {"events": [event(1, "first"), event(2, "second")]},
    }
    asked = aws(
        {TAP: {}},
        ListStackResources=pages,
        FilterLogEvents=lambda given: events[given.get("nextToken", "")],
        **function("items_api", "api-fn"),
    )

    said = run("logs", "items_api", "--aws", "--since", "1d")

    assert [line.split()[-1] for line in said.stdout.splitlines()] == ["first", "second"]
    groups = {given["logGroupName"] for name, given in asked.asked if name == "FilterLogEvents"}
    assert groups == {"/aws/lambda/api-fn"}


def event(at, message):
    stamp = int(time.time() * 1000) + at
    return {"logStreamName": "s", "timestamp": stamp, "message": message, "eventId": message}


def test_followed_logs_are_asked_for_anew_from_a_minute_before_and_told_once(aws, monkeypatch):
    def pause(_):
        if len(starts) == 3:
            raise KeyboardInterrupt

    def answer(given):
        starts.append(given["startTime"])
        return {"events": [known]}

    starts: list[int] = []
    known = event(0, "once")
    monkeypatch.setattr(time, "sleep", pause)
    aws(
        {TAP: {}},
        ListStackResources=resources([("Log", "AWS::Logs::LogGroup", "gateway")]),
        FilterLogEvents=answer,
    )

    said = run("logs", "--aws", "--follow", "--since", "1h")

    assert said.stdout.count("once") == 1
    assert starts[1] - starts[0] > 58 * 60 * 1000
    assert logs._FOLLOW_AWS_SECONDS >= 5  # AWS answers a few searches a second for an account


def test_a_log_that_does_not_exist_yet_stops_no_other(aws):
    def answer(given):
        if given["logGroupName"] == "absent":
            raise Refusal("ResourceNotFoundException")
        return {"events": [event(0, "there")]}

    groups = [(name, "AWS::Logs::LogGroup", name) for name in ("absent", "present")]
    aws({TAP: {}}, ListStackResources=resources(groups), FilterLogEvents=answer)

    assert "there" in run("logs", "--aws").stdout


def moves(*tasks):
    """Answers ListMessageMoveTasks with one task after the other, the last for ever."""
    left = list(tasks)
    return lambda _: {"Results": [left.pop(0) if len(left) > 1 else left[0]]}


def task(status, started=2, moved=3, **more):
    return {
        "Status": status,
        "StartedTimestamp": started,
        "ApproximateNumberOfMessagesMoved": moved,
        **more,
    }


def redriven(aws, *tasks):
    return aws(
        {PARTNER: REDRIVEN},
        GetQueueAttributes=lambda _: {"Attributes": {"QueueArn": ARN}},
        ListMessageMoveTasks=moves(*tasks),
        StartMessageMoveTask=lambda given: {"TaskHandle": given["SourceArn"]},
    )


def test_dead_letters_are_moved_by_sqs_after_a_yes(aws):
    last = task("FAILED", started=1)
    asked = redriven(aws, last, last, task("RUNNING", moved=1), task("COMPLETED"))

    said = run("redrive", "--aws", input="y\n")

    assert f"redrive the dead letters of {PARTNER} there?" in said.stderr
    assert "3 dead letters moved back" in said.stderr
    assert ("StartMessageMoveTask", {"SourceArn": ARN}) in asked.asked
    assert "ReceiveMessage" not in operations(asked)


def test_without_a_yes_nothing_is_moved(aws):
    asked = redriven(aws, task("COMPLETED"))

    said = run("redrive", "--aws", input="n\n")

    assert said.exit_code == 1
    assert operations(asked) == []


def test_a_move_that_is_under_way_is_waited_for_and_not_started_again(aws):
    asked = redriven(aws, task("RUNNING"), task("RUNNING"), task("COMPLETED", moved=9))

    said = run("redrive", "--aws", "--yes")

    assert "9 dead letters moved back" in said.stderr
    assert "StartMessageMoveTask" not in operations(asked)


def test_a_move_that_fails_says_why(aws):
    redriven(aws, task("COMPLETED", started=1), task("FAILED", FailureReason="KmsAccessDenied"))

    with pytest.raises(CliError, match="is FAILED: KmsAccessDenied"):
        run("redrive", "--aws", "--yes")


def test_the_move_is_looked_at_seconds_apart():
    assert redrive._LOOK_SECONDS >= 1


def test_the_status_is_cloudformations_and_says_what_the_ledger_is_about(aws):
    listed = resources([("Table", "AWS::DynamoDB::Table", "items")])
    aws({name: {} for name in STACK}, ListStackResources=listed)

    said = run("status", "--aws")

    assert said.exit_code == 0
    assert "the embedded cloud alone" in said.stderr
    for name in STACK:
        assert [name, "UPDATE_COMPLETE"] in [line.split()[:2] for line in said.stdout.splitlines()]
    assert "IN_SYNC" in said.stdout


@pytest.mark.parametrize("status", ["UPDATE_ROLLBACK_COMPLETE", "CREATE_FAILED"])
def test_a_stack_whose_last_change_failed_is_exit_code_1(aws, status):
    aws(
        {},
        DescribeStacks=stacks({name: {} for name in STACK}, status),
        ListStackResources=resources([]),
    )

    assert run("status", "--aws").exit_code == 1


def test_a_stack_that_is_not_deployed_is_exit_code_1(aws):
    aws({TAP: {}, STORE: {}}, ListStackResources=resources([]))

    said = run("status", "--aws", "--json")

    assert said.exit_code == 1
    assert [each["status"] for each in json.loads(said.stdout)["stacks"]][1] == "not deployed"


def test_each_resource_is_listed_when_asked(aws):
    listed = resources([("Table", "AWS::DynamoDB::Table", "items")])
    aws({name: {} for name in STACK}, ListStackResources=listed)

    assert f"{TAP} Table" in run("status", "--aws", "--each").stdout


def test_the_endpoints_are_the_stacks_outputs(aws):
    aws(deployed("https://api.example"))

    found = json.loads(run("endpoints", "--aws", "--json").stdout)

    assert found["account"] == "111111111111"
    assert found["apis"] == {"tap": "https://api.example", "partner": "https://api.example/prod"}
    assert found["store"] == "https://api.example"
    assert found["token_url"] == "https://api.example/oauth2/token"
    assert "aws_endpoint" not in found


def test_the_shell_is_never_given_credentials_of_aws(aws):
    asked = aws(deployed("x"))

    with pytest.raises(CliError, match="leave out --aws"):
        run("endpoints", "--aws", "--export")

    assert asked.asked == []


def test_the_audit_trail_is_read_from_the_stacks_bucket_each_record_once(aws):
    now = time.gmtime()
    at = time.strftime("%Y-%m-%dT%H:%M:%S+00:00", now)
    twice = {"record_id": "r1", "time": at, "path": "/items/audited"}
    records = [twice, {"record_id": "r2", "time": at, "path": "/items/audited"}, twice]
    listing = (
        "<ListBucketResult><Contents><Key>one</Key><LastModified>"
        f"{time.strftime('%Y-%m-%dT%H:%M:%SZ', now)}</LastModified></Contents></ListBucketResult>"
    )
    asked = aws(
        {PARTNER: {"LogsBucketName": "audit-trail"}},
        **{"GET /": lambda _: listing, "GET /one": lambda _: "\n".join(map(json.dumps, records))},
    )

    said = run("audit", "--aws", "--json", "--since", "1m")

    shown = json.loads(said.stdout)
    assert [each["record_id"] for each in shown] == ["r1", "r2"]
    assert {each["path"] for each in shown} == {"/items/audited"}
    prefixes = [given["prefix"] for name, given in asked.asked if name == "GET /"]
    assert prefixes[-1] == [time.strftime("api-logs/year=%Y/month=%m/day=%d/", now)]
