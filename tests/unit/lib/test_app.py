import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from aws_cdk import App, Stack

import tap
from lib.packaging import PackageError
from lib.tap_stack import TapStack
from tests.unit.synthesized import ROOT, SynthesizedStack, context


def files(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def check_out(folder: Path) -> Path:
    """Copy what synthesis needs, with the compiled dependencies that every checkout shares."""
    for name in ("lib", "services", "requirements", ".build/packages/parts"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "tap.py", folder)
    (folder / ".build/site").symlink_to(ROOT / ".build/site")
    return folder


def start_synthesis(checkout: Path) -> subprocess.Popen[bytes]:
    environ = {
        "PATH": os.environ["PATH"],
        "HOME": os.environ["HOME"],
        "CDK_OUTDIR": str(checkout / "cdk.out"),
        "CDK_CONTEXT_JSON": json.dumps(context()),
        "CDK_VALIDATION": "false",
    }
    return subprocess.Popen([sys.executable, "tap.py"], cwd=checkout, env=environ)


@pytest.mark.usefixtures("dev")  # which has built the dependencies
@pytest.mark.parametrize(
    ("suffix", "code", "said"), [("dev", 0, ""), ("Not Good", 1, "tap: environment suffix ")]
)
def test_the_app_runs_alone_without_the_cdk_cli_its_settings_or_a_node_on_the_path(
    tmp_path: Path, suffix: str, code: int, said: str
) -> None:
    ended = subprocess.run(
        [sys.executable, str(ROOT / "tap.py")],
        cwd=tmp_path,
        env={
            "PATH": "/nowhere",
            "HOME": str(tmp_path),
            "ENVIRONMENT_SUFFIX": suffix,
            # The construct library, which is unpacked once for a user and not for this folder too.
            "JSII_RUNTIME_PACKAGE_CACHE_ROOT": str(Path.home() / ".cache/aws/jsii/package-cache"),
        },
        capture_output=True,
        text=True,
        check=False,
    )

    assert (ended.returncode, ended.stderr[: len(said) or None]) == (code, said)
    assert ended.stderr.count("\n") == len(said[:1])


@pytest.mark.usefixtures("dev")
def test_two_checkouts_at_different_paths_synthesize_the_same_bytes(tmp_path: Path) -> None:
    one = check_out(tmp_path / "one")
    other = check_out(tmp_path / "elsewhere/and/deeper")

    for synthesis in [start_synthesis(one), start_synthesis(other)]:
        assert synthesis.wait() == 0

    outputs = files(one / "cdk.out")
    assert outputs == files(other / "cdk.out")
    assert len([name for name in outputs if name.startswith("asset.")]) >= 3


def test_a_bad_setting_is_one_line_and_no_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ENVIRONMENT_SUFFIX", "Not Good")

    with pytest.raises(SystemExit) as end:
        tap.main()

    assert str(end.value).startswith("tap: environment suffix 'Not Good' is not allowed")
    assert "\n" not in str(end.value)


def test_a_package_that_cannot_be_built_is_one_line_and_no_traceback(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse() -> None:
        raise PackageError("nothing is installed; run `make up`")

    monkeypatch.setattr(tap, "build_app", refuse)

    with pytest.raises(SystemExit) as end:
        tap.main()

    assert str(end.value) == "tap: nothing is installed; run `make up`"


def test_main_synthesizes_the_app(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(tap, "build_app", lambda: App(outdir=str(tmp_path)))

    tap.main()

    assert (tmp_path / "manifest.json").exists()


def test_the_account_and_region_are_left_to_the_deployment(dev: SynthesizedStack) -> None:
    assert dev.artifact["environment"] == "aws://unknown-account/unknown-region"


def test_a_stack_without_props_resolves_its_suffix_from_context() -> None:
    stack = TapStack(App(context=context(environmentSuffix="ctx")), "Anything")

    assert stack.environment_suffix == "ctx"
    assert stack.termination_protection is True
    for part in ("kms_key", "secret", "dynamodb_table", "s3_bucket", "lambda_role"):
        assert Stack.of(getattr(stack, part)) is stack
