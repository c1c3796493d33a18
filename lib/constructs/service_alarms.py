"""Who is told when the service is unwell."""

from collections.abc import Sequence
from typing import Any

from aws_cdk import CfnCondition, Duration
from aws_cdk import aws_apigateway as apigateway
from aws_cdk import aws_apigatewayv2 as apigatewayv2
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_kms as kms
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sns_subscriptions as subscriptions
from constructs import Construct

from lib.constructs.service_function import ServiceFunction
from lib.environment import Environment

_PERIOD = Duration.minutes(5)
_MORE = cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD
_LESS = cloudwatch.ComparisonOperator.LESS_THAN_THRESHOLD


class ServiceAlarms(Construct):
    """Alarms on an API and its functions, and the topic they speak to.

    Fixed: the topic is encrypted with the given key and takes messages over TLS only. For every
    function: an error, a throttled call, a call in a hundred that needs more than 80 % of its
    timeout. For the API: server errors, a call in a hundred over three seconds. Twice five minutes
    of latency before anyone is woken.
    Defaults: the first error of a function within five minutes and its first throttled call wake
    someone at once; the environment's alarm e-mail is subscribed, nobody when it has none.

    Attributes:
        topic: The topic.
        alarms: Every alarm, in the order it was made.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        environment: Environment,
        key: kms.IKey,
        api: apigatewayv2.HttpApi | apigateway.RestApi,
        functions: Sequence[ServiceFunction],
        function_errors: int = 1,
        function_periods: int = 1,
    ) -> None:
        super().__init__(scope, construct_id)
        self.alarms: list[cloudwatch.Alarm] = []
        self.topic = sns.Topic(self, "Topic", master_key=key, enforce_ssl=True)
        if environment.alarm_email:
            self.topic.add_subscription(subscriptions.EmailSubscription(environment.alarm_email))
        for each in functions:
            self._watch_function(each, function_errors, function_periods)
        name = api.node.id
        self.watch(
            f"{name}ServerErrors", api.metric_server_error(period=_PERIOD, statistic="Sum"), 1
        )
        self.watch(
            f"{name}Latency", api.metric_latency(period=_PERIOD, statistic="p99"), 3000, periods=2
        )

    def _watch_function(self, watched: ServiceFunction, errors: int, periods: int) -> None:
        function, name = watched.function, watched.node.id
        timeout = function.timeout or Duration.seconds(3)
        self.watch(f"{name}Errors", function.metric_errors(period=_PERIOD), errors, periods=periods)
        self.watch(
            f"{name}Throttles", function.metric_throttles(period=_PERIOD), 1, periods=periods
        )
        self.watch(
            f"{name}Latency",
            function.metric_duration(period=_PERIOD, statistic="p99"),
            timeout.to_milliseconds() * 0.8,
            periods=2,
        )

    def watch(
        self,
        name: str,
        metric: cloudwatch.IMetric,
        threshold: float,
        *,
        periods: int = 1,
        below: bool = False,
        only_if: CfnCondition | None = None,
    ) -> None:
        """Tell the topic when `metric` reaches `threshold` in each of so many `periods`.

        Args:
            name: Names the alarm within the stack, and its graph.
            metric: What is watched. No data is no alarm.
            threshold: In the metric's unit.
            periods: How many periods in a row.
            below: Whether less than the threshold is the fault, not more.
            only_if: Where the metric exists; everywhere when omitted.
        """
        alarm = cloudwatch.Alarm(
            self,
            name,
            metric=metric,
            threshold=threshold,
            comparison_operator=_LESS if below else _MORE,
            evaluation_periods=periods,
            treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
        )
        alarm.add_alarm_action(actions.SnsAction(self.topic))
        if only_if:
            resource: Any = alarm.node.default_child
            resource.cfn_options.condition = only_if
        self.alarms.append(alarm)
