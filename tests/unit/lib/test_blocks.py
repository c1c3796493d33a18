"""A block finds the settings and the key of the stack that it is in, and of no other."""

import pytest
from aws_cdk import App, Stack
from aws_cdk.assertions import Match, Template

from lib.constructs.secure_table import SecureTable
from lib.environment import Environment
from tests.unit.lib.bare import Bare


def bare(app: App, suffix: str) -> Bare:
    environment = Environment.resolve(app.node, suffix=suffix, environ={})
    return Bare(app, f"Bare{suffix}", environment=environment)


@pytest.mark.parametrize(("suffix", "kept"), [("dev", False), ("prod", True)])
def test_a_block_has_the_key_and_the_settings_of_its_own_stack(suffix: str, kept: bool) -> None:
    app = App()
    stacks = {name: bare(app, name) for name in ("dev", "prod")}

    SecureTable(stacks[suffix], "Table", partition_key="id")

    template = Template.from_stack(stacks[suffix])
    (key,) = template.find_resources("AWS::KMS::Key")
    table = {
        "DeletionProtectionEnabled": kept,
        "SSESpecification": Match.object_like({"KMSMasterKeyId": {"Fn::GetAtt": [key, "Arn"]}}),
    }
    template.has_resource_properties("AWS::DynamoDB::Table", table)


def test_a_block_outside_of_a_product_fails_at_once() -> None:
    with pytest.raises(AttributeError, match="shared"):
        SecureTable(Stack(App(), "Stack"), "Table", partition_key="id")
