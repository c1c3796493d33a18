"""What a synthesized app needs of the embedded cloud before it is deployed."""

import contextlib
import json
import os
import shutil
from pathlib import Path

import pytest

from localcloud import cdk, deployment, orphans, postgres
from localcloud.cloud import Cloud
from localcloud.errors import CloudError


@pytest.fixture
def started(monkeypatch):
    """The database servers that a deployment starts; nothing else of it happens."""
    servers: list[Cloud] = []
    for module, name in (
        (deployment, "_let_gateway_log"),
        (deployment, "_synthesize"),
        (cdk, "run"),
    ):
        monkeypatch.setattr(module, name, lambda *_: None)
    monkeypatch.setattr(deployment, "recover", lambda _: {cdk.BOOTSTRAP: "CREATE_COMPLETE"})
    monkeypatch.setattr(shutil, "rmtree", lambda *_, **__: None)
    monkeypatch.setattr(orphans, "marked", lambda _: {})
    monkeypatch.setattr(postgres, "start", servers.append)
    return servers


@pytest.mark.parametrize(("kind", "times"), [("AWS::RDS::DBInstance", 1), ("AWS::SQS::Queue", 0)])
def test_a_database_server_is_started_for_a_template_with_an_instance(
    started, tmp_path, kind, times
):
    cloud = Cloud(home=tmp_path, port=1, front_port=2)
    (tmp_path / "cdk.out").mkdir()
    template = {"Resources": {"Thing": {"Type": kind}}}
    (tmp_path / "cdk.out/Stack.template.json").write_text(json.dumps(template))

    deployment.deploy(cloud, step=lambda *_: contextlib.nullcontext())

    assert started == [cloud] * times


@pytest.fixture
def synthesized(monkeypatch):
    """The assemblies that the CDK CLI was told to make; it leaves its own number in each."""
    made: list[Path] = []

    def run(_app, arguments, *_, **__):
        if arguments[0] == "synth":
            assembly = Path(arguments[-1])
            assembly.mkdir()
            (assembly / "manifest.json").write_text(str(len(made)))
            made.append(assembly)

    monkeypatch.setattr(cdk, "run", run)
    monkeypatch.setattr(orphans, "marked", lambda _: {})
    return made


def synthesize(folder, kept):
    """What is in the assembly of a cloud in this folder."""
    cloud = Cloud(home=folder, port=1, front_port=2)
    deployment._synthesize(folder / "cdk.out", cloud, kept)
    return (folder / "cdk.out/manifest.json").read_text()


def homes(tmp_path, number):
    made = [tmp_path / f"home-{each}" for each in range(number)]
    for each in made:
        each.mkdir()
    return made


def test_sources_that_were_synthesized_once_are_not_synthesized_again(synthesized, tmp_path):
    kept = tmp_path / "kept/a"

    assert [synthesize(home, kept) for home in homes(tmp_path, 3)] == ["0", "0", "0"]
    assert len(synthesized) == 1


def test_other_sources_are_synthesized(synthesized, tmp_path):
    found = [
        synthesize(home, tmp_path / "kept" / name)
        for home, name in zip(homes(tmp_path, 3), "aba", strict=True)
    ]

    assert found == ["0", "1", "0"]
    assert len(synthesized) == 2


def test_of_what_was_synthesized_the_last_five_are_kept(synthesized, tmp_path):
    for number, home in enumerate(homes(tmp_path, 7)):
        synthesize(home, tmp_path / "kept" / str(number))
        os.utime(tmp_path / "kept" / str(number), (number, number))

    assert len(synthesized) == 7
    assert {path.name for path in (tmp_path / "kept").iterdir()} == {"2", "3", "4", "5", "6"}


def test_a_synthesis_that_fails_is_not_kept(synthesized, tmp_path, monkeypatch):
    def fail(*_, **__):
        (tmp_path / "cdk.out").mkdir()
        raise CloudError("the disk is full")

    monkeypatch.setattr(cdk, "run", fail)

    with pytest.raises(CloudError, match="disk"):
        synthesize(tmp_path, tmp_path / "kept/a")

    assert not synthesized
    assert not (tmp_path / "kept").exists()


def test_what_cannot_be_copied_is_synthesized(synthesized, tmp_path, monkeypatch):
    kept = tmp_path / "kept/a"
    first, second = homes(tmp_path, 2)
    synthesize(first, kept)

    def copytree(_, target, **__):
        target.mkdir()
        raise OSError("no space left on device")

    monkeypatch.setattr(shutil, "copytree", copytree)

    assert synthesize(second, kept) == "1"
    assert len(synthesized) == 2
