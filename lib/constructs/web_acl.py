"""AWS WAF web ACL."""

from collections.abc import Sequence
from typing import Literal

from aws_cdk import ArnFormat, Stack
from aws_cdk import aws_apigateway as apigateway
from aws_cdk import aws_wafv2 as wafv2
from constructs import Construct

from lib.constructs.encryption_key import EncryptionKey
from lib.constructs.secure_log_group import SecureLogGroup
from lib.environment import Environment


class WebAcl(Construct):
    """A web ACL, which looks at every request before an API or a CDN does.

    Fixed: an address that sends more than 2,000 requests in five minutes is blocked until it
    slows down; so are addresses of bad repute, known bad inputs and what AWS's common rules find;
    everything is logged, encrypted, without the headers `authorization` and `cookie`.
    Defaults: every rule blocks; the log expires and goes as `SecureLogGroup` says.

    Args:
        scope: Where it is defined.
        construct_id: Its name there.
        environment: How long its log is kept.
        key: Encrypts the log.
        guards: `REGIONAL` for an API; `CLOUDFRONT` for a CDN, in us-east-1 only.
        log_name: Ends the log group's name.
        secret_headers: Further headers, in lower case, that are not logged.
        counted: Rules of AWS's common rules that count what they find and let it pass.

    Attributes:
        arn: The web ACL's ARN.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        environment: Environment,
        key: EncryptionKey,
        guards: Literal["CLOUDFRONT", "REGIONAL"],
        log_name: str,
        secret_headers: Sequence[str],
        counted: Sequence[str] = (),
    ) -> None:
        super().__init__(scope, construct_id)
        acl = wafv2.CfnWebACL(
            self,
            "WebAcl",
            scope=guards,
            default_action=wafv2.CfnWebACL.DefaultActionProperty(allow={}),
            visibility_config=_metrics("WebAcl"),
            rules=[
                _rate_limit(0),
                _managed(1, "AWSManagedRulesAmazonIpReputationList"),
                _managed(2, "AWSManagedRulesKnownBadInputsRuleSet"),
                _managed(3, "AWSManagedRulesCommonRuleSet", counted=counted),
            ],
        )
        self.arn = acl.attr_arn
        log_group_name = f"aws-waf-logs-{log_name}"  # AWS WAF writes to no other
        key.allow_log_groups("LogGroupOfTheFirewall", log_group_name)
        log_group = SecureLogGroup(
            self, "Logs", environment=environment, log_group_name=log_group_name, key=key
        )
        wafv2.CfnLoggingConfiguration(
            self,
            "Logging",
            resource_arn=self.arn,
            log_destination_configs=[_log_destination(log_group)],
            redacted_fields=[
                wafv2.CfnLoggingConfiguration.FieldToMatchProperty(single_header={"Name": name})
                for name in ("authorization", "cookie", *secret_headers)
            ],
        )

    def associate(self, stage: apigateway.Stage) -> None:
        """Put the web ACL before a stage of a REST API."""
        # The stage's ARN refers to the stage, so that the association waits for it.
        wafv2.CfnWebACLAssociation(
            self, "Association", resource_arn=stage.stage_arn, web_acl_arn=self.arn
        )


def _log_destination(log_group: SecureLogGroup) -> str:
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
        visibility_config=_metrics("RateLimit"),
    )


def _managed(
    priority: int, group: str, *, counted: Sequence[str] = ()
) -> wafv2.CfnWebACL.RuleProperty:
    overrides = [
        wafv2.CfnWebACL.RuleActionOverrideProperty(
            name=rule, action_to_use=wafv2.CfnWebACL.RuleActionProperty(count={})
        )
        for rule in counted
    ]
    return wafv2.CfnWebACL.RuleProperty(
        name=group,
        priority=priority,
        override_action=wafv2.CfnWebACL.OverrideActionProperty(none={}),
        statement=wafv2.CfnWebACL.StatementProperty(
            managed_rule_group_statement=wafv2.CfnWebACL.ManagedRuleGroupStatementProperty(
                vendor_name="AWS", name=group, rule_action_overrides=overrides or None
            )
        ),
        visibility_config=_metrics(group),
    )


def _metrics(name: str) -> wafv2.CfnWebACL.VisibilityConfigProperty:
    return wafv2.CfnWebACL.VisibilityConfigProperty(
        cloud_watch_metrics_enabled=True, sampled_requests_enabled=True, metric_name=name
    )
