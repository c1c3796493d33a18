"""CloudFront distributions in front of APIs of this cloud.

Changes: An origin that is an API of this cloud is reached at the AWS endpoint, over TLS. A
    behaviour that names no methods allows GET and HEAD alone.
Original: The origin is dialled by its `*.localhost` name, which Python does not resolve everywhere,
    at a port where nothing speaks TLS. Such a behaviour allows every method.
Fault: the emulator's; `_origin_connect_target` would know its own execute-api names, and
    `_dataplane_allowed_methods` take GET and HEAD where a behaviour lists none.
AWS:
    https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-properties-cloudfront-distribution-cachebehavior.html
"""

from typing import Any

from ministack.services import cloudfront

from localcloud.cloud import Cloud
from localcloud.engine.internals import wrap


def install(cloud: Cloud) -> None:
    """Make a distribution reach the APIs behind it, and refuse methods it does not allow."""

    def reach(connect_target: Any, origin: dict[str, Any], viewer_is_https: bool) -> Any:
        if ".execute-api." in origin["domain_name"]:
            return "127.0.0.1", cloud.port, True
        return connect_target(origin, viewer_is_https)

    def allowed(methods_of: Any, behaviour: Any) -> Any:
        return methods_of(behaviour) or ["GET", "HEAD"]

    wrap(cloudfront, "_origin_connect_target", reach)
    wrap(cloudfront, "_dataplane_allowed_methods", allowed)
