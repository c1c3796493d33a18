"""`tap upload`: put a file into the storage bucket as a client of the API would."""

import base64
import hashlib
import mimetypes
import shlex
from pathlib import Path
from typing import Annotated

import typer

from cli import targets
from cli.console import done, talk
from cli.errors import CliError
from cli.options import Aws, Context, Home, read

_TYPE = typer.Option(
    help="Its type, such as image/png; by its name unless told.", show_default=False
)


def upload(
    file: Annotated[Path, typer.Argument(help="The file to upload.")],
    content_type: Annotated[str | None, _TYPE] = None,
    aws: Aws = False,
    context: Context = None,
    home: Home = None,
) -> None:
    """Upload a file with a presigned POST, and print how to download it.

    The API is asked for a presigned POST; S3 enforces its policy: key, type, size and checksum.
    """
    from cli import apis

    target = targets.find(home, aws=aws, context=context)
    content = read(file)
    digest = base64.b64encode(hashlib.sha256(content).digest()).decode()
    request = {
        "operation": "presign_upload",
        "content_type": content_type or _content_type(file.name),
        "size": len(content),
        "sha256": digest,
    }
    try:
        post = apis.operation(target, request)["upload"]
    except CliError as error:
        if "content_type" in str(error):
            raise CliError(f"{error}; choose with --content-type") from error
        raise
    apis.send_file(target, post, file.name, content)
    done(f"{file.name} is stored as {post['key']}")
    found = apis.operation(target, {"operation": "presign_download", "key": post["key"]})
    talk.print(f"Download it within {found['download']['expires_in']} s:", style="dim")
    print(f"curl {_options(target)}'{found['download']['url']}'")


def _options(target: targets.Target) -> str:
    """What curl needs to reach the embedded cloud: past any proxy, and its authority."""
    if target.cloud is None:
        return ""
    return f"--noproxy '*' --cacert {shlex.quote(str(target.cloud.authority))} "


def _content_type(name: str) -> str:
    guessed = mimetypes.guess_type(name)[0] or "application/octet-stream"
    # Of texts the API takes plain ones and CSV: others, such as Markdown, go as the former.
    return "text/plain" if guessed.startswith("text/") and guessed != "text/csv" else guessed
