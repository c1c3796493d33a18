"""CloudFormation stacks and their resources, as AWS APIs tell of them."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from cli.errors import CliError

Clients = Callable[..., Any]  # a service's name, and what the client's `Config` takes
ALARM_TYPES = ["MetricAlarm", "CompositeAlarm"]  # of which CloudWatch tells the first alone
Json = dict[str, Any]


class Outputs(dict[str, str]):
    """Outputs of a stack; one that is missing is an error that says what to do."""

    def __init__(self, stack: Json) -> None:
        super().__init__({o["OutputKey"]: o["OutputValue"] for o in stack.get("Outputs", [])})
        self._stack = f"{stack['StackName']}, {stack['StackStatus']}"

    def __missing__(self, name: str) -> str:
        raise CliError(f"{self._stack}, has no output {name}; deploy it again")


class Stack:
    """A deployed stack; `described` is all that CloudFormation says of it."""

    def __init__(self, described: Json) -> None:
        self.name: str = described["StackName"]
        self.outputs = Outputs(described)
        self.described = described


def describe_all(clients: Clients) -> list[Stack]:
    """Describe every stack of the account in its region."""
    return [Stack(each) for each in pages(clients("cloudformation"), "describe_stacks", "Stacks")]


def describe(clients: Clients, names: Iterable[str]) -> list[Stack]:
    """Describe those of the named stacks that are deployed."""
    client, found = clients("cloudformation"), []
    for name in names:
        try:
            found += [Stack(each) for each in client.describe_stacks(StackName=name)["Stacks"]]
        except client.exceptions.ClientError as error:
            if "does not exist" not in str(error):
                raise
    return found


def resources(clients: Clients, stack: Stack) -> Iterator[Json]:
    """List the resources of a stack."""
    # DescribeStackResources would tell of the first hundred alone, and a stack of ours has more.
    client = clients("cloudformation")
    return pages(client, "list_stack_resources", "StackResourceSummaries", StackName=stack.name)


def function_of(functions: Any, resource: Json) -> Json | None:
    """Ask a client of Lambda for a function's configuration; None for any other resource."""
    if resource["ResourceType"] != "AWS::Lambda::Function":
        return None
    return dict(functions.get_function_configuration(FunctionName=resource["PhysicalResourceId"]))


def service_of(function: Json) -> str | None:
    """The folder of `services/` that a function runs; None for the CDK's own functions."""
    top, _, rest = function.get("Handler", "").partition(".")
    return rest.partition(".")[0] if top == "services" else None


def functions(clients: Clients, of: Iterable[Stack]) -> dict[str, str]:
    """List the functions of stacks, by their service."""
    client, found = clients("lambda"), {}
    for resource in (each for stack in of for each in resources(clients, stack)):
        function = function_of(client, resource)
        if service := service_of(function or {}):
            found[service] = resource["PhysicalResourceId"]
    return found


def pages(client: Any, operation: str, items: str, **request: Any) -> Iterator[Json]:
    """List what the member `items` of each page of an operation's answer holds."""
    for page in client.get_paginator(operation).paginate(**request):
        yield from page.get(items, [])


def every_alarm(cloudwatch: Any) -> Iterator[Json]:
    """List all alarms: those on metrics, and those on other alarms, which have an `AlarmRule`."""
    for kind in ALARM_TYPES:
        yield from pages(cloudwatch, "describe_alarms", f"{kind}s", AlarmTypes=[kind])
