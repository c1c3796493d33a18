"""`tap inbox`: the e-mail that SNS has sent."""

from dataclasses import asdict
from typing import Annotated

import typer

from cli import targets
from cli.console import data, emit, show
from cli.errors import CliError
from cli.options import Home, Json


def inbox(
    number: Annotated[
        int | None,
        typer.Argument(help="Which message to read; 1 is the first.", show_default=False),
    ] = None,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """List the e-mail that alarms and topics have sent, or print one message.

    No e-mail leaves this machine: each is a file in the folder `inbox` of the embedded cloud.
    """
    from localcloud.metrics.inbox import messages

    found = messages(targets.running_cloud(home).home)
    if number is not None and not 1 <= number <= len(found):
        raise CliError(f"no message {number}; there are {len(found)}, see `tap inbox`")
    if as_json:
        emit([asdict(each) for each in (found if number is None else found[number - 1 : number])])
    elif number is not None:
        mail = found[number - 1]
        data.print(f"To: {mail.to}\nDate: {mail.date}\nSubject: {mail.subject}\n\n{mail.text}")
    else:
        rows = ((str(n), mail.date, mail.to, mail.subject) for n, mail in enumerate(found, 1))
        show(("No.", "Date", "To", "Subject"), rows)
