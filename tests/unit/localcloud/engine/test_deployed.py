"""What exists is what the emulator has: APIs, distributions, user pools, buckets."""

import json
import uuid

import pytest

from localcloud.addresses import API, CDN, Address
from localcloud.engine.deployed import Deployed


def s3(path, host="127.0.0.1:4566", signed_for="s3"):
    """A request signed for a service."""
    scope = f"AWS4-HMAC-SHA256 Credential=k/20260101/us-east-1/{signed_for}/aws4_request"
    return {
        "method": "GET",
        "path": path,
        "query_string": b"",
        "headers": [(b"host", host.encode()), (b"authorization", scope.encode())],
    }


@pytest.mark.parametrize("kind", ["apigatewayv2", "apigateway"])
def test_an_api_exists_once_it_is_made(emulator, kind):
    client = emulator.client(kind)
    if kind == "apigateway":
        made = client.create_rest_api(name="api")["id"]
    else:
        made = client.create_api(Name="api", ProtocolType="HTTP")["ApiId"]

    assert Deployed().has(Address(API, made, "/"))
    assert not Deployed().has(Address(API, "none", "/"))


def test_a_user_pool_exists_once_it_is_made(emulator):
    made = emulator.client("cognito-idp").create_user_pool(PoolName="pool")["UserPool"]["Id"]

    assert Deployed().has_user_pool(made)
    assert not Deployed().has_user_pool("us-east-1_none")


def test_a_distribution_exists_by_the_first_label_of_its_name(emulator):
    origin = {
        "Id": "o",
        "DomainName": "example.com",
        "CustomOriginConfig": {
            "HTTPPort": 80,
            "HTTPSPort": 443,
            "OriginProtocolPolicy": "https-only",
        },
    }
    made = emulator.client("cloudfront").create_distribution(
        DistributionConfig={
            "CallerReference": "one",
            "Comment": "",
            "Enabled": True,
            "Origins": {"Quantity": 1, "Items": [origin]},
            "DefaultCacheBehavior": {
                "TargetOriginId": "o",
                "ViewerProtocolPolicy": "https-only",
                "ForwardedValues": {"QueryString": False, "Cookies": {"Forward": "none"}},
                "MinTTL": 0,
            },
        }
    )["Distribution"]

    assert Deployed().has(Address(CDN, made["DomainName"].split(".")[0], "/"))
    assert not Deployed().has(Address(CDN, "d0123456789abc", "/"))


def test_a_request_is_for_a_bucket_that_exists(emulator):
    emulator.client("s3").create_bucket(Bucket="here")

    assert Deployed().is_for_bucket(s3("/here/key"))
    assert not Deployed().is_for_bucket(s3("/gone/key"))
    assert not Deployed().is_for_bucket(s3("/here/key", signed_for="dynamodb"))


def test_an_output_is_that_of_a_stack_while_it_exists(emulator):
    stacks, name = emulator.client("cloudformation"), f"Shop{uuid.uuid4().hex[:8]}"
    template = {"Resources": {"Q": {"Type": "AWS::SQS::Queue"}}, "Outputs": {"Id": {"Value": "a1"}}}
    stacks.create_stack(StackName=f"{name}-dev", TemplateBody=json.dumps(template))
    emulator.settled(f"{name}-dev")

    found = Deployed().output(name, "Id")
    emulator.delete(f"{name}-dev")

    assert found == "a1"
    assert Deployed().output(name, "Id") is None
