"""Options that several commands share."""

from pathlib import Path
from typing import Annotated

import typer

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
    list[str] | None,
    typer.Option(
        "--context",
        "-c",
        metavar="NAME=VALUE",
        help="With --aws: a setting that was given to the deployment, such as environmentSuffix.",
        show_default=False,
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON, for a script to read.")]
Since = Annotated[str, typer.Option(help="How far back: 30s, 10m, 2h or 1d.")]
