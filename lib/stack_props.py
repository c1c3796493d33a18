"""What every stack hands to the CDK: defaults of its environment, and all that its caller gives."""

import inspect
from collections.abc import Mapping
from typing import Any

from aws_cdk import Stack, StackProps
from constructs import Construct

from lib.environment import Environment

FIELDS = tuple(name for name in inspect.signature(StackProps).parameters if name != "self")

# The feature flags that change our templates, and what must hold. In code, so that a stack is the
# same in an app that has never seen our cdk.json; a test compares the two.
_FLAGS = (
    "@aws-cdk/aws-apigateway:logGroupDestinationArnWithoutWildcard",
    "@aws-cdk/aws-iam:minimizePolicies",
    "@aws-cdk/aws-s3:createDefaultLoggingPolicy",
    "@aws-cdk/aws-s3:serverAccessLogsUseBucketPolicy",
)


def settled(
    scope: Construct, props: StackProps | None, environment: Environment | None
) -> Environment:
    """Return the environment that was given, else the one of the scope and the props' suffix."""
    suffix = getattr(props, "environment_suffix", None)
    return environment or Environment.resolve(scope.node, suffix=suffix)


def all_props(
    environment: Environment,
    description: str,
    props: StackProps | None,
    given: Mapping[str, Any],
) -> dict[str, Any]:
    """Return the arguments of a stack's base class: every one of `StackProps` that was given.

    Args:
        environment: Protects the stack from termination where data is kept, unless told otherwise.
        description: What the stack is, unless told otherwise.
        props: What was given as an object.
        given: What was given by keyword, which goes before `props`.
    """
    named = {name: getattr(props, name) for name in FIELDS} if props else {}
    return {
        "description": description,
        "termination_protection": environment.protects_data,
        **{name: value for name, value in named.items() if value is not None},
        **given,
    }


def hold_flags(stack: Stack) -> None:
    """Switch on what the stack's parts rely on; before it has any."""
    for name in _FLAGS:
        stack.node.set_context(name, True)
