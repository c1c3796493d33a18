"""Applies mutations one at a time, and tells which are noticed."""

import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path

from tests.sabotage import catching
from tests.sabotage.copies import copy_checkout, copy_of
from tests.sabotage.mutations import ROOT, Mutation, MutationError


@dataclass(frozen=True)
class Verdict:
    """What became of a mutation: caught by the tests in `tests`, else `problem` says why not."""

    mutation: Mutation
    tests: tuple[str, ...]
    problem: str
    seconds: float

    @property
    def caught(self) -> bool:
        """Whether the command failed, and by what it claims."""
        return bool(self.tests) and not self.problem


def sabotage(
    mutations: Sequence[Mutation], *, root: Path = ROOT, jobs: int = 2
) -> Iterator[Verdict]:
    """Run every mutation's commands with the change, in copies of `root`; yield as they end.

    Each command first runs without any change: one that fails then catches nothing.
    """
    with tempfile.TemporaryDirectory(prefix="sabotage-") as folder:
        pristine = Path(folder) / "pristine"
        copy_checkout(root, pristine)
        groups: dict[tuple[str, str], list[Mutation]] = {}
        for each in (each for mutation in mutations for each in mutation.each):
            groups.setdefault((each.by, each.says), []).append(each)
        with ThreadPoolExecutor(jobs) as pool:
            runs = [pool.submit(_judge, pristine, group) for group in groups.values()]
            for done in as_completed(runs):
                yield from done.result()


def _judge(pristine: Path, group: list[Mutation]) -> list[Verdict]:
    """Judge the mutations that one command must catch."""
    outcome = catching.run(group[0], pristine)
    if not outcome.passed:
        problem = f"fails without the change: {outcome.broken or outcome.failed}"
        return [Verdict(each, (), problem, 0) for each in group]
    return [_mutate(pristine, each) for each in group]


def _mutate(pristine: Path, mutation: Mutation) -> Verdict:
    started = time.monotonic()
    with copy_of(
        pristine, f"{mutation.name}-{'attack' if mutation.is_deployed else 'fast'}"
    ) as root:
        try:
            mutation.apply(root)
        except MutationError as error:
            return Verdict(mutation, (), str(error), 0)
        outcome = catching.run(mutation, root)
    problem = outcome.broken or ("" if outcome.failed else "nothing noticed it")
    return Verdict(mutation, outcome.failed, problem, time.monotonic() - started)


def tell(verdicts: Iterator[Verdict], total: int, write: Callable[[str], object]) -> list[Verdict]:
    """Write a line for each verdict as it comes; return them all."""
    told = []
    for number, each in enumerate(verdicts, start=1):
        told.append(each)
        what = f"caught by {each.tests[0]}" if each.caught else f"NOT CAUGHT: {each.problem}"
        write(f"[{number}/{total}] {each.mutation.name}: {what} ({each.seconds:.0f} s)\n")
    return told
