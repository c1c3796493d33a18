"""`tap upload`: put a file into the storage bucket as a client of the API would."""

import base64
import hashlib
import mimetypes
import shlex
from pathlib import Path
from typing import Annotated

import typer

from cli import access
from cli.commands.options import Home, running_cloud
from cli.console import done, talk
from cli.errors import CliError


def upload(
    file: Annotated[Path, typer.Argument(help="The file to upload.")],
    content_type: Annotated[
        str | None,
        typer.Option(
            help="Its type, such as image/png; by its name unless told.", show_default=False
        ),
    ] = None,
    home: Home = None,
) -> None:
    """Upload a file with a presigned POST and print the address it can be downloaded from.

    The API is asked for a presigned POST; S3 enforces its policy: key, type, size and checksum.
    """
    cloud = running_cloud(home)
    try:
        content = file.read_bytes()
    except OSError as error:
        raise CliError(f"cannot read {file}: {error.strerror}; name a readable file") from error
    digest = base64.b64encode(hashlib.sha256(content).digest()).decode()
    request = {
        "operation": "presign_upload",
        "content_type": content_type or _content_type(file.name),
        "size": len(content),
        "sha256": digest,
    }
    try:
        post = access.operation(cloud, request)["upload"]
    except CliError as error:
        if "content_type" in str(error):
            raise CliError(f"{error}; choose with --content-type") from error
        raise
    access.send_file(cloud, post, file.name, content)
    done(f"{file.name} is stored as {post['key']}")
    found = access.operation(cloud, {"operation": "presign_download", "key": post["key"]})
    talk.print(f"Download it within {found['download']['expires_in']} s:", style="dim")
    # Without --noproxy, a proxy of the user's would be asked for an address of this machine.
    authority = shlex.quote(str(cloud.authority))
    print(f"curl --noproxy '*' --cacert {authority} '{found['download']['url']}'")


def _content_type(name: str) -> str:
    guessed = mimetypes.guess_type(name)[0] or "application/octet-stream"
    # Of texts the API takes plain ones and CSV: others, such as Markdown, go as the former.
    return "text/plain" if guessed.startswith("text/") and guessed != "text/csv" else guessed
