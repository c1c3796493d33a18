"""Secrets Manager secret with rotation."""

import json

from aws_cdk import Duration, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_secretsmanager as secretsmanager
from constructs import Construct

from lib.constructs.application_network import ApplicationNetwork
from lib.constructs.encryption_key import EncryptionKey
from lib.constructs.service_function import ServiceFunction
from lib.environment import Environment
from lib.permissions import allow


class RotatedSecret(Construct):
    """A generated username and password, rotated by a function of our own.

    Fixed: encrypted with the stack's key; a 32-character password without characters that break
    shells or URLs; rotated every 30 days.
    Defaults: CloudFormation names it; retained where data is kept, else deleted with the stack;
    `services/secret_rotation` rotates it, first on creation (with `at_once` false, after 30 days).
    Permissions: `allow_reading`.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        description: str,
        rotation_name: str,
        username: str,
        secret_name: str | None = None,
        service: str = "secret_rotation",
        at_once: bool | None = None,
        network: ApplicationNetwork | None = None,
    ) -> None:
        super().__init__(scope, construct_id)
        key = EncryptionKey.of(self)
        self.secret = secretsmanager.Secret(
            self,
            "Secret",
            secret_name=secret_name,
            description=description,
            encryption_key=key,
            removal_policy=Environment.of(self).removal_policy,
            generate_secret_string=secretsmanager.SecretStringGenerator(
                secret_string_template=json.dumps({"username": username}),
                generate_string_key="password",
                password_length=32,
                exclude_punctuation=True,
            ),
        )
        arn = self.secret.secret_arn
        parts = ("DescribeSecret", "GetSecretValue", "PutSecretValue", "UpdateSecretVersionStage")
        self.rotation = ServiceFunction(
            self,
            "Rotation",
            service=service,
            name=rotation_name,
            settings={"SECRET_ARN": arn},
            permissions=[
                allow("RotateSecret", *(f"secretsmanager:{part}" for part in parts), on=arn),
                allow("MakePassword", "secretsmanager:GetRandomPassword"),
                key.allow_use_via("secretsmanager"),
            ],
            timeout=Duration.seconds(30),
            network=network,
        )
        self.schedule = self._add_schedule(at_once)

    def _add_schedule(self, at_once: bool | None) -> secretsmanager.CfnRotationSchedule:
        """Rotate every 30 days; by the L2, the key's policy and the role wait for each other."""
        function = self.rotation.lambda_function
        function.add_permission(
            "SecretsManager",
            principal=iam.ServicePrincipal("secretsmanager.amazonaws.com"),
            source_account=Stack.of(self).account,
        )
        schedule = secretsmanager.CfnRotationSchedule(
            self,
            "Schedule",
            secret_id=self.secret.secret_arn,
            rotation_lambda_arn=function.function_arn,
            rotation_rules=secretsmanager.CfnRotationSchedule.RotationRulesProperty(
                automatically_after_days=30
            ),
            rotate_immediately_on_update=at_once,
        )
        schedule.node.add_dependency(function.node.find_child("SecretsManager"))
        return schedule

    def allow_reading(
        self, *others: secretsmanager.ISecret, describing: bool = False
    ) -> iam.PolicyStatement:
        """Return the permission to read the value of the secret and of `others`.

        With `describing`, also to see the versions and when it was rotated.
        """
        describe = ["secretsmanager:DescribeSecret"] if describing else []
        return allow(
            self.node.id,
            *describe,
            "secretsmanager:GetSecretValue",
            on=[each.secret_arn for each in (self.secret, *others)],
        )
