"""`tap redrive`: bring dead letters back to their queue."""

import time
from typing import Annotated, Any

import typer

from cli import project, targets
from cli.console import done, show_rows, step, talk, waiting
from cli.errors import CliError
from cli.options import Aws, Context, Home, Json, Yes

_LOOK_SECONDS = 2.0
_UNDER_WAY = ("RUNNING", "CANCELLING")


def redrive(
    listed: Annotated[bool, typer.Option("--list", help="Show the first ten, move none.")] = False,
    as_json: Json = False,
    aws: Aws = False,
    yes: Yes = False,
    context: Context = None,
    home: Home = None,
) -> None:
    """Move every dead letter of the audit trail back to its queue.

    Each is then tried again. A letter is deleted only after its queue has taken it, so an
    interrupted run loses none, and it is safe to repeat: the audit trail holds a record once,
    however often its letter arrives. On AWS, SQS itself moves the letters.
    """
    target = targets.find(home, aws=aws, context=context)
    stack = target.stack(project.PARTNER)
    sqs = target.clients("sqs", read_timeout=30)
    dead, queue = stack.outputs["AuditDeadLetterQueueUrl"], stack.outputs["AuditQueueUrl"]
    if listed:
        show_rows(_first(sqs, dead), as_json=as_json)
        return
    target.confirm(f"redrive the dead letters of {stack.name}", yes=yes)
    if aws:
        moved = _let_sqs_move(sqs, dead)
    else:  # The emulator knows no message move task.
        with waiting("Moving the dead letters"):
            moved = _move_all(sqs, dead, queue)
    done(f"{moved} dead letters moved back to their queue")


def _first(sqs: Any, dead: str) -> list[dict[str, str]]:
    """Look at dead letters, which stay where they are."""
    found = sqs.receive_message(QueueUrl=dead, MaxNumberOfMessages=10, VisibilityTimeout=0)
    return [{"id": each["MessageId"], "body": each["Body"]} for each in found.get("Messages", [])]


def _let_sqs_move(sqs: Any, dead: str) -> int:
    """Run a message move task, or wait for the one that runs: a queue takes one at a time."""
    found = sqs.get_queue_attributes(QueueUrl=dead, AttributeNames=["QueueArn"])
    arn = found["Attributes"]["QueueArn"]
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
    wanted = {"MaxNumberOfMessages": 10, "MessageAttributeNames": ["All"]}
    times = {"WaitTimeSeconds": 1, "VisibilityTimeout": 60}
    moved = 0
    while letters := sqs.receive_message(QueueUrl=dead, **wanted, **times).get("Messages"):
        for at, letter in enumerate(letters):
            body, attributes = letter["Body"], letter.get("MessageAttributes", {})
            try:
                sqs.send_message(QueueUrl=queue, MessageBody=body, MessageAttributes=attributes)
            except sqs.exceptions.ClientError as error:
                for each in letters[at:]:  # the next run sees them at once
                    taken = {"QueueUrl": dead, "ReceiptHandle": each["ReceiptHandle"]}
                    sqs.change_message_visibility(**taken, VisibilityTimeout=0)
                kept = f"moved {moved} dead letters back, their queue refused the next ({error})"
                raise CliError(
                    f"{kept}; it is kept with the others: repeat `tap redrive`"
                ) from error
            sqs.delete_message(QueueUrl=dead, ReceiptHandle=letter["ReceiptHandle"])
            moved += 1
    return moved
