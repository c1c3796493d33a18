"""Release of functions that shifts traffic from one version to the next, by CodeDeploy."""

from collections.abc import Sequence
from typing import Any

from aws_cdk import Duration, Stack
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_codedeploy as codedeploy
from aws_cdk import aws_iam as iam
from constructs import Construct

from lib.constructs.service_alarms import ServiceAlarms
from lib.constructs.service_function import ServiceFunction
from lib.environment import Environment
from lib.permissions import allow

_STATUS = "codedeploy:PutLifecycleEventHookExecutionStatus"


class GradualRelease(Construct):
    """What a new version of each function must pass before all requests are its own.

    Fixed: before any traffic a function (`services/release_check`) calls what the versions come
    `after`, such as migrations, and each new version of the stack. Then `live` shifts, as the
    environment's `releaseShift` says. If the check fails, or an alarm on requests rings meanwhile,
    CodeDeploy takes all traffic back and the update of the stack is rolled back. CodeDeploy may do
    this with these functions and nothing else.
    Where everything shifts at once, there is nothing here: CloudFormation switches by itself.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        of: Sequence[ServiceFunction],
        alarms: ServiceAlarms,
        after: Sequence[ServiceFunction] = (),
    ) -> None:
        super().__init__(scope, construct_id)
        shift = Environment.of(self).release_shift
        if shift == "AllAtOnce":
            return
        role = iam.Role(self, "Role", assumed_by=iam.ServicePrincipal("codedeploy.amazonaws.com"))
        config = codedeploy.LambdaDeploymentConfig.from_lambda_deployment_config_name(
            self, "Shift", f"CodeDeployDefault.Lambda{shift}"
        )
        common: dict[str, Any] = {
            "application": codedeploy.LambdaApplication(self, "Application"),
            "alarms": alarms.on_requests,
            "auto_rollback": codedeploy.AutoRollbackConfig(deployment_in_alarm=True),
            "deployment_config": config,
            "role": role.without_policy_updates(),
        }
        groups = [
            codedeploy.LambdaDeploymentGroup(self, each.node.id, alias=each.live, **common)
            for each in of
        ]
        versions = [each.lambda_function.current_version.function_arn for each in of]
        called = [*(each.lambda_function.function_arn for each in after), *versions]
        stack: Any = Stack.of(self)
        check = ServiceFunction(
            self,
            "Check",
            service="release_check",
            name=f"{stack.KEY_NAME}-release-check",
            settings={"FUNCTIONS": ",".join(called)},
            permissions=[
                allow("Call", "lambda:InvokeFunction", on=called),
                allow("TellCodeDeploy", _STATUS, on=[g.deployment_group_arn for g in groups]),
            ],
            timeout=Duration.minutes(5),
        )
        alarms.watch_function(check, slow_periods=1)
        self._let_codedeploy(role, of, check, alarms.on_requests)
        for group, each in zip(groups, of, strict=True):
            group.add_pre_hook(check.lambda_function)
            # The alias's update policy, which names these, makes it wait for none of them.
            each.live.node.add_dependency(self)

    def _let_codedeploy(
        self,
        role: iam.Role,
        of: Sequence[ServiceFunction],
        check: ServiceFunction,
        watched: Sequence[cloudwatch.Alarm],
    ) -> None:
        functions = [each.lambda_function.function_arn for each in of]
        live = [f"{arn}:live" for arn in functions]
        iam.ManagedPolicy(
            self,
            "Policy",
            description=f"What CodeDeploy may do in {Stack.of(self).stack_name}",
            roles=[role],
            statements=[
                allow("Shift", "lambda:GetAlias", "lambda:UpdateAlias", on=functions),
                allow("SeeConcurrency", "lambda:GetProvisionedConcurrencyConfig", on=live),
                allow("Check", "lambda:InvokeFunction", on=check.lambda_function.function_arn),
                allow("Watch", "cloudwatch:DescribeAlarms", on=[a.alarm_arn for a in watched]),
            ],
        )
