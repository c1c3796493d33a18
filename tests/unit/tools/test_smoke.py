"""Whether what was deployed answers: what counts as an answer, and how long one waits."""

from typing import Any

import pytest

from tools import smoke
from tools.smoke import PROBES, failures


class Deployed:
    """A deployment whose addresses answer as they must, but for some, and those for a while."""

    def __init__(self, wrong: dict[str, int] | None = None, *, times: int = 1_000) -> None:
        self.wrong, self.times, self.asked = wrong or {}, times, 0
        self.slept: list[float] = []

    def address(self, api: str) -> str:
        return f"https://{api}.example"

    def ask(self, method: str, address: str) -> int:
        self.asked += 1
        if address in self.wrong and self.times:
            self.times -= 1
            return self.wrong[address]
        probe = next(p for p in PROBES if f"https://{p.api}.example{p.path}" == address)
        assert probe.method == method
        return probe.wanted


def found(deployed: Any, patience: float = 6.0) -> list[str]:
    pause = deployed.slept.append
    return list(failures(deployed, deployed.ask, patience=patience, pause=pause))


def test_what_answers_as_it_must_is_asked_once_each() -> None:
    deployed = Deployed()

    assert not found(deployed)
    assert (deployed.asked, deployed.slept) == (len(PROBES), [])


@pytest.mark.parametrize(
    ("path", "status", "said"),
    [
        ("https://store.example/", 403, "403 instead of 200 (the store's page is published)"),
        ("https://tap.example/api", 200, "200 instead of 401 (it wants a token)"),
        ("https://partner.example/", 0, "no answer instead of 403"),
    ],
)
def test_an_address_that_answers_otherwise_is_named(path: str, status: int, said: str) -> None:
    [fault] = found(Deployed({path: status}))

    assert path in fault
    assert said in fault


def test_a_new_cdn_has_time_to_answer() -> None:
    deployed = Deployed({"https://store.example/api/health": 503}, times=2)

    assert not found(deployed)
    assert deployed.slept == [2.0, 2.0]


def test_what_never_answers_is_waited_for_no_longer_than_that() -> None:
    deployed = Deployed({"https://store.example/api/health": 503})

    assert len(found(deployed)) == 1
    assert sum(deployed.slept) == 6.0


def test_without_a_deployment_it_ends_with_one_line(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TAP_HOME", str(tmp_path))
    monkeypatch.delenv("TARGET", raising=False)

    assert smoke.main() == 1
    assert capsys.readouterr().err.startswith("error: no embedded cloud is running")
