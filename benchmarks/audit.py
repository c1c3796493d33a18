"""What the audit record adds to a request of the partner API: `make bench`.

The deployed function and a copy of it that sends no record, both with the deployed role and
settings, invoked in turn through Lambda. The copy is deleted afterwards. Machines differ and drift:
compare figures of one run only.
"""

import contextlib
import json
import shlex
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import botocore.session

from benchmarks import results
from lib.packaging.package import build_package

_ROOT = Path(__file__).resolve().parent.parent
_TAP = Path(sys.executable).with_name("tap")
_ROUNDS = 300
_WARM_UP = 20
_CLAIM_MS = 10.0
_SEND = "self.audit.send("
_EVENT = {
    "httpMethod": "GET",
    "resource": "/items/{id}",
    "multiValueHeaders": None,
    "multiValueQueryStringParameters": None,
    "pathParameters": {"id": "no-such-item"},
    "requestContext": {
        "requestId": "benchmark",
        "stage": "prod",
        "identity": {"apiKeyId": "benchmark", "sourceIp": "127.0.0.1", "userAgent": "benchmark"},
    },
    "body": None,
    "isBase64Encoded": False,
}


def main() -> None:
    """Measure the running embedded cloud, print a table and say whether the claim holds."""
    file = results.file_option(main.__doc__, "audit")
    found = json.loads(_tap("endpoints", "--json"))
    [outputs] = [each for name, each in found["stacks"].items() if name.startswith("PartnerApi")]
    client = _client(found)
    deployed = outputs["LambdaFunctionName"]
    with _without_audit(client, deployed) as copy:
        times: dict[str, list[float]] = {deployed: [], copy: []}
        for number in range(_WARM_UP + _ROUNDS):
            for name, values in times.items():
                spent = _invoke(client, name)
                if number >= _WARM_UP:
                    values.append(spent)
    added = statistics.median(times[deployed]) - statistics.median(times[copy])
    verdict = "holds" if added < _CLAIM_MS else "DOES NOT HOLD"
    said = f"The audit adds {added:.1f} ms; that it is below {_CLAIM_MS:.0f} {verdict}."
    results.write(
        file,
        title="What an audit record adds",
        method=f"The partner API's function and one that sends none, {_ROUNDS} rounds, in turn.",
        columns=["Function", *results.PERCENTILES],
        rows=[
            ["with the audit", *results.percentiles(times[deployed])],
            ["without", *results.percentiles(times[copy])],
        ],
        notes=[said, "Both are invoked through Lambda: the gateway and the firewall are left out."],
    )
    sys.stdout.write(f"{said}\n")
    sys.exit(added >= _CLAIM_MS)


@contextlib.contextmanager
def _without_audit(client: Any, deployed: str) -> Iterator[str]:
    """A copy of the function that sends no record, for as long as the block lasts."""
    settings = client.get_function_configuration(FunctionName=deployed)
    name = f"{deployed}-bench-{uuid.uuid4().hex[:8]}"
    client.create_function(
        FunctionName=name,
        Runtime=settings["Runtime"],
        Handler=settings["Handler"],
        Role=settings["Role"],
        Code={"ZipFile": _package()},
        Environment={"Variables": settings["Environment"]["Variables"]},
        MemorySize=settings["MemorySize"],
        Timeout=settings["Timeout"],
        LoggingConfig=settings["LoggingConfig"],
    )
    try:
        client.get_waiter("function_active_v2").wait(FunctionName=name)
        yield name
    finally:
        client.delete_function(FunctionName=name)


def _package() -> bytes:
    """The function's package from a copy of the sources whose handler sends no record."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        for source in ("services", "requirements"):
            shutil.copytree(_ROOT / source, root / source)
        (root / ".build").mkdir()
        (root / ".build" / "site").symlink_to(_ROOT / ".build" / "site")
        handler = root / "services" / "partner_api" / "handler.py"
        text = handler.read_text("utf-8")
        if text.count(_SEND) != 1:
            sys.exit("the handler sends its record in another way than this file knows")
        handler.write_text(text.replace(_SEND, "(lambda record: None)("), "utf-8")
        return build_package("partner_api", root=root).path.read_bytes()


def _invoke(client: Any, name: str) -> float:
    """Milliseconds of one invocation."""
    began = time.perf_counter()
    answer = client.invoke(FunctionName=name, Payload=json.dumps(_EVENT))
    body = json.loads(answer["Payload"].read())
    spent = (time.perf_counter() - began) * 1000
    if body.get("statusCode") != 404:
        sys.exit(f"{name} answered {body}")
    return spent


def _client(found: Any) -> Any:
    """A Lambda client of the embedded cloud, with an operator's keys."""
    lines = _tap("endpoints", "--export").splitlines()
    words = (shlex.split(line)[1].partition("=") for line in lines if line)
    exported = {name: value for name, _, value in words}
    return botocore.session.get_session().create_client(
        "lambda",
        region_name=found["region"],
        endpoint_url=found["aws_endpoint"],
        verify=found["ca_bundle"],
        aws_access_key_id=exported["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=exported["AWS_SECRET_ACCESS_KEY"],
    )


def _tap(*arguments: str) -> str:
    ended = subprocess.run([str(_TAP), *arguments], capture_output=True, text=True, check=False)
    if ended.returncode:
        sys.exit(ended.stderr.strip())
    return ended.stdout


if __name__ == "__main__":
    main()
