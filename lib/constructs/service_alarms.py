"""CloudWatch alarms of a service and their SNS topic."""

from collections.abc import Sequence
from typing import Any

from aws_cdk import CfnCondition, Duration, Stack
from aws_cdk import aws_apigateway as apigateway
from aws_cdk import aws_apigatewayv2 as apigatewayv2
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_iam as iam
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sns_subscriptions as subscriptions
from constructs import Construct

from lib.acknowledgements import excuse
from lib.constructs.daily_backup import DailyBackup
from lib.constructs.encryption_key import EncryptionKey
from lib.constructs.service_function import ServiceFunction
from lib.environment import Environment
from lib.permissions import allow, arn_here

# How many times too fast, in a long and a short time: the "multiwindow, multi-burn-rate alerts" of
# https://sre.google/workbook/alerting-on-slos/
_BURNS = (
    (14.4, Duration.hours(1), Duration.minutes(5)),
    (6, Duration.hours(6), Duration.minutes(30)),
)
_RUNBOOK = "What to do: docs/runbook.md#"
_PERIOD = Duration.minutes(5)
_MORE = cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD
_LESS = cloudwatch.ComparisonOperator.LESS_THAN_THRESHOLD


class ServiceAlarms(Construct):
    """Alarms on an API and its functions, and the topic that they notify.

    Fixed: the topic is encrypted with the stack's key and takes messages over TLS only, from alarms
    of its account and region. For every function: its first error, its first throttled call, a
    call in a hundred that needs more than 80 % of its timeout. For the API: server errors, a call
    in a hundred over three seconds and, where there is an objective, errors that would use up what
    it allows too early. Latency must last for two periods of five minutes, but for a
    function that runs once in a while one is enough. For each table: throttled reads and writes.
    For the backup: its first failed job.
    Each alarm's description names its section of docs/runbook.md.
    Defaults: the environment's alarm e-mail is subscribed, nobody when it has none.

    Requests or queues keep calling `functions`; the `rare` ones run once in a while: a rotation, a
    migration. `requests` is the API's traffic; `on_requests` are what a bad release lets ring.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        api: apigatewayv2.HttpApi | apigateway.RestApi,
        functions: Sequence[ServiceFunction],
        rare: Sequence[ServiceFunction],
        backup: DailyBackup,
        tables: Sequence[dynamodb.Table] = (),
    ) -> None:
        super().__init__(scope, construct_id)
        self.alarms: list[cloudwatch.Alarm] = []
        self.topic = sns.Topic(self, "Topic", master_key=EncryptionKey.of(self), enforce_ssl=True)
        self._allow_alarms()
        email = Environment.of(self).alarm_email
        if email:
            self.topic.add_subscription(subscriptions.EmailSubscription(email))
        for each in functions:
            self.watch_function(each)
        name = api.node.id
        self.requests = api.metric_count(period=_PERIOD, statistic="Sum")
        failed = api.metric_server_error(period=_PERIOD, statistic="Sum")
        slowest = api.metric_latency(period=_PERIOD, statistic="p99")
        self.watch(f"{name}ServerErrors", failed, 1, about="ServerErrors")
        self.watch(f"{name}Latency", slowest, 3000, periods=2, about="Latency")
        self.on_requests = list(self.alarms)
        if Environment.of(self).availability_objective:
            self._watch_objective(name, failed)
        for each in rare:
            self.watch_function(each, slow_periods=1)
        for table in tables:
            for kind in ("Read", "Write"):
                throttled = table.metric(f"{kind}ThrottleEvents", period=_PERIOD, statistic="Sum")
                self.watch(f"{table.node.id}{kind}Throttles", throttled, 1, about="TableThrottles")
        if backup.failures:
            self.watch("BackupFailures", backup.failures, 1)

    def _allow_alarms(self) -> None:
        """Let CloudWatch publish, as its alarms need: a policy of ours replaces SNS's own."""
        # As in https://repost.aws/knowledge-center/cloudwatch-receive-sns-for-alarm-trigger.
        service = iam.ServicePrincipal("cloudwatch.amazonaws.com")
        ours = {
            "StringEquals": {"aws:SourceAccount": Stack.of(self).account},
            "ArnLike": {"aws:SourceArn": arn_here(self, "cloudwatch", "alarm:*")},
        }
        topic: dict[str, Any] = {"on": self.topic.topic_arn, "by": service, "only_if": ours}
        self.topic.add_to_resource_policy(allow("AlarmsOfThisAccount", "sns:Publish", **topic))

    def watch_function(
        self, watched: ServiceFunction, *, errors: int = 1, periods: int = 1, slow_periods: int = 2
    ) -> None:
        """Watch a function's errors, throttled calls and latency.

        So many `errors` in five minutes are too many, in so many `periods` in a row (throttled
        calls, too), and calls that need more than 80 % of the timeout in `slow_periods`.
        """
        function, name = watched.lambda_function, watched.node.id
        failed = function.metric_errors(period=_PERIOD)
        throttled = function.metric_throttles(period=_PERIOD)
        slowest = function.metric_duration(period=_PERIOD, statistic="p99")
        timeout = function.timeout or Duration.seconds(3)
        self.watch(f"{name}Errors", failed, errors, periods=periods, about="Errors")
        self.watch(f"{name}Throttles", throttled, 1, periods=periods, about="Throttles")
        limit = timeout.to_milliseconds() * 0.8
        self.watch(f"{name}Latency", slowest, limit, periods=slow_periods, about="Latency")

    def watch(
        self,
        name: str,
        metric: cloudwatch.IMetric,
        threshold: float,
        *,
        periods: int = 1,
        below: bool = False,
        only_if: CfnCondition | None = None,
        about: str | None = None,
        tells: bool = True,
    ) -> cloudwatch.Alarm:
        """Tell the topic when `metric` reaches `threshold` in so many `periods` in a row.

        No data is no alarm. With `below`, less than the threshold is the fault. `only_if` says
        where the metric exists: everywhere when omitted. `about` is the section of the runbook
        that says what to do: the one with the alarm's `name` when omitted. One that does not tell
        is part of another alarm.
        """
        alarm = cloudwatch.Alarm(
            self,
            name,
            alarm_description=_RUNBOOK + (about or name).lower(),
            metric=metric,
            threshold=threshold,
            comparison_operator=_LESS if below else _MORE,
            evaluation_periods=periods,
            treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
        )
        if tells:
            alarm.add_alarm_action(actions.SnsAction(self.topic))
        if only_if:
            resource: Any = alarm.node.default_child
            resource.cfn_options.condition = only_if
        self.alarms.append(alarm)
        return alarm

    def _watch_objective(self, name: str, failed: cloudwatch.Metric) -> None:
        """Tell the topic when what may fail in a month would not last, and still fails.

        Metric math has no window but its period: each window is an alarm of its own.
        """
        rule, ringing, burns = cloudwatch.AlarmRule, cloudwatch.AlarmState.ALARM, []
        allowed = 100 - (Environment.of(self).availability_objective or 0)
        for speed, *windows in _BURNS:
            both = []
            for window in windows:
                share = cloudwatch.MathExpression(
                    expression="100 * FILL(failed, 0) / requests",
                    using_metrics={"failed": failed, "requests": self.requests},
                    label="Requests that fail, in a hundred",
                    period=window,
                )
                minutes = f"{name}Burn{window.to_minutes():g}Minutes"
                limit = round(speed * allowed, 6)
                alarm = self.watch(minutes, share, limit, about="BurnRate", tells=False)
                excuse(alarm, "burn-rate-window")
                both.append(rule.from_alarm(alarm, ringing))
            burns.append(rule.all_of(*both))
        told: dict[str, Any] = {"alarm_description": f"{_RUNBOOK}burnrate"}
        burning = cloudwatch.CompositeAlarm(
            self, f"{name}BurnRate", alarm_rule=rule.any_of(*burns), **told
        )
        burning.add_alarm_action(actions.SnsAction(self.topic))
