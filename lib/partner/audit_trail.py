"""Audit trail: an SQS queue, a Lambda function that writes, and an S3 bucket."""

from typing import Any

from aws_cdk import Duration
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from lib.acknowledgements import excuse
from lib.constructs.access_log_bucket import AccessLogBucket
from lib.constructs.encryption_key import EncryptionKey
from lib.constructs.secure_bucket import SecureBucket
from lib.constructs.service_alarms import ServiceAlarms
from lib.constructs.service_function import ServiceFunction
from lib.environment import Environment
from lib.permissions import allow, arn_here, deny

_PREFIX = "api-logs/"
_RETENTION = Duration.days(90)
_WRITER_TIMEOUT = Duration.seconds(15)
_LONGEST_WAIT = Duration.seconds(5)
# As AWS advises: room for the writer to be throttled and tried again while a batch is out.
_VISIBILITY = Duration.seconds(6 * _WRITER_TIMEOUT.to_seconds() + _LONGEST_WAIT.to_seconds())
_WRITERS_AT_ONCE = 5  # new accounts may run ten functions at once: the API needs the others
_LIFECYCLE = s3.LifecycleRule(
    prefix=_PREFIX,
    transitions=[
        s3.Transition(
            storage_class=s3.StorageClass.INFREQUENT_ACCESS, transition_after=Duration.days(30)
        )
    ],
    expiration=_RETENTION,
)


class AuditTrail(Construct):
    """A record of every request, kept unchanged for 90 days, at the price of one message.

    `queue` takes the records, `writer` writes them below `api-logs/` of `bucket`, `dead_letters`
    holds what could not be written.

    Fixed: encrypted with the stack's key, over TLS only. Nobody can write a record under a name
    that is taken; a version that is no longer current is kept as long as a record. A record that
    could not be written in five attempts waits for 14 days in the dead-letter queue, which takes
    from that queue alone; `tap redrive` brings it back. Records go to infrequent access after 30
    days and expire after 90.
    Defaults: where data is kept, retained and locked (Object Lock, governance) for those 90 days,
    and deleted by the lifecycle alone; else deleted with the stack.
    Permissions: `allow_sending` and `allow_checking`.
    """

    def __init__(
        self, scope: Construct, construct_id: str, *, access_logs: AccessLogBucket
    ) -> None:
        super().__init__(scope, construct_id)
        environment = Environment.of(self)
        locked = s3.ObjectLockRetention.governance(_RETENTION) if environment.keeps_data else None
        self.bucket = SecureBucket(
            self,
            "Logs",
            access_logs=access_logs,
            lifecycle_rules=[_LIFECYCLE],
            noncurrent_versions=_RETENTION,
            object_lock=locked,
        )
        self._deny_changes(forever=environment.keeps_data)
        self._add_queues(Construct(self, "Unwritten"), environment)
        take = ["sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage"]
        self.writer = ServiceFunction(
            self,
            "Writer",
            service="audit_writer",
            name="audit-writer",
            settings={"LOGS_BUCKET_NAME": self.bucket.bucket_name},
            permissions=[
                allow("TakeRecords", *take, on=self.queue.queue_arn),
                self.bucket.allow_objects("WriteTrail", _PREFIX, "s3:PutObject"),
                EncryptionKey.of(self).allow_use_via("s3", "sqs"),
            ],
            timeout=_WRITER_TIMEOUT,
        )
        self.bucket.excuse_objects(self.writer.policy, _PREFIX)
        self._call_writer()

    def _add_queues(self, scope: Construct, environment: Environment) -> None:
        name = environment.named("audit")
        of_both: dict[str, Any] = {
            "encryption": sqs.QueueEncryption.KMS,
            "encryption_master_key": EncryptionKey.of(self),
            "enforce_ssl": True,
            "retention_period": Duration.days(14),
            "removal_policy": environment.removal_policy,
        }
        # Each queue names the other, so one of the two must be known by its name.
        source = sqs.Queue.from_queue_arn(scope, "Source", arn_here(self, "sqs", name))
        self.dead_letters = sqs.Queue(
            scope,
            "DeadLetters",
            redrive_allow_policy=sqs.RedriveAllowPolicy(
                redrive_permission=sqs.RedrivePermission.BY_QUEUE, source_queues=[source]
            ),
            **of_both,
        )
        self.queue = sqs.Queue(
            scope,
            "Queue",
            queue_name=name,
            visibility_timeout=_VISIBILITY,
            dead_letter_queue=sqs.DeadLetterQueue(queue=self.dead_letters, max_receive_count=5),
            **of_both,
        )
        excuse(self.dead_letters, "dead-letters")

    def _call_writer(self) -> None:
        """Let the queue call the writer; `SqsEventSource` would grant its role more than needed."""
        records = lambda_.EventSourceMapping(
            self,
            "Records",
            target=self.writer.live,
            event_source_arn=self.queue.queue_arn,
            batch_size=1_000,
            max_batching_window=_LONGEST_WAIT,
            max_concurrency=_WRITERS_AT_ONCE,
            report_batch_item_failures=True,
        )
        excuse(records, "queue-as-source")

    def allow_sending(self) -> iam.PolicyStatement:
        """Return the permission to send records."""
        return allow("Audit", "sqs:SendMessage", on=self.queue.queue_arn)

    def allow_checking(self) -> iam.PolicyStatement:
        """Return the permission to see whether the queue is there."""
        return allow("CheckAudit", "sqs:GetQueueAttributes", on=self.queue.queue_arn)

    def watch(self, alarms: ServiceAlarms, *, sender: ServiceFunction) -> None:
        """Watch for records not written, waiting for five minutes, or that no queue took."""
        unwritten = self.dead_letters.metric_approximate_number_of_messages_visible
        oldest = self.queue.metric_approximate_age_of_oldest_message
        alarms.watch("AuditDeadLetters", unwritten(statistic="Maximum"), 1)
        alarms.watch("AuditAgeSeconds", oldest(statistic="Maximum"), 300)
        alarms.watch("AuditUndelivered", sender.metric("AuditUndelivered"), 1)

    def _deny_changes(self, *, forever: bool) -> None:
        """Deny overwriting a record and, with `forever`, deleting it or shortening its lock."""
        # S3 takes nothing but `*` in If-None-Match. An upload in parts, which carries it only at
        # its end, is refused as well: records are small. See
        # https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes-enforce.html
        # A bucket's policy does not bind its lifecycle, which still deletes. See
        # https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-lock-managing.html
        records = {"on": self.bucket.arn_for_objects(f"{_PREFIX}*"), "by": iam.AnyPrincipal()}
        unconditional = {"Null": {"s3:if-none-match": "true"}}
        self.bucket.add_to_resource_policy(
            deny("OnlyNewNames", "s3:PutObject", only_if=unconditional, **records)
        )
        if forever:
            goes = ["s3:BypassGovernanceRetention", "s3:DeleteObject", "s3:DeleteObjectVersion"]
            self.bucket.add_to_resource_policy(deny("NothingGoes", *goes, **records))
