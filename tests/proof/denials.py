"""What the templates deny: taken away, the call that was refused succeeds; put back, it does not.

The calls are those of a role whose own policy allows them, so that the denial alone refuses them.
"""

import uuid
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from tests.proof.consents import POLICIES, Consent, Consents, id_of
from tests.proof.rights import Json, listed

Call = Callable[[Any, str, str], object]  # with a client of S3, a bucket and a record's version
_KEY = "api-logs/proof"
_RECORDED = {
    "aws:SecureTransport": "the AWS API is served over TLS alone here",
    "s3:TlsVersion": "no call says here which TLS it came by",
    "lambda:SourceFunctionArn": "no call says here which function it comes from",
}


@dataclass(frozen=True, order=True)
class Denial(Consent):
    """A statement that denies; `only_if` is the condition key by which it does."""

    only_if: str = ""

    @property
    def recorded_only(self) -> str:
        """Why the embedded cloud does not decide it; empty when it does."""
        return _RECORDED.get(self.only_if, "")


def denied(kind: str, template: Json) -> list[Denial]:
    """The denials of a template's policies: of buckets, queues and topics, and of roles."""
    found: list[Denial] = []
    for logical_id, resource in template["Resources"].items():
        if resource["Type"] not in POLICIES:
            continue
        document, owner = POLICIES[resource["Type"]]
        made = resource["Properties"]
        target = id_of(listed(made[owner])[0]) if owner else logical_id
        for place, statement in enumerate(made[document]["Statement"]):
            if statement["Effect"] == "Deny":
                keys = [key for each in statement.get("Condition", {}).values() for key in each]
                only_if = keys[0] if keys else ""
                named, actions = statement.get("Sid", only_if), tuple(listed(statement["Action"]))
                asked = (kind, target, named, "nobody", actions, logical_id, place, only_if)
                found.append(Denial(*asked))
    return sorted(found)


def _write_over(s3: Any, bucket: str, _: str) -> object:
    return s3.put_object(Bucket=bucket, Key=_KEY, Body=b"another")


def _hide(s3: Any, bucket: str, _: str) -> object:
    return s3.delete_object(Bucket=bucket, Key=_KEY)


def _delete(s3: Any, bucket: str, version: str) -> object:
    named = {"Bucket": bucket, "Key": _KEY, "VersionId": version}
    return s3.delete_object(**named, BypassGovernanceRetention=True)  # it is locked besides


# Whose role makes the calls.
CALLER = "AuditWriterRole"
# The dangerous calls of each statement, and what they are called in the table.
CALLS: dict[str, tuple[str, tuple[Call, ...]]] = {
    "OnlyNewNames": ("write over a record", (_write_over,)),
    "NothingGoes": ("hide, then delete a record", (_hide, _delete)),
}


def deny(
    denial: Denial, bucket: str, place: tuple[str, str, str], consents: Consents, s3: Any
) -> dict[str, Any]:
    """Try what a statement of a bucket's policy denies: with it, without it, and with it again."""
    if denial.statement not in CALLS:
        return {"by": "", "fails": False, "refused": False}
    name, calls = CALLS[denial.statement]

    def tried() -> list[bool]:
        return [_is_refused(call, s3, bucket, _record(s3, bucket)) for call in calls]

    with_it = tried()
    with consents.without(denial, *place):
        without_it = tried()
    again = tried()
    refused = all([*with_it, *again]) and not any(without_it)
    return {"by": name, "fails": True, "refused": refused}


def gaps(denials: list[Denial], known: dict[str, Any]) -> list[str]:
    """The denials that deny nothing, or what would not be possible without them."""
    wanted = [each.key for each in denials if not each.recorded_only]
    return [
        f"{key} denies nothing that was tried"
        for key in wanted
        if not known.get(key, {}).get("refused")
    ]


def _record(s3: Any, bucket: str) -> str:
    """The version of a record that is there, under a name of its own."""
    with suppress(ClientError):  # it is there
        body = uuid.uuid4().hex.encode()
        s3.put_object(Bucket=bucket, Key=_KEY, Body=body, IfNoneMatch="*")
    versions = s3.list_object_versions(Bucket=bucket, Prefix=_KEY)["Versions"]
    return str(versions[0]["VersionId"])


def _is_refused(call: Call, s3: Any, bucket: str, version: str) -> bool:
    try:
        call(s3, bucket, version)
    except ClientError as error:
        if error.response["Error"]["Code"] != "AccessDenied":
            raise
        return True
    return False
