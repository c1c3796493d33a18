"""Lambda function from `services/`."""

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from lib.acknowledgements import excuse
from lib.constructs.application_network import ApplicationNetwork
from lib.constructs.encryption_key import EncryptionKey
from lib.constructs.secure_log_group import SecureLogGroup
from lib.environment import Environment
from lib.packaging.package import PYTHON_RUNTIME, build_package
from lib.permissions import allow

_NAMESPACE = "TAP"
_METRICS = {"POWERTOOLS_METRICS_NAMESPACE": _NAMESPACE}


class ServiceFunction(Construct):
    """A function of its own role, policy and log group.

    Fixed: `tap-<name>-<suffix>`; arm64; the Python that built the package; JSON logs in an
    encrypted log group named for the function, as AWS names it; active tracing; environment
    variables encrypted with the stack's key; exactly the given permissions besides writing its logs
    and traces, in a customer-managed policy that nothing can widen; its own metrics carry its name,
    which no other environment's function has.
    Defaults: 256 MB, 10 seconds, in no network. In a network: in its application subnets with its
    application's security group; the service may make the interfaces, the code may not.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        service: str,
        name: str,
        settings: Mapping[str, str],
        permissions: Sequence[iam.PolicyStatement],
        memory_mb: int = 256,
        timeout: Duration | None = None,
        network: ApplicationNetwork | None = None,
    ) -> None:
        super().__init__(scope, construct_id)
        self._physical_name = Environment.of(self).named(name)
        log_group = self._add_log_group()
        self._add_role(log_group, permissions, network)
        package = build_package(service)
        self.lambda_function = lambda_.Function(
            self,
            "Function",
            function_name=self._physical_name,
            code=lambda_.Code.from_asset(str(package.path), asset_hash=package.digest),
            handler=f"services.{service}.handler.lambda_handler",
            runtime=lambda_.Runtime(PYTHON_RUNTIME, lambda_.RuntimeFamily.PYTHON),
            architecture=lambda_.Architecture.ARM_64,
            memory_size=memory_mb,
            timeout=timeout or Duration.seconds(10),
            role=self.role.without_policy_updates(),
            log_group=log_group,
            logging_format=lambda_.LoggingFormat.JSON,
            system_log_level_v2=lambda_.SystemLogLevel.WARN,  # no line for each start and end
            tracing=lambda_.Tracing.ACTIVE,
            environment_encryption=EncryptionKey.of(self),
            environment={**settings, "POWERTOOLS_SERVICE_NAME": self._physical_name, **_METRICS},
            vpc=network.vpc if network else None,
            vpc_subnets=network.application_subnets if network else None,
            security_groups=[network.application] if network else None,
        )
        self.name = self.lambda_function.function_name
        excuse(self.policy, "function-policy")
        excuse(self.lambda_function, "function")
        if network:
            excuse(self.policy, "function-in-a-network")
        else:
            excuse(self.lambda_function, "function-in-no-network")

    @cached_property
    def live(self) -> lambda_.Alias:
        """What requests and queues call: the alias `live`, or `latest` where nothing is published.

        A published version goes when the release that replaces it has succeeded, by the CDK's
        default. The aliases are two because CodeDeploy cannot shift from what is no version.
        """
        function, environment = self.lambda_function, Environment.of(self)
        if environment.snap_start:
            resource: Any = function.node.default_child
            resource.snap_start = {"applyOn": "PublishedVersions"}
        if environment.publishes_versions:
            return lambda_.Alias(self, "Live", alias_name="live", version=function.current_version)
        return lambda_.Alias(self, "Latest", alias_name="latest", version=function.latest_version)

    def _add_log_group(self) -> SecureLogGroup:
        """Define the group where people and tools look for a function's logs."""
        # It lasts: when the stack is deleted, a late line cannot make the group anew, for the role
        # may make streams only.
        name = f"/aws/lambda/{self._physical_name}"
        words = self._physical_name.title().replace("-", "")
        EncryptionKey.of(self).allow_log_groups(f"LogsOf{words}", name)
        return SecureLogGroup(self, "Logs", log_group_name=name)

    def _add_role(
        self,
        log_group: SecureLogGroup,
        permissions: Sequence[iam.PolicyStatement],
        network: ApplicationNetwork | None,
    ) -> None:
        logs = ["logs:CreateLogStream", "logs:PutLogEvents"]
        self.policy = iam.ManagedPolicy(
            self,
            "Policy",
            description=f"What {self._physical_name} may do",
            statements=[
                allow("WriteLogs", *logs, on=log_group.log_group_arn),
                allow("WriteTraces", "xray:PutTraceSegments", "xray:PutTelemetryRecords"),
                *(network.allow_joining(self._physical_name) if network else ()),
                *permissions,
            ],
        )
        self.role = iam.Role(
            self,
            "Role",
            assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"),
            managed_policies=[self.policy],
        )

    def metric(self, name: str) -> cloudwatch.Metric:
        """Return a metric that the service itself counts (`telemetry.count`)."""
        return cloudwatch.Metric(
            namespace=_NAMESPACE,
            metric_name=name,
            dimensions_map={"service": self._physical_name},  # as Powertools names it
            statistic="Sum",
        )
