"""What `tap restore --drill` does: restore what is kept beside itself, compare and remove it.

A file for each kind of what is kept; `drill.py` rehearses one, `comparison.py` compares.
"""

from collections.abc import Iterator

from cli import project
from tools.doctor.site import Site
from tools.restore.buckets import Bucket
from tools.restore.databases import Database
from tools.restore.drill import Kept
from tools.restore.tables import Table

__all__ = ["kept"]


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
