"""A web ACL before a CDN."""

from aws_cdk import Aws, CfnRule, CfnRuleAssertion, Fn
from aws_cdk import aws_logs as logs
from aws_cdk import aws_wafv2 as wafv2
from constructs import Construct

from lib.constructs.encryption_key import EncryptionKey
from lib.constructs.web_firewall import LOG_GROUP_PREFIX, log_destination
from lib.environment import Environment

_RULES_OF_AWS = (
    "AWSManagedRulesAmazonIpReputationList",
    "AWSManagedRulesCommonRuleSet",
    "AWSManagedRulesKnownBadInputsRuleSet",
)
_CREDENTIALS = ("authorization", "cookie", "idempotency-key")
_REQUESTS_IN_FIVE_MINUTES = 2000


class CdnFirewall(Construct):
    """A web ACL for CloudFront.

    Fixed: 2,000 requests in five minutes of an address; AWS's rules against known bad addresses,
    common attacks and known bad inputs; an encrypted log of what was asked, without credentials.
    AWS has web ACLs for CloudFront in us-east-1 only: a deployment elsewhere is refused by name.

    Args:
        scope: Where it is defined.
        construct_id: Its name there.
        environment: How long its log is kept.
        key: Encrypts the log.

    Attributes:
        acl: The web ACL.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        environment: Environment,
        key: EncryptionKey,
    ) -> None:
        super().__init__(scope, construct_id)
        # For a stack whose region only the deployment knows; else the settings have refused it.
        CfnRule(
            self,
            "InUsEast1",
            assertions=[
                CfnRuleAssertion(
                    assert_=Fn.condition_equals(Aws.REGION, "us-east-1"),
                    assert_description="storeFirewall: a web ACL for CloudFront is in us-east-1",
                )
            ],
        )
        self.acl = wafv2.CfnWebACL(
            self,
            "Acl",
            scope="CLOUDFRONT",
            default_action=wafv2.CfnWebACL.DefaultActionProperty(allow={}),
            visibility_config=_visible("Store"),
            rules=[
                _limit_rate(),
                *(_rules_of_aws(name, place) for place, name in enumerate(_RULES_OF_AWS, 1)),
            ],
        )
        name = f"{LOG_GROUP_PREFIX}tap-store-{environment.suffix}"
        key.allow_log_groups("LogGroupOfTheFirewall", name)
        log_group = logs.LogGroup(
            self,
            "Logs",
            log_group_name=name,
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
                for name in _CREDENTIALS
            ],
        )


def _limit_rate() -> wafv2.CfnWebACL.RuleProperty:
    return wafv2.CfnWebACL.RuleProperty(
        name="Rate",
        priority=0,
        action=wafv2.CfnWebACL.RuleActionProperty(block={}),
        visibility_config=_visible("Rate"),
        statement=wafv2.CfnWebACL.StatementProperty(
            rate_based_statement=wafv2.CfnWebACL.RateBasedStatementProperty(
                aggregate_key_type="IP", limit=_REQUESTS_IN_FIVE_MINUTES
            )
        ),
    )


def _rules_of_aws(name: str, priority: int) -> wafv2.CfnWebACL.RuleProperty:
    return wafv2.CfnWebACL.RuleProperty(
        name=name,
        priority=priority,
        override_action=wafv2.CfnWebACL.OverrideActionProperty(none={}),
        visibility_config=_visible(name),
        statement=wafv2.CfnWebACL.StatementProperty(
            managed_rule_group_statement=wafv2.CfnWebACL.ManagedRuleGroupStatementProperty(
                vendor_name="AWS", name=name
            )
        ),
    )


def _visible(name: str) -> wafv2.CfnWebACL.VisibilityConfigProperty:
    return wafv2.CfnWebACL.VisibilityConfigProperty(
        cloud_watch_metrics_enabled=True, metric_name=name, sampled_requests_enabled=True
    )
