"""S3 bucket for access logs."""

from aws_cdk import Duration
from aws_cdk import aws_s3 as s3
from constructs import Construct

from lib.acknowledgements import excuse, excuse_cdk_function
from lib.environment import Environment


class AccessLogBucket(s3.Bucket):
    """A bucket that receives the access logs of the stack's other buckets.

    Fixed: no public access, TLS only, owner enforced, versioned, encrypted with S3's own keys
    (S3 cannot deliver access logs to a bucket with SSE-KMS). It never logs to itself.
    Defaults: logs expire as `logRetention` says; emptied and deleted with the stack where data is
    thrown away.
    """

    def __init__(self, scope: Construct, construct_id: str) -> None:
        environment = Environment.of(scope)
        keeps_data, days = environment.keeps_data, environment.log_days
        expiring = s3.LifecycleRule(
            expiration=Duration.days(days) if days else None,
            noncurrent_version_expiration=Duration.days(30 if keeps_data else 1),
            abort_incomplete_multipart_upload_after=Duration.days(1),
        )
        super().__init__(
            scope,
            construct_id,
            encryption=s3.BucketEncryption.S3_MANAGED,
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
            enforce_ssl=True,
            minimum_tls_version=1.2,
            versioned=True,
            removal_policy=environment.removal_policy,
            auto_delete_objects=not keeps_data,
            lifecycle_rules=[expiring],
        )
        excuse(self, "access-log-bucket")
        if not keeps_data:
            # One function for all of the stack's buckets.
            task = "once, to empty a bucket that goes with its stack"
            excuse_cdk_function(self, "S3AutoDeleteObjects", task=task)
