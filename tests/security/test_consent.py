"""Keys, permissions and roles are asked whom AWS asks: what one of them refuses is refused.

Each fault is planted through the AWS API, as the root user, in resources of the suite's own.
"""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.deployment import Deployment
from tests.partner import PartnerApi, eventually
from tests.security.own_resources import SERVICES, Own, own_resources, statement
from tests.security.wire import Wire

pytestmark = pytest.mark.embedded  # on AWS, AWS asks

_USE = ("kms:Decrypt", "kms:GenerateDataKey")
_UNNAMED = "The ciphertext refers to a customer master key that does not exist"
# The code and a part of the message of each service, by what was done to the key.
WITHOUT_RIGHT = {
    "dynamodb": (
        "AccessDeniedException",
        f"KMS key access denied error: com.amazonaws.*{_UNNAMED}",
    ),
    "s3": (
        "AccessDenied",
        "not authorized to perform: kms:Decrypt on resource: .* because no identity",
    ),
    "secretsmanager": ("AccessDeniedException", "Access to KMS is not allowed"),
    "sns": (
        "KMSAccessDenied",
        r"not authorized to perform: kms:GenerateDataKey .*\(Service: AWSKMS",
    ),
    "sqs": (
        "KMS.AccessDeniedException",
        "not authorized to perform: kms:GenerateDataKey on resource",
    ),
}
DISABLED = {
    "dynamodb": ("AccessDeniedException", "is disabled"),
    "s3": ("KMS.DisabledException", "is disabled"),
    "secretsmanager": ("DecryptionFailure", "is disabled"),
    "sns": ("KMSDisabled", "is disabled"),
    "sqs": ("KMS.DisabledException", "is disabled"),
}


@pytest.fixture(scope="module")
def own(deployment: Deployment) -> Iterator[Own]:
    """The suite's own resources."""
    with own_resources(deployment) as made:
        yield made


@pytest.fixture(autouse=True)
def whole(own: Own) -> None:
    """Give the key and the role what they need, whatever the test before took from them."""
    own.delegate()
    own.let(statement("kms:*"))


@contextmanager
def refused(code: str, message: str) -> Iterator[None]:
    """Expect AWS's code and, as a regular expression, its message."""
    with pytest.raises(ClientError, match=f"(?s)\\({code}\\).*{message}"):
        yield


@pytest.mark.parametrize("service", SERVICES)
def test_a_role_without_a_right_to_the_key_is_refused_in_the_services_words(
    own: Own, service: str
) -> None:
    own.reads[service]()
    own.let()

    with refused(*WITHOUT_RIGHT[service]):
        own.reads[service]()


@pytest.mark.parametrize("service", SERVICES)
def test_the_right_to_use_the_key_through_the_service_suffices(own: Own, service: str) -> None:
    via = {"kms:ViaService": f"{service}.{own.deployment.region}.amazonaws.com"}
    own.let(statement(*_USE, resource=own.key, Condition={"StringEquals": via}))

    own.reads[service]()


@pytest.mark.parametrize("service", SERVICES)
def test_the_right_to_use_the_key_through_another_service_does_not(own: Own, service: str) -> None:
    via = {"kms:ViaService": f"rds.{own.deployment.region}.amazonaws.com"}
    own.let(statement(*_USE, resource=own.key, Condition={"StringEquals": via}))

    with refused(*WITHOUT_RIGHT[service]):
        own.reads[service]()


@pytest.mark.parametrize("service", SERVICES)
def test_a_disabled_key_lets_nobody(own: Own, service: str) -> None:
    keys = own.deployment.client("kms")
    keys.disable_key(KeyId=own.key)

    try:
        with refused(*DISABLED[service]):
            own.reads[service]()
    finally:
        keys.enable_key(KeyId=own.key)


def test_a_key_whose_policy_does_not_leave_it_to_iam_refuses_whom_iam_allows(own: Own) -> None:
    own.let_key()

    with refused("AccessDenied", "because no resource-based policy allows the kms:Decrypt action"):
        own.reads["s3"]()


def test_a_key_whose_policy_names_the_role_asks_iam_no_more(own: Own) -> None:
    own.let()
    own.let_key(statement(*_USE, Principal={"AWS": own.role}))

    own.reads["s3"]()


def test_a_grant_suffices_within_its_operations(own: Own) -> None:
    own.let()
    keys = own.deployment.client("kms")
    grant = keys.create_grant(KeyId=own.key, GranteePrincipal=own.role, Operations=["Decrypt"])

    own.reads["s3"]()
    with refused("AccessDenied", "kms:GenerateDataKey"):
        own.as_role("s3").put_object(Bucket=own.name, Key="b", Body=b"b")

    keys.revoke_grant(KeyId=own.key, GrantId=grant["GrantId"])


def test_an_upload_in_parts_needs_to_read_as_well(own: Own) -> None:
    own.let(statement("kms:GenerateDataKey"))
    objects = own.as_role("s3")
    objects.put_object(Bucket=own.name, Key="b", Body=b"b")

    with refused("AccessDenied", "kms:Decrypt"):
        objects.create_multipart_upload(Bucket=own.name, Key="c")


def test_a_receiver_needs_the_queues_key(own: Own) -> None:
    url, _ = own.queue("received", KmsMasterKeyId=own.key)
    own.let(statement("kms:GenerateDataKey"))

    with refused("KMS.AccessDeniedException", _UNNAMED):
        own.as_role("sqs").receive_message(QueueUrl=url)


def test_a_function_whose_key_is_disabled_cannot_be_invoked(own: Own) -> None:
    functions, keys = own.deployment.client("lambda"), own.deployment.client("kms")
    function = own.function("encrypted")
    functions.update_function_configuration(FunctionName=function, KMSKeyArn=own.key)
    keys.disable_key(KeyId=own.key)

    try:
        with refused("KMSDisabledException", "the KMS key used is disabled"):
            functions.invoke(FunctionName=function)
    finally:
        keys.enable_key(KeyId=own.key)


@contextmanager
def without_permissions(deployment: Deployment, function: str) -> Iterator[None]:
    """Take every permission of a function's alias away, and give them back."""
    functions, of = deployment.client("lambda"), {"FunctionName": function, "Qualifier": "latest"}
    taken = json.loads(functions.get_policy(**of)["Policy"])["Statement"]
    for each in taken:
        functions.remove_permission(**of, StatementId=each["Sid"])
    try:
        yield
    finally:
        for each in taken:
            given = each.get("Condition", {})
            sources = {
                "SourceArn": given.get("ArnLike", {}).get("AWS:SourceArn"),
                "SourceAccount": given.get("StringEquals", {}).get("AWS:SourceAccount"),
            }
            functions.add_permission(
                **of,
                StatementId=each["Sid"],
                Action=each["Action"],
                Principal=each["Principal"]["Service"],
                **{name: value for name, value in sources.items() if value},
            )


def test_an_http_api_without_permission_to_invoke_answers_500(
    deployment: Deployment, front_door: Wire
) -> None:
    assert front_door.send("GET", "/tap/health").status == 200

    with without_permissions(deployment, deployment.outputs["HealthFunctionName"]):
        answer = front_door.send("GET", "/tap/health")

    assert answer.status == 500
    assert json.loads(answer.body)["message"] == "Internal Server Error"
    assert front_door.send("GET", "/tap/health").status == 200


def test_a_rest_api_without_permission_to_invoke_answers_500(
    deployment: Deployment, partner: PartnerApi
) -> None:
    with without_permissions(deployment, partner.outputs["LambdaFunctionName"]):
        answer = partner.call("GET", "/items")

    assert answer.status == 500
    assert partner.call("GET", "/items").status == 200


def test_a_permission_for_another_api_is_none(deployment: Deployment, front_door: Wire) -> None:
    function = deployment.outputs["HealthFunctionName"]
    functions = deployment.client("lambda")

    with without_permissions(deployment, function):
        functions.add_permission(
            FunctionName=function,
            Qualifier="latest",
            StatementId="Another",
            Action="lambda:InvokeFunction",
            Principal="apigateway.amazonaws.com",
            SourceArn=f"arn:aws:execute-api:{deployment.region}:*:another/*/GET/health",
        )
        answer = front_door.send("GET", "/tap/health")
        functions.remove_permission(
            FunctionName=function, Qualifier="latest", StatementId="Another"
        )

    assert answer.status == 500


def test_a_secret_cannot_be_rotated_by_a_function_that_does_not_let_secrets_manager(
    own: Own,
) -> None:
    with refused("AccessDeniedException", "Secrets Manager cannot invoke the specified Lambda"):
        own.deployment.client("secretsmanager").rotate_secret(
            SecretId=own.name, RotationLambdaARN=own.function("rotation")
        )


@pytest.mark.parametrize("missing", ["ReceiveMessage", "DeleteMessage", "GetQueueAttributes"])
def test_an_event_source_is_not_made_for_a_role_that_cannot_read_it(own: Own, missing: str) -> None:
    _, source = own.queue(f"unread-{missing}")
    function = own.function(f"unreading-{missing}")
    own.let(statement(f"sqs:{missing}", Effect="Deny"))

    words = f"The function execution role does not have permissions to call {missing} on SQS"
    with refused("InvalidParameterValueException", words):
        own.deployment.client("lambda").create_event_source_mapping(
            FunctionName=function, EventSourceArn=source
        )


@pytest.mark.parametrize("lacking", ["sqs:ReceiveMessage", "kms:Decrypt"])
def test_an_event_source_is_not_polled_while_the_role_lacks_a_right(own: Own, lacking: str) -> None:
    functions, queues = own.deployment.client("lambda"), own.deployment.client("sqs")
    url, source = own.queue(f"polled-{lacking[:3]}", KmsMasterKeyId=own.key)
    function = own.function(f"polling-{lacking[:3]}")
    mapping = functions.create_event_source_mapping(FunctionName=function, EventSourceArn=source)
    own.let(statement("kms:*"), statement(lacking, Effect="Deny"))
    time.sleep(1.5)  # a poll that had begun ends

    def waiting() -> int:
        asked = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        found = queues.get_queue_attributes(QueueUrl=url, AttributeNames=asked)["Attributes"]
        return sum(map(int, found.values()))

    queues.send_message(QueueUrl=url, MessageBody="m")
    time.sleep(3)

    found = functions.get_event_source_mapping(UUID=mapping["UUID"])
    assert (waiting(), found["LastProcessingResult"][:8]) == (1, "PROBLEM:")
    own.let(statement("kms:*"))
    assert eventually(waiting, lambda left: left == 0) == 0
    functions.delete_event_source_mapping(UUID=mapping["UUID"])


def test_a_topic_sends_to_a_queue_only_where_policy_and_key_let_it(own: Own) -> None:
    topics, queues = own.deployment.client("sns"), own.deployment.client("sqs")
    url, queue = own.queue("subscribed", KmsMasterKeyId=own.key)
    topic = topics.create_topic(Name=f"{own.name}-sending")["TopicArn"]
    topics.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue)
    sender: dict[str, Any] = {
        "Principal": {"Service": "sns.amazonaws.com"},
        "Condition": {"ArnEquals": {"aws:SourceArn": topic}},
    }

    def received(text: str) -> bool:
        topics.publish(TopicArn=topic, Message=text)
        found = queues.receive_message(QueueUrl=url, WaitTimeSeconds=1).get("Messages", [])
        return [json.loads(each["Body"])["Message"] for each in found] == [text]

    assert not received("without policy")
    policy = {"Statement": [statement("sqs:SendMessage", resource=queue, **sender)]}
    queues.set_queue_attributes(QueueUrl=url, Attributes={"Policy": json.dumps(policy)})
    assert not received("without key")
    own.let_key(own.managed("kms:*"), statement(*_USE, **sender))
    assert received("with both")
    topics.delete_topic(TopicArn=topic)


def test_the_cdn_reads_only_while_the_key_lets_it(deployment: Deployment, front_door: Wire) -> None:
    deployment.tap("publish")
    keys = deployment.client("kms")
    bucket = deployment.store_outputs["AssetsBucketName"]
    found = deployment.client("s3").get_bucket_encryption(Bucket=bucket)
    [rule] = found["ServerSideEncryptionConfiguration"]["Rules"]
    key = rule["ApplyServerSideEncryptionByDefault"]["KMSMasterKeyID"]
    before = keys.get_key_policy(KeyId=key, PolicyName="default")["Policy"]
    policy = json.loads(before)
    policy["Statement"] = [
        each for each in policy["Statement"] if each.get("Sid") != "ReadByTheCdn"
    ]
    assert front_door.send("GET", "/index.html").status == 200

    try:
        keys.put_key_policy(KeyId=key, PolicyName="default", Policy=json.dumps(policy))
        assert front_door.send("GET", "/index.html").status in (403, 404)
    finally:
        keys.put_key_policy(KeyId=key, PolicyName="default", Policy=before)
    assert front_door.send("GET", "/index.html").status == 200


def test_logs_cannot_use_a_key_for_a_group_that_its_policy_does_not_name(
    deployment: Deployment,
) -> None:
    key = deployment.outputs["KMSKeyId"]
    arn = deployment.client("kms").describe_key(KeyId=key)["KeyMetadata"]["Arn"]

    words = (
        "The specified KMS key does not exist or is not allowed to be used with Arn 'arn:aws:logs"
    )
    with refused("AccessDeniedException", words):
        deployment.client("logs").create_log_group(logGroupName="another", kmsKeyId=arn)


def test_a_stage_does_not_log_without_the_accounts_role(
    deployment: Deployment, partner: PartnerApi
) -> None:
    gateway = deployment.client("apigateway")
    role = gateway.get_account()["cloudwatchRoleArn"]
    path = "/cloudwatchRoleArn"
    gateway.update_account(patchOperations=[{"op": "replace", "path": path, "value": ""}])

    try:
        with refused("BadRequestException", "CloudWatch Logs role ARN must be set in account"):
            gateway.update_stage(
                restApiId=partner.outputs["RestApiId"],
                stageName="prod",
                patchOperations=[
                    {"op": "replace", "path": "/*/*/logging/loglevel", "value": "ERROR"}
                ],
            )
    finally:
        gateway.update_account(patchOperations=[{"op": "replace", "path": path, "value": role}])


def _deployments(own: Own) -> dict[str, tuple[dict[str, Any], str]]:
    """Templates that AWS refuses, and why."""
    _, queue = own.queue("deployed")
    function = own.function("deployed")
    stage = {
        "Api": {"Type": "AWS::ApiGateway::RestApi", "Properties": {"Name": "logging"}},
        "Stage": {
            "Type": "AWS::ApiGateway::Stage",
            "Properties": {
                "RestApiId": {"Ref": "Api"},
                "StageName": "prod",
                "MethodSettings": [
                    {"HttpMethod": "*", "ResourcePath": "/*", "LoggingLevel": "ERROR"}
                ],
            },
        },
    }
    group = {"LogGroupName": "another", "KmsKeyId": own.key}
    instance = {"Engine": "postgres", "DBInstanceClass": "db.t4g.micro", "AllocatedStorage": "20"}
    instance |= {"StorageEncrypted": "true", "MasterUsername": "owner", "KmsKeyId": own.key}
    vault = {"BackupVaultName": own.name, "EncryptionKeyArn": own.key}
    source = {"FunctionName": function, "EventSourceArn": queue}
    rotation = {"SecretId": own.name, "RotationLambdaARN": function}
    return {
        "log group": (
            {"Group": {"Type": "AWS::Logs::LogGroup", "Properties": group}},
            "is not allowed to be used with Arn",
        ),
        "event source": (
            {"Source": {"Type": "AWS::Lambda::EventSourceMapping", "Properties": source}},
            "does not have permissions to call ReceiveMessage on SQS",
        ),
        "rotation": (
            {"Rotation": {"Type": "AWS::SecretsManager::RotationSchedule", "Properties": rotation}},
            "Secrets Manager cannot invoke the specified Lambda function",
        ),
        "database": (
            {"Database": {"Type": "AWS::RDS::DBInstance", "Properties": instance}},
            "you do not have permissions to access it",
        ),
        "backups": (
            {"Vault": {"Type": "AWS::Backup::BackupVault", "Properties": vault}},
            "you do not have permissions to access it",
        ),
        "stage": (stage, "CloudWatch Logs role ARN must be set in account settings"),
    }


def test_what_aws_refuses_at_deployment_fails_the_deployment_with_awss_message(own: Own) -> None:
    stacks, gateway = own.deployment.client("cloudformation"), own.deployment.client("apigateway")
    role, path = gateway.get_account()["cloudwatchRoleArn"], "/cloudwatchRoleArn"
    found = {}
    templates = _deployments(own)
    own.let_key()  # the account may change the key, and use it for nothing
    own.let(statement("sqs:ReceiveMessage", Effect="Deny"))
    gateway.update_account(patchOperations=[{"op": "replace", "path": path, "value": ""}])

    try:
        for kind, (resources, _) in templates.items():
            name = f"{own.name}-{kind.replace(' ', '-')}"
            stacks.create_stack(StackName=name, TemplateBody=json.dumps({"Resources": resources}))
            found[kind] = eventually(partial(_end_of, stacks, name), bool)
    finally:
        gateway.update_account(patchOperations=[{"op": "replace", "path": path, "value": role}])

    assert {kind for kind, (_, words) in templates.items() if words in found[kind]} == set(
        templates
    )


def _end_of(stacks: Any, name: str) -> str:
    """Why a stack's creation failed; empty while it is at work."""
    [stack] = stacks.describe_stacks(StackName=name)["Stacks"]
    if stack["StackStatus"] == "CREATE_IN_PROGRESS":
        return ""
    events = stacks.describe_stack_events(StackName=name)["StackEvents"]
    return " ".join(each.get("ResourceStatusReason", "") for each in events) or "no reason"
