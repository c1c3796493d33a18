"""`tap watch`: a saved handler is served at once, without a deployment."""

import subprocess
import sys
import time
from pathlib import Path

from watchfiles import watch as changes

from cli import deployment, project
from cli.commands.options import Home, running_cloud
from cli.console import done, failed, talk
from localcloud import process
from localcloud.cloud import Cloud

_LOOK_MILLISECONDS = 1000  # how often the cloud is looked for while nothing is saved
_SERVICES = project.ROOT / "services"


def watch(home: Home = None) -> None:
    """Follow services/ and put each saved change into the deployed functions.

    Ctrl-C ends it, and so does `tap down`.

    Infrastructure changes need `tap up`, which also deploys what was only put here.
    """
    cloud = running_cloud(home)
    functions = _functions(cloud)
    talk.print(f"Watching services/ for {', '.join(sorted(functions))}; Ctrl-C ends it")
    for batch in changes(
        _SERVICES,
        debounce=50,
        step=20,
        rust_timeout=_LOOK_MILLISECONDS,
        yield_on_timeout=True,
        raise_interrupt=False,
    ):
        if process.running(cloud.home) is None:
            talk.print("The embedded cloud was stopped: `tap up`, then watch again")
            return
        saved = {Path(path).relative_to(_SERVICES).parts[0] for _, path in batch}
        for service in sorted(functions if "shared" in saved else saved & set(functions)):
            _put(cloud, service, functions[service])


def _put(cloud: Cloud, service: str, function: str) -> None:
    began = time.monotonic()
    # The package builder belongs to the infrastructure, which this package must not import: a
    # process of its own also sees the builder as it now is.
    built = subprocess.run(
        [sys.executable, "-m", "lib.packaging.package", service],
        cwd=project.ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if built.returncode:
        failed(f"{service}: {built.stderr.strip()}")
        return
    code = Path(built.stdout.strip()).read_bytes()
    cloud.client("lambda").update_function_code(FunctionName=function, ZipFile=code)
    done(f"{service} is live", f"({time.monotonic() - began:.2f} s)")


def _functions(cloud: Cloud) -> dict[str, str]:
    """The deployed functions of this app's stacks, by their service."""
    found = {}
    resources = cloud.client("cloudformation")
    client = cloud.client("lambda")
    for stack in deployment.stacks(cloud):
        described = resources.describe_stack_resources(StackName=stack.name)["StackResources"]
        for resource in described:
            if resource["ResourceType"] != "AWS::Lambda::Function":
                continue
            name = resource["PhysicalResourceId"]
            handler = client.get_function_configuration(FunctionName=name)["Handler"]
            if handler.startswith("services."):
                found[handler.split(".")[1]] = name
    return found
