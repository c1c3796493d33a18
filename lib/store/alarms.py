"""CloudWatch alarms of the store besides those of every service."""

from aws_cdk import Duration, Size
from aws_cdk import aws_cloudwatch as cloudwatch

from lib.constructs.service_alarms import ServiceAlarms
from lib.store.cdn import StoreCdn
from lib.store.database import StoreDatabase
from lib.store.instance import MAX_CONNECTIONS, STORAGE_GIB

_PERIOD = Duration.minutes(5)


def watch_store(alarms: ServiceAlarms, *, database: StoreDatabase, cdn: StoreCdn) -> None:
    """Watch the database and the CDN.

    Three times five minutes of a busy processor, a fifth of the storage left (storage grows by
    itself: an alarm means it no longer can), four fifths of the connections taken, less than 100 MB
    of memory, processor credits of a burstable class that cost extra (it goes on at full speed, and
    is charged). A standby in the other zone has no replica lag: it is written to at the same time.
    Of the CDN, one request in a hundred that fails; its metrics are in us-east-1 only.
    """
    instance = database.instance
    alarms.watch("DatabaseCpu", instance.metric_cpu_utilization(period=_PERIOD), 80, periods=3)
    left = instance.metric_free_storage_space(period=_PERIOD, statistic="Minimum")
    a_fifth = Size.gibibytes(STORAGE_GIB).to_bytes() / 5
    alarms.watch("DatabaseStorage", left, a_fifth, below=True)
    connections = instance.metric_database_connections(period=_PERIOD, statistic="Maximum")
    alarms.watch("DatabaseConnections", connections, MAX_CONNECTIONS * 0.8)
    memory = instance.metric_freeable_memory(period=_PERIOD, statistic="Minimum")
    alarms.watch("DatabaseMemory", memory, 100_000_000, below=True, periods=3)
    credits_ = instance.metric("CPUSurplusCreditsCharged", period=_PERIOD, statistic="Maximum")
    alarms.watch("DatabaseCredits", credits_, 1)
    failed = cloudwatch.Metric(
        namespace="AWS/CloudFront",
        metric_name="5xxErrorRate",
        dimensions_map={"DistributionId": cdn.distribution.distribution_id, "Region": "Global"},
        statistic="Average",
        period=_PERIOD,
    )
    alarms.watch("CdnServerErrors", failed, 1, only_if=cdn.in_us_east_1)
