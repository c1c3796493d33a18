"""Resources of the suite's own, encrypted with a key of its own, and a role to reach them with."""

import io
import json
import uuid
import zipfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any

import botocore.session
from botocore.config import Config

from tests.deployment import Deployment

SERVICES = ("dynamodb", "s3", "secretsmanager", "sns", "sqs")
_HANDLER = "def handler(event, context):\n    return {'statusCode': 200, 'body': 'served'}\n"


def statement(*actions: str, resource: str = "*", **more: Any) -> dict[str, Any]:
    """A statement that allows, unless `more` says otherwise."""
    return {"Effect": "Allow", "Action": list(actions), "Resource": resource, **more}


def document(*statements: dict[str, Any]) -> str:
    """A policy of these statements."""
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


@dataclass(kw_only=True)
class Own:
    """The resources, by name; each call of `reads` uses one of them as the role.

    Attributes:
        deployment: Where they are.
        name: What all their names begin with.
        key: The ARN of the key.
        role: The ARN of the role.
    """

    deployment: Deployment
    name: str
    key: str
    role: str
    ends: ExitStack = field(repr=False)
    reads: dict[str, Callable[[], Any]] = field(default_factory=dict)

    @property
    def account(self) -> str:
        """The account's number."""
        return self.role.split(":")[4]

    def let(self, *statements: dict[str, Any]) -> None:
        """Give the role these statements beside all actions of the services, and no others."""
        services = statement(*(f"{service}:*" for service in SERVICES))
        self.deployment.client("iam").put_role_policy(
            RoleName=self.name, PolicyName="own", PolicyDocument=document(services, *statements)
        )

    def let_key(self, *statements: dict[str, Any]) -> None:
        """Give the key a policy: the account manages it, and these statements."""
        self.deployment.client("kms").put_key_policy(
            KeyId=self.key, PolicyName="default", Policy=document(self.managed(), *statements)
        )

    def managed(self, *actions: str) -> dict[str, Any]:
        """The statement by which a key's policy delegates these actions to the account."""
        some = actions or ("kms:PutKeyPolicy", "kms:EnableKey", "kms:CreateGrant")
        return statement(*some, Principal={"AWS": f"arn:aws:iam::{self.account}:root"})

    def delegate(self) -> None:
        """Let the key's policy leave everything to the account's IAM policies."""
        self.let_key(self.managed("kms:*"))

    def as_role(self, service: str) -> Any:
        """A client with a session of the role."""
        root = self.deployment
        given = root.client("sts").assume_role(RoleArn=self.role, RoleSessionName="suite")
        return botocore.session.get_session().create_client(
            service,
            region_name=root.region,
            endpoint_url=root.endpoint,
            verify=root.ca_bundle,
            aws_access_key_id=given["Credentials"]["AccessKeyId"],
            aws_secret_access_key=given["Credentials"]["SecretAccessKey"],
            aws_session_token=given["Credentials"]["SessionToken"],
            config=Config(
                retries={"total_max_attempts": 1},
                signature_version="s3v4" if service == "s3" else None,
            ),
        )

    def function(self, name: str, code: str = _HANDLER, **settings: Any) -> str:
        """The ARN of a function with the role; `code` is its module, with a `handler`."""
        package = io.BytesIO()
        with zipfile.ZipFile(package, "w") as archive:
            archive.writestr("index.py", code)
        functions = self.deployment.client("lambda")
        made = functions.create_function(
            FunctionName=f"{self.name}-{name}",
            Runtime="python3.11",
            Handler="index.handler",
            Role=self.role,
            Code={"ZipFile": package.getvalue()},
            **settings,
        )
        arn: str = made["FunctionArn"]
        self.ends.callback(functions.delete_function, FunctionName=arn)
        return arn

    def queue(self, name: str, **attributes: str) -> tuple[str, str]:
        """The URL and ARN of a queue."""
        queues = self.deployment.client("sqs")
        url = queues.create_queue(QueueName=f"{self.name}-{name}", Attributes=attributes)[
            "QueueUrl"
        ]
        self.ends.callback(queues.delete_queue, QueueUrl=url)
        found = queues.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
        return url, found["Attributes"]["QueueArn"]


@contextmanager
def own_resources(deployment: Deployment) -> Iterator[Own]:
    """The resources, until the block ends."""
    name = f"suite-{uuid.uuid4().hex[:12]}"
    roles, keys = deployment.client("iam"), deployment.client("kms")
    account = deployment.client("sts").get_caller_identity()["Account"]
    trust = {
        "Effect": "Allow",
        "Action": "sts:AssumeRole",
        "Principal": {
            "AWS": f"arn:aws:iam::{account}:root",
            "Service": "lambda.amazonaws.com",
        },
    }
    made = roles.create_role(RoleName=name, AssumeRolePolicyDocument=document(trust))
    key = keys.create_key()["KeyMetadata"]["Arn"]
    with ExitStack() as ends:
        ends.callback(keys.schedule_key_deletion, KeyId=key, PendingWindowInDays=7)
        ends.callback(_delete_role, roles, name)
        own = Own(deployment=deployment, name=name, key=key, role=made["Role"]["Arn"], ends=ends)
        own.delegate()
        own.let(statement("kms:*"))
        for make in (_table, _bucket, _secret, _topic, _queue):
            make(own)
        yield own


def _delete_role(roles: Any, name: str) -> None:
    roles.delete_role_policy(RoleName=name, PolicyName="own")
    roles.delete_role(RoleName=name)


def _table(own: Own) -> None:
    tables = own.deployment.client("dynamodb")
    tables.create_table(
        TableName=own.name,
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
        SSESpecification={"Enabled": True, "SSEType": "KMS", "KMSMasterKeyId": own.key},
    )
    own.ends.callback(tables.delete_table, TableName=own.name)
    item = {"TableName": own.name, "Key": {"id": {"S": "a"}}}
    own.reads["dynamodb"] = lambda: own.as_role("dynamodb").get_item(**item)


def _bucket(own: Own) -> None:
    objects = own.deployment.client("s3")
    objects.create_bucket(Bucket=own.name)
    rule = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": own.key}
    objects.put_bucket_encryption(
        Bucket=own.name,
        ServerSideEncryptionConfiguration={"Rules": [{"ApplyServerSideEncryptionByDefault": rule}]},
    )
    objects.put_object(Bucket=own.name, Key="a", Body=b"a")
    own.ends.callback(objects.delete_bucket, Bucket=own.name)
    own.ends.callback(_empty, objects, own.name)
    own.reads["s3"] = lambda: own.as_role("s3").get_object(Bucket=own.name, Key="a")


def _empty(objects: Any, bucket: str) -> None:
    for each in objects.list_objects_v2(Bucket=bucket).get("Contents", []):
        objects.delete_object(Bucket=bucket, Key=each["Key"])


def _secret(own: Own) -> None:
    secrets = own.deployment.client("secretsmanager")
    secret = secrets.create_secret(Name=own.name, SecretString="s", KmsKeyId=own.key)["ARN"]
    own.ends.callback(secrets.delete_secret, SecretId=secret, ForceDeleteWithoutRecovery=True)
    own.reads["secretsmanager"] = lambda: own.as_role("secretsmanager").get_secret_value(
        SecretId=secret
    )


def _topic(own: Own) -> None:
    topics = own.deployment.client("sns")
    topic = topics.create_topic(Name=own.name, Attributes={"KmsMasterKeyId": own.key})["TopicArn"]
    own.ends.callback(topics.delete_topic, TopicArn=topic)
    own.reads["sns"] = lambda: own.as_role("sns").publish(TopicArn=topic, Message="m")


def _queue(own: Own) -> None:
    url, _ = own.queue("queue", KmsMasterKeyId=own.key)
    own.reads["sqs"] = lambda: own.as_role("sqs").send_message(QueueUrl=url, MessageBody="m")
