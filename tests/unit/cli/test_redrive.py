"""`tap redrive` on the embedded cloud, whose queues know no message move task."""

from types import SimpleNamespace

import pytest

from cli.commands import redrive
from cli.errors import CliError


class RefusedError(Exception):
    pass


class Queues:
    """A dead-letter queue of five letters, three to a batch, and a queue that may refuse one."""

    exceptions = SimpleNamespace(ClientError=RefusedError)

    def __init__(self, refused=None):
        self.dead, self.hidden, self.moved = list("abcde"), [], []
        self.refused = refused

    def receive_message(self, **_):
        seen = [letter for letter in self.dead if letter not in self.hidden][:3]
        self.hidden += seen
        return {"Messages": [{"Body": each, "ReceiptHandle": each} for each in seen]}

    def send_message(self, MessageBody, **_):  # noqa: N803  # pylint: disable=invalid-name
        if MessageBody == self.refused:
            raise RefusedError("InvalidMessageContents")
        self.moved.append(MessageBody)

    def delete_message(self, ReceiptHandle, **_):  # noqa: N803  # pylint: disable=invalid-name
        self.dead.remove(ReceiptHandle)

    def change_message_visibility(self, ReceiptHandle, **_):  # noqa: N803  # pylint: disable=invalid-name
        self.hidden.remove(ReceiptHandle)


def test_every_letter_of_every_batch_is_moved():
    queues = Queues()

    assert redrive._move_all(queues, "dead", "queue") == 5
    assert (queues.dead, queues.moved) == ([], list("abcde"))


def test_a_refused_letter_is_told_in_one_line_and_kept_with_the_others_for_the_next_run():
    queues = Queues(refused="d")

    with pytest.raises(CliError, match=r"moved 3 .* repeat `tap redrive`") as refusal:
        redrive._move_all(queues, "dead", "queue")
    assert "\n" not in str(refusal.value)
    assert queues.dead == ["d", "e"]

    queues.refused = None
    assert redrive._move_all(queues, "dead", "queue") == 2
    assert (queues.dead, queues.moved) == ([], list("abcde"))


def test_letters_that_are_looked_at_stay_where_they_are():
    asked = []

    def receive_message(**given):
        asked.append(given)
        return {"Messages": [{"MessageId": "1", "Body": "a", "ReceiptHandle": "a"}]}

    found = redrive._first(SimpleNamespace(receive_message=receive_message), "dead")

    assert found == [{"id": "1", "body": "a"}]
    assert asked[0]["VisibilityTimeout"] == 0
