"""Conditions of templates that ask for the account, the region or the partition.

Changes: In a condition, a `Ref` of a pseudo parameter is its value.
Original: It is its own name: `Fn::Equals: [{Ref: AWS::Region}, us-east-1]` is never true, and the
    resources of that condition are silently left out.
AWS: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/pseudo-parameter-reference.html
Fault: the emulator's; in its CloudFormation engine, `_resolve_cond_value` would look a `Ref` up
    among the pseudo parameters that `_resolve_refs` knows before it takes it for a text.
"""

from typing import Any

from ministack.services.cloudformation import changesets, engine, handlers, stacks

from localcloud.cloud import ACCOUNT, REGION, Cloud
from localcloud.engine.internals import wrap

_PSEUDO = {
    "AWS::AccountId": {"Value": ACCOUNT},
    "AWS::Partition": {"Value": "aws"},
    "AWS::Region": {"Value": REGION},
    "AWS::URLSuffix": {"Value": "amazonaws.com"},
}


def install(_cloud: Cloud) -> None:
    """Evaluate conditions with the pseudo parameters, wherever the emulator does."""

    def evaluated(evaluate: Any, template: Any, params: dict[str, Any]) -> Any:
        return evaluate(template, {**_PSEUDO, **params})

    for module in (engine, changesets, handlers, stacks):
        wrap(module, "_evaluate_conditions", evaluated)
