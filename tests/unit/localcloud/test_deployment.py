"""What a synthesized app needs of the embedded cloud before it is deployed."""

import contextlib
import json
import shutil

import pytest

from localcloud import cdk, deployment, orphans, postgres
from localcloud.cloud import Cloud


@pytest.fixture
def started(monkeypatch):
    """The database servers that a deployment starts; nothing else of it happens."""
    servers: list[Cloud] = []
    for module, name in (
        (deployment, "recover"),
        (deployment, "_let_gateway_log"),
        (deployment, "_settle"),
        (deployment, "_synthesize"),
        (cdk, "run"),
    ):
        monkeypatch.setattr(module, name, lambda *_: None)
    monkeypatch.setattr(deployment, "_is_bootstrapped", lambda _: True)
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
