"""The deployment that the suites run against: an embedded cloud of their own, or AWS.

TARGET unset or `local`: an embedded cloud on free ports in a temporary folder, with the environment
suffix `test`; it is stopped at the end, whatever happened.
TARGET=aws: the stacks that the app defines with this shell's settings, with the credentials and the
region that `make deploy` would use.
"""

import json
import os
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import botocore.session
import pytest
from botocore.config import Config

from cli import project
from localcloud.cloud import Cloud
from tests import leaks, prepared

TAP = Path(sys.executable).with_name("tap")
SUFFIX = "test"
ORIGINS = ("https://store.example", "https://admin.example")
PORT_OPTIONS = ("--port", "--front-port", "--database-port")
WORKER, _FIRST = "PYTEST_XDIST_WORKER", "gw0"  # which of pytest-xdist's processes this is
FREE_PORTS = tuple(word for option in PORT_OPTIONS for word in (option, "0"))
# What a shell may hold and no function may see.
SHELL_SECRET = {"SUITE_SHELL_SECRET": "not for functions"}
_ROOT = Path(__file__).parent.parent
# Whose `~/.cdk.json` the CDK CLI reads: what is deployed is served at once, as where data is thrown
# away. The drills of releases shift.
_HOME = _ROOT / ".build/home-of-tests"
_SHIFT = {"context": {"releaseShift": "AllAtOnce"}}


@dataclass(frozen=True, kw_only=True)
class Deployment:
    """The deployed stacks, and an operator's way to them.

    Attributes:
        api_url: Where the HTTP API answers, without a slash at the end.
        token_url: Where OAuth 2.0 tokens are had.
        outputs: The outputs of TapStack.
        suffix: What ends the names of the stacks.
        store_url: Where the store is, through its CDN, without a slash at the end.
        store_outputs: The outputs of EcommerceStack.
        region: The region it is in.
        ca_bundle: What the certificates of its endpoints are verified with; None for the public
            authorities.
        endpoint: Where the AWS API answers; None for AWS's own endpoints.
        home: The embedded cloud's folder; None on AWS.
        short_urls: Where the front door of an embedded cloud serves each API; empty on AWS.
        credentials: The operator's keys in the embedded cloud; empty on AWS, where the default
            credentials are used.
    """

    api_url: str
    token_url: str
    outputs: Mapping[str, str]
    store_url: str
    store_outputs: Mapping[str, str]
    region: str
    suffix: str
    ca_bundle: str | None = None
    endpoint: str | None = None
    home: Path | None = None
    short_urls: Mapping[str, str] = field(default_factory=dict)
    credentials: Mapping[str, str] = field(default_factory=dict, repr=False)
    _clients: dict[str, Any] = field(default_factory=dict, repr=False, compare=False)

    def client(self, service: str) -> Any:
        """A botocore client with the operator's credentials; one for all that ask."""
        if service not in self._clients:
            self._clients[service] = botocore.session.get_session().create_client(
                service,
                region_name=self.region,
                endpoint_url=self.endpoint,
                verify=self.ca_bundle or True,
                aws_access_key_id=self.credentials.get("AWS_ACCESS_KEY_ID"),
                aws_secret_access_key=self.credentials.get("AWS_SECRET_ACCESS_KEY"),
                config=Config(signature_version="s3v4" if service == "s3" else None),
            )
        return self._clients[service]

    def stack(self, kind: str) -> dict[str, str]:
        """The outputs of another stack, such as `PartnerApiStack`."""
        return _outputs(self.client("cloudformation"), f"{kind}{self.suffix}")

    def tap(self, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run a `tap` command on this embedded cloud and return what it said.

        Raises:
            CalledProcessError: `check` is on and the command failed.
        """
        assert self.home, "only an embedded cloud has the `tap` command"
        return tap(self.home, *arguments, check=check)


def tap(
    home: Path, *arguments: str, check: bool = True, environ: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run `tap ARGUMENTS --home HOME` with its words captured; `environ` adds to what it sees."""
    return subprocess.run(
        command(home, *arguments),
        cwd=_ROOT,
        env=environment(arguments[0]) | dict(environ or {}),
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        check=check,
        timeout=240,
    )


def command(home: Path, *arguments: str) -> list[str]:
    """The command line of `tap`, about the embedded cloud in `home`."""
    return [str(TAP), arguments[0], "--home", str(home), *arguments[1:]]


def environment(command_name: str = "") -> dict[str, str]:
    """What a `tap` command sees: nothing of ours that could choose another cloud or ports.

    An embedded cloud whose coverage is measured needs nearly twice the processor time, so the
    clouds of one of the tests' processes are: those that its `up` starts.
    """
    kept = {name: value for name, value in os.environ.items() if not name.startswith("TAP_")}
    if not (_HOME / ".cdk.json").exists():
        _HOME.mkdir(parents=True, exist_ok=True)
        (_HOME / ".cdk.json").write_text(json.dumps(_SHIFT), "utf-8")
    if command_name == "up" and os.environ.get(WORKER, _FIRST) != _FIRST:
        kept.pop("COVERAGE_PROCESS_CONFIG", None)
    return (
        kept
        | SHELL_SECRET
        | {
            "HOME": str(_HOME),
            "ENVIRONMENT_SUFFIX": SUFFIX,
            "SYSTEMS": "items,partner,store",  # whichever a project deploys: the code is there
            "CDK_CONTEXT": f"allowedOrigins={','.join(ORIGINS)}",  # `-c` of the CDK CLI
            # Not the rules that `make check` looks after: they take half of a synthesis.
            "CDK_VALIDATION": "false",
            "COLUMNS": "200",
        }
    )


def is_aws() -> bool:
    """Whether the suites run against AWS.

    Raises:
        UsageError: TARGET is neither `local` nor `aws`.
    """
    target = os.environ.get("TARGET") or "local"
    if target not in ("local", "aws"):
        raise pytest.UsageError(f"TARGET is {target!r}; leave it out, or use local or aws")
    return target == "aws"


@pytest.fixture(scope="session")
def deployment(request: pytest.FixtureRequest) -> Iterator[Deployment]:
    """The deployment of this run."""
    if is_aws():
        yield _on_aws()
        return
    capture = request.config.pluginmanager.getplugin("capturemanager")
    assert capture
    with tempfile.TemporaryDirectory(prefix="tap-test-") as folder:
        home = Path(folder) / "cloud"
        try:
            # Uncaptured: half a minute without a word would look like a hang.
            with capture.global_and_fixture_disabled():
                sys.stderr.write(f"\nAn embedded cloud in {home}\n")
                start_deployed(home)
            yield embedded(home)
            cloud = Cloud.load(home)
            told = leaks.found(cloud) if cloud else []
            assert not told, f"secrets are told: {told}"
        finally:
            stop(home)


def copy_deployed(home: Path) -> None:
    """Copy the cloud that is deployed once for all processes of the tests."""

    def deploy(original: Path) -> None:
        try:
            start(original)
        finally:
            stop(original)

    prepared.copy(prepared.once(deploy), home)


def start_deployed(home: Path) -> None:
    """Start a copy of the cloud that is deployed once for all processes of the tests."""
    copy_deployed(home)
    start(home)


def start(home: Path, *options: str) -> None:
    """Start an embedded cloud and deploy to it, at first on free ports; it talks on stderr."""
    subprocess.run(
        command(home, "up", *free_ports(home), *options),
        cwd=_ROOT,
        env=environment("up"),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        check=True,
    )


def free_ports(home: Path) -> tuple[str, ...]:
    """The options of `tap up` that give a new cloud free ports; none where it has some."""
    return () if (home / "cloud.json").exists() else FREE_PORTS


def stop(home: Path) -> None:
    """Stop the embedded cloud in `home`, if one runs there."""
    # In a session of its own: a second Ctrl-C must not reach it half-way.
    subprocess.run(
        command(home, "down"),
        cwd=_ROOT,
        env=environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=True,
        start_new_session=True,
    )


@contextmanager
def another_cloud() -> Iterator[Path]:
    """The folder of an embedded cloud besides the suites' own; what runs there is stopped."""
    with tempfile.TemporaryDirectory(prefix="tap-test-") as folder:
        home = Path(folder) / "cloud"
        try:
            yield home
        finally:
            if (home / "process.json").exists():
                stop(home)


def embedded(home: Path) -> Deployment:
    """The deployment in an embedded cloud that runs."""
    found = json.loads(tap(home, "endpoints", "--json").stdout)
    return Deployment(
        api_url=found["apis"]["tap"],
        token_url=found["token_url"],
        outputs=found["stacks"][f"TapStack{SUFFIX}"],
        store_url=found["store"],
        store_outputs=found["stacks"][f"EcommerceStack{SUFFIX}"],
        region=found["region"],
        suffix=SUFFIX,
        ca_bundle=found["ca_bundle"],
        endpoint=found["aws_endpoint"],
        home=home,
        short_urls=found["apis"],
        credentials=_exported(tap(home, "endpoints", "--export").stdout.splitlines()),
    )


def _exported(lines: Sequence[str]) -> dict[str, str]:
    """The variables of `export NAME=VALUE` lines."""
    assignments = (shlex.split(line)[1].partition("=") for line in lines if line)
    return {name: value for name, _, value in assignments}


def _on_aws() -> Deployment:
    session = botocore.session.get_session()
    # In the order of `tap cdk --aws`, which the stacks were deployed with.
    region = os.environ.get("AWS_REGION") or session.get_config_variable("region")
    names = project.stack_names(dict(os.environ))
    suffix = next(name for name in names if name.startswith("TapStack")).removeprefix("TapStack")
    cloudformation: Any = session.create_client("cloudformation", region_name=region)
    outputs = _outputs(cloudformation, f"TapStack{suffix}")
    store_outputs = _outputs(cloudformation, f"EcommerceStack{suffix}")
    return Deployment(
        api_url=outputs["ApiEndpoint"],
        token_url=outputs["TokenUrl"],
        outputs=outputs,
        store_url=store_outputs["StoreUrl"],
        store_outputs=store_outputs,
        region=region,
        suffix=suffix,
    )


def _outputs(cloudformation: Any, stack: str) -> dict[str, str]:
    described = cloudformation.describe_stacks(StackName=stack)["Stacks"][0]
    return {item["OutputKey"]: item["OutputValue"] for item in described["Outputs"]}
