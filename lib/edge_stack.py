"""CloudFormation stack of what a store's CDN needs in us-east-1, wherever the store is."""

from typing import Any

from aws_cdk import Environment, StackProps
from aws_cdk import aws_certificatemanager as acm
from constructs import Construct

from lib.constructs.web_acl import WebAcl
from lib.product_stack import ProductStack


class EdgeStack(ProductStack):
    """A web ACL for the store's CDN, and a certificate of its own host name if it has one.

    CloudFront takes both from us-east-1 alone: this stack goes there, a store to any region. The
    store is told its outputs: the settings `storeWebAclArn` and `storeCertificateArn`.

    Takes what every `ProductStack` takes, and the store's own host name as `domain`.
    """

    DESCRIPTION = "TAP: what the store's CDN needs in us-east-1"
    KEY_NAME = "edge"

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        props: StackProps | None = None,
        *,
        domain: str | None = None,
        **given: Any,
    ) -> None:
        super().__init__(scope, construct_id, props, env=Environment(region="us-east-1"), **given)
        acl = WebAcl(
            self,
            "Firewall",
            guards="CLOUDFRONT",
            log_name=self.shared.named("store"),
            secret_headers=["idempotency-key"],
        )
        self.add_outputs(WebAclArn=(acl.arn, "The store's storeWebAclArn"))
        if domain:
            # It is made once the name's DNS has the record that AWS asks for.
            by_dns = acm.CertificateValidation.from_dns()
            certificate = acm.Certificate(
                self, "Certificate", domain_name=domain, validation=by_dns
            )
            arn = certificate.certificate_arn
            self.add_outputs(CertificateArn=(arn, "The store's storeCertificateArn"))
