"""SQS queue with a dead-letter queue."""

from aws_cdk import ArnFormat, Duration, Stack
from aws_cdk import aws_kms as kms
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from lib.acknowledgements import acknowledge
from lib.environment import Environment

_ATTEMPTS = 5
_KEPT = Duration.days(14)


class RedrivenQueue(Construct):
    """A queue and its dead-letter queue.

    Fixed: encrypted with the given key, over TLS only; a message that was taken five times in vain
    goes to the dead-letter queue, which takes from this queue alone; both keep messages 14 days.
    Defaults: retained where data is kept, else deleted with the stack.

    Attributes:
        queue: The queue.
        dead_letters: Holds what failed.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        environment: Environment,
        queue_name: str,
        key: kms.IKey,
        visibility_timeout: Duration,
    ) -> None:
        super().__init__(scope, construct_id)
        # Each queue names the other, so one of the two must be known by its name.
        source = sqs.Queue.from_queue_arn(
            self,
            "Source",
            Stack.of(self).format_arn(
                service="sqs", resource=queue_name, arn_format=ArnFormat.NO_RESOURCE_NAME
            ),
        )
        self.dead_letters = sqs.Queue(
            self,
            "DeadLetters",
            encryption=sqs.QueueEncryption.KMS,
            encryption_master_key=key,
            enforce_ssl=True,
            retention_period=_KEPT,
            removal_policy=environment.removal_policy,
            redrive_allow_policy=sqs.RedriveAllowPolicy(
                redrive_permission=sqs.RedrivePermission.BY_QUEUE, source_queues=[source]
            ),
        )
        self.queue = sqs.Queue(
            self,
            "Queue",
            queue_name=queue_name,
            encryption=sqs.QueueEncryption.KMS,
            encryption_master_key=key,
            enforce_ssl=True,
            retention_period=_KEPT,
            visibility_timeout=visibility_timeout,
            removal_policy=environment.removal_policy,
            dead_letter_queue=sqs.DeadLetterQueue(
                queue=self.dead_letters, max_receive_count=_ATTEMPTS
            ),
        )
        acknowledge(
            self.dead_letters,
            "Serverless-SQSRedrivePolicy",
            reason="It is the dead-letter queue; what is in it raises an alarm.",
        )
