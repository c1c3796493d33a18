"""What `tap restore --drill` does: restore what is kept beside itself, compare and remove it.

A file for each kind of what is kept; `drill.py` rehearses one, `comparison.py` compares.
"""

from collections.abc import Iterator

from cli import project
from cli.console import show_rows, talk, waiting
from cli.errors import CliError
from cli.targets import Target
from tools.doctor.site import Site
from tools.restore.buckets import Bucket
from tools.restore.databases import Database
from tools.restore.drill import EQUAL, Kept, are_met, rehearse
from tools.restore.tables import Table

__all__ = ["kept", "run"]


def run(target: Target, *, as_json: bool) -> bool:
    """Rehearse the restore of all that is kept, and say what became of it; tell whether it is well.

    Raises `CliError` when it is interrupted, and naming what could not be removed.
    """
    try:
        with waiting("Restoring, comparing and removing"):
            done = [rehearse(each) for each in kept(Site(target))]
    except KeyboardInterrupt:
        raise CliError("interrupted; the copies that the drill had made are removed") from None
    show_rows([each.row() for each in done], as_json=as_json)
    met = are_met(done, talk.print)
    if target.cloud:
        talk.print("these are this machine's times; AWS alone shows its own", style="dim")
    return met and all(each.verdict == EQUAL for each in done)


def kept(site: Site) -> Iterator[Kept]:
    """List what the deployed stacks keep: tables, databases, and buckets that keep versions."""
    for name in site.ids["AWS::DynamoDB::Table"]:
        yield Table(site.clients("dynamodb"), name)
    for name in site.ids["AWS::RDS::DBInstance"]:
        function = site.target.stack(project.STORE).outputs["MigrationFunctionName"]
        yield Database(site.clients, name, reader=function)
    s3 = site.clients("s3")
    for name in site.ids["AWS::S3::Bucket"]:
        if s3.get_bucket_versioning(Bucket=name).get("Status") == "Enabled":
            yield Bucket(s3, name, region=site.target.region)
