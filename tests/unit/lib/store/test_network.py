"""The store's network: its zones, and its way out."""

import json
from pathlib import Path

from aws_cdk import App, Environment

from lib.ecommerce_stack import EcommerceStack
from tests.unit.synthesized import Json, SynthesizedStack, context

ACCOUNT = {"Ref": "AWS::AccountId"}


def template_of(folder: Path, **settings: object) -> Json:
    """The template of a store in a known account and region."""
    app = App(
        context=context(**settings),
        outdir=str(folder),
        builtin_cloud_formation_validation=False,
    )
    EcommerceStack(app, "Store", env=Environment(account="123456789012", region="eu-central-1"))
    app.synth()
    assert "missing" not in json.loads((folder / "manifest.json").read_text("utf-8"))
    template: Json = json.loads((folder / "Store.template.json").read_text("utf-8"))
    return template


def zones(template: Json) -> set[str]:
    return {
        json.dumps(each["Properties"]["AvailabilityZone"])
        for each in template["Resources"].values()
        if each["Type"] == "AWS::EC2::Subnet"
    }


def test_the_zones_are_those_named(tmp_path: Path) -> None:
    template = template_of(tmp_path, availabilityZones="eu-central-1a,eu-central-1c")

    assert zones(template) == {'"eu-central-1a"', '"eu-central-1c"'}


def test_zones_that_are_not_named_are_found_by_the_deployment_and_not_looked_up(
    stack: SynthesizedStack, tmp_path: Path
) -> None:
    for template in (stack.template, template_of(tmp_path)):
        assert {each.replace('"eu-central-1"', '""') for each in zones(template)} == {
            json.dumps({"Fn::Select": [place, {"Fn::GetAZs": ""}]}) for place in range(2)
        }


def test_the_way_out_is_as_the_setting_says_else_as_the_environments_scale(
    store: SynthesizedStack,
    store_qa: SynthesizedStack,
    store_prod: SynthesizedStack,
    store_nat_none: SynthesizedStack,
    store_nat_regional: SynthesizedStack,
) -> None:
    kind = "AWS::EC2::NatGateway"

    assert not store.all(kind)
    assert len(store_qa.all(kind)) == 1
    assert len(store_prod.all(kind)) == 2
    assert not store_nat_none.all(kind)
    assert store_nat_regional.properties(kind)["AvailabilityMode"] == "regional"


def test_a_regional_nat_gateway_waits_until_the_internet_is_attached(
    store_nat_regional: SynthesizedStack,
) -> None:
    ((_, gateway),) = store_nat_regional.all("AWS::EC2::NatGateway").items()
    (attachment,) = store_nat_regional.all("AWS::EC2::VPCGatewayAttachment")

    assert attachment in gateway["DependsOn"]


def test_without_a_way_out_an_endpoint_for_secrets_is_in_as_many_zones_as_the_scale_says(
    store: SynthesizedStack, store_qa: SynthesizedStack, store_nat_none: SynthesizedStack
) -> None:
    for stack, zones in ((store, [1]), (store_qa, []), (store_nat_none, [2])):
        endpoints = [each["Properties"] for each in stack.all("AWS::EC2::VPCEndpoint").values()]

        assert [len(each["SubnetIds"]) for each in endpoints if "SubnetIds" in each] == zones


def test_endpoints_serve_this_account_only(
    store: SynthesizedStack, store_qa: SynthesizedStack, store_nat_none: SynthesizedStack
) -> None:
    for stack, count in ((store, 2), (store_qa, 1), (store_nat_none, 2)):
        endpoints = stack.all("AWS::EC2::VPCEndpoint").values()

        assert len(endpoints) == count
        for each in endpoints:
            (statement,) = each["Properties"]["PolicyDocument"]["Statement"]
            (conditions,) = statement["Condition"].values()
            assert list(conditions.values()) == [ACCOUNT]
