"""CloudFormation stack as every product of this app has it."""

import inspect
from typing import Any, ClassVar

from aws_cdk import CfnOutput, Stack, StackProps
from constructs import Construct

from lib.constructs.encryption_key import EncryptionKey
from lib.environment import Environment

_FIELDS = tuple(name for name in inspect.signature(StackProps).parameters if name != "self")

# The feature flags that change our templates, and what must hold. In code, so that a stack is the
# same in an app that has never seen our cdk.json; a test compares the two.
_FLAGS = (
    "@aws-cdk/aws-apigateway:logGroupDestinationArnWithoutWildcard",
    "@aws-cdk/aws-iam:minimizePolicies",
    "@aws-cdk/aws-lambda:recognizeLayerVersion",  # part of the names of versions
    "@aws-cdk/aws-s3:createDefaultLoggingPolicy",
    "@aws-cdk/aws-s3:serverAccessLogsUseBucketPolicy",
)


class ProductStack(Stack):
    """A stack that takes every one of `StackProps`, with a key for all that it has at rest.

    The blocks of `lib/constructs` find its settings (`shared`) and its key (`kms_key`) by
    themselves: `Environment.of` and `EncryptionKey.of`, as `Stack.of` finds the stack.

    Fixed: the feature flags that its parts rely on.
    Defaults: described by its class; protected from termination where data is kept; deployed to
    any account and region. Without `environment`, the settings that all stacks share, those that
    the app's context and the variables of its environment say, with the `environment_suffix` of
    `props` if it has one. `stack_props` are any of `StackProps`, and go before those of `props`.
    """

    DESCRIPTION: ClassVar[str]
    KEY_NAME: ClassVar[str]

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        props: StackProps | None = None,
        *,
        environment: Environment | None = None,
        **stack_props: Any,
    ) -> None:
        suffix = getattr(props, "environment_suffix", None)
        self.shared = environment or Environment.resolve(scope.node, suffix=suffix)
        given = {name: getattr(props, name) for name in _FIELDS} if props else {}
        super().__init__(
            scope,
            construct_id,
            **{
                "description": self.DESCRIPTION,
                "termination_protection": self.shared.protects_data,
                **{name: value for name, value in given.items() if value is not None},
                **stack_props,
            },
        )
        self.environment_suffix = self.shared.suffix
        for name in _FLAGS:
            self.node.set_context(name, True)
        self.kms_key = EncryptionKey(self, "Key", name=self.KEY_NAME)

    def add_outputs(self, **outputs: tuple[str, str]) -> None:
        """Write outputs: by each name, its value and what it is."""
        for name, (value, description) in outputs.items():
            CfnOutput(self, name, value=value, description=description)
