"""Metrics that are measured once a minute: of queues and of databases.

Changes: Queues and the database server are measured each minute.
Original: Neither has a metric.
Ours: the metrics of a server that is ours.
"""

import time
from collections.abc import Iterator
from typing import Any

import psutil
from ministack.services import rds, sqs

from localcloud import postgres
from localcloud.cloud import Cloud
from localcloud.engine.internals import need
from localcloud.metrics.clock import Clock
from localcloud.metrics.published import Datum, of_service

_GIB = 2**30


def of_queues(clock: Clock, at: float) -> Iterator[Datum]:
    """Give each queue's metrics for the minute that begins at `at`; every one counts as active."""
    for queue in list(need(sqs, "_queues").values()):
        need(sqs, "_refresh_counts")(queue)
        attributes = queue["attributes"]
        sent = [message["sent_at"] for message in queue["messages"]]
        visible = "ApproximateNumberOfMessages"
        values = {
            f"{visible}Visible": float(attributes[visible]),
            f"{visible}NotVisible": float(attributes[f"{visible}NotVisible"]),
            "ApproximateAgeOfOldestMessage": clock.now() - min(sent) if sent else 0.0,
        }
        name = {"QueueName": attributes["QueueArn"].rpartition(":")[2]}
        yield from of_service("AWS/SQS", name, values, at)


class Databases:
    """The PostgreSQL server behind the RDS instances: each instance shows all of it."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._instances = need(rds, "_instances")
        self._busy: tuple[float, float] | None = None  # when, and the seconds of processor by then
        self._values: dict[str, float] = {}

    def look(self) -> None:
        """Measure the server; it may take a while."""
        server = postgres.server(self._cloud.home)
        if server is None:
            self._values = {}
            return
        data = self._cloud.home / "postgres"
        try:
            processes = [server, *server.children(recursive=True)]
            clients = sum("127.0.0.1(" in " ".join(each.cmdline()) for each in processes)
            used = sum(path.stat().st_size for path in data.rglob("*") if path.is_file())
            self._values = {
                "DatabaseConnections": float(clients),
                "FreeStorageSpace": -used,
                "CPUUtilization": self._processor(processes),
                "FreeableMemory": float(psutil.virtual_memory().available),
            }
        except (psutil.Error, OSError):
            return  # a connection or a file that has just gone: the next minute tells

    def _processor(self, processes: list[psutil.Process]) -> float:
        """Return the per cent of the machine's processors since the last look."""
        times = [each.cpu_times() for each in processes]
        own = times[0]
        spent = sum(each.user + each.system for each in times)
        spent += getattr(own, "children_user", 0.0) + getattr(own, "children_system", 0.0)
        now = time.monotonic()
        then, before = self._busy or (now - 1, spent)
        self._busy = (now, spent)
        return max(0.0, spent - before) / max(now - then, 1.0) / (psutil.cpu_count() or 1) * 100

    def measure(self, at: float) -> Iterator[Datum]:
        """Give each instance's metrics for the minute that begins at `at`."""
        for name, instance in list(self._instances.items()):
            if self._values:
                storage = int(instance.get("AllocatedStorage") or 0) * _GIB
                free = storage + self._values["FreeStorageSpace"]
                values: dict[str, Any] = {**self._values, "FreeStorageSpace": max(0.0, free)}
                yield from of_service("AWS/RDS", {"DBInstanceIdentifier": name}, values, at)
