"""`tap call`: like curl, with the right credentials."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli import project, targets
from cli.console import data, talk
from cli.errors import CliError
from cli.options import Aws, Context, Home, one_of, read

if TYPE_CHECKING:
    from urllib3 import BaseHTTPResponse

_DATA = typer.Option("--data", "-d", help="The request body; @FILE reads a file, @- stdin.")
_SCOPE = typer.Option(help="A scope of the tap API's token; repeat it. All by default.")
_SENT = "A header to send, such as 'if-match: \"1\"'; repeat it."
_HEADER = typer.Option("--header", "-H", help=_SENT)


def call(
    api: Annotated[str, typer.Argument(help="Which API: tap, partner or store.")],
    method: Annotated[str, typer.Argument(help="GET, POST, ...")],
    path: Annotated[str, typer.Argument(help="The path, such as /api.")],
    body: Annotated[str | None, _DATA] = None,
    scope: Annotated[list[str] | None, _SCOPE] = None,
    header: Annotated[list[str] | None, _HEADER] = None,
    anonymous: Annotated[bool, typer.Option("--anonymous", help="Send no credentials.")] = False,
    aws: Aws = False,
    context: Context = None,
    home: Home = None,
) -> None:
    """Call a deployed API with its credentials, as curl would.

    The answer goes to stdout, its status to stderr.

    tap call tap POST /api -d '{"operation": "list"}'

    tap call partner GET /items

    tap call store GET /api/products

    The store is public: it is called through its CDN as a browser calls it, without credentials.

    Exits with 1 when the API answers 400 or above.
    """
    from cli import apis

    one_of("API", project.ADDRESSES, api)
    target = targets.find(home, aws=aws, context=context)
    proof = {} if anonymous else apis.credentials(target, api, scope or [])
    proof |= dict(_header(given) for given in header or [])
    answer = apis.call(target, api, method.upper(), path, body=_body(body), proof=proof)
    _show(answer)
    if answer.status >= 400:
        raise typer.Exit(1)


def _show(answer: "BaseHTTPResponse") -> None:
    colour = "green" if answer.status < 400 else "red"
    talk.print(f"{answer.status} {answer.reason or ''}", style=colour)
    text = answer.data.decode("utf-8", "replace")
    if data.is_terminal and answer.headers.get("content-type", "").startswith("application/json"):
        data.print_json(text)
    else:
        print(text)


def _header(given: str) -> tuple[str, str]:
    name, colon, value = given.partition(":")
    if not colon or not name.strip():
        raise CliError(f"a header is `name: value`; got {given!r}")
    return name.strip().lower(), value.strip()


def _body(given: str | None) -> bytes | None:
    if given is None or not given.startswith("@"):
        return None if given is None else given.encode()
    return sys.stdin.buffer.read() if given == "@-" else read(Path(given[1:]))
