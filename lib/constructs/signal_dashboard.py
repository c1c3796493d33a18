"""CloudWatch dashboard."""

from typing import Any

from aws_cdk import aws_cloudwatch as cloudwatch
from constructs import Construct

from lib.constructs.service_alarms import ServiceAlarms


class SignalDashboard(cloudwatch.Dashboard):
    """A page with the state of a service's alarms, its traffic, and each signal and threshold.

    Fixed: made from the alarms themselves, so that no signal can be missing.
    Defaults: the last three hours; CloudFormation names it.
    """

    def __init__(self, scope: Construct, construct_id: str, *, alarms: ServiceAlarms) -> None:
        traffic = cloudwatch.GraphWidget(title="Requests", width=8, left=[alarms.requests])
        signals: list[cloudwatch.IWidget] = [
            cloudwatch.GraphWidget(
                title=alarm.node.id,
                width=8,
                left=[alarm.metric],
                left_annotations=[alarm.to_annotation()],
            )
            for alarm in alarms.alarms
        ]
        # The state is told by an alarm's ARN, which one that is not deployed everywhere may lack.
        everywhere = [alarm for alarm in alarms.alarms if not _is_conditional(alarm)]
        state = cloudwatch.AlarmStatusWidget(title="Alarms", width=24, alarms=everywhere)
        super().__init__(scope, construct_id, widgets=[[state], [traffic, *signals]])


def _is_conditional(alarm: cloudwatch.Alarm) -> bool:
    resource: Any = alarm.node.default_child
    return resource.cfn_options.condition is not None
