"""A breakpoint in a deployed function, set from outside as an editor sets it."""

import signal
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from localcloud import ports
from tests.api import Api
from tests.dap import Editor
from tests.deployment import Deployment, command, environment

pytestmark = pytest.mark.embedded
HANDLER = Path(__file__).parents[2] / "services/items_api/handler.py"


def test_a_request_stops_at_a_breakpoint_and_then_goes_on(api: Api, deployment: Deployment) -> None:
    assert deployment.home
    port, lines = ports.free_port(), HANDLER.read_text("utf-8").splitlines()
    line = next(at for at, text in enumerate(lines, 1) if "self.items.list_page(" in text)
    with subprocess.Popen(
        command(deployment.home, "debug", "items_api", "--port", str(port)),
        env=environment(),
        stderr=subprocess.PIPE,
        text=True,
    ) as debugging:
        assert debugging.stderr
        assert "waits for an editor" in debugging.stderr.readline()
        with ThreadPoolExecutor() as pool:
            answer = pool.submit(api.call, "list", limit=3)
            with Editor(port) as editor:
                editor.run(HANDLER, line)
                thread, file, stopped_at, values = editor.stopped()
                assert not answer.done()
                editor.ask("continue", threadId=thread)
                assert answer.result(20).status == 200
        debugging.send_signal(signal.SIGINT)

    assert (file, stopped_at) == (str(HANDLER), line)
    assert "'limit': 3" in values["given"]
    assert api.call("list").status == 200  # and no editor is waited for any more
