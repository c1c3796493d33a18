"""The ledger says of a deployed resource what the AWS API says of it."""

from collections import defaultdict
from functools import cache

import pytest

from cli.stacks import pages
from localcloud import ledger
from localcloud.ledger import Verdict
from tests.deployment import Deployment
from tests.readback import described, resolved, tells, values

pytestmark = pytest.mark.embedded

# Whether the API tells a property as the template has it, of each resource that has it.
Told = dict[tuple[str, str], list[bool]]


@pytest.fixture(scope="module", name="told")
def what_the_api_tells_of_every_property(deployment: Deployment) -> Told:
    client = cache(deployment.client)
    stacks = client("cloudformation")
    told: defaultdict[tuple[str, str], list[bool]] = defaultdict(list)
    for kind in ("TapStack", "PartnerApiStack", "EcommerceStack"):
        name = f"{kind}{deployment.suffix}"
        found = pages(stacks, "list_stack_resources", "StackResourceSummaries", StackName=name)
        ids = {each["LogicalResourceId"]: each["PhysicalResourceId"] for each in found}
        known = ids | {"AWS::Region": deployment.region, "AWS::Partition": "aws"}
        template = stacks.get_template(StackName=name)["TemplateBody"]
        for logical_id, resource in template["Resources"].items():
            properties = resolved(dict(resource.get("Properties", {})), known, client)
            answers = described(client, resource["Type"], ids.get(logical_id, ""), properties)
            for path in ledger.examine(resource["Type"], properties):
                for value in values(properties, path.removesuffix(".*").split(".")):
                    told[resource["Type"], path].append(
                        tells(answers, resource["Type"], path, value)
                    )
    return told


def of(told: Told, verdict: Verdict) -> dict[tuple[str, str], list[bool]]:
    return {
        (kind, path): found
        for (kind, path), found in told.items()
        if kind in ledger.entries() and ledger.entries()[kind][path].verdict == verdict
    }


def test_what_is_recorded_is_told_by_the_api(told: Told) -> None:
    assert {named for named, found in of(told, Verdict.RECORDED).items() if not all(found)} == set()


def test_what_rests_on_the_template_alone_is_not_told_by_the_api(told: Told) -> None:
    assert {named for named, found in of(told, Verdict.TEMPLATE).items() if any(found)} == set()


def test_nearly_every_property_of_the_ledger_is_looked_at(told: Told) -> None:
    every = {(kind, path) for kind, entries in ledger.entries().items() for path in entries}

    assert len(every & told.keys()) > 0.9 * len(every)
