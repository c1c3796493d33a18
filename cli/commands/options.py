"""Options that several commands share."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from cli import project
from cli.errors import CliError
from localcloud import process
from localcloud.cloud import Cloud

Home = Annotated[
    Path | None,
    typer.Option(
        "--home",
        metavar="FOLDER",
        help="The embedded cloud's folder; TAP_HOME or .tap by default.",
        show_default=False,
    ),
]
Aws = Annotated[bool, typer.Option("--aws", help="Work on AWS itself, not on the embedded cloud.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask before changing AWS.")]
Context = Annotated[
    Sequence[str],
    typer.Option(
        "--context",
        "-c",
        metavar="NAME=VALUE",
        help="With --aws: a setting that was given to the deployment, such as environmentSuffix.",
        show_default=False,
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON, for a script to read.")]


def running_cloud(given: Path | None) -> Cloud:
    """The running cloud that a command is about.

    Raises:
        CliError: none is running in that folder.
    """
    home = project.home(given)
    cloud = Cloud.load(home)
    if cloud is None or process.running(home) is None:
        raise CliError(f"no embedded cloud is running in {home}; start it with `tap up`")
    return cloud
