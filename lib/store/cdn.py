"""CloudFront distribution of the store."""

from typing import Any

from aws_cdk import Aws, CfnCondition, Duration, Fn, Stack
from aws_cdk import aws_apigatewayv2 as apigatewayv2
from aws_cdk import aws_certificatemanager as acm
from aws_cdk import aws_cloudfront as cloudfront
from aws_cdk import aws_cloudfront_origins as origins
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_iam as iam
from constructs import Construct

from lib.acknowledgements import excuse
from lib.constructs.access_log_bucket import AccessLogBucket
from lib.constructs.encryption_key import EncryptionKey
from lib.constructs.secure_bucket import SecureBucket
from lib.constructs.service_alarms import ServiceAlarms
from lib.environment import Environment
from lib.permissions import allow, arn_here
from lib.store.cdn_access_log import CdnAccessLog
from lib.store.origin_key import OriginKey
from lib.store.security_headers import SecurityHeaders
from lib.store.settings import StoreSettings

# S3 says 403 of an object that is not there, to whoever may not list the bucket. Error responses
# are the whole distribution's, and the API must keep its own: it says 404 and never 403.
_NOT_FOUND = cloudfront.ErrorResponse(
    http_status=403,
    response_http_status=404,
    response_page_path="/404.html",
    ttl=Duration.seconds(10),
)

_UNAVAILABLE = cloudfront.ErrorResponse(http_status=503, ttl=Duration.seconds(1))  # Retry-After
_STALE = Duration.seconds(5)  # how old the stock on a page of the shelf may be


class StoreCdn(Construct):
    """A CDN: pages from a bucket that only it can read, `/api/*` from the store's API.

    Fixed: HTTPS only; security headers with a strict content policy on every answer; compressed;
    `index.html` at the root, `404.html` for what is not there; the API gets the key that it asks
    for, and is not cached but for pages of the shelf, five seconds at most; requests logged where
    AWS can: `in_us_east_1`.
    Defaults: CloudFront's own host name, without a web ACL; both by `settings`.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        settings: StoreSettings,
        assets: SecureBucket,
        api: apigatewayv2.HttpApi,
        origin_key: OriginKey,
        access_logs: AccessLogBucket,
    ) -> None:
        super().__init__(scope, construct_id)
        self.in_us_east_1 = CfnCondition(
            self, "InUsEast1", expression=Fn.condition_equals(Aws.REGION, "us-east-1")
        )
        # CloudFront's names are the whole account's, of all regions together.
        name = f"{Environment.of(self).named('store')}-{Stack.of(self).region}"
        headers = SecurityHeaders(self, "SecurityHeaders", name=name)
        self.distribution = cloudfront.Distribution(
            self,
            "Distribution",
            comment=f"The store of {Stack.of(self).stack_name}",
            default_root_object="index.html",
            default_behavior=self._pages(assets, headers, name),
            additional_behaviors=self._calls(api, origin_key, headers, name),
            error_responses=[_NOT_FOUND, _UNAVAILABLE],
            http_version=cloudfront.HttpVersion.HTTP2_AND_3,
            web_acl_id=settings.web_acl_arn,
            **self._own_domain(settings),
        )
        self._allow_reading(assets)
        self.address = f"https://{settings.domain or self.distribution.domain_name}"
        CdnAccessLog(
            self,
            "AccessLog",
            distribution=self.distribution,
            bucket=access_logs,
            only_if=self.in_us_east_1,
        )
        excuse(self.distribution, "cdn")
        if not settings.domain:
            excuse(self.distribution, "cdn-without-a-domain")
        if not settings.web_acl_arn:
            excuse(self.distribution, "cdn-without-a-web-acl")

    def _pages(
        self, assets: SecureBucket, headers: SecurityHeaders, name: str
    ) -> cloudfront.BehaviorOptions:
        access = cloudfront.S3OriginAccessControl(
            self, "OriginAccess", origin_access_control_name=name
        )
        return cloudfront.BehaviorOptions(
            origin=origins.S3BucketOrigin.with_bucket_defaults(
                assets, origin_access_control_id=access.origin_access_control_id
            ),
            viewer_protocol_policy=cloudfront.ViewerProtocolPolicy.REDIRECT_TO_HTTPS,
            cache_policy=cloudfront.CachePolicy.CACHING_OPTIMIZED,
            response_headers_policy=headers,
            compress=True,
        )

    def _calls(
        self, api: apigatewayv2.HttpApi, key: OriginKey, headers: SecurityHeaders, name: str
    ) -> dict[str, cloudfront.BehaviorOptions]:
        common: dict[str, Any] = {
            "origin": origins.HttpOrigin(
                Fn.parse_domain_name(api.api_endpoint),
                protocol_policy=cloudfront.OriginProtocolPolicy.HTTPS_ONLY,
                origin_ssl_protocols=[cloudfront.OriginSslPolicy.TLS_V1_2],
                custom_headers=key.custom_headers(),
            ),
            "viewer_protocol_policy": cloudfront.ViewerProtocolPolicy.HTTPS_ONLY,
            "response_headers_policy": headers,
            "compress": True,
        }
        # CloudFront compresses what it caches. The API is sent what tells pages apart and nothing
        # else: whatever more a visitor sends cannot put another answer before the next one.
        shelf = cloudfront.CachePolicy(
            self,
            "Shelf",
            cache_policy_name=f"{name}-shelf",
            query_string_behavior=cloudfront.CacheQueryStringBehavior.allow_list("limit", "cursor"),
            min_ttl=Duration.seconds(1),
            default_ttl=_STALE,
            max_ttl=_STALE,
            enable_accept_encoding_gzip=True,
            enable_accept_encoding_brotli=True,
        )
        return {
            "/api/products": cloudfront.BehaviorOptions(cache_policy=shelf, **common),
            "/api/*": cloudfront.BehaviorOptions(
                allowed_methods=cloudfront.AllowedMethods.ALLOW_ALL,
                cache_policy=cloudfront.CachePolicy.CACHING_DISABLED,
                # API Gateway finds the API by its own host name.
                origin_request_policy=cloudfront.OriginRequestPolicy.ALL_VIEWER_EXCEPT_HOST_HEADER,
                **common,
            ),
        }

    def _own_domain(self, settings: StoreSettings) -> dict[str, Any]:
        if not settings.domain or not settings.certificate_arn:
            return {}
        return {
            "domain_names": [settings.domain],
            "certificate": acm.Certificate.from_certificate_arn(
                self, "Certificate", settings.certificate_arn
            ),
            "minimum_protocol_version": cloudfront.SecurityPolicyProtocol.TLS_V1_2_2021,
        }

    def _allow_reading(self, assets: SecureBucket) -> None:
        """Let this distribution alone read the bucket, and use the bucket's key for it."""
        # The key is made before the distribution that it serves can have an id, so its policy names
        # those of the account; the bucket's names the one. `with_origin_access_control` would do
        # the same and warn of it on the whole stack. The account is in the ARN: AWS documents no
        # `aws:SourceAccount` of CloudFront's, and one that does not come would refuse every page.
        cdn = iam.ServicePrincipal("cloudfront.amazonaws.com")
        this = {"StringEquals": {"aws:SourceArn": self.distribution.distribution_arn}}
        pages = assets.arn_for_objects("*")
        assets.add_to_resource_policy(
            allow("ReadByTheCdn", "s3:GetObject", on=pages, by=cdn, only_if=this)
        )
        any_of_ours = arn_here(self, "cloudfront", "distribution/*", region="")
        EncryptionKey.of(self).add_to_resource_policy(
            allow(
                "ReadByTheCdn",
                "kms:Decrypt",
                by=cdn,
                only_if={"ArnLike": {"aws:SourceArn": any_of_ours}},
            )
        )

    def watch(self, alarms: ServiceAlarms) -> None:
        """Watch for one request in a hundred that fails; CloudFront counts in us-east-1 only."""
        failed = cloudwatch.Metric(
            namespace="AWS/CloudFront",
            metric_name="5xxErrorRate",
            dimensions_map={
                "DistributionId": self.distribution.distribution_id,
                "Region": "Global",
            },
            statistic="Average",
            period=Duration.minutes(5),
        )
        alarms.watch("CdnServerErrors", failed, 1, only_if=self.in_us_east_1)
