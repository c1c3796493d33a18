"""`tap redrive`: bring dead letters back to their queue."""

import time
from typing import Any

from cli import project, targets
from cli.console import done, step, talk
from cli.errors import CliError
from cli.options import Aws, Context, Home, Yes

_BATCH = 10
_LOOK_SECONDS = 2.0
_UNDER_WAY = ("RUNNING", "CANCELLING")


def redrive(aws: Aws = False, yes: Yes = False, context: Context = None, home: Home = None) -> None:
    """Move every dead letter of the audit trail back to its queue.

    Each is then tried again. A letter is deleted only after its queue has taken it, so an
    interrupted run loses none, and it is safe to repeat: the audit trail holds a record once,
    however often its letter arrives. On AWS, SQS itself moves the letters.
    """
    target = targets.find(home, aws=aws, context=context)
    stack = target.stack(project.PARTNER)
    sqs = target.clients("sqs", read_timeout=30)
    dead, queue = stack.outputs["AuditDeadLetterQueueUrl"], stack.outputs["AuditQueueUrl"]
    target.confirm(f"redrive the dead letters of {stack.name}", yes=yes)
    # The emulator knows no message move task.
    moved = _let_sqs_move(sqs, dead) if aws else _move_all(sqs, dead, queue)
    done(f"{moved} dead letters moved back to their queue")


def _let_sqs_move(sqs: Any, dead: str) -> int:
    """Run a message move task, or wait for the one that runs: a queue takes one at a time."""
    wanted = ["QueueArn"]
    arn = sqs.get_queue_attributes(QueueUrl=dead, AttributeNames=wanted)["Attributes"]["QueueArn"]
    before = _last_task(sqs, arn)
    if running := before.get("Status") in _UNDER_WAY:
        talk.print("a move of these letters is under way already: waiting for its end")
    else:
        sqs.start_message_move_task(SourceArn=arn)
    with step("SQS moves the dead letters", "SQS has moved the dead letters"):
        while True:
            task = _last_task(sqs, arn)
            if task["Status"] not in _UNDER_WAY and (running or task != before):
                break
            time.sleep(_LOOK_SECONDS)
    if task["Status"] != "COMPLETED":
        why = task.get("FailureReason", "no reason was given")
        raise CliError(f"the move of the dead letters is {task['Status']}: {why}; repeat it")
    return int(task["ApproximateNumberOfMessagesMoved"])


def _last_task(sqs: Any, arn: str) -> dict[str, Any]:
    found: list[dict[str, Any]] = sqs.list_message_move_tasks(SourceArn=arn).get("Results", [])
    return found[0] if found else {}


def _move_all(sqs: Any, dead: str, queue: str) -> int:
    from rich.progress import Progress

    name = "ApproximateNumberOfMessages"
    counted = sqs.get_queue_attributes(QueueUrl=dead, AttributeNames=[name])["Attributes"][name]
    with Progress(console=talk.made, transient=True, disable=not talk.is_terminal) as progress:
        task = progress.add_task("Moving dead letters", total=int(counted))
        moved = 0
        while batch := _receive(sqs, dead):
            moved += _move(sqs, batch, dead, queue)
            progress.update(task, completed=moved, total=max(int(counted), moved))
    return moved


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
