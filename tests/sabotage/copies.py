"""Copies of the checkout, which a mutation may spoil."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

# What is installed is not copied but shared, and nothing writes to it.
_SHARED = (".venv", ".venv-checkov", "node_modules", ".build/site", ".build/emulator")
_LEFT_OUT = (
    *(".git", ".venv*", "node_modules", ".build", ".tap", "cdk.out*", "__pycache__", ".*_cache"),
    *(".coverage*", ".hypothesis"),
)


def copy_checkout(root: Path, target: Path) -> None:
    """Copy what people write below `root`, file by file: no link leads back to it.

    What is installed there is linked to, as a whole; what is built is built anew in the copy.
    """
    shutil.copytree(root, target, ignore=shutil.ignore_patterns(*_LEFT_OUT))
    for name in _SHARED:
        if (root / name).exists():
            (target / name).parent.mkdir(exist_ok=True)
            (target / name).symlink_to((root / name).resolve())


def own(root: Path, file: str) -> None:
    """Make a copy's own what is only linked to in it, as far as a file is part of that."""
    for name in _SHARED:
        folder = root / name
        if folder.is_symlink() and (root / file).is_relative_to(folder):
            installed = folder.resolve()
            folder.unlink()
            shutil.copytree(installed, folder, symlinks=True)


@contextmanager
def copy_of(pristine: Path, name: str) -> Iterator[Path]:
    """Copy a copy, with all that was built in it, for as long as the block runs."""
    target = pristine.with_name(name)
    shutil.copytree(pristine, target, symlinks=True)
    try:
        yield target
    finally:
        shutil.rmtree(target)
