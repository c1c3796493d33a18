"""S3 bucket for data."""

from collections.abc import Sequence
from typing import cast

from aws_cdk import CfnElement, Duration, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3
from constructs import Construct

from lib.acknowledgements import excuse
from lib.constructs.access_log_bucket import AccessLogBucket
from lib.constructs.encryption_key import EncryptionKey
from lib.environment import Environment
from lib.permissions import allow


class SecureBucket(s3.Bucket):
    """A bucket that only its owner reads, over TLS, and that leaves a trace of every access.

    Fixed: SSE-KMS with the stack's key and a bucket key, no public access, TLS 1.2 or newer, owner
    enforced, versioned, access logs in another bucket.
    Defaults: CloudFormation names it; non-current versions expire after 30 days, unfinished
    uploads after one day, current versions never unless a rule is added; no Object Lock; retained
    where data is kept, else emptied and deleted with the stack.
    Permissions: `allow_objects`, with `excuse_objects` on the policy that has it.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        access_logs: AccessLogBucket,
        bucket_name: str | None = None,
        lifecycle_rules: Sequence[s3.LifecycleRule] = (),
        noncurrent_versions: Duration | None = None,
        object_lock: s3.ObjectLockRetention | None = None,
    ) -> None:
        environment = Environment.of(scope)
        expiring = s3.LifecycleRule(
            noncurrent_version_expiration=noncurrent_versions or Duration.days(30),
            expired_object_delete_marker=True,
            abort_incomplete_multipart_upload_after=Duration.days(1),
        )
        super().__init__(
            scope,
            construct_id,
            bucket_name=bucket_name,
            encryption=s3.BucketEncryption.KMS,
            encryption_key=EncryptionKey.of(scope),
            bucket_key_enabled=True,
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
            enforce_ssl=True,
            minimum_tls_version=1.2,
            versioned=True,
            server_access_logs_bucket=access_logs,
            server_access_logs_prefix=f"{construct_id.lower()}/",
            object_lock_default_retention=object_lock,
            removal_policy=environment.removal_policy,
            auto_delete_objects=not environment.keeps_data,
            lifecycle_rules=[expiring, *lifecycle_rules],
        )
        excuse(self, "secure-bucket")

    def allow_objects(self, sid: str, prefix: str, *actions: str) -> iam.PolicyStatement:
        """Return the permission for `actions`, such as `s3:GetObject`, below `prefix`."""
        return allow(sid, *actions, on=self.arn_for_objects(f"{prefix}*"))

    def excuse_objects(self, policy: iam.ManagedPolicy, prefix: str) -> None:
        """Excuse a policy that allows something on all objects below `prefix`."""
        bucket = Stack.of(self).get_logical_id(cast("CfnElement", self.node.default_child))
        excuse(policy, "objects-below-a-prefix", bucket=bucket, prefix=prefix)
