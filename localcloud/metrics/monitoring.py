"""What services publish, collected off the path of every request, and the alarms' turn.

Changes: Every invocation publishes Lambda's metrics and what its log carries in the embedded
    format; requests to APIs and distributions publish theirs. SQS goes by this cloud's clock.
Original: Calls of the Lambda API alone are counted, a throttled one as an invocation; a log's
    metrics are text. SQS goes by the machine's clock.
Fault: the emulator's; `_emit_lambda_metrics` would be called wherever a function has run, not for a
    throttled call, and its logs be read for the embedded metric format.
Ours: the clock of a drill.
AWS: https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html
"""

import asyncio
from collections import deque
from collections.abc import Iterable
from typing import Any

from ministack.services import apigateway_v1, cloudfront, lambda_svc, sqs

from localcloud.addresses import CDN, Address
from localcloud.cloud import Cloud
from localcloud.engine.internals import need, replace, wrap
from localcloud.metrics import notifications, tables
from localcloud.metrics.clock import MINUTE, Clock
from localcloud.metrics.cloudwatch import KEPT_SECONDS, CloudWatch
from localcloud.metrics.embedded import metrics_in
from localcloud.metrics.gauges import Databases, of_queues
from localcloud.metrics.points import Points
from localcloud.metrics.published import Datum, of_service


class Monitoring:
    """Everything of CloudWatch that happens by itself."""

    def __init__(self, cloud: Cloud, points: Points) -> None:
        self._clock, self._points = Clock(cloud.home), points
        self._cloudwatch = CloudWatch(self._clock, points)
        self._databases = Databases(cloud)
        self._events: deque[Iterable[Datum]] = deque()  # each made when it is taken
        self._minute = self._clock.now() // MINUTE * MINUTE
        self._rest_apis = need(apigateway_v1, "_rest_apis")
        self._distribution = need(cloudfront, "find_distribution_for_label")
        replace(sqs, "time", self._clock)
        notifications.install(cloud, self._clock)
        self._follow_functions()
        tables.follow(self._note)

    def _follow_functions(self) -> None:
        wrap(lambda_svc, "_emit_lambda_logs", self._invoked)
        wrap(lambda_svc, "_acquire_execution_slot", self._acquired)
        # It counts calls of the Lambda API alone, and a throttled one as an invocation.
        replace(lambda_svc, "_emit_lambda_metrics", lambda *_, **__: None)

    def _invoked(self, logged: Any, function: Any, *call: Any, **rest: Any) -> None:
        logged(function, *call, **rest)
        _request_id, log, error, milliseconds = call
        which = {"FunctionName": (function.get("config") or function)["FunctionName"]}
        values = {"Invocations": 1.0, "Errors": float(error), "Duration": float(milliseconds)}
        self._note("AWS/Lambda", which, values)
        self._events.append(metrics_in(log, ahead=self._clock.ahead))

    def _acquired(self, acquire: Any, function: Any, config: dict[str, Any]) -> Any:
        slot, limit = acquire(function, config)
        values = {"Throttles": float(slot is None)}
        if slot is not None:
            in_flight = need(lambda_svc, "_inflight").get(slot, 1)
            values["ConcurrentExecutions"] = float(in_flight)
        self._note("AWS/Lambda", {"FunctionName": config["FunctionName"]}, values)
        return slot, limit

    def _note(self, namespace: str, which: dict[str, str], values: dict[str, float]) -> None:
        self._events.append(of_service(namespace, which, values, self._clock.now()))

    def publish(self) -> None:
        """Publish what happened: each second, and before this ends."""
        while self._events:
            self._points.add(self._events.popleft())

    async def turn(self) -> None:
        """Publish what happened, and evaluate each minute that has passed."""
        self.publish()
        self._clock.read()
        if self._clock.now() >= self._minute + MINUTE:
            await asyncio.to_thread(self._databases.look)
        # Of what a drill of days skips, nothing is kept that long.
        self._minute = max(self._minute, (self._clock.now() - KEPT_SECONDS) // MINUTE * MINUTE)
        while self._clock.now() >= self._minute + MINUTE:
            self._points.add(of_queues(self._clock, self._minute))
            self._points.add(self._databases.measure(self._minute))
            self._minute += MINUTE
            for turn in (self._cloudwatch.evaluate(self._minute), self._cloudwatch.forget_old()):
                for _ in turn:
                    await asyncio.sleep(0)  # requests are served in between

    def served(self, address: Address, status: int, milliseconds: int) -> None:
        """Note a request to a deployed API or distribution."""
        client, server = (float(status // 100 == family) for family in (4, 5))
        if address.kind == CDN:
            if found := self._distribution(address.id):
                rates = {"4xxErrorRate": client, "5xxErrorRate": server}
                rates["TotalErrorRate"] = client or server
                values = {"Requests": 1.0} | {name: 100 * rate for name, rate in rates.items()}
                which = {"DistributionId": found["Id"], "Region": "Global"}
                self._note("AWS/CloudFront", which, values)
            return
        values = {"Count": 1.0, "Latency": float(milliseconds)}
        if rest_api := self._rest_apis.get(address.id):
            values |= {"4XXError": client, "5XXError": server}
            which = {"ApiName": rest_api["name"], "Stage": address.stage}
        else:
            values |= {"4xx": client, "5xx": server}
            which = {"ApiId": address.id, "Stage": "$default"}
        self._note("AWS/ApiGateway", which, values)
