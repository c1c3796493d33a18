"""KMS key."""

from typing import Any

from aws_cdk import Duration, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from constructs import Construct, IConstruct

from lib.environment import Environment
from lib.permissions import allow, arn_here


class EncryptionKey(kms.Key):
    """A customer-managed key that encrypts everything a stack has at rest.

    Fixed: yearly rotation; CloudWatch alarms of this account may use it for encrypted topics,
    CloudWatch Logs for log groups only: those whose names begin with the stack's, and those that
    `allow_log_groups` names.
    Defaults: retained where data is kept, else deleted after seven days' notice.
    Permissions: `allow_use_via` and `allow_decryption_via`, for functions.
    """

    def __init__(self, scope: Construct, construct_id: str, *, name: str) -> None:
        environment = Environment.of(scope)
        super().__init__(
            scope,
            construct_id,
            alias=f"alias/tap-{name}-key-{environment.suffix}",
            description="KMS key for TAP application encryption",
            enable_key_rotation=True,
            removal_policy=environment.removal_policy,
            pending_window=Duration.days(30 if environment.keeps_data else 7),
        )
        stack = Stack.of(self)
        self.allow_log_groups(
            "LogGroupsOfThisStack", f"{stack.stack_name}-*", f"/aws/vendedlogs/{stack.stack_name}-*"
        )
        self.add_to_resource_policy(
            allow(
                "AlarmsOfThisAccount",
                "kms:Decrypt",
                "kms:GenerateDataKey",
                by=iam.ServicePrincipal("cloudwatch.amazonaws.com"),
                only_if={"StringEquals": {"aws:SourceAccount": stack.account}},
            )
        )

    @staticmethod
    def of(scope: IConstruct) -> "EncryptionKey":
        """Return the key of the product's stack that `scope` is in."""
        stack: Any = Stack.of(scope)
        key: EncryptionKey = stack.kms_key
        return key

    def allow_use_via(self, *services: str) -> iam.PolicyStatement:
        """Return the permission to read and write with the key, via `services` such as `s3`."""
        # A `grant_*` would add wildcard actions; these two are all that AWS needs for both.
        return self._allow_via("UseKey", services, "kms:Decrypt", "kms:GenerateDataKey")

    def allow_decryption_via(self, *services: str) -> iam.PolicyStatement:
        """Return the permission to read with the key, only via `services` such as `s3`."""
        return self._allow_via("DecryptWithKey", services, "kms:Decrypt")

    def _allow_via(self, sid: str, services: tuple[str, ...], *actions: str) -> iam.PolicyStatement:
        via = [f"{service}.{Stack.of(self).region}.amazonaws.com" for service in services]
        return allow(
            sid, *actions, on=self.key_arn, only_if={"StringEquals": {"kms:ViaService": via}}
        )

    def allow_log_groups(self, sid: str, *names: str) -> None:
        """Let CloudWatch Logs use the key for log groups of these names, in which `*` may stand."""
        # `LogGroup(encryption_key=)` does not add this, and its creation fails without.
        groups = [arn_here(self, "logs", f"log-group:{name}") for name in names]
        self.add_to_resource_policy(
            allow(
                sid,
                "kms:Encrypt",
                "kms:Decrypt",
                "kms:GenerateDataKey",
                "kms:DescribeKey",
                by=iam.ServicePrincipal(f"logs.{Stack.of(self).region}.amazonaws.com"),
                only_if={"ArnLike": {"kms:EncryptionContext:aws:logs:arn": groups}},
            )
        )
