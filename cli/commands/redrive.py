"""`tap redrive`: bring dead letters back to their queue."""

from typing import Any

from rich.progress import Progress

from cli import deployment
from cli.commands.options import Home, running_cloud
from cli.console import done, talk

_BATCH = 10


def redrive(home: Home = None) -> None:
    """Move every dead letter of the audit trail back to its queue, where it is tried again.

    A letter is deleted only after its queue has taken it, so an interrupted run loses none, and it
    is safe to repeat: the audit trail holds a record once, however often its letter arrives.
    """
    cloud = running_cloud(home)
    outputs = deployment.find_stack(cloud, "PartnerApiStack").outputs
    sqs = cloud.client("sqs", read_timeout=30)
    dead, queue = outputs["AuditDeadLetterQueueUrl"], outputs["AuditQueueUrl"]
    counted = sqs.get_queue_attributes(
        QueueUrl=dead, AttributeNames=["ApproximateNumberOfMessages"]
    )["Attributes"]["ApproximateNumberOfMessages"]
    with Progress(console=talk, transient=True, disable=not talk.is_terminal) as progress:
        task = progress.add_task("Moving dead letters", total=int(counted))
        moved = 0
        while batch := _receive(sqs, dead):
            moved += _move(sqs, batch, dead, queue)
            progress.update(task, completed=moved, total=max(int(counted), moved))
    done(f"{moved} dead letters moved back to their queue")


def _receive(sqs: Any, dead: str) -> list[dict[str, Any]]:
    answer = sqs.receive_message(
        QueueUrl=dead,
        MaxNumberOfMessages=_BATCH,
        MessageAttributeNames=["All"],
        WaitTimeSeconds=1,
        VisibilityTimeout=60,
    )
    found: list[dict[str, Any]] = answer.get("Messages", [])
    return found


def _move(sqs: Any, batch: list[dict[str, Any]], dead: str, queue: str) -> int:
    entries = [
        {
            "Id": str(number),
            "MessageBody": message["Body"],
            "MessageAttributes": message.get("MessageAttributes", {}),
        }
        for number, message in enumerate(batch)
    ]
    sent = sqs.send_message_batch(QueueUrl=queue, Entries=entries).get("Successful", [])
    taken = [
        {"Id": entry["Id"], "ReceiptHandle": batch[int(entry["Id"])]["ReceiptHandle"]}
        for entry in sent
    ]
    if taken:
        sqs.delete_message_batch(QueueUrl=dead, Entries=taken)
    return len(taken)
