"""What must hold in each stack of the app, stated once: functions that name what breaks it."""

from collections.abc import Callable, Iterator

from tests.unit.synthesized import Json, SynthesizedStack

Claim = Callable[[SynthesizedStack], Iterator[str]]
CLAIMS: dict[str, Claim] = {}


def claim(function: Claim) -> Claim:
    """Ask it of every stack: the function yields the logical ids of what breaks the claim."""
    CLAIMS[function.__name__] = function
    return function


def properties(stack: SynthesizedStack, kind: str) -> dict[str, Json]:
    """The properties of the resources of a type, by logical id."""
    return {name: each.get("Properties", {}) for name, each in stack.all(kind).items()}


def named(reference: object) -> str:
    """The logical id that a reference points to; empty for anything else."""
    if isinstance(reference, dict) and "Ref" in reference:
        return str(reference["Ref"])
    if isinstance(reference, dict) and "Fn::GetAtt" in reference:
        return str(reference["Fn::GetAtt"][0])
    return ""


def is_the_cdks_own(stack: SynthesizedStack, logical_id: str) -> bool:
    """Whether it is of a function that the CDK itself brings for CloudFormation to call."""
    provider, _, part = stack.paths[logical_id].partition("/")
    return (
        provider.startswith("Custom::")
        and provider.endswith("CustomResourceProvider")
        and part in ("Handler", "Role")
    )


def functions(stack: SynthesizedStack) -> dict[str, Json]:
    """The properties of the app's functions, by logical id."""
    return {
        name: each
        for name, each in properties(stack, "AWS::Lambda::Function").items()
        if not is_the_cdks_own(stack, name)
    }
