"""The deployed partner API as its clients see it, and as its operator looks after it."""

import json
import re
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Self, TypeVar

import urllib3

from tests.api import Answer
from tests.deployment import Deployment

PATIENCE_SECONDS = 120.0
T = TypeVar("T")


def eventually(read: Callable[[], T], is_there: Callable[[T], bool]) -> T:
    """What `read` gives as soon as `is_there` says so, or at last when patience ends."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not is_there(found := read()) and time.monotonic() < deadline:
        time.sleep(0.25)
    return found


class PartnerApi:
    """Calls over one connection pool, which may be used by many threads.

    Attributes:
        deployment: What it is deployed in.
        outputs: The outputs of its stack.
        url: Where it answers, without a slash at the end.
        key: The value of the stack's own API key.
    """

    def __init__(self, deployment: Deployment, connections: int = 32) -> None:
        self.deployment = deployment
        self.outputs = deployment.stack("PartnerApiStack")
        self.url = deployment.short_urls.get("partner") or self.outputs["ApiGatewayUrl"].rstrip("/")
        self.key: str = deployment.client("apigateway").get_api_key(
            apiKey=self.outputs["ApiKeyId"], includeValue=True
        )["value"]
        self._pool = urllib3.PoolManager(
            ca_certs=deployment.ca_bundle, retries=False, timeout=60, maxsize=connections
        )

    def __enter__(self) -> Self:
        """The API itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close every connection."""
        self._pool.clear()

    def call(
        self,
        method: str,
        path: str,
        *,
        item: Any = None,
        key: str | None = "",
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Send a request with the stack's key; with none when `key` is None.

        `item` is the body: bytes as they are, anything else as JSON.
        """
        sent = {"user-agent": "suite", **(headers or {})}
        if key is not None:
            sent["x-api-key"] = key or self.key
        body = item if isinstance(item, bytes) or item is None else json.dumps(item).encode()
        if body is not None:
            sent.setdefault("content-type", "application/json")
        answer = self._pool.request(method, self.url + path, body=body, headers=sent)
        return Answer(answer.status, answer.headers, answer.data.decode())

    @contextmanager
    def another_partner(self) -> Iterator[tuple[str, str]]:
        """Id and value of a second key on the stack's own plan, until the block ends."""
        gateway, plan = self.deployment.client("apigateway"), self.outputs["UsagePlanId"]
        key = gateway.create_api_key(name=f"suite-{uuid.uuid4().hex}", enabled=True)
        try:
            gateway.create_usage_plan_key(usagePlanId=plan, keyId=key["id"], keyType="API_KEY")
            # API Gateway learns of a new key in its own time.
            eventually(lambda: self.call("GET", "/", key=key["value"]).status, lambda s: s == 200)
            yield key["id"], key["value"]
        finally:
            gateway.delete_api_key(apiKey=key["id"])

    @contextmanager
    def another_key(self, **limits: Any) -> Iterator[str]:
        """A key of its own on a plan of its own with these limits, until the block ends."""
        gateway = self.deployment.client("apigateway")
        stage = {"apiId": self.outputs["RestApiId"], "stage": "prod"}
        name = f"suite-{uuid.uuid4().hex}"
        key = gateway.create_api_key(name=name, enabled=True)
        plan = gateway.create_usage_plan(name=name, apiStages=[stage], **limits)["id"]
        try:
            gateway.create_usage_plan_key(usagePlanId=plan, keyId=key["id"], keyType="API_KEY")
            yield key["value"]
        finally:
            # A plan can be deleted once it covers no stage.
            covered = {"op": "remove", "path": "/apiStages", "value": ":".join(stage.values())}
            gateway.update_usage_plan(usagePlanId=plan, patchOperations=[covered])
            gateway.delete_usage_plan(usagePlanId=plan)
            gateway.delete_api_key(apiKey=key["id"])

    @contextmanager
    def rate_rule(self, *, limit: int, seconds: int) -> Iterator[None]:
        """The firewall's rate rule with this limit for an address, until the block ends."""
        before = self._set_rate_rule({"Limit": limit, "EvaluationWindowSec": seconds})
        try:
            yield
        finally:
            self._set_rate_rule(before)

    def _set_rate_rule(self, wanted: dict[str, int]) -> dict[str, int]:
        firewall = self.deployment.client("wafv2")
        name, identity = self.outputs["WAFWebAclArn"].split("/")[-2:]
        which = {"Name": name, "Id": identity, "Scope": "REGIONAL"}
        found = firewall.get_web_acl(**which)
        acl = found["WebACL"]
        [rule] = [
            each["Statement"]["RateBasedStatement"]
            for each in acl["Rules"]
            if "RateBasedStatement" in each["Statement"]
        ]
        before = {setting: int(rule[setting]) for setting in wanted}
        rule |= wanted
        firewall.update_web_acl(
            **which,
            LockToken=found["LockToken"],
            DefaultAction=acl["DefaultAction"],
            Rules=acl["Rules"],
            VisibilityConfig=acl["VisibilityConfig"],
        )
        return before


@dataclass(frozen=True)
class Line:
    """One line of the audit trail, and the name of its object."""

    name: str
    text: str

    @property
    def record(self) -> dict[str, Any]:
        """The record in it; fails the test unless it is one line of JSON."""
        assert re.fullmatch(r"[ -~]+\n", self.text), self.text
        found: dict[str, Any] = json.loads(self.text)
        return found


class Trail:
    """The audit trail, from the day on which this was made."""

    def __init__(self, partner: PartnerApi) -> None:
        self._s3 = partner.deployment.client("s3")
        self._bucket = partner.outputs["LogsBucketName"]
        self._since = time.time() - 5  # another clock wrote it
        self._names: set[str] = set()
        self._read: dict[str, Line] = {}

    def lines(self) -> list[Line]:
        """Every record, oldest first; one that came twice is there once."""
        day = time.strftime("api-logs/year=%Y/month=%m/day=%d/", time.gmtime(self._since))
        pages = self._s3.get_paginator("list_objects_v2").paginate(
            Bucket=self._bucket, Prefix="api-logs/", StartAfter=day
        )
        for page in pages:
            for item in page.get("Contents", []):
                name = item["Key"]
                if name not in self._names:
                    body = self._s3.get_object(Bucket=self._bucket, Key=name)["Body"].read()
                    for text in body.decode().splitlines(keepends=True):
                        line = Line(name, text)
                        self._read.setdefault(line.record["record_id"], line)
                    self._names.add(name)
        return list(self._read.values())

    def of(self, agent: str, *, at_least: int) -> list[Line]:
        """The records of requests with this user agent, once there are so many."""
        return eventually(
            lambda: [line for line in self.lines() if line.record["user_agent"] == agent],
            lambda found: len(found) >= at_least,
        )


def new_agent() -> str:
    """A user agent that no other test has."""
    return f"suite-{uuid.uuid4().hex}"
