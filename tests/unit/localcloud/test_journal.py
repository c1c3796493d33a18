"""The layer that answers a change once it is saved."""

# pylint: disable=unused-argument  # ASGI's own

import asyncio
import contextlib
from typing import Any

import pytest

from localcloud import journal
from localcloud.effects import Effect, effect
from localcloud.journal import Journal

SIGNED = "AWS4-HMAC-SHA256 Credential=AKIA/20260101/us-east-1/{}/aws4_request, Signature=0"
FORM = "application/x-www-form-urlencoded; charset=utf-8"


def request(service="", *, method="POST", path="/", query=b"", **sent):
    named = {"host": "127.0.0.1:4566"} | {name.replace("_", "-"): v for name, v in sent.items()}
    if service:
        named["authorization"] = SIGNED.format(service)
    headers = [(name.encode(), value.encode()) for name, value in named.items()]
    return {
        "type": "http",
        "method": method,
        "path": path,
        "query_string": query,
        "headers": headers,
    }


PUT_ITEM = request("dynamodb", x_amz_target="DynamoDB_20120810.PutItem")


class Saved:
    """Stands in for the storage; fails as often as it is told to."""

    checkpoints = 0

    def __init__(self, *, failures=0, deploying=False):
        self.saves, self.failures, self.at_work = [], failures, deploying

    def save(self, services=None):
        if self.failures:
            self.failures -= 1
            raise OSError("no space left")
        self.saves.append(services and set(services))

    def checkpoint(self):
        self.checkpoints += 1

    def save_in_turn(self):
        for name in ("iam", "sqs"):
            self.save({name})
            yield

    def deploying(self):
        return self.at_work


async def emulator(scope, receive, send):
    await receive()
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"done"})


def answers(storage, *scopes, body=b"", app=emulator):
    """What clients that ask together are sent; `saved` tells how often it was saved before."""

    async def ask(layer, scope):
        sent = []

        async def receive():
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message):
            sent.append(message | {"saved": len(storage.saves)})

        await layer(scope, receive, send)
        return sent

    async def all_of_them():
        made = Journal(app, storage)
        return await asyncio.gather(*(ask(made, scope) for scope in scopes))

    return asyncio.run(all_of_them())


def test_a_change_is_answered_once_it_is_saved():
    storage = Saved()

    [[start, _]] = answers(storage, request("sqs", x_amz_target="AmazonSQS.SendMessage"))

    assert (start["status"], start["saved"]) == (200, 1)
    assert storage.saves == [{"sqs"}]


def test_requests_that_are_ready_together_share_one_save():
    storage = Saved()

    answered = answers(storage, *[PUT_ITEM] * 8, request("secretsmanager"))

    assert [sent[0]["saved"] for sent in answered] == [1] * 9
    assert storage.saves == [{"secretsmanager"}]


def test_a_read_is_answered_without_a_save():
    storage = Saved()

    [[start, _]] = answers(storage, request("dynamodb", x_amz_target="DynamoDB_20120810.GetItem"))

    assert start["status"] == 200
    assert not storage.saves


def test_a_change_that_cannot_be_saved_is_not_acknowledged():
    [[start, body]] = answers(Saved(failures=1), PUT_ITEM)

    assert start["status"] == 503
    assert b"cannot save its state: no space left" in body["body"]
    assert b"done" not in body["body"]


def test_what_could_not_be_saved_is_saved_with_the_next_change():
    async def one_after_the_other():
        made, storage = Journal(emulator, saved), saved

        async def receive():
            return {"type": "http.request", "body": b""}

        async def send(message):
            pass

        await made(request("sqs"), receive, send)
        await made(PUT_ITEM, receive, send)
        return storage.saves

    saved: Any = Saved(failures=1)

    assert asyncio.run(one_after_the_other()) == [{"sqs"}]


def test_while_stacks_are_deployed_a_change_is_saved_with_everything():
    storage = Saved(deploying=True)

    answers(storage, PUT_ITEM)

    assert storage.saves == [None]


def test_what_is_told_of_a_stack_at_work_is_saved_before_it_is_told():
    storage = Saved(deploying=True)

    [[start, _]] = answers(
        storage, request("cloudformation", content_type=FORM), body=b"Action=DescribeStacks"
    )

    assert start["saved"] == 1


def test_what_is_told_of_a_stack_at_rest_needs_no_save():
    storage = Saved()

    answers(storage, request("cloudformation", content_type=FORM), body=b"Action=DescribeStacks")

    assert not storage.saves


INVOCATION = request("lambda", path="/2015-03-31/functions/api/invocations")


def kept(monkeypatch, storage, *, waits=10.0, at_work_later=False):
    """What is saved without a request's waiting for it, after an invocation and some turns."""
    monkeypatch.setattr(journal, "_MAY_WAIT_SECONDS", waits)

    async def to_thread(run):
        run()

    monkeypatch.setattr(asyncio, "to_thread", to_thread)

    async def some_turns():
        made = Journal(emulator, storage)

        async def receive():
            return {"type": "http.request", "body": b""}

        async def send(message):
            pass

        await made(INVOCATION, receive, send)
        storage.at_work = at_work_later
        for _ in range(3):
            with contextlib.suppress(OSError):  # is logged by what takes the turns
                await made.turn()

    asyncio.run(some_turns())
    return storage.saves


def test_what_may_wait_is_saved_one_service_after_the_other(monkeypatch):
    saves = kept(monkeypatch, Saved(), waits=-1.0)

    assert saves == [{"iam"}, {"sqs"}]


def test_what_may_wait_is_not_saved_at_once(monkeypatch):
    assert not kept(monkeypatch, Saved())


def test_the_log_of_commits_goes_into_the_file_on_a_thread(monkeypatch):
    storage = Saved()

    kept(monkeypatch, storage)

    assert storage.checkpoints


def test_all_is_saved_when_a_service_could_not_be(monkeypatch):
    saves = kept(monkeypatch, Saved(failures=1), waits=-1.0)

    assert saves == [None]


def test_no_service_is_saved_by_itself_while_stacks_are_deployed(monkeypatch):
    saves = kept(monkeypatch, Saved(), waits=-1.0, at_work_later=True)

    assert set(saves) == {None}


@pytest.mark.parametrize(
    ("scope", "services"),
    [
        (PUT_ITEM, set()),
        (request("dynamodb", x_amz_target="DynamoDB_20120810.TransactWriteItems"), set()),
        (request("dynamodb", x_amz_target="DynamoDB_20120810.CreateTable"), {"dynamodb"}),
        (request("s3", method="PUT", path="/bucket/key"), {"s3"}),
        (request("sns", content_type=FORM), {"sns", "sqs"}),
        (request("lambda", path="/2015-03-31/functions"), {"lambda"}),
        (
            request("cognito-idp", x_amz_target="AWSCognitoIdentityProviderService.SignUp"),
            {"cognito"},
        ),
        (request(path="/oauth2/token", content_type=FORM), {"cognito"}),
        (request(path="/bucket", content_type="multipart/form-data; boundary=x"), {"s3"}),
        (
            request(
                method="PUT",
                path="/bucket/key",
                query=b"X-Amz-Credential=AKIA%2F20260101%2Fus-east-1%2Fs3%2Faws4_request",
            ),
            {"s3"},
        ),
    ],
)
def test_a_request_to_a_known_service_changes_that_one(scope, services):
    assert effect(scope, b"") == Effect(frozenset(services))


@pytest.mark.parametrize(
    "scope",
    [
        request("rds", content_type=FORM),
        request("ssm", x_amz_target="AmazonSSM.PutParameter"),
        request("rds", method="GET", query=b"Action=DeleteDBInstance"),
        request("cloudformation", content_type=FORM),
        request(),
    ],
)
def test_any_other_request_may_change_everything(scope):
    body = b"Action=ExecuteChangeSet" if scope["method"] == "POST" else b""
    assert effect(scope, body) == Effect(None)


@pytest.mark.parametrize(
    "scope",
    [
        request("s3", method="GET", path="/bucket/key"),
        request("kms", x_amz_target="TrentService.Decrypt"),
        request("wafv2", x_amz_target="AWSWAF_20190729.GetWebACLForResource"),
        request("sqs", method="GET", query=b"Action=ListQueues"),
    ],
)
def test_a_read_changes_nothing(scope):
    assert effect(scope, b"") is None


@pytest.mark.parametrize(
    "scope",
    [
        request(method="GET", path="/_aws/execute-api/a1/$default/health"),
        request(host="a1.execute-api.localhost:8080"),
        request("logs", x_amz_target="Logs_20140328.PutLogEvents"),
        request("lambda", path="/2015-03-31/functions/api/invocations"),
    ],
)
def test_logs_and_metrics_may_wait(scope):
    found = effect(scope, b"")
    assert found is not None
    assert found.may_wait
