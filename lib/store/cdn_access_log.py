"""Access log of a CloudFront distribution."""

from aws_cdk import CfnCondition, Stack
from aws_cdk import aws_cloudfront as cloudfront
from aws_cdk import aws_iam as iam
from aws_cdk import aws_logs as logs
from constructs import Construct, IConstruct

from lib.constructs.access_log_bucket import AccessLogBucket
from lib.permissions import allow, arn_here


class CdnAccessLog(Construct):
    """CloudFront's standard log, version 2: JSON lines below `AWSLogs/` of a log bucket.

    Fixed: the bucket takes them from this account's deliveries only, and needs no ACLs; only in
    us-east-1 (`only_if`), as elsewhere AWS takes no delivery of CloudFront's.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        distribution: cloudfront.Distribution,
        bucket: AccessLogBucket,
        only_if: CfnCondition,
    ) -> None:
        super().__init__(scope, construct_id)
        name = f"{Stack.of(self).stack_name}-cdn"
        source = logs.CfnDeliverySource(
            self,
            "Source",
            name=name,
            log_type="ACCESS_LOGS",
            resource_arn=distribution.distribution_arn,
        )
        destination = logs.CfnDeliveryDestination(
            self,
            "Destination",
            name=name,
            destination_resource_arn=bucket.bucket_arn,
            output_format="json",
        )
        delivery = logs.CfnDelivery(
            self,
            "Delivery",
            delivery_source_name=source.name,
            delivery_destination_arn=destination.attr_arn,
        )
        delivery.node.add_dependency(source, _allow_delivery(bucket, name))
        for each in (source, destination, delivery):
            each.cfn_options.condition = only_if


def _allow_delivery(bucket: AccessLogBucket, source: str) -> IConstruct:
    """Let the log service write to `bucket`; return what must be there before it is tried."""
    account = Stack.of(bucket).account
    bucket.add_to_resource_policy(
        allow(
            "DeliverCdnLog",
            "s3:PutObject",
            on=bucket.arn_for_objects(f"AWSLogs/{account}/*"),
            by=iam.ServicePrincipal("delivery.logs.amazonaws.com"),
            only_if={
                "StringEquals": {
                    "s3:x-amz-acl": "bucket-owner-full-control",
                    "aws:SourceAccount": account,
                },
                "ArnLike": {"aws:SourceArn": arn_here(bucket, "logs", f"delivery-source:{source}")},
            },
        )
    )
    return bucket.node.find_child("Policy")
