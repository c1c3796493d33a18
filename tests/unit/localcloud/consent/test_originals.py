"""Whom the emulator does not ask as it is installed, and is asked with consent in place."""

import json
import time

import pytest

from localcloud.cloud import ACCOUNT, REGION
from localcloud.consent import installed
from localcloud.engine import resources as engine_resources


def log_group(emulator, _name):
    key = emulator.client("kms").create_key()["KeyMetadata"]["Arn"]
    return {"Group": {"Type": "AWS::Logs::LogGroup", "Properties": {"KmsKeyId": key}}}


def event_source(emulator, name):
    queue = emulator.client("sqs").create_queue(QueueName=name)["QueueUrl"].rpartition("/")[2]
    emulator.client("iam").create_role(
        RoleName=name, AssumeRolePolicyDocument=json.dumps({"Statement": []})
    )
    return {
        "Function": {
            "Type": "AWS::Lambda::Function",
            "Properties": {
                "Code": {"ZipFile": "def handler(event, context): pass"},
                "Handler": "index.handler",
                "Role": f"arn:aws:iam::{ACCOUNT}:role/{name}",
                "Runtime": "python3.11",
            },
        },
        "Source": {
            "Type": "AWS::Lambda::EventSourceMapping",
            "Properties": {
                "FunctionName": {"Ref": "Function"},
                "EventSourceArn": f"arn:aws:sqs:{REGION}:{ACCOUNT}:{queue}",
            },
        },
    }


def logging_stage(emulator, _name):
    api = emulator.client("apigateway").create_rest_api(name="logs")["id"]
    return {
        "Stage": {
            "Type": "AWS::ApiGateway::Stage",
            "Properties": {
                "RestApiId": api,
                "StageName": "prod",
                "MethodSettings": [
                    {"HttpMethod": "*", "ResourcePath": "/*", "LoggingLevel": "ERROR"}
                ],
            },
        }
    }


ACTS = pytest.mark.parametrize(
    ("resources", "words"),
    [
        (log_group, "is not allowed to be used with Arn"),
        (event_source, "does not have permissions to call ReceiveMessage on SQS"),
        (logging_stage, "CloudWatch Logs role ARN must be set in account settings"),
    ],
)


@ACTS
def test_the_original_deploys_what_nobody_consents_to(emulator, resources, words):
    stack = emulator.deploy(**resources(emulator, f"asked{time.time_ns()}"))

    assert stack.status == "CREATE_COMPLETE", words


@ACTS
def test_a_deployment_that_nobody_consents_to_fails_in_awss_words(
    emulator, patch, resources, words
):
    made = resources(emulator, f"asked{time.time_ns()}")
    patch(engine_resources)  # has a type that consent is asked for too
    patch(installed)

    stack = emulator.deploy(**made)
    events = emulator.client("cloudformation").describe_stack_events(StackName=stack.name)

    assert stack.status.startswith("ROLLBACK")
    assert words in json.dumps(events, default=str)
