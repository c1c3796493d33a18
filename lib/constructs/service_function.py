"""Lambda function from `services/`."""

from collections.abc import Mapping, Sequence

from aws_cdk import ArnFormat, Duration, Stack
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from lib.acknowledgements import acknowledge, hipaa_nist, hipaa_nist_pci
from lib.constructs.application_network import ApplicationNetwork
from lib.constructs.encryption_key import EncryptionKey
from lib.constructs.secure_log_group import SecureLogGroup
from lib.environment import Environment
from lib.packaging.package import PYTHON_RUNTIME, build_package

_NAMESPACE = "TAP"


class ServiceFunction(Construct):
    """A function of its own role, policy and log group.

    Fixed: arm64; the Python that built the package; JSON logs in an encrypted log group named for
    the function, as AWS names it; active tracing; environment variables encrypted with the given
    key; exactly the given permissions besides writing its logs and traces, in a customer-managed
    policy that nothing can widen; its own metrics carry its name, which no other environment's
    function has.
    Defaults: 256 MB, 10 seconds, in no network. In a network: in its application subnets with its
    application's security group; the service may make the interfaces, the code may not.

    Attributes:
        lambda_function: The function.
        name: The function's name, for outputs.
        role: Its role; no other function has it.
        policy: What the role may do, and all of it.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        environment: Environment,
        service: str,
        function_name: str,
        key: EncryptionKey,
        settings: Mapping[str, str],
        permissions: Sequence[iam.PolicyStatement],
        memory_mb: int = 256,
        timeout: Duration | None = None,
        network: ApplicationNetwork | None = None,
    ) -> None:
        super().__init__(scope, construct_id)
        self._metrics_name = function_name
        # Where people and tools look for a function's logs. It lasts: when the stack is deleted, a
        # late line cannot make the group anew, for the role may make streams only.
        group_name = f"/aws/lambda/{function_name}"
        key.allow_log_groups(f"LogsOf{function_name.title().replace('-', '')}", group_name)
        log_group = SecureLogGroup(
            self, "Logs", environment=environment, log_group_name=group_name, key=key
        )
        self.policy = iam.ManagedPolicy(
            self,
            "Policy",
            description=f"What {function_name} may do",
            statements=[
                _allow_logs(log_group),
                _allow_traces(),
                *(_allow_joining_network(Stack.of(self), function_name) if network else ()),
                *permissions,
            ],
        )
        self.role = iam.Role(
            self,
            "Role",
            assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"),
            managed_policies=[self.policy],
        )
        package = build_package(service)
        self.lambda_function = lambda_.Function(
            self,
            "Function",
            function_name=function_name,
            code=lambda_.Code.from_asset(str(package.path), asset_hash=package.digest),
            handler=f"services.{service}.handler.lambda_handler",
            runtime=lambda_.Runtime(PYTHON_RUNTIME, lambda_.RuntimeFamily.PYTHON),
            architecture=lambda_.Architecture.ARM_64,
            memory_size=memory_mb,
            timeout=timeout or Duration.seconds(10),
            role=self.role.without_policy_updates(),
            log_group=log_group,
            logging_format=lambda_.LoggingFormat.JSON,
            tracing=lambda_.Tracing.ACTIVE,
            environment_encryption=key,
            environment={
                **settings,
                "POWERTOOLS_SERVICE_NAME": self._metrics_name,
                "POWERTOOLS_METRICS_NAMESPACE": _NAMESPACE,
            },
            vpc=network.vpc if network else None,
            vpc_subnets=network.application_subnets if network else None,
            security_groups=[network.application] if network else None,
        )
        self.name = self.lambda_function.function_name
        self._acknowledge_rules(in_network=network is not None)

    def metric(self, name: str, *, statistic: str = "Sum") -> cloudwatch.Metric:
        """Return a metric that the service itself counts (`telemetry.count`)."""
        return cloudwatch.Metric(
            namespace=_NAMESPACE,
            metric_name=name,
            dimensions_map={"service": self._metrics_name},  # as Powertools names it
            statistic=statistic,
        )

    def _acknowledge_rules(self, *, in_network: bool) -> None:
        acknowledge(
            self.policy,
            "AwsSolutions-IAM5[Resource::*]",
            reason="X-Ray, GetRandomPassword and looking at a network have no resources that a "
            "policy could name.",
        )
        acknowledge(
            self.lambda_function,
            "AwsSolutions-L1",
            "Serverless-LambdaLatestVersion",
            reason="Runs the Python that compiled its bytecode and ran its tests; a newer one "
            "would ignore the bytecode and compile at every cold start.",
        )
        acknowledge(
            self.lambda_function,
            "Serverless-LambdaDLQ",
            *hipaa_nist("LambdaDLQ"),
            "CKV_AWS_116",
            reason="Its callers wait for the answer and retry, so a dead-letter queue would stay "
            "empty; its errors raise an alarm.",
        )
        acknowledge(
            self.lambda_function,
            *hipaa_nist("LambdaConcurrency"),
            "CKV_AWS_115",
            reason="New accounts may run ten functions at once and cannot reserve any; the API's "
            "throttling bounds the calls.",
        )
        if in_network:
            acknowledge(
                self.policy,
                "AwsSolutions-IAM5[Resource::arn:<AWS::Partition>:ec2:<AWS::Region>:"
                "<AWS::AccountId>:*/*]",
                reason="Lambda itself makes and removes the network interfaces, under ids that it "
                "chooses; the function's code is denied both.",
            )
        else:
            acknowledge(
                self.lambda_function,
                *hipaa_nist_pci("LambdaInsideVPC"),
                "CKV_AWS_117",
                reason="There is nothing private to reach: all it calls are AWS APIs, over TLS.",
            )


def _allow_logs(log_group: SecureLogGroup) -> iam.PolicyStatement:
    return iam.PolicyStatement(
        sid="WriteLogs",
        actions=["logs:CreateLogStream", "logs:PutLogEvents"],
        resources=[log_group.log_group_arn],
    )


def _allow_traces() -> iam.PolicyStatement:
    return iam.PolicyStatement(
        sid="WriteTraces",
        actions=["xray:PutTraceSegments", "xray:PutTelemetryRecords"],
        resources=["*"],
    )


def _allow_joining_network(stack: Stack, function_name: str) -> list[iam.PolicyStatement]:
    """Return what Lambda needs to place the function, and the refusal of it to the code inside.

    The service uses the function's role to make the interfaces; only calls of the code itself
    carry `lambda:SourceFunctionArn`.
    """
    look = ["ec2:DescribeNetworkInterfaces", "ec2:DescribeSubnets"]
    change = [
        "ec2:AssignPrivateIpAddresses",
        "ec2:CreateNetworkInterface",
        "ec2:DeleteNetworkInterface",
        "ec2:UnassignPrivateIpAddresses",
    ]
    # As wide as Lambda asks for: it deletes interfaces whose ids nobody knows beforehand.
    anything_here = stack.format_arn(service="ec2", resource="*", resource_name="*")
    itself = stack.format_arn(
        service="lambda",
        resource="function",
        resource_name=function_name,
        arn_format=ArnFormat.COLON_RESOURCE_NAME,
    )
    return [
        iam.PolicyStatement(sid="SeeNetwork", actions=look, resources=["*"]),
        iam.PolicyStatement(sid="JoinNetwork", actions=change, resources=[anything_here]),
        iam.PolicyStatement(
            sid="CodeMayNot",
            effect=iam.Effect.DENY,
            actions=[*look, *change],
            resources=["*"],
            conditions={"ArnEquals": {"lambda:SourceFunctionArn": itself}},
        ),
    ]
