"""What CloudWatch and SNS of the emulator do as they are installed."""

import time

import pytest

from localcloud.cloud import ACCOUNT, REGION
from localcloud.metrics.clock import Clock
from localcloud.metrics.cloudwatch import CloudWatch
from localcloud.metrics.monitoring import Monitoring
from localcloud.metrics.points import Points


@pytest.fixture
def alarm(emulator):
    """An alarm on a metric without dimensions."""
    name = f"alarm{time.time_ns()}"
    emulator.client("cloudwatch").put_metric_alarm(
        AlarmName=name,
        Namespace=name,
        MetricName="Errors",
        Statistic="Sum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=1,
        ComparisonOperator="GreaterThanOrEqualToThreshold",
    )
    return name


def state(emulator, alarm):
    """Its state once there is a value of that metric, under a dimension that it does not name."""
    client = emulator.client("cloudwatch")
    client.put_metric_data(
        Namespace=alarm,
        MetricData=[
            {"MetricName": "Errors", "Value": 5, "Dimensions": [{"Name": "A", "Value": "a"}]}
        ],
    )
    [found] = client.describe_alarms(AlarmNames=[alarm])["MetricAlarms"]
    return found["StateValue"]


def subscribed(emulator):
    """What a subscription by e-mail is told to be."""
    sns = emulator.client("sns")
    topic = sns.create_topic(Name=f"topic{time.time_ns()}")["TopicArn"]
    answer = sns.subscribe(TopicArn=topic, Protocol="email", Endpoint="a@example.com")
    return answer["SubscriptionArn"]


def test_the_original_overlooks_the_dimensions_of_a_metric(emulator, alarm):
    assert state(emulator, alarm) == "ALARM"


def test_a_value_of_another_dimension_rings_no_alarm(emulator, patch, alarm, tmp_path):
    assert patch  # puts back what is replaced
    list(CloudWatch(Clock(tmp_path), Points()).evaluate(time.time()))

    assert state(emulator, alarm) == "INSUFFICIENT_DATA"


def test_the_original_takes_an_address_without_asking_it(emulator):
    assert subscribed(emulator).startswith(f"arn:aws:sns:{REGION}:{ACCOUNT}:topic")


def test_an_address_is_asked_before_it_gets_mail(emulator, patch):
    class Monitored:
        @staticmethod
        def install(cloud):
            Monitoring(cloud, Points())

    patch(Monitored)

    assert subscribed(emulator) == "pending confirmation"


def test_the_original_publishes_nothing_of_tables(emulator):
    table, name = emulator.client("dynamodb"), f"t{time.time_ns()}"
    table.create_table(
        TableName=name,
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    table.put_item(TableName=name, Item={"id": {"S": "1"}})

    found = emulator.client("cloudwatch").list_metrics(Namespace="AWS/DynamoDB")["Metrics"]
    assert found == []
