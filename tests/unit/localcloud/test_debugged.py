"""Where a debugger listens, and what it calls the modules that it stops in."""

import socket
import sys
from importlib.machinery import SourceFileLoader
from types import SimpleNamespace

from localcloud import debugged, ports


def test_a_module_that_the_checkout_lacks_keeps_its_name(monkeypatch, tmp_path):
    monkeypatch.setattr(SourceFileLoader, "get_code", SourceFileLoader.get_code)
    (tmp_path / "task").mkdir()
    (tmp_path / "checkout").mkdir()
    debugged.name_modules(str(tmp_path / "task"), str(tmp_path / "checkout"))
    names = []
    for module, there in (("one", True), ("two", False)):
        path = tmp_path / "task" / f"{module}.py"
        path.touch()
        if there:
            (tmp_path / "checkout" / path.name).touch()
        code = SourceFileLoader(module, str(path)).get_code(module)
        assert code
        names.append(code.co_filename)

    assert names == [str(tmp_path / "checkout" / "one.py"), str(tmp_path / "task" / "two.py")]


def test_a_debugger_listens_to_this_machine_alone_and_leaves_no_packages(monkeypatch):
    asked: list[object] = []
    fake = SimpleNamespace(
        listen=lambda at, **how: asked.append((at, how)),
        wait_for_client=lambda: asked.append("waited"),
    )
    monkeypatch.setitem(sys.modules, "debugpy", fake)
    before = list(sys.path)

    debugged.attach(5678, "/the/packages")

    assert asked == [(("127.0.0.1", 5678), {"in_process_debug_adapter": True}), "waited"]
    assert sys.path == before


def test_a_port_that_another_environment_has_is_left_to_it():
    port = ports.free_port()
    assert debugged.is_free(port)

    with socket.create_server(("127.0.0.1", port)):
        assert not debugged.is_free(port)
