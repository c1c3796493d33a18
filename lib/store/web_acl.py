"""Web ACL of the store."""

from aws_cdk import Aws, CfnRule, CfnRuleAssertion, Fn
from constructs import Construct

from lib.constructs.web_acl import WebAcl
from lib.environment import Environment


class StoreWebAcl(WebAcl):
    """A web ACL for a CDN: deployed in us-east-1 only; the log has no idempotency keys."""

    def __init__(self, scope: Construct, construct_id: str) -> None:
        super().__init__(
            scope,
            construct_id,
            guards="CLOUDFRONT",
            log_name=Environment.of(scope).named("store"),
            secret_headers=["idempotency-key"],
        )
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
