"""Process of the embedded cloud: `python -m localcloud.server FOLDER`.

Two ports, one emulator: the AWS API over TLS, and the front door over plain HTTP. It is started
with the emulator's settings in its environment, because the emulator reads them when imported.
"""

import asyncio
import json
import logging
import os
import signal
import sys
from functools import partial
from pathlib import Path
from typing import Any, cast

from hypercorn.asyncio import serve
from hypercorn.config import Config
from ministack import app as emulator
from ministack.core import lambda_runtime

from localcloud.asgi import App, http_only, live
from localcloud.background import every_second
from localcloud.cloud import Cloud, write_private
from localcloud.engine import patches
from localcloud.engine.cdn import viewers
from localcloud.engine.deployed import Deployed
from localcloud.engine.storage import Storage
from localcloud.errors import CloudError
from localcloud.front_door import FrontDoor
from localcloud.gateway.layer import Gateway
from localcloud.guard import Guard
from localcloud.journal import Journal
from localcloud.limits import HEADER_SECONDS, limited
from localcloud.metrics.monitoring import Monitoring
from localcloud.metrics.requests import measured
from localcloud.upkeep import Upkeep

_log = logging.getLogger(__name__)


def main() -> None:
    """Serve until SIGTERM or SIGINT; then save and end at once."""
    cloud = Cloud.load(Path(sys.argv[1]))
    if cloud is None:
        sys.exit(f"{sys.argv[1]} holds no embedded cloud")
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(message)s")
    # Where the emulator looks for its root key. Not given by who starts this process: what it was
    # started with is shown in /proc.
    root = {"ACCESS_KEY_ID": cloud.access_key_id, "SECRET_ACCESS_KEY": cloud.secret_access_key}
    os.environ |= {f"AWS_{name}": value for name, value in root.items()}
    try:
        patches.install(cloud)
    except CloudError as error:
        sys.exit(str(error))
    asyncio.run(_serve(cloud))


async def _serve(cloud: Cloud) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    storage = Storage(cloud.home / "state")
    journal = Journal(emulator.app, storage)
    gateway = Gateway(journal)
    monitoring = Monitoring(cloud, storage.points)
    deployed, planes = Deployed(), measured(viewers(gateway), monitoring.served)
    front_door = FrontDoor(planes, cloud, deployed)
    aws_api = limited(Guard(planes, deployed, aws_api=True))
    guarded_door = limited(Guard(front_door, deployed, aws_api=False))
    background = [
        asyncio.create_task(_listen(http_only(aws_api, emulator.app), cloud, stop, tls=True)),
        asyncio.create_task(_listen(http_only(guarded_door, live), cloud, stop, tls=False)),
        asyncio.create_task(every_second(journal.turn)),
        asyncio.create_task(every_second(monitoring.turn)),
        asyncio.create_task(every_second(Upkeep(cloud, storage.logs).turn)),
        asyncio.create_task(every_second(partial(_report, cloud, gateway))),
    ]
    stopped = asyncio.create_task(stop.wait())
    done, _ = await asyncio.wait({*background, stopped}, return_when=asyncio.FIRST_COMPLETED)
    monitoring.publish()
    storage.save()
    lambda_runtime.reset()
    failed = [task.exception() for task in done if task is not stopped and task.exception()]
    if failed:
        _log.error("the embedded cloud stopped: %s", failed[0])
    # Not by returning: idle connections and the emulator's threads would hold the process for
    # half a minute, and everything is saved.
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(1 if failed else 0)


async def _report(cloud: Cloud, gateway: Gateway) -> None:
    """Leave what the web ACLs did where a status command finds it."""
    file, found = cloud.home / "run" / "web-acls.json", json.dumps(gateway.web_acls.report())
    if not file.exists() or file.read_text("utf-8") != found:
        write_private(file, found)


async def _listen(app: App, cloud: Cloud, stop: asyncio.Event, *, tls: bool) -> None:
    config = Config()
    config.bind = [f"127.0.0.1:{cloud.port if tls else cloud.front_port}"]
    config.keep_alive_timeout = HEADER_SECONDS
    config.ssl_handshake_timeout = HEADER_SECONDS
    config.graceful_timeout = 0.2
    config.loglevel = "WARNING"
    if tls:
        config.certfile = str(cloud.home / "tls" / "server.pem")
        config.keyfile = str(cloud.home / "tls" / "server.key")
    # The server's types for ASGI messages are closed; ours are the specification's open mappings.
    await serve(cast("Any", app), config, shutdown_trigger=stop.wait)


if __name__ == "__main__":
    main()
