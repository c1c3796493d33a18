"""CloudFront with an API of this embedded cloud as its origin.

The API's address is a `*.localhost` name that Python does not resolve everywhere, and its port is
the front door's, which speaks plain HTTP. The origin is reached over TLS at the AWS endpoint
instead, under the same name.

A behaviour that names no methods allows GET and HEAD alone, as on AWS:
https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-properties-cloudfront-distribution-cachebehavior.html
"""

from typing import Any

from ministack.services import cloudfront

from localcloud.cloud import Cloud
from localcloud.engine.internals import need, replace


def install(cloud: Cloud) -> None:
    """Make a distribution reach the APIs behind it, and refuse methods it does not allow.

    Raises:
        CloudError: the emulator is not the version this was written for.
    """
    connect_target = need(cloudfront, "_origin_connect_target")

    def reach(origin: dict[str, Any], viewer_is_https: bool) -> tuple[str, int, bool]:
        if ".execute-api." in origin["domain_name"]:
            return "127.0.0.1", cloud.port, True
        found: tuple[str, int, bool] = connect_target(origin, viewer_is_https)
        return found

    allowed_methods = need(cloudfront, "_dataplane_allowed_methods")

    def allowed(behaviour: Any) -> list[str]:
        found: list[str] = allowed_methods(behaviour) or ["GET", "HEAD"]
        return found

    replace(cloudfront, "_origin_connect_target", reach)
    replace(cloudfront, "_dataplane_allowed_methods", allowed)
