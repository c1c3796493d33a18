"""A CDK CLI that fails is told with its reason, in one line."""

import shutil
from pathlib import Path

import pytest

from localcloud import cdk
from localcloud.app import App
from localcloud.errors import CloudError

_MUCH = 1_000_000_000


def _failure(folder: Path, said: str, monkeypatch: pytest.MonkeyPatch, free: int) -> str:
    """What is told when a CLI says something and fails, on a disk with so many bytes left."""
    script = folder / "node_modules" / "aws-cdk" / "bin" / "cdk"
    script.parent.mkdir(parents=True)
    script.write_text(f"console.error({said!r}); process.exit(1)", "utf-8")
    usage = shutil.disk_usage(folder)._replace(free=free)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)
    app = App(folder=folder, tools=folder / "node_modules")
    with pytest.raises(CloudError) as failed:
        cdk.run(app, ["deploy"], {}, folder / "cdk.log")
    return str(failed.value)


def test_a_cli_that_says_that_the_disk_is_full_is_told_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = _failure(tmp_path, "ENOSPC: write", monkeypatch, free=_MUCH)

    assert told.startswith("cdk deploy failed: no space left on device; ")


def test_a_cli_that_fails_for_another_reason_on_a_full_disk_is_told_of_the_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = _failure(tmp_path, "Error: cannot parse", monkeypatch, free=4096)

    assert told.startswith("cdk deploy failed: no space left on device; ")


def test_a_cli_that_fails_on_a_disk_with_room_is_told_with_its_own_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = _failure(tmp_path, "Error: cannot parse", monkeypatch, free=_MUCH)

    assert told.startswith("cdk deploy failed: Error: cannot parse; ")
