"""Load of a drill, and the count of what became of it: sent, answered, kept, lost, doubled."""

import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Self

import urllib3.exceptions

PATIENCE_SECONDS = 120.0
_PAUSE_SECONDS = 0.2  # of a client that was refused
Send = Callable[[str], bool]


@dataclass(frozen=True)
class Count:
    """What became of what was sent.

    Attributes:
        sent: How many were sent, each under a name of its own.
        answered: How many were answered as done.
        kept: How many were found kept afterwards.
        lost: How many were answered as done and are not kept.
        doubled: How many are kept more than once, or under a name that was never sent.
    """

    sent: int
    answered: int
    kept: int
    lost: int
    doubled: int

    def is_whole(self) -> bool:
        """Whether everything was answered and is kept, once."""
        return (self.answered, self.kept, self.doubled) == (self.sent, self.sent, 0)


class Load:
    """Clients that send without a pause, and a live line of what becomes of it.

    Args:
        drill: What the line begins with.
        send: Sends what has this name; whether it was answered as done. It may raise urllib3's
            errors when there is no answer.
        insist: Whether a client sends the same again until it is answered as done, as one with an
            idempotency key does; else each try has a new name.
        clients: How many send side by side.
    """

    def __init__(self, drill: str, send: Send, *, insist: bool = True, clients: int = 4) -> None:
        self.drill, self._send, self._insist = drill, send, insist
        self.sent: list[str] = []
        self.answered: set[str] = set()
        self.became: Counter[str] = Counter()
        self._ended = threading.Event()
        self._pool = ThreadPoolExecutor(clients)
        self._clients: list[Future[None]] = []
        self._number, self._lock, self._shown = clients, threading.Lock(), 0.0

    def __enter__(self) -> Self:
        """Let the clients begin."""
        self._clients = [self._pool.submit(self._work, each) for each in range(self._number)]
        return self

    def __exit__(self, *_: object) -> None:
        """Let each client end what it has begun."""
        self._ended.set()
        self._pool.shutdown()
        for client in self._clients:
            client.result()
        self.show()

    def _work(self, client: int) -> None:
        number = 0
        while not self._ended.is_set():
            number += 1
            name = f"{self.drill}-{id(self):x}-{client}-{number:06}"
            self.sent.append(name)
            deadline = time.monotonic() + PATIENCE_SECONDS
            while not self._try(name) and self._insist:
                assert time.monotonic() < deadline, f"{name} was never answered as done"

    def _try(self, name: str) -> bool:
        try:
            became = "done" if self._send(name) else "refused"
        except urllib3.exceptions.HTTPError:
            became = "without an answer"
        with self._lock:
            self.became[became] += 1
        if became == "done":
            self.answered.add(name)
            return True
        time.sleep(_PAUSE_SECONDS)
        return False

    def until(self, more: int, became: str = "done") -> None:
        """Wait, with the live line, until so many more tries have become this."""
        wanted = self.became[became] + more
        deadline = time.monotonic() + PATIENCE_SECONDS
        while self.became[became] < wanted:
            assert time.monotonic() < deadline, f"no {more} more became {became}: {self.became}"
            self.show(every=1)
            time.sleep(0.02)

    def say(self, what: str) -> None:
        """Print what is done to the system, on a line of its own."""
        sys.stdout.write(f"{self.drill}: {what}\n")
        sys.stdout.flush()

    def show(self, every: float = 0) -> None:
        """Print the live line, at most each so many seconds."""
        if time.monotonic() - self._shown >= every:
            self._shown = time.monotonic()
            tries = ", ".join(f"{what} {number}" for what, number in sorted(self.became.items()))
            self.say(f"sent {len(self.sent)}, answered {len(self.answered)} (tries: {tries})")

    def count(self, kept: Iterable[str]) -> Count:
        """Compare what was sent with the names that were found kept, and print the count.

        What is kept under another name is what was sent, done again as something else.
        """
        times = Counter(kept)
        strangers = times.keys() - set(self.sent)
        counted = Count(
            sent=len(self.sent),
            answered=len(self.answered),
            kept=len(times) - len(strangers),
            lost=len(self.answered - times.keys()),
            doubled=sum(n > 1 or name in strangers for name, n in times.items()),
        )
        self.say(
            f"sent {counted.sent}, answered {counted.answered}, kept {counted.kept}, "
            f"lost {counted.lost}, doubled {counted.doubled}"
        )
        return counted
