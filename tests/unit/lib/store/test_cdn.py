"""The CDN before the store's pages and API."""

import json

from lib.store import origin_key
from services.shared.http.errors import Unavailable
from services.shared.http.responses import failure
from services.store_api import cdn
from tests.unit.synthesized import ROOT, Json, SynthesizedStack


def of_key(stack: SynthesizedStack, sid: str) -> Json:
    (found,) = (
        each
        for each in stack.properties("AWS::KMS::Key")["KeyPolicy"]["Statement"]
        if each.get("Sid") == sid
    )
    statement: Json = found
    return statement


def distribution(stack: SynthesizedStack) -> Json:
    config: Json = stack.properties("AWS::CloudFront::Distribution")["DistributionConfig"]
    return config


def test_the_cdn_speaks_https_only_and_caches_nothing_of_the_api_but_the_shelf(
    stack: SynthesizedStack,
) -> None:
    pages = distribution(stack)["DefaultCacheBehavior"]
    shelf, api = distribution(stack)["CacheBehaviors"]

    assert distribution(stack)["DefaultRootObject"] == "index.html"
    assert pages["ViewerProtocolPolicy"] == "redirect-to-https"
    assert pages["Compress"] is True
    assert (api["PathPattern"], api["ViewerProtocolPolicy"]) == ("/api/*", "https-only")
    assert api["CachePolicyId"] == "4135ea2d-6df8-44a3-9df3-4b5a84be39ad"  # CachingDisabled
    assert "POST" in api["AllowedMethods"]
    assert pages["ResponseHeadersPolicyId"] == api["ResponseHeadersPolicyId"]
    assert shelf["PathPattern"] == "/api/products"
    assert shelf["TargetOriginId"] == api["TargetOriginId"]
    assert shelf["ResponseHeadersPolicyId"] == api["ResponseHeadersPolicyId"]


def test_a_page_of_the_shelf_is_compressed_and_seconds_old_at_most(
    stack: SynthesizedStack,
) -> None:
    shelf, _ = distribution(stack)["CacheBehaviors"]
    policy = stack.properties("AWS::CloudFront::CachePolicy")["CachePolicyConfig"]
    parts = policy["ParametersInCacheKeyAndForwardedToOrigin"]

    # AWS compresses what it caches, of a minimum time to live above 0, by policies that say so:
    # https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/ServingCompressedFiles.html
    assert shelf["Compress"] is True
    assert parts["EnableAcceptEncodingGzip"] is True
    assert parts["EnableAcceptEncodingBrotli"] is True
    assert (policy["MinTTL"], policy["DefaultTTL"], policy["MaxTTL"]) == (1, 5, 5)


def test_an_answer_that_is_cached_depends_on_nothing_that_tells_no_page_from_another(
    stack: SynthesizedStack,
) -> None:
    shelf, _ = distribution(stack)["CacheBehaviors"]
    policy = stack.properties("AWS::CloudFront::CachePolicy")["CachePolicyConfig"]
    parts = policy["ParametersInCacheKeyAndForwardedToOrigin"]

    assert "OriginRequestPolicyId" not in shelf
    assert parts["QueryStringsConfig"] == {
        "QueryStringBehavior": "whitelist",
        "QueryStrings": ["limit", "cursor"],
    }
    assert parts["HeadersConfig"] == {"HeaderBehavior": "none"}
    assert parts["CookiesConfig"] == {"CookieBehavior": "none"}


def test_every_behaviour_takes_https_alone_and_a_page_may_be_redirected_to_it(
    stack: SynthesizedStack,
) -> None:
    config = distribution(stack)

    policies = {
        each.get("PathPattern"): each["ViewerProtocolPolicy"]
        for each in (config["DefaultCacheBehavior"], *config["CacheBehaviors"])
    }
    assert policies == {
        None: "redirect-to-https",
        "/api/products": "https-only",
        "/api/*": "https-only",
    }
    assert config["HttpVersion"] == "http2and3"


def test_the_cdn_reaches_every_origin_over_new_tls_alone(stack: SynthesizedStack) -> None:
    pages, api = distribution(stack)["Origins"]

    # A bucket with origin access control is reached as the viewer came, which is HTTPS alone.
    assert pages["S3OriginConfig"] == {"OriginAccessIdentity": ""}
    assert "CustomOriginConfig" not in pages
    assert api["CustomOriginConfig"]["OriginProtocolPolicy"] == "https-only"
    assert api["CustomOriginConfig"]["OriginSSLProtocols"] == ["TLSv1.2"]


def test_the_cdn_proves_itself_to_the_api_and_to_nothing_else(stack: SynthesizedStack) -> None:
    pages, api = distribution(stack)["Origins"]
    secrets = stack.all("AWS::SecretsManager::Secret")
    [secret] = (name for name in secrets if name.startswith("OriginKey"))

    [header] = api["OriginCustomHeaders"]
    assert header["HeaderName"] == origin_key.HEADER == cdn.HEADER
    assert header["HeaderValue"] == {
        "Fn::Join": [
            "",
            ["{{resolve:secretsmanager:", {"Ref": secret}, ":SecretString:::}}"],
        ]
    }
    assert "OriginCustomHeaders" not in pages
    variables = stack.function("store_api")["Environment"]["Variables"]
    assert variables["ORIGIN_KEY_ARN"] == {"Ref": secret}
    assert json.dumps(stack.template).count("{{resolve:secretsmanager:") == 1


def test_the_cdns_key_is_random_long_and_encrypted(stack: SynthesizedStack) -> None:
    [secret] = (
        each["Properties"]
        for name, each in stack.all("AWS::SecretsManager::Secret").items()
        if name.startswith("OriginKey")
    )

    assert secret["GenerateSecretString"] == {"PasswordLength": 64, "ExcludePunctuation": True}


def test_only_what_s3_says_of_a_missing_page_is_answered_with_a_page(
    stack: SynthesizedStack,
) -> None:
    pages = distribution(stack)["CustomErrorResponses"]

    assert [each for each in pages if "ResponsePagePath" in each] == [
        {
            "ErrorCode": 403,
            "ResponseCode": 404,
            "ResponsePagePath": "/404.html",
            "ErrorCachingMinTTL": 10,
        }
    ]
    assert (ROOT / "web/store/404.html").exists()


def test_a_store_that_is_back_is_not_hidden_behind_a_503_that_the_cdn_kept(
    stack: SynthesizedStack,
) -> None:
    errors = distribution(stack)["CustomErrorResponses"]
    retry_after = failure(Unavailable(), {"request_id": "r"})["headers"]["retry-after"]

    assert {"ErrorCode": 503, "ErrorCachingMinTTL": int(retry_after)} in errors


def test_every_answer_carries_a_strict_content_policy_and_no_trace_of_the_key(
    stack: SynthesizedStack,
) -> None:
    headers = stack.properties("AWS::CloudFront::ResponseHeadersPolicy")[
        "ResponseHeadersPolicyConfig"
    ]
    security = headers["SecurityHeadersConfig"]
    policy = security["ContentSecurityPolicy"]["ContentSecurityPolicy"]

    assert policy.startswith("default-src 'self';")
    assert "unsafe" not in policy
    assert "*" not in policy
    assert security["StrictTransportSecurity"]["AccessControlMaxAgeSec"] == 63072000
    assert security["FrameOptions"]["FrameOption"] == "DENY"
    removed = {each["Header"] for each in headers["RemoveHeadersConfig"]["Items"]}
    assert "x-amz-server-side-encryption-aws-kms-key-id" in removed


def test_only_this_cdn_reads_the_assets(stack: SynthesizedStack) -> None:
    (policy,) = (
        each["Properties"]["PolicyDocument"]["Statement"]
        for each in stack.all("AWS::S3::BucketPolicy").values()
        if each["Properties"]["Bucket"] == stack.ref("Assets")
    )
    readers = [
        each
        for each in policy
        if each["Effect"] == "Allow" and "AutoDelete" not in json.dumps(each["Principal"])
    ]
    (cdn,) = stack.all("AWS::CloudFront::Distribution")

    (reader,) = readers
    assert reader["Principal"] == {"Service": "cloudfront.amazonaws.com"}
    assert reader["Action"] == "s3:GetObject"
    assert cdn in json.dumps(reader["Condition"]["StringEquals"]["aws:SourceArn"])
    key = of_key(stack, "ReadByTheCdn")
    assert key["Action"] == "kms:Decrypt"
    # CloudFront is not documented to tell its account; the distributions' ARNs hold it.
    assert list(key["Condition"]) == ["ArnLike"]
    assert list(key["Condition"]["ArnLike"]) == ["aws:SourceArn"]
    origin, _ = distribution(stack)["Origins"]
    assert "OriginAccessControlId" in origin


def test_the_cdn_serves_the_assets_and_not_the_logs(stack: SynthesizedStack) -> None:
    origins = json.dumps(distribution(stack)["Origins"])

    assert stack.id_of("Assets") in origins
    assert stack.id_of("AccessLogs") not in origins


def test_the_cdns_log_and_alarm_are_only_where_aws_has_them(
    store_prod: SynthesizedStack,
) -> None:
    conditions = store_prod.template["Conditions"]
    here = {
        name
        for name, each in conditions.items()
        if each == {"Fn::Equals": [{"Ref": "AWS::Region"}, "us-east-1"]}
    }
    kinds = (
        "AWS::Logs::DeliverySource",
        "AWS::Logs::DeliveryDestination",
        "AWS::Logs::Delivery",
    )

    found = [each for kind in kinds for each in store_prod.all(kind).values()]
    found += [
        each
        for name, each in store_prod.all("AWS::CloudWatch::Alarm").items()
        if "CdnServerErrors" in name
    ]
    assert len(found) == 4
    assert {each["Condition"] for each in found} == here


def test_a_domain_of_the_stores_own_raises_tls(
    store: SynthesizedStack, store_prod: SynthesizedStack
) -> None:
    own = distribution(store_prod)

    assert own["Aliases"] == ["shop.example.com"]
    assert own["ViewerCertificate"]["MinimumProtocolVersion"] == "TLSv1.2_2021"
    assert store_prod.template["Outputs"]["StoreUrl"]["Value"] == "https://shop.example.com"
    assert "Aliases" not in distribution(store)
