"""PartnerApiStack: its outputs, table and alarms."""

from tests.unit.synthesized import Json, SynthesizedStack


def alarms(stack: SynthesizedStack) -> dict[str, Json]:
    """The alarms' properties by metric and, for functions, name of the service."""
    functions = {
        name: each["Properties"]["Handler"].split(".")[1]
        for name, each in stack.all("AWS::Lambda::Function").items()
        if each["Properties"]["Handler"].startswith("services.")
    }
    named = {}
    for each in stack.all("AWS::CloudWatch::Alarm").values():
        properties = each["Properties"]
        if "Metrics" in properties:
            continue  # of the API, with its requests
        (dimension,) = properties["Dimensions"]
        of = (
            functions.get(dimension["Value"]["Ref"], "")
            if dimension["Name"] in "FunctionName"
            else ""
        )
        named[f"{properties['MetricName']} {of}".strip()] = properties
    return named


def test_outputs_are_those_that_others_read(stack: SynthesizedStack) -> None:
    assert set(stack.template["Outputs"]) == {
        "ApiGatewayUrl",
        "ApiKeyId",
        "WAFWebAclArn",
        "LambdaFunctionName",
        "LogsBucketName",
        "RestApiId",
        "UsagePlanId",
        "AuditQueueUrl",
        "AuditDeadLetterQueueUrl",
        "AuditWriterFunctionName",
        "DynamoDBTableName",
        "SecretArn",
    }


def test_the_api_function_has_the_memory_and_time_it_was_measured_with(
    dev: SynthesizedStack,
) -> None:
    function = dev.function("partner_api")

    assert (function["MemorySize"], function["Timeout"]) == (512, 29)
