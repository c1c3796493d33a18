"""With its own credentials, no function's role can do anything dangerous."""

import pytest

from tests.deployment import Deployment
from tests.proof.bounds import possible
from tests.proof.deployed import every

pytestmark = pytest.mark.embedded  # on AWS, a right that is too much would do its harm


def test_every_dangerous_call_is_refused_to_every_role(deployment: Deployment) -> None:
    stacks = every(deployment)
    roles = [(stack, role) for stack in stacks for role in stack.roles]

    found = {f"{stack.kind} {role}": possible(stack, role, stacks) for stack, role in roles}

    assert len(found) >= 9
    assert {role: calls for role, calls in found.items() if calls} == {}
