"""What the drills send, where it is kept, and what is done to the system meanwhile."""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import psutil
import pytest
from pg8000.native import Connection

from localcloud.process import functions
from tests.alarms import LONG_ENOUGH, MINUTE, Alarms
from tests.api import Answer
from tests.deployment import Deployment
from tests.drills.count import Load
from tests.partner import PartnerApi, Trail, eventually, new_agent
from tests.store import NewProduct, Store, without_lines

STOCK = 100_000
_WAITING = ("ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible")
_IN_HAND_SECONDS = 0.3  # in which requests and messages reach what stands still


@dataclass(frozen=True)
class Orders:
    """Orders of two products of its own, each insisted on under its idempotency key."""

    skus: list[str]
    store: Store
    shelf: Callable[[], Connection]
    refused: list[Answer] = field(default_factory=list)
    repeated: list[str] = field(default_factory=list)  # those found placed when sent again

    def load(self, drill: str) -> Load:
        """Clients that order one of each."""
        return Load(drill, self._order)

    def _order(self, name: str) -> bool:
        answer = self.store.place(dict.fromkeys(self.skus, 1), name)
        assert answer.status in (200, 201) or answer.status >= 500, answer.status
        if answer.status >= 500:
            self.refused.append(answer)
        if answer.status == 200:
            self.repeated.append(name)
        return answer.status < 300

    @contextmanager
    def held(self) -> Iterator[Callable[[], object]]:
        """Let orders wait in the database, until what is yielded is called or the block ends."""
        owner = self.shelf()
        owner.run("BEGIN")
        owner.run("SELECT FROM products WHERE sku = ANY(:skus) FOR UPDATE", skus=self.skus)
        time.sleep(_IN_HAND_SECONDS)
        try:
            yield lambda: owner.run("ROLLBACK")
        finally:
            owner.close()

    def are_told_to_come_again(self) -> bool:
        """Whether each refusal was a 503 of the function's own that says when to come again."""
        return all(
            answer.status == 503
            and answer.error["code"] == "service_unavailable"
            and int(answer.headers["retry-after"]) > 0
            for answer in self.refused
        )

    def kept(self) -> list[str]:
        """The keys of what was ordered; each order is whole, and the stock has as much less."""
        owner = self.shelf()
        rows = owner.run(
            "SELECT idempotency_key, count(*) FROM orders AS o JOIN order_lines AS l "
            "ON l.order_id = o.id WHERE l.sku = ANY(:skus) GROUP BY o.id",
            skus=self.skus,
        )
        assert {lines for _, lines in rows} == {len(self.skus)}
        left = "SELECT DISTINCT stock FROM products WHERE sku = ANY(:skus)"
        assert owner.run(left, skus=self.skus) == [[STOCK - len(rows)]]
        assert without_lines(owner) == 0
        return [key for key, _ in rows]


@pytest.fixture
def orders(store: Store, shelf: Callable[[], Connection], new_product: NewProduct) -> Orders:
    """Orders of products with a large stock."""
    return Orders([new_product(STOCK), new_product(STOCK)], store, shelf)


class Records:
    """Requests to the partner API, of which each leaves a record in the audit trail."""

    def __init__(self, partner: PartnerApi) -> None:
        self.partner, self.agent, self._trail = partner, new_agent(), Trail(partner)
        self._sqs = partner.deployment.client("sqs")

    def load(self, drill: str) -> Load:
        """Clients that ask for what is not there; each request has a record of its own."""
        return Load(drill, self._ask, insist=False)

    def _ask(self, name: str) -> bool:
        answer = self.partner.call("GET", f"/items/{name}", headers={"user-agent": self.agent})
        return answer.status == 404

    def waiting(self, output: str) -> int:
        """How many records are in the queue of this output, those in somebody's hands too."""
        found = self._sqs.get_queue_attributes(
            QueueUrl=self.partner.outputs[output], AttributeNames=list(_WAITING)
        )
        return sum(int(found["Attributes"][name]) for name in _WAITING)

    def kept(self) -> list[str]:
        """The names in the trail, once nothing waits to be written there."""
        eventually(lambda: self.waiting("AuditQueueUrl"), lambda waiting: not waiting)
        lines = self._trail.of(self.agent, at_least=0)
        return [line.record["path"].rpartition("/")[2] for line in lines]


@pytest.fixture
def records(partner: PartnerApi, deployment: Deployment) -> Iterator[Records]:
    """Audited requests; a record that failed comes again after some seconds."""
    sqs, url, name = deployment.client("sqs"), partner.outputs["AuditQueueUrl"], "VisibilityTimeout"
    before = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=[name])["Attributes"]
    sqs.set_queue_attributes(QueueUrl=url, Attributes={name: "2"})
    yield Records(partner)
    sqs.set_queue_attributes(QueueUrl=url, Attributes=before)


@dataclass(frozen=True)
class Bell:
    """The deployed alarms, of which one must ring."""

    alarms: Alarms

    def silent(self, name: str) -> None:
        """Let the past be past; fails unless the alarm is then silent."""
        self.alarms.wait(LONG_ENOUGH)
        assert self.alarms.becomes(name, "OK")

    def rings(self, name: str) -> bool:
        """Whether the alarm rings within the minute."""
        self.alarms.wait(MINUTE)
        return self.alarms.becomes(name, "ALARM")


@pytest.fixture
def bell(deployment: Deployment) -> Bell:
    """The deployed alarms."""
    return Bell(Alarms(deployment))


@dataclass(frozen=True)
class Processes:
    """The processes of the embedded cloud."""

    deployment: Deployment

    def server(self) -> psutil.Process:
        """The embedded cloud itself."""
        assert self.deployment.home
        noted = json.loads((self.deployment.home / "process.json").read_text("utf-8"))
        return psutil.Process(noted["pid"])

    def of(self, function: str) -> list[psutil.Process]:
        """The execution environments of a function."""
        return [
            each
            for each, environ in functions(self.server())
            if environ["AWS_LAMBDA_FUNCTION_NAME"] == function
        ]

    def kill(self, function: str, meanwhile: Callable[[], object] = lambda: None) -> int:
        """`kill -9` of a function's execution environments, at their work; how many there were.

        They stand still first, and `meanwhile` is done: what they asked for is answered to nobody.
        """
        found = self.of(function)
        for each in found:
            each.suspend()
        meanwhile()
        time.sleep(_IN_HAND_SECONDS)
        for each in found:
            each.kill()
        return len(found)


@pytest.fixture
def processes(deployment: Deployment) -> Processes:
    """The processes of the embedded cloud."""
    return Processes(deployment)
