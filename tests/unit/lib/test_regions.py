"""Two regions of one account can have the same environment."""

import json

import pytest

from tests.unit.synthesized import KINDS, SynthesizedStack

# What AWS holds unique for a whole account, or for all: by type, the property that is its name.
# IAM's names are the account's; buckets' and Cognito's domains everyone's (a domain: its region's).
NAMES = {
    "AWS::CloudFront::CachePolicy": ("CachePolicyConfig", "Name"),
    "AWS::CloudFront::OriginAccessControl": ("OriginAccessControlConfig", "Name"),
    "AWS::CloudFront::ResponseHeadersPolicy": ("ResponseHeadersPolicyConfig", "Name"),
    "AWS::IAM::ManagedPolicy": ("ManagedPolicyName",),
    "AWS::IAM::Role": ("RoleName",),
    "AWS::S3::Bucket": ("BucketName",),
}


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_unique_beyond_a_region_has_the_regions_name_or_cloudformations(
    kind: str, prod: SynthesizedStack
) -> None:
    stack = prod.other(kind)
    for resource_type, path in NAMES.items():
        for name, each in stack.all(resource_type).items():
            found = each["Properties"]
            for part in path:
                found = (found or {}).get(part)
            assert found is None or '{"Ref": "AWS::Region"}' in json.dumps(found), name


@pytest.mark.parametrize("kind", KINDS)
def test_no_stack_goes_to_a_region_of_its_own(kind: str, prod: SynthesizedStack) -> None:
    artifact = prod.other(kind).artifact

    assert artifact["environment"] == "aws://unknown-account/unknown-region"
