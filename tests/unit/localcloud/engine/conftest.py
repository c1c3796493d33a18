"""The emulator as it is installed, and patched for one test."""

import sys
from dataclasses import replace
from types import ModuleType

import pytest
from ministack.core import lambda_runtime
from ministack.services import s3
from ministack.services.cloudformation import provisioners

from localcloud.app import App
from localcloud.cloud import Cloud
from localcloud.engine.internals import need
from localcloud.engine.storage import Storage
from tests.unit.localcloud.engine.emulator import Emulator


@pytest.fixture
def emulator():
    """The emulator; as it is installed, until a patch is."""
    made = Emulator()
    yield made
    made.close()


@pytest.fixture
def patch(monkeypatch, tmp_path, emulator):
    """Installs a patch in the emulator of this process until the test ends."""
    cloud = Cloud(home=tmp_path, port=1, front_port=2)
    for folder in ("state", "run"):
        (tmp_path / folder).mkdir()
    monkeypatch.setattr(Cloud, "client", lambda _, service, **config: emulator.client(service))
    handlers = provisioners._RESOURCE_HANDLERS
    kept_handlers = dict(handlers)
    # Each in full, as a patch may replace any name: by module and class.
    owners = [m for name, m in sys.modules.items() if name.split(".")[0] == "ministack"]
    kept = [(owner, dict(vars(owner))) for owner in (*owners, lambda_runtime.Worker)]

    def install(module: ModuleType, app: App | None = None) -> Cloud:
        told = replace(cloud, app=app or cloud.app)
        module.install(told)
        return told

    yield install
    for owner, names in kept:
        for name, value in names.items():
            if vars(owner).get(name) is not value:
                setattr(owner, name, value)
    handlers.clear()
    handlers.update(kept_handlers)


@pytest.fixture
def storage(patch, tmp_path, monkeypatch):
    """The storage of a cloud that has nothing yet."""
    assert patch  # puts back what Storage takes the place of
    for name in ("_object_retention", "_object_legal_hold"):
        mapping = need(s3, name)
        monkeypatch.setattr(mapping, "_data", dict(mapping._data))
    return Storage(tmp_path / "state")
