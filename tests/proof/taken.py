"""One right taken away through IAM's own API, and put back, whatever happens meanwhile.

A role has one managed policy, the template's, which is never changed. To take something away it is
detached, and what it grants otherwise is put into the role; so what was there is put back even
after a sudden end, and no note of it is needed.
"""

import copy
import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from botocore.exceptions import ClientError

from tests.proof.rights import Json, listed

_REST = "proof-rest"


class Policies:
    """The policies of the deployed roles: a role's name, and the ARN of its managed policy."""

    def __init__(self, iam: Any) -> None:
        self._iam = iam

    def put_back(self, role: str, policy: str) -> None:
        """Give a role all that the template gives it, and nothing else."""
        self._iam.attach_role_policy(RoleName=role, PolicyArn=policy)
        try:
            self._iam.delete_role_policy(RoleName=role, PolicyName=_REST)
        except ClientError as error:
            if error.response["Error"]["Code"] != "NoSuchEntity":
                raise

    @contextmanager
    def with_more(self, role: str, policy: str, action: str) -> Iterator[None]:
        """Let a role do these actions besides, with everything, until the block ends."""
        statement = {"Effect": "Allow", "Action": action, "Resource": "*"}
        more = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        try:
            self._iam.put_role_policy(RoleName=role, PolicyName=_REST, PolicyDocument=more)
            yield
        finally:
            self.put_back(role, policy)

    @contextmanager
    def without(self, role: str, policy: str, statement: str, action: str) -> Iterator[None]:
        """Let a role do all but this action of this statement until the block ends."""
        version = self._iam.get_policy(PolicyArn=policy)["Policy"]["DefaultVersionId"]
        found = self._iam.get_policy_version(PolicyArn=policy, VersionId=version)["PolicyVersion"]
        document = found["Document"]
        whole = json.loads(document) if isinstance(document, str) else document
        rest = json.dumps(without(whole, statement, action))
        try:
            self._iam.put_role_policy(RoleName=role, PolicyName=_REST, PolicyDocument=rest)
            self._iam.detach_role_policy(RoleName=role, PolicyArn=policy)
            yield
        finally:
            self.put_back(role, policy)


def without(policy: Json, statement: str, action: str) -> Json:
    """A policy without an action of a statement, or without the statement if that was all."""
    less = copy.deepcopy(policy)
    for each in less["Statement"]:
        if each.get("Sid") == statement:
            each["Action"] = [name for name in listed(each["Action"]) if name != action]
    less["Statement"] = [each for each in less["Statement"] if each["Action"]]
    assert less != policy, f"{statement} does not grant {action}"
    return less
