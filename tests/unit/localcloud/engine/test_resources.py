"""Resource types that the emulator refuses, and what they are here."""

import time

import pytest
from botocore.exceptions import ClientError

from localcloud.engine import resources

FUNCTION = "arn:aws:lambda:us-east-1:000000000000:function:rotate"


LACKING = [kind for kind in sorted(resources.RECORDED) if kind.startswith("AWS::")]
CUSTOM = {"ServiceToken": FUNCTION, "BucketName": "b"}


@pytest.mark.parametrize(
    "kind", [*LACKING, "AWS::CloudWatch::CompositeAlarm", "AWS::WAFv2::WebACLAssociation"]
)
def test_the_original_refuses_a_template_that_names_one(emulator, kind):
    with pytest.raises(ClientError, match="Unrecognized resource types"):
        emulator.deploy(Thing={"Type": kind})


@pytest.mark.parametrize("kind", ["Custom::S3AutoDeleteObjects", "Custom::VpcRestrictDefaultSG"])
def test_the_original_asks_the_function_of_a_custom_resource(emulator, kind):
    stack = emulator.deploy(Thing={"Type": kind, "Properties": CUSTOM})

    assert stack.status == "ROLLBACK_COMPLETE"


def test_each_recorded_type_is_made_and_deleted(emulator, patch):
    patch(resources)

    stack = emulator.deploy(
        **{f"Thing{number}": {"Type": kind} for number, kind in enumerate(resources.RECORDED)}
    )
    emulator.delete(stack.name)

    assert stack.status == "CREATE_COMPLETE"
    assert len(stack.ids) == len(resources.RECORDED)


SECRET = {"Type": "AWS::SecretsManager::Secret", "Properties": {"SecretString": "s"}}


def test_the_original_refers_to_a_secret_by_its_name(emulator):
    assert not emulator.deploy(Secret=SECRET).ids["Secret"].startswith("arn:")


def test_a_secret_is_referred_to_by_its_arn(emulator, patch):
    patch(resources)
    stack = emulator.deploy(Secret=SECRET)
    arn = stack.ids["Secret"]
    secrets = emulator.client("secretsmanager")

    assert secrets.get_secret_value(SecretId=arn)["ARN"] == arn
    emulator.delete(stack.name)
    with pytest.raises(secrets.exceptions.ClientError):
        secrets.get_secret_value(SecretId=arn)


def test_a_rotation_schedule_sets_the_rotation(emulator, patch):
    patch(resources)
    schedule = {
        "SecretId": {"Ref": "Secret"},
        "RotationLambdaARN": FUNCTION,
        "RotationRules": {"AutomaticallyAfterDays": "30"},
    }
    stack = emulator.deploy(
        Secret=SECRET,
        Schedule={"Type": "AWS::SecretsManager::RotationSchedule", "Properties": schedule},
    )

    def rotates():
        secrets = emulator.client("secretsmanager")
        return secrets.describe_secret(SecretId=stack.ids["Secret"]).get("RotationRules")

    assert soon(rotates) == {"AutomaticallyAfterDays": 30}


def test_an_alarm_on_alarms_rings_with_them_and_goes_before_them(emulator, patch):
    patch(resources)
    cloudwatch, name = emulator.client("cloudwatch"), f"both{time.time_ns()}"
    metric = {
        "Namespace": name,
        "MetricName": "Errors",
        "EvaluationPeriods": 1,
        "Threshold": 1,
        "ComparisonOperator": "GreaterThanOrEqualToThreshold",
    }
    rule = {"Fn::Sub": 'ALARM("${One.Arn}")'}
    stack = emulator.deploy(
        One={"Type": "AWS::CloudWatch::Alarm", "Properties": metric},
        Both={
            "Type": "AWS::CloudWatch::CompositeAlarm",
            "Properties": {"AlarmName": name, "AlarmRule": rule, "ActionsEnabled": "false"},
        },
    )

    def state():
        types = {"AlarmTypes": ["CompositeAlarm"]}
        found = cloudwatch.describe_alarms(AlarmNames=[name], **types)["CompositeAlarms"]
        return [(each["StateValue"], each["ActionsEnabled"]) for each in found]

    calm = state()
    ringing = {"StateValue": "ALARM", "StateReason": "test"}
    cloudwatch.set_alarm_state(AlarmName=stack.ids["One"], **ringing)
    assert (calm, state()) == ([("OK", False)], [("ALARM", False)])
    emulator.delete(stack.name)
    assert state() == []


def test_a_web_acl_is_tied_to_its_stage(emulator, patch):
    patch(resources)
    firewalls = emulator.client("wafv2")
    visible = {
        "SampledRequestsEnabled": True,
        "CloudWatchMetricsEnabled": True,
        "MetricName": "m",
    }
    acl = firewalls.create_web_acl(
        Name="acl", Scope="REGIONAL", DefaultAction={"Allow": {}}, VisibilityConfig=visible
    )["Summary"]
    stage = "arn:aws:apigateway:us-east-1::/restapis/a/stages/prod"
    tie = {"WebACLArn": acl["ARN"], "ResourceArn": stage}
    stack = emulator.deploy(Tie={"Type": "AWS::WAFv2::WebACLAssociation", "Properties": tie})

    def tied():
        return firewalls.get_web_acl_for_resource(ResourceArn=stage).get("WebACL", {}).get("ARN")

    assert soon(tied) == acl["ARN"]
    emulator.delete(stack.name)
    assert soon(lambda: not _quiet(tied))


def test_a_bucket_that_the_cdk_empties_is_deleted_with_all_its_versions(emulator, patch):
    patch(resources)
    bucket = {
        "Type": "AWS::S3::Bucket",
        "Properties": {"VersioningConfiguration": {"Status": "Enabled"}},
    }
    empties = {
        "Type": "Custom::S3AutoDeleteObjects",
        "Properties": {"ServiceToken": FUNCTION, "BucketName": {"Ref": "Bucket"}},
    }
    stack = emulator.deploy(Bucket=bucket, Empties=empties)
    s3, name = emulator.client("s3"), stack.ids["Bucket"]
    for body in (b"1", b"2"):
        s3.put_object(Bucket=name, Key="k", Body=body)
    s3.delete_object(Bucket=name, Key="k")

    emulator.delete(stack.name)

    assert name not in [each["Name"] for each in s3.list_buckets()["Buckets"]]


def soon(look):
    """What `look` finds, once it finds something."""
    deadline = time.monotonic() + 10
    while not (found := _quiet(look)) and time.monotonic() < deadline:
        time.sleep(0.02)
    return found


def _quiet(look):
    try:
        return look()
    except Exception:  # noqa: BLE001  # not there yet
        return None
