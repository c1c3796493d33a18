"""The count of a drill: what is lost or doubled shows, and what was never answered is not lost."""

import pytest
import urllib3.exceptions

from tests.drills.count import Count, Load


def test_what_was_answered_and_is_not_kept_is_lost_and_what_is_kept_twice_is_doubled() -> None:
    with Load("planted", lambda _: True) as load:
        load.until(10)
    first, second, *others = load.sent

    count = load.count([second, second, *others])

    number = len(load.sent)
    assert count == Count(number, number, number - 1, lost=1, doubled=1)
    assert first in load.answered
    assert not count.is_whole()


def test_what_is_kept_under_a_name_that_was_never_sent_is_doubled() -> None:
    with Load("planted", lambda _: True) as load:
        load.until(1)

    count = load.count([*load.sent, f"{load.sent[0]}-again"])

    assert (count.kept, count.doubled) == (len(load.sent), 1)
    assert not count.is_whole()


def test_all_that_is_kept_once_is_whole() -> None:
    with Load("planted", lambda _: True) as load:
        load.until(1)

    assert load.count(load.sent).is_whole()


def test_a_client_insists_under_the_same_name_until_it_is_answered_as_done() -> None:
    tries: list[str] = []

    def send(name: str) -> bool:
        tries.append(name)
        if len(tries) == 1:
            raise urllib3.exceptions.ProtocolError
        return len(tries) > 2

    with Load("planted", send, clients=1) as load:
        load.until(1)

    assert tries[0] == tries[1] == tries[2]
    assert (load.became["without an answer"], load.became["refused"]) == (1, 1)
    assert len(load.answered) == len(load.sent)


def test_what_was_never_answered_is_not_lost() -> None:
    with Load("planted", lambda _: False, insist=False, clients=1) as load:
        load.until(1, "refused")

    assert load.count([]) == Count(len(load.sent), 0, 0, lost=0, doubled=0)


def test_a_client_that_meets_what_must_not_be_fails_the_drill() -> None:
    def send(_: str) -> bool:
        raise ValueError("another answer")

    with pytest.raises(ValueError, match="another answer"), Load("planted", send):
        pass
