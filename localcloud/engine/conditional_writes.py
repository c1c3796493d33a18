"""The condition keys `s3:if-none-match` and `s3:if-match`, which bucket policies ask for.

The emulator heeds the headers and leaves their keys out of what policies are held against:
https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes-enforce.html
"""

from typing import Any

from ministack.core import iam_actions

from localcloud.cloud import Cloud
from localcloud.engine.internals import need, replace

_HEADERS = ("if-match", "if-none-match")


def install(cloud: Cloud) -> None:
    """Give the keys to every write of an object.

    Raises:
        CloudError: the emulator is not the version this was written for.
    """
    del cloud
    context_of = need(iam_actions, "s3_service_context")

    def with_conditions(
        action: str,
        query: dict[str, Any] | None,
        path: str = "",
        headers: dict[str, str] | None = None,
    ) -> dict[str, Any]:
        context: dict[str, Any] = context_of(action, query, path, headers)
        if action != "s3:PutObject" or not headers:
            return context
        return context | {f"s3:{name}": headers[name] for name in _HEADERS if name in headers}

    replace(iam_actions, "s3_service_context", with_conditions)
