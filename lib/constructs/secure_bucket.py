"""A bucket for data."""

from collections.abc import Sequence

from aws_cdk import Duration
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from constructs import Construct

from lib.acknowledgements import acknowledge
from lib.constructs.access_log_bucket import AccessLogBucket
from lib.environment import Environment


class SecureBucket(s3.Bucket):
    """A bucket that only its owner reads, over TLS, and that leaves a trace of every access.

    Fixed: SSE-KMS with the given key and a bucket key, no public access, TLS 1.2 or newer, owner
    enforced, versioned, access logs in another bucket.
    Defaults: CloudFormation names it; non-current versions expire after 30 days, unfinished
    uploads after one day, current versions never unless a rule is added; no Object Lock; retained
    where data is kept, else emptied and deleted with the stack.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        environment: Environment,
        bucket_name: str | None = None,
        key: kms.IKey,
        access_logs: AccessLogBucket,
        cors: Sequence[s3.CorsRule] = (),
        lifecycle_rules: Sequence[s3.LifecycleRule] = (),
        noncurrent_versions: Duration | None = None,
        object_lock: s3.ObjectLockRetention | None = None,
    ) -> None:
        super().__init__(
            scope,
            construct_id,
            bucket_name=bucket_name,
            encryption=s3.BucketEncryption.KMS,
            encryption_key=key,
            bucket_key_enabled=True,
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
            enforce_ssl=True,
            minimum_tls_version=1.2,
            versioned=True,
            server_access_logs_bucket=access_logs,
            server_access_logs_prefix=f"{construct_id.lower()}/",
            cors=list(cors),
            object_lock_default_retention=object_lock,
            removal_policy=environment.removal_policy,
            auto_delete_objects=not environment.keeps_data,
            lifecycle_rules=[
                s3.LifecycleRule(
                    noncurrent_version_expiration=noncurrent_versions or Duration.days(30),
                    expired_object_delete_marker=True,
                    abort_incomplete_multipart_upload_after=Duration.days(1),
                ),
                *lifecycle_rules,
            ],
        )
        acknowledge(
            self,
            "HIPAA.Security-S3BucketReplicationEnabled",
            "NIST.800.53.R5-S3BucketReplicationEnabled",
            "PCI.DSS.321-S3BucketReplicationEnabled",
            reason="Data stays in one region by design; versions guard against overwriting.",
        )
