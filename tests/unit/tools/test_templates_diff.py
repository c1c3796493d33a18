"""What a commit deploys differently: said in the CDK CLI's words, without an account."""

import json
from pathlib import Path

import pytest
from aws_cdk import App, Stack
from aws_cdk import aws_sns as sns

from tools.templates_diff import changes, page


def assembly(folder: Path, *stacks: str, topic: str = "one") -> Path:
    app = App(outdir=str(folder), builtin_cloud_formation_validation=False)
    for name in stacks:
        sns.Topic(Stack(app, name), "Topic", topic_name=topic)
    app.synth()
    return folder


def test_what_is_the_same_is_not_mentioned(tmp_path: Path) -> None:
    before = assembly(tmp_path / "before", "First", "Second")
    after = assembly(tmp_path / "after", "First", "Second")

    assert not list(changes(before, after))
    assert "Nothing: the templates of every stack are the same" in page("0" * 40, [])


def test_a_change_is_said_with_what_it_replaces(tmp_path: Path) -> None:
    before = assembly(tmp_path / "before", "First", "Second")
    after = assembly(tmp_path / "after", "First", topic="another")

    found = dict(changes(before, after))

    assert set(found) == {"First", "Second"}
    assert "[~] AWS::SNS::Topic" in found["First"]
    assert "replace" in found["First"]
    assert found["Second"].startswith("The stack is gone")


def test_a_new_stack_is_all_new(tmp_path: Path) -> None:
    before, after = assembly(tmp_path / "before"), assembly(tmp_path / "after", "First")

    [(name, said)] = changes(before, after)

    assert name == "First"
    assert "[+] AWS::SNS::Topic" in said


def test_no_credentials_reach_the_cdk_cli(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    seen: list[dict[str, str]] = []

    class Ended:
        returncode, stdout, stderr = 0, "", ""

    def run(*_: object, env: dict[str, str], **__: object) -> Ended:
        seen.append(env)
        return Ended()

    before, after = assembly(tmp_path / "before", "First"), assembly(tmp_path / "after", "First")
    monkeypatch.setenv("AWS_SESSION_TOKEN", "secret")
    monkeypatch.setattr("subprocess.run", run)
    list(changes(before, after))

    assert not [name for name in seen[0] if name.startswith("AWS_")]


def test_the_page_has_each_stack_folded_and_fits_a_comment() -> None:
    said = json.dumps({"a": "```"}) * 10_000

    text = page("0123456789abcdef", [("First", "[+] a"), ("Second", said)])

    assert text.startswith("### What this deploys differently from `0123456789ab`")
    assert "<details><summary>First</summary>" in text
    assert len(text) <= 60_000
    assert text.endswith("Cut: `make templates-diff` shows the rest.\n")
