"""Migration of the store's database and publishing of its page, here and on AWS."""

import hashlib
import json
import mimetypes
import re
import uuid
from pathlib import Path
from typing import Any

from cli import project
from cli.console import step
from cli.errors import CliError
from cli.stacks import Clients, Stack, pages

_MIGRATION_SECONDS = 330  # the function's own limit is 300
_PAGE = project.ROOT / "web" / "store"
# Scripts and styles are in a folder that is named after what is in them, and never change there. Of
# the others a browser asks each time whether its copy still holds.
_FOLDER = "page-"
_UNCHANGING, _ASKED = "public, max-age=31536000, immutable", "no-cache"
_NAMED = re.compile(rb'((?:href|src)=")/?([a-z]+\.(?:css|js)")')
# What decides how the store is opened, besides the outputs of its stack.
OPENED_WITH = ("web/store", "services/store_migrations", "services/shared", "requirements")
_TYPES = {".js": "text/javascript", ".svg": "image/svg+xml"}


def keep_open(clients: Clients, stack: Stack, before: dict[str, Any]) -> list[Any]:
    """Migrate and publish a store, unless it was opened with all that is returned `before`."""
    now = [stack.outputs, project.fingerprint(OPENED_WITH)]
    if now != before.get(stack.name):
        with step("Opening the store", "The store is open"):
            migrate(clients, stack.outputs, seed=True)
            publish(clients, stack.outputs)
    return now


def migrate(clients: Clients, outputs: dict[str, str], *, seed: bool) -> dict[str, Any]:
    """Apply the migrations that the store's database lacks; with `seed`, fill an empty shop.

    They are started once: an SDK that gives up waiting would start them again beside the first.

    Returns what the function did: `applied`, `seeded` (lists of names) and `password_set`. Raises
    `CliError` if a migration failed (the database is as it was before it) or its answer was lost.
    """
    from botocore.exceptions import HTTPClientError

    # Longer than the function may run. Lambda sends nothing meanwhile, so the connection is kept.
    once = {"read_timeout": _MIGRATION_SECONDS, "retries": {"total_max_attempts": 1}}
    try:
        answer = clients("lambda", tcp_keepalive=True, **once).invoke(
            FunctionName=outputs["MigrationFunctionName"],
            Payload=json.dumps({"seed": seed}).encode(),
        )
    except HTTPClientError as error:
        raise CliError(
            f"the answer of the store's migrations was lost ({error}); they may still run: look "
            "at `tap logs migrations`, then run `tap migrate` again, which repeats none"
        ) from error
    said: Any = json.loads(answer["Payload"].read())
    if "FunctionError" in answer or not isinstance(said, dict) or "errorMessage" in said:
        raise CliError(f"the store's migrations failed: {said}; see `tap logs migrations`")
    return said


def publish(clients: Clients, outputs: dict[str, str]) -> int:
    """Sync the page to the assets bucket and refresh the CDN; returns how many files it has.

    What a page names is there before the page, and what earlier ones name stays (30 KB a release):
    whoever has one open, or finds it in a cache, is served.
    """
    s3, bucket = clients("s3"), outputs["AssetsBucketName"]
    files = page_files()
    for key, body in files.items():
        cache = _UNCHANGING if key.startswith(_FOLDER) else _ASKED
        told = {"ContentType": _content_type(Path(key)), "CacheControl": cache}
        s3.put_object(Bucket=bucket, Key=key, Body=body, **told)
    stored = {item["Key"] for item in pages(s3, "list_objects_v2", "Contents", Bucket=bucket)}
    for key in sorted(stored - set(files)):
        if not key.startswith(_FOLDER):
            s3.delete_object(Bucket=bucket, Key=key)
    clients("cloudfront").create_invalidation(
        DistributionId=outputs["DistributionId"],
        InvalidationBatch={
            "Paths": {"Quantity": 1, "Items": ["/*"]},
            # For a reference that it knows, CloudFront does nothing: it is the same request again.
            "CallerReference": str(uuid.uuid4()),
        },
    )
    return len(files)


def page_files() -> dict[str, bytes]:
    """The page's files by their keys, pages last: what they name has its contents in its key."""
    found = {
        path.relative_to(_PAGE).as_posix(): path.read_bytes()
        for path in sorted(_PAGE.rglob("*"))
        if path.is_file()
    }
    named = {key: found.pop(key) for key in list(found) if key.endswith((".css", ".js"))}
    folder = _FOLDER + hashlib.sha256(repr(named).encode()).hexdigest()[:16]
    placed = {f"{folder}/{key}": body for key, body in named.items()}
    pages_last = sorted(found.items(), key=lambda each: each[0].endswith(".html"))
    address = rb"\1/%b/\2" % folder.encode()
    return placed | {
        key: _NAMED.sub(address, body) if key.endswith(".html") else body
        for key, body in pages_last
    }


def _content_type(path: Path) -> str:
    guessed = _TYPES.get(path.suffix) or mimetypes.guess_type(path.name)[0]
    kind = guessed or "application/octet-stream"
    return f"{kind}; charset=utf-8" if kind.startswith("text/") else kind
