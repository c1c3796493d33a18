"""CloudWatch alarms of the partner API besides those of every service."""

from lib.constructs.service_alarms import ServiceAlarms
from lib.constructs.service_function import ServiceFunction
from lib.partner.audit_trail import AuditTrail


def watch_partner_api(
    alarms: ServiceAlarms, *, function: ServiceFunction, audit: AuditTrail
) -> None:
    """Watch the API's function and the audit trail.

    Of the function, five errors in each of two periods: partners see a single one, and retry.
    Of the trail, a record that could not be written, one that waits for five minutes, and one that
    did not even reach the queue.
    """
    alarms.watch_function(function, errors=5, periods=2)
    unwritten = audit.dead_letters.metric_approximate_number_of_messages_visible
    oldest = audit.queue.metric_approximate_age_of_oldest_message
    alarms.watch("AuditDeadLetters", unwritten(statistic="Maximum"), 1)
    alarms.watch("AuditAgeSeconds", oldest(statistic="Maximum"), 300)
    alarms.watch("AuditUndelivered", function.metric("AuditUndelivered"), 1)
