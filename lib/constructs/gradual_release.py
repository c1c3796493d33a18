"""Release of functions that shifts traffic from one version to the next, by CodeDeploy."""

from collections.abc import Sequence

from aws_cdk import Duration
from aws_cdk import aws_codedeploy as codedeploy
from aws_cdk import aws_iam as iam
from constructs import Construct

from lib.constructs.service_alarms import ServiceAlarms
from lib.constructs.service_function import ServiceFunction
from lib.environment import Environment
from lib.permissions import allow


class GradualRelease(Construct):
    """What a new version of each function must pass before all requests are its own.

    Fixed: before any traffic a function (`services/release_check`) sends a request to every new
    version of the stack. Then `live` shifts, as the environment's `releaseShift` says. If the check
    fails, or an alarm on requests rings meanwhile, CodeDeploy takes all traffic back and the update
    of the stack is rolled back. CodeDeploy may do this with these functions and nothing else.
    What they come `after`, such as migrations, is called before they are asked.
    Where everything shifts at once, there is nothing here: CloudFormation switches by itself.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        name: str,
        of: Sequence[ServiceFunction],
        after: Sequence[ServiceFunction] = (),
        alarms: ServiceAlarms,
    ) -> None:
        super().__init__(scope, construct_id)
        shift = Environment.of(self).release_shift
        if shift == "AllAtOnce":
            return
        role = iam.Role(self, "Role", assumed_by=iam.ServicePrincipal("codedeploy.amazonaws.com"))
        application = codedeploy.LambdaApplication(self, "Application")
        config = codedeploy.LambdaDeploymentConfig.from_lambda_deployment_config_name(
            self, "Shift", f"CodeDeployDefault.Lambda{shift}"
        )
        groups = [
            codedeploy.LambdaDeploymentGroup(
                self,
                each.node.id,
                application=application,
                alias=each.live,
                alarms=alarms.on_requests,
                auto_rollback=codedeploy.AutoRollbackConfig(deployment_in_alarm=True),
                deployment_config=config,
                role=role.without_policy_updates(),
            )
            for each in of
        ]
        asked = [
            *(each.lambda_function.function_arn for each in after),
            *(each.lambda_function.current_version.function_arn for each in of),
        ]
        status = "codedeploy:PutLifecycleEventHookExecutionStatus"
        check = ServiceFunction(
            self,
            "Check",
            service="release_check",
            name=name,
            settings={"FUNCTIONS": ",".join(asked)},
            permissions=[
                allow("Ask", "lambda:InvokeFunction", on=asked),
                allow("TellCodeDeploy", status, on=[g.deployment_group_arn for g in groups]),
            ],
            timeout=Duration.minutes(5),
        )
        functions = [each.lambda_function.function_arn for each in of]
        iam.ManagedPolicy(
            self,
            "Policy",
            description=f"What CodeDeploy may do for {name}",
            roles=[role],
            statements=[
                allow("Shift", "lambda:GetAlias", "lambda:UpdateAlias", on=functions),
                allow(
                    "SeeConcurrency",
                    "lambda:GetProvisionedConcurrencyConfig",
                    on=[f"{each}:live" for each in functions],
                ),
                allow("Check", "lambda:InvokeFunction", on=check.lambda_function.function_arn),
                allow(
                    "SeeAlarms",
                    "cloudwatch:DescribeAlarms",
                    on=[each.alarm_arn for each in alarms.on_requests],
                ),
            ],
        )
        for group, each in zip(groups, of, strict=True):
            group.add_pre_hook(check.lambda_function)
            # The alias's update policy, which names these, makes it wait for none of them.
            each.live.node.add_dependency(self)
        alarms.watch_function(check, slow_periods=1)
