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


class RotatedSecret(Construct):
    """A generated username and password, rotated by a function of our own.

    Fixed: encrypted with the given key; a 32-character password without characters that break
    shells or URLs; rotated every 30 days.
    Defaults: CloudFormation names it; retained where data is kept, else deleted with the stack;
    `services/secret_rotation` rotates it, first on creation (with `at_once` false, after 30 days).
    Permissions: `allow_reading`.

    Attributes:
        secret: The secret.
        rotation: The function that rotates it.
        schedule: When it is rotated.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        environment: Environment,
        description: str,
        rotation_name: str,
        username: str,
        key: EncryptionKey,
        secret_name: str | None = None,
        service: str = "secret_rotation",
        at_once: bool | None = None,
        network: ApplicationNetwork | None = None,
    ) -> None:
        super().__init__(scope, construct_id)
        self.secret = secretsmanager.Secret(
            self,
            "Secret",
            secret_name=secret_name,
            description=description,
            encryption_key=key,
            removal_policy=environment.removal_policy,
            generate_secret_string=secretsmanager.SecretStringGenerator(
                secret_string_template=json.dumps({"username": username}),
                generate_string_key="password",
                password_length=32,
                exclude_punctuation=True,
            ),
        )
        self.rotation = ServiceFunction(
            self,
            "Rotation",
            environment=environment,
            service=service,
            function_name=rotation_name,
            key=key,
            settings={"SECRET_ARN": self.secret.secret_arn},
            permissions=[*_allow_rotation(self.secret), key.allow_use_via("secretsmanager")],
            timeout=Duration.seconds(30),
            network=network,
        )
        self.rotation.lambda_function.add_permission(
            "SecretsManager",
            principal=iam.ServicePrincipal("secretsmanager.amazonaws.com"),
            source_account=Stack.of(self).account,
        )
        # The L2 schedule would let the key's policy and the function's role wait for each other.
        self.schedule = secretsmanager.CfnRotationSchedule(
            self,
            "Schedule",
            secret_id=self.secret.secret_arn,
            rotation_lambda_arn=self.rotation.lambda_function.function_arn,
            rotation_rules=secretsmanager.CfnRotationSchedule.RotationRulesProperty(
                automatically_after_days=30
            ),
            rotate_immediately_on_update=at_once,
        )
        self.schedule.node.add_dependency(
            self.rotation.lambda_function.node.find_child("SecretsManager")
        )

    def allow_reading(
        self, *others: secretsmanager.ISecret, describing: bool = False
    ) -> iam.PolicyStatement:
        """Return the permission to read the secret's value.

        Args:
            *others: Secrets that may be read, too.
            describing: Whether to see its versions and when it was rotated, too.
        """
        describe = ["secretsmanager:DescribeSecret"] if describing else []
        return iam.PolicyStatement(
            sid=self.node.id,
            actions=[*describe, "secretsmanager:GetSecretValue"],
            resources=[each.secret_arn for each in (self.secret, *others)],
        )


def _allow_rotation(secret: secretsmanager.ISecret) -> list[iam.PolicyStatement]:
    return [
        iam.PolicyStatement(
            sid="RotateSecret",
            actions=[
                "secretsmanager:DescribeSecret",
                "secretsmanager:GetSecretValue",
                "secretsmanager:PutSecretValue",
                "secretsmanager:UpdateSecretVersionStage",
            ],
            resources=[secret.secret_arn],
        ),
        iam.PolicyStatement(
            sid="MakePassword",
            actions=["secretsmanager:GetRandomPassword"],
            resources=["*"],
        ),
    ]
