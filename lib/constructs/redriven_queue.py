"""SQS queue with a dead-letter queue."""

from typing import Any

from aws_cdk import Duration
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from lib.acknowledgements import excuse
from lib.constructs.encryption_key import EncryptionKey
from lib.environment import Environment
from lib.permissions import arn_here


class RedrivenQueue(Construct):
    """A queue and its dead-letter queue.

    Fixed: encrypted with the stack's key, over TLS only; a message that was taken five times in
    vain goes to the dead-letter queue, which takes from this queue alone; both keep messages 14
    days.
    Defaults: retained where data is kept, else deleted with the stack.
    """

    def __init__(
        self, scope: Construct, construct_id: str, *, queue_name: str, visibility_timeout: Duration
    ) -> None:
        super().__init__(scope, construct_id)
        of_both: dict[str, Any] = {
            "encryption": sqs.QueueEncryption.KMS,
            "encryption_master_key": EncryptionKey.of(self),
            "enforce_ssl": True,
            "retention_period": Duration.days(14),
            "removal_policy": Environment.of(self).removal_policy,
        }
        # Each queue names the other, so one of the two must be known by its name.
        source = sqs.Queue.from_queue_arn(self, "Source", arn_here(self, "sqs", queue_name))
        self.dead_letters = sqs.Queue(
            self,
            "DeadLetters",
            redrive_allow_policy=sqs.RedriveAllowPolicy(
                redrive_permission=sqs.RedrivePermission.BY_QUEUE, source_queues=[source]
            ),
            **of_both,
        )
        self.queue = sqs.Queue(
            self,
            "Queue",
            queue_name=queue_name,
            visibility_timeout=visibility_timeout,
            dead_letter_queue=sqs.DeadLetterQueue(queue=self.dead_letters, max_receive_count=5),
            **of_both,
        )
        excuse(self.dead_letters, "dead-letters")
