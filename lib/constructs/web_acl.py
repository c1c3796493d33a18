"""AWS WAF web ACL."""

from collections.abc import Sequence
from typing import Any, Literal

from aws_cdk import aws_apigateway as apigateway
from aws_cdk import aws_wafv2 as wafv2
from constructs import Construct

from lib.constructs.encryption_key import EncryptionKey
from lib.constructs.secure_log_group import SecureLogGroup
from lib.permissions import arn_here

_FLOODS = {"aggregateKeyType": "IP", "limit": 2000, "evaluationWindowSec": 300}

# What AWS's common rules find in bodies, and what it could do to a system that renders, fetches or
# opens them. To be counted where bodies are data that is given back as JSON: "<script>" in a
# description is no attack, and a 403 would say nothing why.
IN_BODIES = (
    "CrossSiteScripting_BODY",
    "EC2MetaDataSSRF_BODY",
    "GenericLFI_BODY",
    "GenericRFI_BODY",
    "SizeRestrictions_BODY",  # 8 KB, where the gateway takes 10 MB and an item has up to 400 KB
)


class WebAcl(Construct):
    """A web ACL, which looks at every request before an API or a CDN does.

    Fixed: an address that sends more than 2,000 requests in five minutes is blocked until it
    slows down; so are addresses of bad repute, known bad inputs and what AWS's common rules find;
    everything is logged, encrypted, without the headers `authorization` and `cookie`.
    Defaults: every rule blocks; the log expires and goes as `SecureLogGroup` says.

    It guards a `REGIONAL` API, or a CDN of `CLOUDFRONT`, in us-east-1 only. `log_name` ends the log
    group's name; `secret_headers`, in lower case, are not logged either; those of AWS's common
    rules that are `counted` count what they find and let it pass.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
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
            default_action={"allow": {}},
            visibility_config=_metrics("WebAcl"),
            rules=[
                _rule("RateLimit", 0, {"rateBasedStatement": _FLOODS}, action={"block": {}}),
                _managed(1, "AWSManagedRulesAmazonIpReputationList"),
                _managed(2, "AWSManagedRulesKnownBadInputsRuleSet"),
                _managed(3, "AWSManagedRulesCommonRuleSet", counted=counted),
            ],
        )
        self.arn = acl.attr_arn
        self._add_log(f"aws-waf-logs-{log_name}", secret_headers)  # AWS WAF writes to no other

    def _add_log(self, name: str, secret_headers: Sequence[str]) -> None:
        """Log to a group that AWS WAF knows by its ARN without the `:*` of CloudWatch Logs."""
        # As in https://docs.aws.amazon.com/waf/latest/developerguide/logging-cw-logs.html ("The
        # resulting ARN format is"). AWS WAF has been seen to take the other form too, and gives
        # this one back, which drift detection would then tell of for ever.
        EncryptionKey.of(self).allow_log_groups("LogGroupOfTheFirewall", name)
        group = SecureLogGroup(self, "Logs", log_group_name=name)
        wafv2.CfnLoggingConfiguration(
            self,
            "Logging",
            resource_arn=self.arn,
            log_destination_configs=[arn_here(self, "logs", f"log-group:{group.log_group_name}")],
            redacted_fields=[
                {"singleHeader": {"Name": header}}
                for header in ("authorization", "cookie", *secret_headers)
            ],
        )

    def associate(self, stage: apigateway.Stage) -> None:
        """Put the web ACL before a stage of a REST API."""
        # The stage's ARN refers to the stage, so that the association waits for it.
        wafv2.CfnWebACLAssociation(
            self, "Association", resource_arn=stage.stage_arn, web_acl_arn=self.arn
        )


def _managed(priority: int, group: str, *, counted: Sequence[str] = ()) -> dict[str, Any]:
    counts = [{"name": rule, "actionToUse": {"count": {}}} for rule in counted]
    overrides = {"ruleActionOverrides": counts} if counts else {}
    statement = {"managedRuleGroupStatement": {"vendorName": "AWS", "name": group, **overrides}}
    return _rule(group, priority, statement, overrideAction={"none": {}})


def _rule(name: str, priority: int, statement: dict[str, Any], **action: Any) -> dict[str, Any]:
    measured = {"visibilityConfig": _metrics(name)}
    return {"name": name, "priority": priority, "statement": statement, **action, **measured}


def _metrics(name: str) -> dict[str, Any]:
    return {
        "cloudWatchMetricsEnabled": True,
        "sampledRequestsEnabled": True,
        "metricName": name,
    }
