"""Audit trail: an SQS queue, a Lambda function that writes, and an S3 bucket."""

from collections.abc import Mapping
from typing import Any

from aws_cdk import Duration
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_s3 as s3
from constructs import Construct

from lib.acknowledgements import acknowledge
from lib.constructs.access_log_bucket import AccessLogBucket
from lib.constructs.encryption_key import EncryptionKey
from lib.constructs.redriven_queue import RedrivenQueue
from lib.constructs.secure_bucket import SecureBucket
from lib.constructs.service_function import ServiceFunction
from lib.environment import Environment

_PREFIX = "api-logs/"
_RETENTION = Duration.days(90)
_WRITER_TIMEOUT = Duration.seconds(15)
_LONGEST_WAIT = Duration.seconds(5)
# As AWS advises: room for the writer to be throttled and tried again while a batch is out.
_VISIBILITY = Duration.seconds(6 * _WRITER_TIMEOUT.to_seconds() + _LONGEST_WAIT.to_seconds())
_WRITERS_AT_ONCE = 5  # new accounts may run ten functions at once: the API needs the others


class AuditTrail(Construct):
    """A record of every request, kept unchanged for 90 days, at the price of one message.

    A queue takes the records, a function writes them below `api-logs/` of a bucket.

    Fixed: encrypted with the given key, over TLS only. Nobody can write a record under a name that
    is taken; a version that is no longer current is kept as long as a record. A record that could
    not be written in five attempts waits in the dead-letter queue, which takes from this queue
    alone, for 14 days; `tap redrive` brings it back. Records go to infrequent access after 30 days
    and expire after 90.
    Defaults: where data is kept, retained and locked (Object Lock, governance) for those 90 days,
    and deleted by the lifecycle alone; else deleted with the stack.
    Permissions: `allow_sending` and `allow_checking`.

    Attributes:
        queue: Takes the records.
        dead_letters: Holds what could not be written.
        bucket: Holds the trail.
        writer: Writes it.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        environment: Environment,
        key: EncryptionKey,
        access_logs: AccessLogBucket,
    ) -> None:
        super().__init__(scope, construct_id)
        self.bucket = SecureBucket(
            self,
            "Logs",
            environment=environment,
            key=key,
            access_logs=access_logs,
            lifecycle_rules=[_lifecycle()],
            noncurrent_versions=_RETENTION,
            object_lock=(
                s3.ObjectLockRetention.governance(_RETENTION) if environment.keeps_data else None
            ),
        )
        self._deny_changes(forever=environment.keeps_data)
        queues = RedrivenQueue(
            self,
            "Unwritten",
            environment=environment,
            queue_name=f"tap-audit-{environment.suffix}",
            key=key,
            visibility_timeout=_VISIBILITY,
        )
        self.queue, self.dead_letters = queues.queue, queues.dead_letters
        self.writer = ServiceFunction(
            self,
            "Writer",
            environment=environment,
            service="audit_writer",
            function_name=f"tap-audit-writer-{environment.suffix}",
            key=key,
            settings={"LOGS_BUCKET_NAME": self.bucket.bucket_name},
            permissions=[
                iam.PolicyStatement(
                    sid="TakeRecords",
                    actions=[
                        "sqs:DeleteMessage",
                        "sqs:GetQueueAttributes",
                        "sqs:ReceiveMessage",
                    ],
                    resources=[self.queue.queue_arn],
                ),
                self.bucket.allow_objects("WriteTrail", _PREFIX, "s3:PutObject"),
                key.allow_use_via("s3", "sqs"),
            ],
            timeout=_WRITER_TIMEOUT,
        )
        # `SqsEventSource` would grant the role more than it needs.
        records = lambda_.EventSourceMapping(
            self,
            "Records",
            target=self.writer.lambda_function,
            event_source_arn=self.queue.queue_arn,
            batch_size=100,
            max_batching_window=_LONGEST_WAIT,
            max_concurrency=_WRITERS_AT_ONCE,
            report_batch_item_failures=True,
        )
        acknowledge(
            records,
            "Serverless-LambdaEventSourceMappingDestination",
            reason="A queue as source has no destinations: what fails goes to the queue's own "
            "dead-letter queue.",
        )
        self.bucket.acknowledge_objects(self.writer.policy, _PREFIX)

    def allow_sending(self) -> iam.PolicyStatement:
        """Return the permission to send records."""
        return iam.PolicyStatement(
            sid="Audit", actions=["sqs:SendMessage"], resources=[self.queue.queue_arn]
        )

    def allow_checking(self) -> iam.PolicyStatement:
        """Return the permission to see whether the queue is there."""
        return iam.PolicyStatement(
            sid="CheckAudit",
            actions=["sqs:GetQueueAttributes"],
            resources=[self.queue.queue_arn],
        )

    def _deny_changes(self, *, forever: bool) -> None:
        """Deny overwriting a record and, with `forever`, deleting it or shortening its lock.

        S3 takes nothing but `*` in If-None-Match. An upload in parts, which carries it only at its
        end, is refused as well: records are small. See
        https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes-enforce.html
        A bucket's policy does not bind its lifecycle, which still deletes. See
        https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-lock-managing.html
        """
        self._deny("OnlyNewNames", "s3:PutObject", only_if={"Null": {"s3:if-none-match": "true"}})
        if forever:
            self._deny(
                "NothingGoes",
                "s3:BypassGovernanceRetention",
                "s3:DeleteObject",
                "s3:DeleteObjectVersion",
            )

    def _deny(self, sid: str, *actions: str, only_if: Mapping[str, Any] | None = None) -> None:
        self.bucket.add_to_resource_policy(
            iam.PolicyStatement(
                sid=sid,
                effect=iam.Effect.DENY,
                principals=[iam.AnyPrincipal()],
                actions=list(actions),
                resources=[self.bucket.arn_for_objects(f"{_PREFIX}*")],
                conditions=only_if,
            )
        )


def _lifecycle() -> s3.LifecycleRule:
    return s3.LifecycleRule(
        prefix=_PREFIX,
        transitions=[
            s3.Transition(
                storage_class=s3.StorageClass.INFREQUENT_ACCESS,
                transition_after=Duration.days(30),
            )
        ],
        expiration=_RETENTION,
    )
