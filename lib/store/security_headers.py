"""Response headers policy of CloudFront."""

import tomllib
from pathlib import Path
from typing import Any

from aws_cdk import Duration
from aws_cdk import aws_cloudfront as cloudfront
from constructs import Construct

_HEADERS = tomllib.loads(Path(__file__).with_suffix(".toml").read_text("utf-8"))
_SECURITY: dict[str, dict[str, Any]] = {
    "content_security_policy": {"content_security_policy": _HEADERS["content_security_policy"]},
    "content_type_options": {},
    "frame_options": {"frame_option": cloudfront.HeadersFrameOption.DENY},
    "referrer_policy": {"referrer_policy": cloudfront.HeadersReferrerPolicy.SAME_ORIGIN},
    "strict_transport_security": {
        "access_control_max_age": Duration.days(730),
        "include_subdomains": True,
    },
}


class SecurityHeaders(cloudfront.ResponseHeadersPolicy):
    """The headers by which browsers protect a page and its visitors.

    Fixed: on every answer, over what the origin says: a strict content policy, HTTPS for two
    years, in no frame, no camera, microphone, place or payment. What S3 says of its key and
    versions is removed.
    """

    def __init__(self, scope: Construct, construct_id: str, *, name: str) -> None:
        super().__init__(
            scope,
            construct_id,
            response_headers_policy_name=name,
            security_headers_behavior={
                name: {**said, "override": True} for name, said in _SECURITY.items()
            },
            custom_headers_behavior=cloudfront.ResponseCustomHeadersBehavior(
                custom_headers=[
                    cloudfront.ResponseCustomHeader(header=header, value=value, override=True)
                    for header, value in _HEADERS["further"].items()
                ]
            ),
            remove_headers=_HEADERS["removed"],
        )
