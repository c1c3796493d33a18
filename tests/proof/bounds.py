"""Calls that no role may make, as data; names in braces are resources of the stacks.

Without "other" they are of the role's own stack: there too it does what it needs and nothing else.
"""

from collections.abc import Callable
from typing import Any

from botocore.exceptions import ClientError

from tests.proof.deployed import Deployed, names

Call = tuple[str, str, dict[str, Any]]
_UPLOAD = {"Bucket": "{bucket}", "Key": "uploads/a"}
_SECRET = {"SecretId": "{secret}"}
_KEY = {"id": {"S": "a"}}
_REFUSALS = ("AccessDenied", "AccessDeniedException", "AuthorizationError")
_TRUST = '{"Version": "2012-10-17", "Statement": []}'

DANGEROUS: tuple[Call, ...] = (
    ("iam", "list_roles", {}),
    ("iam", "list_users", {}),
    ("iam", "create_user", {"UserName": "intruder"}),
    ("iam", "create_access_key", {"UserName": "intruder"}),
    ("iam", "attach_role_policy", {"RoleName": "{role}", "PolicyArn": "{policy}"}),
    (
        "iam",
        "put_role_policy",
        {"RoleName": "{role}", "PolicyName": "proof", "PolicyDocument": _TRUST},
    ),
    ("iam", "update_assume_role_policy", {"RoleName": "{role}", "PolicyDocument": _TRUST}),
    ("iam", "create_policy_version", {"PolicyArn": "{policy}", "PolicyDocument": _TRUST}),
    ("sts", "assume_role", {"RoleArn": "{other role}", "RoleSessionName": "proof"}),
    ("kms", "schedule_key_deletion", {"KeyId": "{key}", "PendingWindowInDays": 7}),
    ("kms", "disable_key", {"KeyId": "{key}"}),
    ("kms", "put_key_policy", {"KeyId": "{key}", "PolicyName": "default", "Policy": _TRUST}),
    (
        *("kms", "create_grant"),
        {"KeyId": "{key}", "GranteePrincipal": "{role arn}", "Operations": ["Decrypt"]},
    ),
    ("kms", "generate_data_key", {"KeyId": "{key}", "KeySpec": "AES_256"}),
    ("kms", "decrypt", {"KeyId": "{key}", "CiphertextBlob": b"a"}),
    ("kms", "list_keys", {}),
    ("s3", "list_buckets", {}),
    ("s3", "delete_bucket", {"Bucket": "{bucket}"}),
    ("s3", "list_objects_v2", {"Bucket": "{bucket}"}),
    ("s3", "get_object", {"Bucket": "{bucket}", "Key": "private/a"}),
    ("s3", "put_object", {"Bucket": "{bucket}", "Key": "private/a", "Body": b"a"}),
    ("s3", "delete_object", {"Bucket": "{bucket}", "Key": "private/a"}),
    ("s3", "delete_object", {**_UPLOAD, "VersionId": "null"}),
    ("s3", "put_bucket_policy", {"Bucket": "{bucket}", "Policy": _TRUST}),
    ("s3", "delete_bucket_policy", {"Bucket": "{bucket}"}),
    ("s3", "delete_bucket_encryption", {"Bucket": "{bucket}"}),
    ("s3", "delete_public_access_block", {"Bucket": "{bucket}"}),
    ("dynamodb", "list_tables", {}),
    ("dynamodb", "delete_table", {"TableName": "{table}"}),
    ("dynamodb", "update_table", {"TableName": "{table}", "DeletionProtectionEnabled": False}),
    ("dynamodb", "create_backup", {"TableName": "{table}", "BackupName": "a-backup"}),
    ("dynamodb", "get_item", {"TableName": "{other table}", "Key": {"id": {"S": "a"}}}),
    ("dynamodb", "scan", {"TableName": "{other table}"}),
    ("dynamodb", "put_item", {"TableName": "{other table}", "Item": {"id": {"S": "a"}}}),
    ("secretsmanager", "list_secrets", {}),
    ("secretsmanager", "get_secret_value", {"SecretId": "{other secret}"}),
    ("secretsmanager", "put_secret_value", {"SecretId": "{other secret}", "SecretString": "a"}),
    ("secretsmanager", "rotate_secret", {"SecretId": "{secret}"}),
    ("secretsmanager", "delete_secret", {"SecretId": "{secret}"}),
    ("sqs", "send_message", {"QueueUrl": "{other queue}", "MessageBody": "a"}),
    ("sqs", "receive_message", {"QueueUrl": "{other queue}"}),
    ("sqs", "purge_queue", {"QueueUrl": "{queue}"}),
    ("sqs", "delete_queue", {"QueueUrl": "{queue}"}),
    ("sns", "publish", {"TopicArn": "{topic}", "Message": "a"}),
    ("sns", "delete_topic", {"TopicArn": "{topic}"}),
    ("lambda", "list_functions", {}),
    ("lambda", "get_function", {"FunctionName": "{function}"}),
    ("lambda", "invoke", {"FunctionName": "{function}"}),
    ("lambda", "update_function_code", {"FunctionName": "{function}", "ZipFile": b"a"}),
    ("lambda", "update_function_configuration", {"FunctionName": "{function}", "Timeout": 3}),
    ("lambda", "delete_function", {"FunctionName": "{function}"}),
    ("logs", "describe_log_groups", {}),
    (
        *("logs", "create_log_stream"),
        {"logGroupName": "{other log group}", "logStreamName": "proof"},
    ),
    ("logs", "delete_log_group", {"logGroupName": "{log group}"}),
    ("logs", "put_retention_policy", {"logGroupName": "{log group}", "retentionInDays": 1}),
    ("cloudwatch", "delete_alarms", {"AlarmNames": ["a"]}),
    ("cloudformation", "delete_stack", {"StackName": "{stack}"}),
    ("apigateway", "get_api_keys", {"includeValues": True}),
    ("cognito-idp", "list_user_pools", {"MaxResults": 1}),
    ("rds", "describe_db_instances", {}),
)

# What a role may not do with what is its own stack's, unless it has the right to.
UNLESS_GRANTED: dict[str, Call] = {
    "dynamodb:DeleteItem": ("dynamodb", "delete_item", {"TableName": "{table}", "Key": _KEY}),
    "dynamodb:GetItem": ("dynamodb", "get_item", {"TableName": "{table}", "Key": _KEY}),
    "dynamodb:PutItem": ("dynamodb", "put_item", {"TableName": "{table}", "Item": _KEY}),
    "dynamodb:Query": (
        *("dynamodb", "query"),
        {
            "TableName": "{table}",
            "KeyConditionExpression": "id = :id",
            "ExpressionAttributeValues": {":id": {"S": "a"}},
        },
    ),
    "dynamodb:Scan": ("dynamodb", "scan", {"TableName": "{table}"}),
    "dynamodb:UpdateItem": ("dynamodb", "update_item", {"TableName": "{table}", "Key": _KEY}),
    "s3:DeleteObject": ("s3", "delete_object", _UPLOAD),
    "s3:GetObject": ("s3", "get_object", _UPLOAD),
    "s3:PutObject": ("s3", "put_object", {**_UPLOAD, "Body": b"a"}),
    "secretsmanager:DescribeSecret": ("secretsmanager", "describe_secret", _SECRET),
    "secretsmanager:GetSecretValue": ("secretsmanager", "get_secret_value", _SECRET),
    "secretsmanager:PutSecretValue": (
        *("secretsmanager", "put_secret_value"),
        {**_SECRET, "SecretString": "a"},
    ),
    "sqs:ReceiveMessage": ("sqs", "receive_message", {"QueueUrl": "{queue}"}),
    "sqs:SendMessage": ("sqs", "send_message", {"QueueUrl": "{queue}", "MessageBody": "a"}),
}


def possible(stack: Deployed, role: str, stacks: list[Deployed]) -> list[str]:
    """The dangerous calls that are not refused to a role with its own credentials."""
    stand_for, found = names(stack, role, stacks), []
    clients: dict[str, Any] = {}
    has = {right.action for right in stack.rights if right.role == role}
    foreign = [call for action, call in UNLESS_GRANTED.items() if action not in has]
    with stack.session(role) as client_of:
        for service, operation, parameters in (*DANGEROUS, *foreign):
            client = clients[service] = clients.get(service) or client_of(service)
            asked = {name: _filled(value, stand_for) for name, value in parameters.items()}
            if not _is_refused(getattr(client, operation), asked):
                found.append(f"{service}:{operation}")
    return found


def _filled(value: Any, stand_for: dict[str, str]) -> Any:
    if isinstance(value, str) and value.startswith("{") and value[1:-1] in stand_for:
        return stand_for[value[1:-1]]
    return value


def _is_refused(call: Callable[..., Any], parameters: dict[str, Any]) -> bool:
    try:
        call(**parameters)
    except ClientError as error:
        return error.response["Error"]["Code"] in _REFUSALS
    return False
