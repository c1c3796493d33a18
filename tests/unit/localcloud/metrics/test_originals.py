"""What CloudWatch and SNS of the emulator do as they are installed."""

import time

import pytest
from botocore.exceptions import ClientError

from localcloud.cloud import ACCOUNT, REGION
from localcloud.metrics.clock import Clock
from localcloud.metrics.cloudwatch import CloudWatch
from localcloud.metrics.monitoring import Monitoring
from localcloud.metrics.points import Points

METRIC = {"Namespace": "AWS/Lambda", "MetricName": "Errors"}


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


def on_math(expression, *periods):
    """An alarm on this expression of metrics with these periods, which a template has as texts."""
    statistics = [{"Metric": METRIC, "Period": each, "Stat": "Sum"} for each in periods]
    watched = [
        {"Id": f"m{number}", "MetricStat": each, "ReturnData": False}
        for number, each in enumerate(statistics, 1)
    ]
    return {
        "Metrics": [{"Id": "e", "Expression": expression}, *watched],
        "EvaluationPeriods": 1,
        "Threshold": 1,
        "ComparisonOperator": "GreaterThanThreshold",
    }


def made(emulator, **alarm):
    """A stack with this alarm, and why it failed."""
    stack = emulator.deploy(Alarm={"Type": "AWS::CloudWatch::Alarm", "Properties": alarm})
    events = emulator.client("cloudformation").describe_stack_events(StackName=stack.name)
    told = [each.get("ResourceStatusReason", "") for each in events["StackEvents"]]
    return stack, " ".join(told)


def test_the_original_refuses_metric_math_in_a_template_and_drops_it_in_a_call(emulator):
    emulator.client("cloudwatch").put_metric_alarm(AlarmName="math", **on_math("m1 * 2", 60))
    found = emulator.client("cloudwatch").describe_alarms(AlarmNames=["math"])["MetricAlarms"]

    assert "Metrics" not in found[0]
    assert "is not supported" in made(emulator, **on_math("m1 * 2", "60"))[1]


def test_an_alarm_on_metric_math_is_described_as_it_was_put(emulator, patch, tmp_path):
    assert patch
    CloudWatch(Clock(tmp_path), Points())
    client, wanted = emulator.client("cloudwatch"), on_math("m1 * 2", 60)

    client.put_metric_alarm(AlarmName="math", **wanted)
    deployed = made(emulator, **on_math("m1 * 2", "60"))[0].ids["Alarm"]

    found = client.describe_alarms(AlarmNames=["math", deployed])["MetricAlarms"]
    assert [each["Metrics"] for each in found] == [wanted["Metrics"]] * 2
    assert not any({"MetricName", "Namespace", "Statistic", "Period"} & set(each) for each in found)


def test_metric_math_that_is_not_evaluated_here_is_refused_by_name(emulator, patch, tmp_path):
    assert patch
    CloudWatch(Clock(tmp_path), Points())
    unknown = on_math("RATE(m1)", 60)

    with pytest.raises(ClientError, match=r"ValidationError.*RATE\(m1\)' is not evaluated here"):
        emulator.client("cloudwatch").put_metric_alarm(AlarmName="rate", **unknown)
    stack, why = made(emulator, **unknown)
    assert (stack.status, "RATE(m1)" in why) == ("ROLLBACK_COMPLETE", True)


def test_metric_math_in_the_query_protocol_is_refused_instead_of_dropped(emulator, patch, tmp_path):
    assert patch
    CloudWatch(Clock(tmp_path), Points())
    asked = b"Action=PutMetricAlarm&AlarmName=q&Metrics.member.1.Id=m1"
    signed = "AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/monitoring/aws4_request"
    form = "application/x-www-form-urlencoded"
    sent = {"authorization": signed, "content-type": form, "host": "127.0.0.1:4566"}

    status, _, told = emulator.send("POST", "/", sent, asked)

    assert (status, b"not read from the query protocol" in told) == (400, True)
