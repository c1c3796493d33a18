"""How a function runs in the emulator, and how it runs here."""

import io
import json
import queue
import time
import uuid
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import debugpy
import pytest
from ministack.core import lambda_runtime

from localcloud import debugged, ports
from localcloud.app import App
from localcloud.engine import functions
from localcloud.engine.internals import need
from localcloud.errors import CloudError
from tests.dap import Editor

CODE = """
import os, sys, importlib.util

def handler(event, context):
    print("a line of its log")
    if "file" in event:
        return sys.path
    return {
        "environment": dict(os.environ),
        "finds_botocore": importlib.util.find_spec("botocore") is not None,
        "isolated": sys.flags.isolated,
    }
"""


def told(emulator, event=None, name=None):
    """What a new function says of where it runs, and its log."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("index.py", CODE)
    client = emulator.client("lambda")
    name = name or f"f-{uuid.uuid4().hex[:8]}"
    client.create_function(
        FunctionName=name,
        Runtime="python3.13",
        Role="arn:aws:iam::000000000000:role/r",
        Handler="index.handler",
        Code={"ZipFile": content.getvalue()},
        Environment={"Variables": {"OWN": "of the function"}},
        MemorySize=256,
        Timeout=1,
    )
    said = client.invoke(FunctionName=name, LogType="Tail", Payload=json.dumps(event or {}))
    return json.loads(said["Payload"].read())


@pytest.fixture
def shell(monkeypatch):
    """A secret of the shell that the emulator was started from."""
    monkeypatch.setenv("SHELL_SECRET", "not for functions")


@pytest.mark.usefixtures("shell")
def test_the_original_shares_its_environment_and_packages(emulator):
    said = told(emulator)

    assert said["environment"]["SHELL_SECRET"] == "not for functions"
    assert said["finds_botocore"]


@pytest.mark.usefixtures("shell")
def test_a_function_has_its_own_environment_and_no_packages(emulator, patch):
    patch(functions)

    said = told(emulator)

    assert "SHELL_SECRET" not in said["environment"]
    assert said["environment"]["OWN"] == "of the function"
    assert said["environment"]["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"] == "256"
    assert not said["finds_botocore"]
    assert said["isolated"]


def test_a_function_finds_the_runtimes_packages_after_its_own(emulator, patch):
    patch(functions, App(sdk=Path("/the/sdk")))

    assert told(emulator, {"file": True})[-1] == "/the/sdk"


def test_a_debugged_function_stops_in_the_checkout_for_longer_than_its_timeout(
    emulator, patch, tmp_path
):
    cloud, port, name = patch(functions), ports.free_port(), f"f-{uuid.uuid4().hex[:8]}"
    folder = debugged.folder(cloud.home)
    folder.mkdir()
    packages = Path(debugpy.__file__).parents[1]
    (folder / name).write_text(f"{port}\n{packages}\n{tmp_path}\n", "utf-8")
    source = tmp_path / "index.py"
    source.write_text(CODE, "utf-8")

    with ThreadPoolExecutor() as pool:
        call = pool.submit(told, emulator, {"of": "this call"}, name)
        with Editor(port) as editor:
            editor.run(source, line=5)
            thread, file, line, values = editor.stopped()
            time.sleep(1.2)
            editor.ask("continue", threadId=thread)
            said = call.result(20)

    assert (file, line) == (str(source), 5)
    assert values["event"] == "{'of': 'this call'}"
    assert not said["finds_botocore"]  # the debugger's packages are no longer found


def test_another_runtime_is_started_as_the_emulator_does(patch):
    before = need(lambda_runtime, "_detect_runtime_binary")("nodejs22.x")
    patch(functions)

    assert need(lambda_runtime, "_detect_runtime_binary")("nodejs22.x") == before


def test_a_worker_that_ends_otherwise_is_refused(monkeypatch, patch):
    monkeypatch.setattr(lambda_runtime, "_PYTHON_WORKER_SCRIPT", "run()")

    with pytest.raises(CloudError, match="the script of its Python workers ends otherwise"):
        patch(functions)


def log_of(*lines):
    """What is read of a worker that wrote these lines to stderr."""
    written: queue.Queue[str] = queue.Queue()
    for line in lines:
        written.put(line)
    return functions._read_log(written)


def test_a_log_ends_at_its_mark_without_waiting():
    assert log_of("one", "two", "\x1eend-of-log", "of the next call") == "one\ntwo"


def test_the_last_line_may_lack_its_end():
    assert log_of("one", "two\x1eend-of-log") == "one\ntwo"


def test_the_log_of_a_worker_that_died_is_what_it_wrote():
    assert log_of("one", "Killed") == "one\nKilled"
