"""The condition keys `s3:if-none-match`, `s3:if-match` and that of the key of bucket policies.

Changes: A write of an object has the keys that its headers say.
Original: The headers are heeded, their keys are left out of what policies are held against.
Fault: the emulator's; `s3_service_context` would put these headers into the context of a write, as
    it does with `x-amz-server-side-encryption`.
AWS: https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes-enforce.html
"""

from typing import Any

from ministack.core import iam_actions

from localcloud.cloud import Cloud
from localcloud.engine.internals import wrap

_HEADERS = ("if-match", "if-none-match", "x-amz-server-side-encryption-aws-kms-key-id")


def install(_cloud: Cloud) -> None:
    """Give the keys to every write of an object."""
    wrap(iam_actions, "s3_service_context", _with_conditions)


def _with_conditions(
    context_of: Any, action: str, query: Any, path: str = "", headers: dict[str, str] | None = None
) -> dict[str, Any]:
    context: dict[str, Any] = context_of(action, query, path, headers)
    sent = (headers or {}) if action == "s3:PutObject" else {}
    return context | {f"s3:{name}": sent[name] for name in _HEADERS if name in sent}
