"""The page of the `tap` command: what each command's `--help` says, from the command itself."""

from collections.abc import Iterator
from itertools import groupby
from typing import Any

import click

from cli import main

# Where more is said of a command.
_GUIDES = {
    "save": "../embedded-cloud.md#save-load-reset",
    "load": "../embedded-cloud.md#save-load-reset",
    "reset": "../embedded-cloud.md#save-load-reset",
    "status": "../embedded-cloud.md#the-fidelity-ledger",
    "console": "../console.md",
    "alarms": "../operations.md#when-an-alarm-rings",
    "key": "../operations.md#keys-and-clients",
    "client": "../operations.md#keys-and-clients",
    "upload": "../items-api.md#files",
    "logs": "../operations.md#look-into-logs",
    "trace": "../runbook.md",
    "audit": "../partner-api.md#audit-trail",
    "redrive": "../runbook.md#auditdeadletters",
    "migrate": "../ecommerce.md#operate",
    "publish": "../ecommerce.md#operate",
    "prove": "../proof.md",
    "cost": "../operations.md#know-what-it-costs",
    "restore": "../operations.md#rehearse-the-restore",
    "doctor": "../operations.md#see-whether-all-is-well",
    "drill": "../drills.md",
}
_HEAD = """# The `tap` command

It is `.venv/bin/tap`; `source .venv/bin/activate` makes it `tap`, and `tap --install-completion`
lets the shell complete it. Written by `make generate` from the command itself: what `--help` says.

With `--aws` a command works on the stacks that your settings define, with your credentials: account
and region are shown, a change is confirmed (`--yes` does not ask). A setting that was given to the
deployment with `-c` is given again, such as `tap logs --aws -c environmentSuffix=prod`. On the key,
`tap key --aws` needs the permission `apigateway:GET`; `tap token --aws` needs
`cognito-idp:DescribeUserPoolClient`.

| Command | Does |
| --- | --- |"""


def page() -> str:
    """Return the page, a section for each command."""
    index = (f"| [`tap {name}`](#tap-{name}) | {_line(name)} |" for name in main.COMMANDS)
    sections = (part for name in main.COMMANDS for part in _section(name))
    return "\n\n".join(["\n".join([_HEAD, *index]), *sections]) + "\n"


def _line(name: str) -> str:
    return str(main.load(name).help).partition("\n")[0]


def _section(name: str) -> Iterator[str]:
    command: Any = main.load(name)
    context = click.Context(command, info_name=f"tap {name}")
    yield f"## tap {name}\n\n{_text(command.help or '')}"
    for kind, title in (("argument", "Argument"), ("option", "Option")):
        of_kind = [each for each in command.params if each.param_type_name == kind]
        records = (each.get_help_record(context) for each in of_kind)
        if rows := [f"| `{names}` | {_cell(told)} |" for names, told in records]:
            yield "\n".join([f"| {title} | Is |", "| --- | --- |", *rows])
    if name in _GUIDES:
        yield f"[More about it]({_GUIDES[name]})"


def _text(told: str) -> str:
    """Return a help text with its examples as blocks of their own."""
    parts = groupby(told.split("\n\n"), key=lambda part: part.startswith(("tap ", "curl ")))
    shown = [("\n" if is_example else "\n\n", list(group)) for is_example, group in parts]
    return "\n\n".join(
        f"```console\n{between.join(group)}\n```" if between == "\n" else between.join(group)
        for between, group in shown
    )


def _cell(told: str) -> str:
    return " ".join(told.replace("|", "\\|").replace("<", "\\<").split())
