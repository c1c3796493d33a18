"""The web ACL before the CDN, and where AWS has it."""

import pytest
from aws_cdk import App, Environment

from lib.context import SettingError
from lib.ecommerce_stack import EcommerceStack
from tests.unit.lib.store.test_cdn import distribution
from tests.unit.synthesized import SynthesizedStack, context


def test_a_web_acl_guards_the_cdn_when_asked_and_logs_no_keys_of_orders(
    store: SynthesizedStack, store_prod: SynthesizedStack
) -> None:
    acl = store_prod.properties("AWS::WAFv2::WebACL")
    logging = store_prod.properties("AWS::WAFv2::LoggingConfiguration")

    assert acl["Scope"] == "CLOUDFRONT"
    assert [each["Priority"] for each in acl["Rules"]] == [0, 1, 2, 3]
    names = {each["SingleHeader"]["Name"] for each in logging["RedactedFields"]}
    assert "idempotency-key" in names
    (acl_id,) = store_prod.all("AWS::WAFv2::WebACL")
    assert distribution(store_prod)["WebACLId"] == {"Fn::GetAtt": [acl_id, "Arn"]}
    assert "Condition" not in store_prod.all("AWS::WAFv2::WebACL")[acl_id]
    assert not store.all("AWS::WAFv2::WebACL")
    assert "WebACLId" not in distribution(store)


@pytest.mark.parametrize(("region", "told"), [("eu-central-1", ""), (None, "eu-central-1")])
def test_a_web_acl_outside_us_east_1_is_refused_at_synthesis_in_one_line(
    region: str | None, told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CDK_DEFAULT_REGION", told)
    app = App(context=context(storeFirewall="true"))

    with pytest.raises(SettingError) as refusal:
        EcommerceStack(app, "Store", env=Environment(region=region))

    assert str(refusal.value).startswith("storeFirewall: the store goes to eu-central-1, but AWS")
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize(
    ("firewall", "region", "told"),
    [
        ("true", "us-east-1", "eu-central-1"),
        ("true", None, "us-east-1"),
        ("false", "eu-west-1", ""),
    ],
)
def test_a_store_that_aws_can_guard_or_need_not_is_taken(
    firewall: str, region: str | None, told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CDK_DEFAULT_REGION", told)

    EcommerceStack(
        App(context=context(storeFirewall=firewall)), "Store", env=Environment(region=region)
    )


def test_a_web_acl_whose_region_nobody_knows_at_synthesis_fails_a_deployment_by_name(
    store: SynthesizedStack, store_prod: SynthesizedStack
) -> None:
    (rule,) = (each for name, each in store_prod.template["Rules"].items() if "InUsEast1" in name)
    (assertion,) = rule["Assertions"]

    assert assertion["Assert"] == {"Fn::Equals": [{"Ref": "AWS::Region"}, "us-east-1"]}
    assert assertion["AssertDescription"].startswith("storeFirewall: ")
    assert "RuleCondition" not in rule
    assert not [name for name in store.template["Rules"] if "InUsEast1" in name]
