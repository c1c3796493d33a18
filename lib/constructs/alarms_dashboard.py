"""A page that shows what the alarms watch."""

from aws_cdk import aws_cloudwatch as cloudwatch
from constructs import Construct

from lib.constructs.service_alarms import ServiceAlarms


class AlarmsDashboard(cloudwatch.Dashboard):
    """A graph of every signal that has an alarm, with the line at which it rings.

    Made from the alarms themselves, so that neither shows what the other does not know.
    """

    def __init__(
        self, scope: Construct, construct_id: str, *, name: str, alarms: ServiceAlarms
    ) -> None:
        super().__init__(scope, construct_id, dashboard_name=name)
        graphs = [
            cloudwatch.GraphWidget(
                title=each.name,
                left=[each.metric],
                left_annotations=[cloudwatch.HorizontalAnnotation(value=each.threshold)],
                width=8,
            )
            for each in alarms.watched
        ]
        for start in range(0, len(graphs), 3):
            self.add_widgets(*graphs[start : start + 3])
