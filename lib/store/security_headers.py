"""Response headers policy of CloudFront."""

from typing import Any

from aws_cdk import Duration
from aws_cdk import aws_cloudfront as cloudfront
from constructs import Construct

_CONTENT_SECURITY_POLICY = (
    "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; "
    "object-src 'none'"
)
_SECURITY: dict[str, dict[str, Any]] = {
    "content_security_policy": {"content_security_policy": _CONTENT_SECURITY_POLICY},
    "content_type_options": {},
    "frame_options": {"frame_option": cloudfront.HeadersFrameOption.DENY},
    "referrer_policy": {"referrer_policy": cloudfront.HeadersReferrerPolicy.SAME_ORIGIN},
    "strict_transport_security": {
        "access_control_max_age": Duration.days(730),
        "include_subdomains": True,
    },
}
# What S3 would tell every visitor: the key's ARN with the account's number, and object versions.
_HEADERS_OF_S3 = [
    "x-amz-server-side-encryption",
    "x-amz-server-side-encryption-aws-kms-key-id",
    "x-amz-server-side-encryption-bucket-key-enabled",
    "x-amz-version-id",
]
_FURTHER = {
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
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
                    for header, value in _FURTHER.items()
                ]
            ),
            remove_headers=_HEADERS_OF_S3,
        )
