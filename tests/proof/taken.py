"""One right taken away through IAM's own API, and put back, whatever happens meanwhile.

Each policy of a role is a managed policy whose first version is the template's. What is taken away
is a second version without it, so that the first is put back even after a sudden end: no note of
what was there is needed.
"""

import copy
import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tests.proof.rights import Json, listed


class Policies:
    """The deployed policies of the roles, by ARN."""

    def __init__(self, iam: Any) -> None:
        self._iam = iam

    def put_back(self, arn: str) -> None:
        """Make the template's version the only one."""
        for version in self._iam.list_policy_versions(PolicyArn=arn)["Versions"]:
            if version["VersionId"] != "v1":
                self._iam.set_default_policy_version(PolicyArn=arn, VersionId="v1")
                self._iam.delete_policy_version(PolicyArn=arn, VersionId=version["VersionId"])

    @contextmanager
    def without(self, arn: str, statement: str, action: str) -> Iterator[None]:
        """Let a policy grant all but this action in this statement until the block ends."""
        found = self._iam.get_policy_version(PolicyArn=arn, VersionId="v1")["PolicyVersion"]
        document = found["Document"]
        whole = json.loads(document) if isinstance(document, str) else document
        less = without(whole, statement, action)
        try:
            self._iam.create_policy_version(
                PolicyArn=arn, PolicyDocument=json.dumps(less), SetAsDefault=True
            )
            yield
        finally:
            self.put_back(arn)


def without(policy: Json, statement: str, action: str) -> Json:
    """A policy without an action of a statement, or without the statement if that was all."""
    less = copy.deepcopy(policy)
    for each in less["Statement"]:
        if each.get("Sid") == statement:
            each["Action"] = [name for name in listed(each["Action"]) if name != action]
    less["Statement"] = [each for each in less["Statement"] if each["Action"]]
    assert less != policy, f"{statement} does not grant {action}"
    return less
