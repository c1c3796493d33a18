"""What stands before a REST API and looks at every request."""

from collections.abc import Sequence

from aws_cdk import ArnFormat, Stack
from aws_cdk import aws_apigateway as apigateway
from aws_cdk import aws_kms as kms
from aws_cdk import aws_logs as logs
from aws_cdk import aws_wafv2 as wafv2
from constructs import Construct

from lib.environment import Environment

LOG_GROUP_PREFIX = "aws-waf-logs-"  # AWS WAF writes to no other
# What a body could do to a system that renders, fetches or opens it. Ours stores it as data and
# gives it back as JSON: "<script>" in a description is no attack, and a 403 would say nothing why.
_COUNTED = (
    "CrossSiteScripting_BODY",
    "EC2MetaDataSSRF_BODY",
    "GenericLFI_BODY",
    "GenericRFI_BODY",
    "SizeRestrictions_BODY",  # 8 KB, where the gateway takes 10 MB and an item has up to 400 KB
)
_SECRET_HEADERS = ("authorization", "cookie", "x-api-key")


class WebFirewall(Construct):
    """A regional firewall on one stage of a REST API.

    Fixed: an address that sends more than 2,000 requests in five minutes is blocked until it
    slows down; so are addresses of bad repute, known bad inputs and what AWS's common rules find,
    except in bodies, where they only count: items are data of up to 400 KB.
    Everything is logged, encrypted, without credentials.
    Defaults: the log goes with the stack where data is thrown away.

    Attributes:
        acl: The web ACL.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        environment: Environment,
        key: kms.IKey,
        stage: apigateway.Stage,
    ) -> None:
        super().__init__(scope, construct_id)
        self.acl = wafv2.CfnWebACL(
            self,
            "WebAcl",
            scope="REGIONAL",
            default_action=wafv2.CfnWebACL.DefaultActionProperty(allow={}),
            visibility_config=_visible("WebAcl"),
            rules=[
                _rate_limit(0),
                _managed(1, "AWSManagedRulesAmazonIpReputationList"),
                _managed(2, "AWSManagedRulesKnownBadInputsRuleSet"),
                _managed(3, "AWSManagedRulesCommonRuleSet", count=_COUNTED),
            ],
        )
        # The stage's ARN refers to the stage, so that the association waits for it.
        wafv2.CfnWebACLAssociation(
            self, "Association", resource_arn=stage.stage_arn, web_acl_arn=self.acl.attr_arn
        )
        self._log(environment, key)

    def _log(self, environment: Environment, key: kms.IKey) -> None:
        stack = Stack.of(self)
        log_group = logs.LogGroup(
            self,
            "Logs",
            log_group_name=f"{LOG_GROUP_PREFIX}{stack.stack_name}",
            encryption_key=key,
            retention=environment.log_retention,
            removal_policy=environment.removal_policy,
        )
        wafv2.CfnLoggingConfiguration(
            self,
            "Logging",
            resource_arn=self.acl.attr_arn,
            log_destination_configs=[log_destination(log_group)],
            redacted_fields=[
                wafv2.CfnLoggingConfiguration.FieldToMatchProperty(single_header={"Name": name})
                for name in _SECRET_HEADERS
            ],
        )


def log_destination(log_group: logs.LogGroup) -> str:
    """Return the ARN that AWS WAF knows a log group by: without the `:*` of CloudWatch Logs.

    As in https://docs.aws.amazon.com/waf/latest/developerguide/logging-cw-logs.html ("The
    resulting ARN format is"). AWS WAF has been seen to take the other form too, and gives this one
    back, which drift detection would then tell of for ever.
    """
    return Stack.of(log_group).format_arn(
        service="logs",
        resource="log-group",
        resource_name=log_group.log_group_name,
        arn_format=ArnFormat.COLON_RESOURCE_NAME,
    )


def _rate_limit(priority: int) -> wafv2.CfnWebACL.RuleProperty:
    return wafv2.CfnWebACL.RuleProperty(
        name="RateLimit",
        priority=priority,
        action=wafv2.CfnWebACL.RuleActionProperty(block={}),
        statement=wafv2.CfnWebACL.StatementProperty(
            rate_based_statement=wafv2.CfnWebACL.RateBasedStatementProperty(
                aggregate_key_type="IP", limit=2000, evaluation_window_sec=300
            )
        ),
        visibility_config=_visible("RateLimit"),
    )


def _managed(
    priority: int, group: str, *, count: Sequence[str] = ()
) -> wafv2.CfnWebACL.RuleProperty:
    return wafv2.CfnWebACL.RuleProperty(
        name=group,
        priority=priority,
        override_action=wafv2.CfnWebACL.OverrideActionProperty(none={}),
        statement=wafv2.CfnWebACL.StatementProperty(
            managed_rule_group_statement=wafv2.CfnWebACL.ManagedRuleGroupStatementProperty(
                vendor_name="AWS",
                name=group,
                rule_action_overrides=[
                    wafv2.CfnWebACL.RuleActionOverrideProperty(
                        name=rule, action_to_use=wafv2.CfnWebACL.RuleActionProperty(count={})
                    )
                    for rule in count
                ]
                or None,
            )
        ),
        visibility_config=_visible(group),
    )


def _visible(metric: str) -> wafv2.CfnWebACL.VisibilityConfigProperty:
    return wafv2.CfnWebACL.VisibilityConfigProperty(
        cloud_watch_metrics_enabled=True, sampled_requests_enabled=True, metric_name=metric
    )
