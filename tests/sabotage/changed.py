"""Which mutations a change is about."""

import subprocess
from collections.abc import Collection, Sequence
from pathlib import Path

from tests.sabotage.mutations import ROOT, Mutation

# Looked at when a checkout has no history, or a change touches nothing of the list.
SAMPLE = ("cursor-signature-unchecked", "scope-unchecked")


def files_since(base: str, root: Path = ROOT) -> set[str]:
    """Return the files that differ from a commit, those not committed yet among them."""
    changed = _git(root, "diff", "--name-only", base)
    new = _git(root, "ls-files", "--others", "--exclude-standard")
    return {*changed.splitlines(), *new.splitlines()}


def files_of_the_change(root: Path = ROOT) -> set[str]:
    """Return the files changed since the branch left `main`; on `main` itself, by the last commit.

    None in a checkout without a history to compare with.
    """
    try:
        head = _git(root, "rev-parse", "HEAD").strip()
        for branch in ("origin/main", "main"):
            base = _git(root, "merge-base", branch, "HEAD", fails=True).strip()
            if base and base != head:
                return files_since(base, root)
        return files_since("HEAD~1", root)
    except (OSError, subprocess.CalledProcessError):
        return set()


def concerns(mutation: Mutation, files: Collection[str]) -> bool:
    """Whether one of the files is what the mutation changes, or what must catch it."""
    return mutation.file in files or mutation.by.partition("::")[0] in files


def choose(mutations: Sequence[Mutation], files: Collection[str], *, most: int) -> list[Mutation]:
    """Choose at most so many mutations that the files are about, of as many files as can be.

    Those of the sample fill up to two. What needs an embedded cloud is left to `make sabotage`.
    """
    fast = [mutation.each[0] for mutation in mutations if not mutation.is_deployed]
    about = [each for each in fast if concerns(each, files)]
    seen: dict[str, int] = {}
    ranks = []
    for each in about:
        seen[each.file] = seen.get(each.file, 0) + 1
        ranks.append(seen[each.file])
    ordered = [each for _, each in sorted(zip(ranks, about, strict=True), key=lambda pair: pair[0])]
    sample = [each for each in fast if each.name in SAMPLE and each not in ordered]
    return (ordered + sample)[: max(min(most, len(ordered)), len(SAMPLE))]


def _git(root: Path, *arguments: str, fails: bool = False) -> str:
    ended = subprocess.run(
        ["git", *arguments], cwd=root, capture_output=True, text=True, check=not fails
    )
    return ended.stdout
