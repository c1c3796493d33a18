"""The emulator's CloudWatch, SNS and Lambda with what the embedded cloud puts into their place."""

# pylint: disable=unbalanced-tuple-unpacking  # it takes the list of mails for empty
import asyncio
import json
from types import SimpleNamespace

import pytest
from ministack.services import cloudwatch, dynamodb, kms, lambda_svc, rds, sns, sqs
from ministack.services.cloudformation import provisioners

from localcloud.addresses import API, CDN, Address
from localcloud.cloud import ACCOUNT, REGION, Cloud
from localcloud.consent.services import why_not_published
from localcloud.metrics import inbox
from localcloud.metrics.monitoring import Monitoring
from localcloud.metrics.points import Points
from localcloud.metrics.published import Datum
from localcloud.state import State

NOON = 1_800_000_000.0 // 86400 * 86400 + 43200
TOPIC = f"arn:aws:sns:{REGION}:{ACCOUNT}:alarms"
ALARM = f"arn:aws:cloudwatch:{REGION}:{ACCOUNT}:alarm:errors"
KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/1"
SERVICE = {"Service": "cloudwatch.amazonaws.com"}
OF_THIS_ACCOUNT = {
    "StringEquals": {"aws:SourceAccount": ACCOUNT},
    "ArnLike": {"aws:SourceArn": f"arn:aws:cloudwatch:{REGION}:{ACCOUNT}:alarm:*"},
}
NO_TLS = {
    "Effect": "Deny",
    "Principal": "*",
    "Action": "sns:Publish",
    "Resource": TOPIC,
    "Condition": {"Bool": {"aws:SecureTransport": "false"}},
}


@pytest.fixture
def monitoring(tmp_path, monkeypatch):
    """A monitoring of a cloud with one encrypted topic, at noon; the emulator is put back after."""
    modules = (cloudwatch, dynamodb, kms, lambda_svc, provisioners, rds, sns, sqs)
    before = [dict(vars(module)) for module in modules]
    (tmp_path / "state").mkdir()
    stores = (cloudwatch._metrics, cloudwatch._alarms, cloudwatch._alarm_history)
    for store in (*stores, sns._topics, kms._keys, sqs._queues):
        store.clear()
    found = Monitoring(Cloud(home=tmp_path, port=1, front_port=2), Points())
    monkeypatch.setattr(found._clock, "now", lambda: NOON)
    found._minute = NOON - 60
    sns._topics[TOPIC] = {"arn": TOPIC, "subscriptions": [], "attributes": {"KmsMasterKeyId": KEY}}
    allow(sns._topics[TOPIC]["attributes"], NO_TLS, statement("sns:Publish", TOPIC))
    kms._keys["1"] = {"Arn": KEY, "KeyState": "Enabled"}
    allow(kms._keys["1"], statement(["kms:Decrypt", "kms:GenerateDataKey*"], "*"))
    yield found
    for module, names in zip(modules, before, strict=True):
        vars(module).update(names)


def evaluate(monitoring):
    """Evaluate every alarm."""
    for _ in monitoring._cloudwatch.evaluate(NOON):
        pass


def forget_old(monitoring):
    """Drop what is old of every metric."""
    for _ in monitoring._cloudwatch.forget_old():
        pass


def statement(action, resource, **changed):
    return {
        "Effect": "Allow",
        "Principal": SERVICE,
        "Action": action,
        "Resource": resource,
        "Condition": OF_THIS_ACCOUNT,
    } | changed


def allow(owner, *statements):
    owner["Policy"] = json.dumps({"Version": "2012-10-17", "Statement": statements})


def subscribe(protocol="email", endpoint="ops@example.com"):
    return sns._subscribe({"TopicArn": [TOPIC], "Protocol": [protocol], "Endpoint": [endpoint]})[
        2
    ].decode()


def errors_alarm(**changed):
    cloudwatch._alarms["errors"] = {
        "AlarmName": "errors",
        "AlarmArn": ALARM,
        "Namespace": "AWS/Lambda",
        "MetricName": "Errors",
        "Dimensions": [{"Name": "FunctionName", "Value": "api"}],
        "Statistic": "Sum",
        "Period": 300,
        "EvaluationPeriods": 1,
        "Threshold": 3.0,
        "ComparisonOperator": "GreaterThanOrEqualToThreshold",
        "TreatMissingData": "notBreaching",
        "StateValue": "OK",
        "AlarmActions": [TOPIC],
    } | changed
    return cloudwatch._alarms["errors"]


def error(minutes_ago, count=1, name="api", value=1.0):
    at = NOON - 60 * minutes_ago
    return [Datum("AWS/Lambda", "Errors", value, "Count", (("FunctionName", name),), at)] * count


def mails(monitoring):
    return inbox.messages(monitoring._databases._cloud.home)


def turn(monitoring):
    asyncio.run(monitoring.turn())


def history(kind):
    return [h for h in cloudwatch._history_entries() if h["HistoryItemType"] == kind]


def values():
    """The published values by metric, first dimension and value of it."""
    return {
        (name, dimensions): [point["Value"] for point in points for _ in range(int(point["Count"]))]
        for (_, name, dimensions), points in cloudwatch._metrics.items()
    }


def test_values_within_the_newest_period_ring_and_older_ones_do_not(monitoring):
    alarm = errors_alarm()
    monitoring._points.add([*error(1, 2), *error(8, 2)])
    evaluate(monitoring)
    before = alarm["StateValue"]

    monitoring._points.add(error(4))
    evaluate(monitoring)

    assert (before, alarm["StateValue"]) == ("OK", "ALARM")
    assert alarm["StateReason"].startswith("Threshold Crossed: 1 datapoint [3.0")
    assert json.loads(alarm["StateReasonData"])["recentDatapoints"] == [3.0]


@pytest.mark.parametrize(("name", "unit"), [("other", "Count"), ("api", "Seconds")])
def test_values_of_another_dimension_or_unit_do_not_ring(monitoring, name, unit):
    alarm = errors_alarm(Unit=unit)
    monitoring._points.add(error(1, 9, name=name))

    evaluate(monitoring)

    assert alarm["StateValue"] == "OK"


def test_a_percentile_is_of_the_single_values(monitoring):
    alarm = errors_alarm(ExtendedStatistic="p99", Threshold=50.0)
    monitoring._points.add([*error(1, 99), *error(1, 1, value=100.0)])
    evaluate(monitoring)
    one_in_a_hundred = alarm["StateValue"]

    monitoring._points.add(error(1, 1, value=100.0))
    evaluate(monitoring)

    assert (one_in_a_hundred, alarm["StateValue"]) == ("OK", "ALARM")


def burn_alarm(expression="100 * FILL(failed, 0) / requests", period=300):
    """An alarm on the share of requests to an API that fail; those that do are five minutes old."""

    def watched(name, metric):
        dimensions = [{"Name": "ApiId", "Value": "api"}]
        names = {"Namespace": "AWS/ApiGateway", "MetricName": metric, "Dimensions": dimensions}
        statistic = {"Metric": names, "Period": period, "Stat": "Sum"}
        return {"Id": name, "MetricStat": statistic, "ReturnData": False}

    metrics = [watched("failed", "5xx"), watched("requests", "Count")]
    errors_alarm(Metrics=[{"Id": "share", "Expression": expression}, *metrics], Threshold=1.44)
    for name in ("MetricName", "Namespace", "Period", "Statistic"):
        cloudwatch._alarms["errors"].pop(name)
    return cloudwatch._alarms["errors"]


def requests(minutes_ago, count, failed=0):
    at, which = NOON - 60 * minutes_ago, (("ApiId", "api"),)
    values = [("Count", 1.0)] * count + [("5xx", 1.0)] * failed + [("5xx", 0.0)] * (count - failed)
    return [Datum("AWS/ApiGateway", name, value, "Count", which, at) for name, value in values]


@pytest.mark.parametrize(("failed", "state"), [(1, "OK"), (2, "ALARM")])
def test_an_alarm_on_metric_math_rings_by_what_its_metrics_come_to(monitoring, failed, state):
    alarm = burn_alarm()
    monitoring._points.add(requests(1, 100, failed))

    evaluate(monitoring)

    assert alarm["StateValue"] == state
    assert json.loads(alarm.get("StateReasonData", '{"period": 300}'))["period"] == 300


def test_no_traffic_is_no_alarm_on_the_share_that_fails(monitoring):
    alarm = burn_alarm()
    alarm["StateValue"] = "ALARM"

    evaluate(monitoring)

    assert alarm["StateValue"] == "OK"


def test_the_points_of_a_long_window_are_kept(monitoring):
    burn_alarm(period=6 * 3600)
    monitoring._points.add(requests(359, 1))

    forget_old(monitoring)

    assert values()[("Count", "ApiId=api")] == [1.0]


def test_equal_values_of_a_minute_are_kept_once_with_their_count(monitoring):
    monitoring._points.add(error(1, 5))

    [points] = cloudwatch._metrics.values()

    assert [(point["Value"], point["Count"]) for point in points] == [(1.0, 5.0)]


def test_points_are_there_for_the_next_process_with_their_counts(monitoring, tmp_path):
    state, points = State(tmp_path), monitoring._points
    for _ in range(3):
        points.add(error(1, 2))
        for rows in points.changed():
            state.save(rows)
    expected = values()
    cloudwatch._metrics.clear()

    Points().restore({"metrics": cloudwatch._metrics}, state)

    assert expected == values() == {("Errors", "FunctionName=api"): [1.0] * 6}


def test_a_metric_without_points_leaves_no_row(monitoring, tmp_path):
    state, points = State(tmp_path), monitoring._points
    points.add(error(200))
    rows = list(points.changed())
    forget_old(monitoring)

    for each in (*rows, *points.changed()):
        state.save(each)

    assert not list(state.rows("metrics"))


def test_metrics_are_forgotten_after_three_hours_or_when_no_alarm_looks_back_so_far(monitoring):
    monitoring._points.add([*error(200), *error(1), *error(200, name="gone")])
    forget_old(monitoring)
    short = values()

    errors_alarm(Period=3600, EvaluationPeriods=10)
    monitoring._points.add(error(200, name="late"))
    forget_old(monitoring)

    assert short == {("Errors", "FunctionName=api"): [1.0]}
    assert values() == short | {("Errors", "FunctionName=late"): [1.0]}


def test_a_query_without_dimensions_finds_no_metric_that_has_some(monitoring):
    monitoring._points.add(error(1))
    metric = {"Namespace": "AWS/Lambda", "MetricName": "Errors"}
    query = {"Id": "e", "MetricStat": {"Metric": metric, "Period": 60, "Stat": "Sum"}}

    answer = cloudwatch._get_metric_data({}, {"MetricDataQueries": [query]}, False, True)

    assert json.loads(answer[2])["MetricDataResults"][0]["Values"] == []


def test_an_alarm_mails_to_a_confirmed_subscription_and_says_so_in_its_history(monitoring):
    subscribe()
    [asked] = mails(monitoring)
    token = asked.text.rpartition(" ")[2]
    sns._confirm_subscription({"TopicArn": [TOPIC], "Token": [token]})
    errors_alarm()

    monitoring._points.add(error(1, 3))
    evaluate(monitoring)

    _, mail = mails(monitoring)
    assert (mail.to, mail.subject) == ("ops@example.com", f'ALARM: "errors" in {REGION}')
    assert "State Change:             OK -> ALARM" in mail.text
    [action] = history("Action")
    assert action["HistorySummary"] == f"Successfully executed action {TOPIC}"


def test_a_subscription_that_is_not_confirmed_gets_no_message(monitoring):
    answer = subscribe()

    sns._fanout(TOPIC, "1", "hello", "")

    assert "<SubscriptionArn>pending confirmation</SubscriptionArn>" in answer
    assert len(mails(monitoring)) == 1


def test_a_subscription_of_a_template_counts_as_confirmed(monitoring):
    sns._topics[TOPIC]["subscriptions"] = [
        {"arn": "a", "protocol": protocol, "endpoint": "ops@example.com", "confirmed": True}
        for protocol in ("email", "sms")
    ]

    sns._fanout(TOPIC, "1", "hello", "")

    [mail] = mails(monitoring)
    assert (mail.subject, mail.text) == ("AWS Notification Message", "hello")


@pytest.mark.usefixtures("monitoring")
def test_a_queue_needs_no_confirmation():
    answer = subscribe("sqs", f"arn:aws:sqs:{REGION}:{ACCOUNT}:queue")

    assert "pending" not in answer


@pytest.mark.parametrize(
    ("policy", "because"),
    [
        ([NO_TLS], "because no resource-based policy allows the SNS:Publish action"),
        (
            [statement("sns:Publish", TOPIC, Principal={"AWS": f"arn:aws:iam::{ACCOUNT}:root"})],
            "because no resource-based policy allows the SNS:Publish action",
        ),
        (
            [
                statement(
                    "sns:Publish",
                    TOPIC,
                    Condition={"StringEquals": {"aws:SourceAccount": "111111111111"}},
                )
            ],
            "because no resource-based policy allows the SNS:Publish action",
        ),
        (
            [
                statement("sns:Publish", TOPIC),
                statement("sns:*", TOPIC, Effect="Deny", Condition={}),
            ],
            "with an explicit deny in a resource-based policy",
        ),
    ],
)
def test_a_topic_whose_policy_does_not_admit_the_alarm_stays_mute(monitoring, policy, because):
    subscribe()
    allow(sns._topics[TOPIC]["attributes"], *policy)

    monitoring._cloudwatch.act(errors_alarm(), "OK", "ALARM", "test")

    [action] = history("Action")
    assert action["HistorySummary"] == (
        f'Failed to execute action {TOPIC}. Received error: "Resource: {ALARM} is not authorized '
        f'to perform: SNS:Publish on resource: {TOPIC} {because}"'
    )
    assert json.loads(action["HistoryData"])["actionState"] == "Failed"
    assert len(mails(monitoring)) == 1  # the question for confirmation


@pytest.mark.usefixtures("monitoring")
@pytest.mark.parametrize(
    "changed",
    [
        {"Policy": json.dumps({"Statement": []})},
        {"Policy": json.dumps({"Statement": [statement("kms:Decrypt", "*")]})},
        {"Policy": json.dumps({"Statement": [statement("kms:*", "*", Principal={"AWS": "1"})]})},
        {"KeyState": "Disabled"},
        {"Arn": "another"},
    ],
)
def test_a_key_that_cloudwatch_may_not_use_keeps_the_alarm_mute(changed):
    kms._keys["1"].update(changed)

    assert why_not_published(ALARM, TOPIC) == (
        "CloudWatch Alarms does not have authorization to access the SNS topic encryption key."
    )


@pytest.mark.usefixtures("monitoring")
def test_a_topic_without_a_key_needs_no_consent_of_one():
    del sns._topics[TOPIC]["attributes"]["KmsMasterKeyId"]
    kms._keys.clear()

    assert why_not_published(ALARM, TOPIC) == ""


@pytest.mark.usefixtures("monitoring")
def test_a_topic_that_is_gone_is_an_error_of_the_action():
    assert why_not_published(ALARM, TOPIC + "2") == "Topic does not exist"


def test_actions_of_other_services_fail_by_name(monitoring):
    action = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:f"

    monitoring._cloudwatch.act(errors_alarm(AlarmActions=[action]), "OK", "ALARM", "test")

    [noted] = history("Action")
    assert "executes Amazon SNS actions alone" in noted["HistorySummary"]


def test_actions_that_are_switched_off_do_not_run(monitoring):
    monitoring._cloudwatch.act(errors_alarm(ActionsEnabled=False), "OK", "ALARM", "test")

    assert not history("Action")


def test_an_invocation_publishes_what_lambda_does_and_what_its_log_carries(monitoring):
    directive = {"Namespace": "TAP", "Dimensions": [[]], "Metrics": [{"Name": "Orders"}]}
    emf = {"_aws": {"Timestamp": NOON * 1000, "CloudWatchMetrics": [directive]}, "Orders": 2}
    config = {"FunctionName": "api"}

    lambda_svc._acquire_execution_slot({}, config)
    lambda_svc._emit_lambda_logs({"config": config}, "1", json.dumps(emf), True, 12)
    turn(monitoring)

    name = "FunctionName=api"
    found = values()
    assert found[("ConcurrentExecutions", name)] == [1.0]
    assert found[("Invocations", name)] == found[("Errors", name)] == [1.0]
    assert (found[("Duration", name)], found[("Throttles", name)]) == ([12.0], [0.0])
    assert found[("Orders", "")] == [2.0]


def test_a_throttled_call_is_no_invocation(monitoring):
    lambda_svc._acquire_execution_slot({"concurrency": 0}, {"FunctionName": "api"})
    lambda_svc._emit_lambda_metrics("api", 0.0, error=False, throttle=True)
    by_the_emulator = values()
    turn(monitoring)

    assert by_the_emulator == {}
    assert values() == {("Throttles", "FunctionName=api"): [1.0]}


def test_requests_publish_what_each_kind_of_api_does(monitoring):
    monitoring._rest_apis = {"rest": {"name": "partner"}}
    monitoring.served(Address(API, "rest", "/prod/items"), 404, 7)
    monitoring.served(Address(API, "http", "/api"), 503, 9)
    turn(monitoring)

    found = values()
    assert found[("4XXError", "ApiName=partner|Stage=prod")] == [1.0]
    assert found[("5XXError", "ApiName=partner")] == [0.0]
    assert found[("5xx", "ApiId=http")] == found[("Count", "ApiId=http|Stage=$default")] == [1.0]
    assert found[("Latency", "ApiId=http")] == [9.0]


def test_requests_of_a_distribution_publish_error_rates(monitoring):
    monitoring._distribution = {"d111": {"Id": "E1"}}.get
    monitoring.served(Address(CDN, "d111", "/"), 502, 7)
    monitoring.served(Address(CDN, "d111", "/"), 200, 7)
    monitoring.served(Address(CDN, "gone", "/"), 200, 7)
    turn(monitoring)

    which = "DistributionId=E1|Region=Global"
    assert sorted(values()[("5xxErrorRate", which)]) == [0.0, 100.0]
    assert values()[("4xxErrorRate", which)] == [0.0, 0.0]


def test_operations_on_items_publish_their_time_or_their_failure(monitoring):
    schema = {"KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}]}
    attributes = {"AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}]}
    dynamodb._create_table(
        {"TableName": "items", **schema, **attributes, "BillingMode": "PAY_PER_REQUEST"}
    )
    item = {"TableName": "items", "Item": {"id": {"S": "1"}}}
    dynamodb._put_item(dict(item))
    dynamodb._put_item({**item, "ConditionExpression": "attribute_not_exists(id)"})
    dynamodb._put_item({**item, "Item": {}})
    dynamodb._tables.clear()
    turn(monitoring)

    found = values()
    assert len(found.pop(("SuccessfulRequestLatency", "Operation=PutItem|TableName=items"))) == 1
    assert found == {
        ("ConditionalCheckFailedRequests", "TableName=items"): [1.0],
        ("UserErrors", ""): [1.0],
    }


def test_queues_are_measured_each_minute_that_passes_and_their_alarm_rings(monitoring):
    sqs._queues["url"] = {
        "attributes": {"QueueArn": f"arn:aws:sqs:{REGION}:{ACCOUNT}:dead"},
        "messages": [{"visible_at": 0, "sent_at": NOON - 90, "receive_count": 0}],
    }
    name = "ApproximateAgeOfOldestMessage"
    dimensions = [{"Name": "QueueName", "Value": "dead"}]
    alarm = errors_alarm(
        Namespace="AWS/SQS", MetricName=name, Dimensions=dimensions, Threshold=90.0
    )
    sqs._queues["url"]["attributes"]["MessageRetentionPeriod"] = "99999999999"

    turn(monitoring)

    assert values()[("ApproximateNumberOfMessagesVisible", "QueueName=dead")] == [1.0]
    assert alarm["StateValue"] == "ALARM"


def test_databases_are_measured_by_their_server(monitoring, monkeypatch):
    rds._instances["store"] = {"AllocatedStorage": 1}
    (monitoring._databases._cloud.home / "postgres").mkdir()
    (monitoring._databases._cloud.home / "postgres" / "data").write_bytes(b"x" * 24)
    spent = iter([1.0, 1.0, 31.0, 31.0])
    process = SimpleNamespace(
        cmdline=lambda: ["postgres: app store 127.0.0.1(5000) idle"],
        cpu_times=lambda: SimpleNamespace(user=next(spent), system=0.0),
    )
    process.children = lambda recursive: [process]
    monkeypatch.setattr("localcloud.metrics.gauges.postgres.server", lambda home: process)
    monkeypatch.setattr("localcloud.metrics.gauges.psutil.cpu_count", lambda: 1)
    memory = SimpleNamespace(available=2**20)
    monkeypatch.setattr("localcloud.metrics.gauges.psutil.virtual_memory", lambda: memory)
    clock = iter([0.0, 120.0])
    monkeypatch.setattr("localcloud.metrics.gauges.time.monotonic", lambda: next(clock))

    databases = monitoring._databases
    databases.look()
    databases.look()
    found = {each.name: each.value for each in databases.measure(NOON)}
    rds._instances.clear()

    assert found == {
        "CPUUtilization": 50.0,
        "DatabaseConnections": 2.0,
        "FreeableMemory": 2.0**20,
        "FreeStorageSpace": 2**30 - 24,
    }


def test_without_a_server_nothing_is_said_of_databases(monitoring):
    monitoring._databases.look()

    assert not list(monitoring._databases.measure(NOON))


def test_a_drill_of_months_evaluates_only_what_may_have_data_left(monitoring, monkeypatch):
    evaluated: list[float] = []

    def evaluated_at(end):
        evaluated.append(end)
        return ()

    monkeypatch.setattr(monitoring._cloudwatch, "evaluate", evaluated_at)
    monkeypatch.setattr(monitoring._clock, "now", lambda: NOON + 400 * 86400)

    asyncio.run(monitoring.turn())

    assert len(evaluated) == 180
    assert evaluated[-1] == NOON + 400 * 86400
