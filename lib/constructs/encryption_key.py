"""KMS key."""

from collections.abc import Sequence

from aws_cdk import ArnFormat, Duration, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from constructs import Construct

from lib.environment import Environment


class EncryptionKey(kms.Key):
    """A customer-managed key that encrypts everything a stack has at rest.

    Fixed: yearly rotation; CloudWatch alarms of this account may use it for encrypted topics,
    CloudWatch Logs for log groups only: those whose names begin with the stack's, and those that
    `allow_log_groups` names.
    Defaults: retained where data is kept, else deleted after seven days' notice.
    Permissions: `allow_use_via` and `allow_decryption_via`, for functions.
    """

    def __init__(
        self, scope: Construct, construct_id: str, *, environment: Environment, name: str
    ) -> None:
        super().__init__(
            scope,
            construct_id,
            alias=f"alias/tap-{name}-key-{environment.suffix}",
            description="KMS key for TAP application encryption",
            enable_key_rotation=True,
            removal_policy=environment.removal_policy,
            pending_window=Duration.days(30 if environment.keeps_data else 7),
        )
        stack = Stack.of(self).stack_name
        self.allow_log_groups("LogGroupsOfThisStack", f"{stack}-*", f"/aws/vendedlogs/{stack}-*")
        self._allow_alarms()

    def allow_use_via(self, *services: str) -> iam.PolicyStatement:
        """Return the permission to read and write with the key, only via `services` such as `s3`.

        A `grant_*` would add wildcard actions; these two are all that AWS needs to read and write.
        """
        return self._allow_via("UseKey", ["kms:Decrypt", "kms:GenerateDataKey"], services)

    def allow_decryption_via(self, *services: str) -> iam.PolicyStatement:
        """Return the permission to read with the key, only via `services` such as `s3`."""
        return self._allow_via("DecryptWithKey", ["kms:Decrypt"], services)

    def _allow_via(
        self, sid: str, actions: Sequence[str], services: Sequence[str]
    ) -> iam.PolicyStatement:
        region = Stack.of(self).region
        return iam.PolicyStatement(
            sid=sid,
            actions=list(actions),
            resources=[self.key_arn],
            conditions={
                "StringEquals": {
                    "kms:ViaService": [f"{service}.{region}.amazonaws.com" for service in services]
                }
            },
        )

    def allow_log_groups(self, sid: str, *names: str) -> None:
        """Let CloudWatch Logs use the key for log groups of these names.

        `LogGroup(encryption_key=)` does not add this, and its creation fails without.

        Args:
            sid: Names the statement in the key's policy.
            *names: The names; `*` stands for any characters.
        """
        stack = Stack.of(self)
        self.add_to_resource_policy(
            iam.PolicyStatement(
                sid=sid,
                principals=[iam.ServicePrincipal(f"logs.{stack.region}.amazonaws.com")],
                actions=["kms:Encrypt", "kms:Decrypt", "kms:GenerateDataKey", "kms:DescribeKey"],
                resources=["*"],
                conditions={
                    "ArnLike": {
                        "kms:EncryptionContext:aws:logs:arn": [
                            stack.format_arn(
                                service="logs",
                                resource="log-group",
                                resource_name=name,
                                arn_format=ArnFormat.COLON_RESOURCE_NAME,
                            )
                            for name in names
                        ]
                    }
                },
            )
        )

    def _allow_alarms(self) -> None:
        self.add_to_resource_policy(
            iam.PolicyStatement(
                sid="AlarmsOfThisAccount",
                principals=[iam.ServicePrincipal("cloudwatch.amazonaws.com")],
                actions=["kms:Decrypt", "kms:GenerateDataKey"],
                resources=["*"],
                conditions={"StringEquals": {"aws:SourceAccount": Stack.of(self).account}},
            )
        )
