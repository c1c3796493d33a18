"""Web ACL of the partner API."""

from aws_cdk import Stack
from constructs import Construct

from lib.constructs.web_acl import WebAcl

# What a body could do to a system that renders, fetches or opens it. Ours stores it as data and
# gives it back as JSON: "<script>" in a description is no attack, and a 403 would say nothing why.
_COUNTED = (
    "CrossSiteScripting_BODY",
    "EC2MetaDataSSRF_BODY",
    "GenericLFI_BODY",
    "GenericRFI_BODY",
    "SizeRestrictions_BODY",  # 8 KB, where the gateway takes 10 MB and an item has up to 400 KB
)


class PartnerWebAcl(WebAcl):
    """A regional web ACL: what is found in bodies only counts; the log has no API keys."""

    def __init__(self, scope: Construct, construct_id: str) -> None:
        super().__init__(
            scope,
            construct_id,
            guards="REGIONAL",
            log_name=Stack.of(scope).stack_name,
            secret_headers=["x-api-key"],
            counted=_COUNTED,
        )
