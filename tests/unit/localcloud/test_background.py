"""What the cloud does by itself, each second."""

import asyncio

import pytest

from localcloud.background import every_second


class EndedError(BaseException):
    """Ends the loop, as nothing else does."""


def test_a_turn_that_fails_is_logged_and_the_next_is_taken(monkeypatch, caplog):
    turns, naps = [], iter([None, None])

    async def nap(seconds):
        if next(naps, EndedError) is EndedError:
            raise EndedError
        turns.append(seconds)

    async def turn():
        raise ValueError("no")

    monkeypatch.setattr(asyncio, "sleep", nap)
    with pytest.raises(EndedError):
        asyncio.run(every_second(turn))

    assert turns == [1, 1]
    assert caplog.text.count("was not done whole") == 2
