"""`tap console`: the embedded cloud's own page."""

import webbrowser
from typing import Annotated

import typer

from cli import targets
from cli.errors import CliError
from cli.options import Home

_PAGE = '<!doctype html><meta http-equiv="refresh" content="0;url={url}"><title>tap</title>'
_NO_OPEN = typer.Option("--no-open", help="Print the address, and open no browser.")


def console(no_open: Annotated[bool, _NO_OPEN] = False, home: Home = None) -> None:
    """Open a page about the embedded cloud: its stacks, and each request as it comes.

    The address holds a key, which every start of the cloud makes anew: who has it may do what the
    page does.
    """
    from localcloud.cloud import write_private

    cloud = targets.running_cloud(home)
    noted = cloud.home / "run" / "console.key"
    if not noted.exists():
        raise CliError(
            "the embedded cloud was started without a console; `tap down`, then `tap up`"
        )
    key = noted.read_text("utf-8")
    url = f"http://127.0.0.1:{cloud.front_port}/console/#key={key}"
    print(url)
    if not no_open:
        # A browser is given a file that only this user can read: command lines are for everybody.
        page = cloud.home / "run" / "console.html"
        write_private(page, _PAGE.format(url=url))
        webbrowser.open(page.as_uri())
