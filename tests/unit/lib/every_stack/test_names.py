"""Names and descriptions in each stack."""

import json
import re

from tests.unit.lib.every_stack.claim import is_the_cdks_own, properties
from tests.unit.lib.policies import REGION, resolved
from tests.unit.synthesized import KINDS, SynthesizedStack

# Their names are one for the account, whatever the region of the stack:
# https://docs.aws.amazon.com/cloudfront/latest/APIReference/API_ResponseHeadersPolicyConfig.html.
GLOBAL = {
    "AWS::CloudFront::CachePolicy": "CachePolicyConfig",
    "AWS::CloudFront::Function": "",
    "AWS::CloudFront::KeyGroup": "KeyGroupConfig",
    "AWS::CloudFront::KeyValueStore": "",
    "AWS::CloudFront::OriginAccessControl": "OriginAccessControlConfig",
    "AWS::CloudFront::OriginRequestPolicy": "OriginRequestPolicyConfig",
    "AWS::CloudFront::PublicKey": "PublicKeyConfig",
    "AWS::CloudFront::ResponseHeadersPolicy": "ResponseHeadersPolicyConfig",
}
NAMED_IF_AT_ALL = {
    "AWS::IAM::ManagedPolicy": "ManagedPolicyName",
    "AWS::IAM::Role": "RoleName",
    "AWS::S3::Bucket": "BucketName",
}


def test_a_name_that_all_regions_share_holds_the_region_and_the_environment(
    stack: SynthesizedStack,
) -> None:
    names = [
        resolved((each["Properties"][config] if config else each["Properties"])["Name"])
        for kind, config in GLOBAL.items()
        for each in stack.all(kind).values()
    ] + [
        resolved(each["Properties"][name])
        for kind, name in NAMED_IF_AT_ALL.items()
        for each in stack.all(kind).values()
        if name in each.get("Properties", {})
    ]

    assert names or stack.kind == "PartnerApiStack"
    for name in names:
        assert REGION in name
        assert stack.suffix in name.split("-")


def test_the_longest_suffix_in_the_longest_region_fits_the_name_of_an_origin_access_control() -> (
    None
):
    assert len(f"tap-store-{'s' * 16}-us-isof-south-1") <= 64


def test_every_output_key_plan_and_secret_says_what_it_is_for(stack: SynthesizedStack) -> None:
    kinds = (
        "AWS::ApiGateway::ApiKey",
        "AWS::ApiGateway::UsagePlan",
        "AWS::KMS::Key",
        "AWS::SecretsManager::Secret",
    )
    described = {
        name: each["Properties"] for kind in kinds for name, each in stack.all(kind).items()
    } | stack.template["Outputs"]

    assert len(described) > 10
    assert not [name for name, each in described.items() if not each.get("Description")]


def test_no_physical_name_is_that_of_another_stack(dev: SynthesizedStack) -> None:
    names = [
        set(re.findall(r'"(?:\w*Name|Name)": "([^"$]+-dev[^"]*)"', json.dumps(stack.template)))
        for stack in map(dev.other, KINDS)
    ]

    assert all(names)
    assert sum(map(len, names)) == len(set.union(*names))


def test_the_stack_and_its_resources_are_tagged(stack: SynthesizedStack) -> None:
    assert set(stack.artifact["properties"]["tags"]) == {"Author", "Environment", "Repository"}
    for kind in ("AWS::KMS::Key", "AWS::Lambda::Function", "AWS::S3::Bucket"):
        for name, each in properties(stack, kind).items():
            tags = {tag["Key"]: tag["Value"] for tag in each.get("Tags", [])}
            assert tags.get("Environment") == stack.suffix or is_the_cdks_own(stack, name), name
