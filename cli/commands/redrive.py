"""`tap redrive`: bring dead letters back to their queue."""

import time
from collections.abc import Iterator
from typing import Any

from cli import project, targets
from cli.console import done, step, talk
from cli.errors import CliError
from cli.options import Aws, Context, Home, Yes

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
    arn = _attribute(sqs, dead, "QueueArn")
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

    total = int(_attribute(sqs, dead, "ApproximateNumberOfMessages"))
    with Progress(console=talk.made, transient=True, disable=not talk.is_terminal) as progress:
        task = progress.add_task("Moving dead letters", total=total)
        moved = 0
        for letter in _letters(sqs, dead):
            attributes = letter.get("MessageAttributes", {})
            sqs.send_message(
                QueueUrl=queue, MessageBody=letter["Body"], MessageAttributes=attributes
            )
            sqs.delete_message(QueueUrl=dead, ReceiptHandle=letter["ReceiptHandle"])
            moved += 1
            progress.update(task, completed=moved, total=max(total, moved))
    return moved


def _letters(sqs: Any, dead: str) -> Iterator[dict[str, Any]]:
    wanted = {"MaxNumberOfMessages": 10, "MessageAttributeNames": ["All"]}
    times = {"WaitTimeSeconds": 1, "VisibilityTimeout": 60}
    while batch := sqs.receive_message(QueueUrl=dead, **wanted, **times).get("Messages"):
        yield from batch


def _attribute(sqs: Any, queue: str, name: str) -> str:
    found = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=[name])
    return str(found["Attributes"][name])
