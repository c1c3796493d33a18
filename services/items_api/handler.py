"""`POST /api`: from a request to the use case it names, and back.

The JWT authorizer at the gateway lets a token with any of the API's scopes in; which of them an
operation needs is decided here, where the operation is known.
"""

import functools
import gc
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from services.items_api.files import BucketFiles
from services.items_api.settings import Settings
from services.items_api.validators import VALIDATORS
from services.shared import aws
from services.shared.http import exact_json, requests
from services.shared.http.errors import Forbidden, refused
from services.shared.http.exact_json import Json
from services.shared.http.requests import Call, Event
from services.shared.http.responses import Response
from services.shared.items.cursors import Cursors, KeyRing
from services.shared.items.models import MAX_REQUEST_LENGTH
from services.shared.items.repository import DynamoItems
from services.shared.items.secret import ApplicationSecret
from services.shared.items.service import ItemService

Request = dict[str, Json]


@dataclass(frozen=True, kw_only=True)
class Operation:
    """One operation: the scope it needs, what it does, and the status of its success."""

    scope: str
    run: Callable[[Request], Json]
    status: int = 200


@dataclass(frozen=True, kw_only=True)
class Api:
    """The operations of `POST /api` over the parts they need."""

    items: ItemService
    files: BucketFiles
    secret: ApplicationSecret
    resource_server_id: str

    @functools.cached_property
    def operations(self) -> Mapping[str, Operation]:
        """Every operation by its name."""
        return {
            "create": Operation(scope="items.write", run=self._create, status=201),
            "read": Operation(scope="items.read", run=self._read),
            "update": Operation(scope="items.write", run=self._update),
            "delete": Operation(scope="items.write", run=self._delete),
            "list": Operation(scope="items.read", run=self._list),
            "presign_upload": Operation(scope="files.write", run=self._presign_upload),
            "presign_download": Operation(scope="items.read", run=self._presign_download),
            "delete_file": Operation(scope="files.write", run=self._delete_file),
            "describe_secret": Operation(scope="items.read", run=self._describe_secret),
        }

    def work(self, call: Call) -> tuple[int, Json]:
        """Status and data of the answer. Raises a `Failure` for what cannot be done."""
        request = exact_json.parse(requests.body(call.event, limit=MAX_REQUEST_LENGTH))
        if not isinstance(request, dict):
            raise refused("body", "is not an object", "a JSON object with an operation")
        name = request.get("operation")
        if not isinstance(name, str) or name not in self.operations:
            problem = "is not an operation" if "operation" in request else "is missing"
            raise refused("operation", problem, "one of " + ", ".join(self.operations))
        call.name(name)
        operation = self.operations[name]
        scope = f"{self.resource_server_id}/{operation.scope}"
        if scope not in _scopes(call.event):
            raise Forbidden(f"the token needs the scope {scope}")
        return operation.status, operation.run(VALIDATORS[name](request))

    def _create(self, request: Request) -> Json:
        return {"item": self.items.create(request["item"], request.get("id")).public()}

    def _read(self, request: Request) -> Json:
        return {"item": self.items.read(request["id"]).public()}

    def _update(self, request: Request) -> Json:
        item = self.items.update(
            request["id"],
            request["item"],
            mode=request["mode"],
            expected_version=request.get("expected_version"),
        )
        return {"item": item.public()}

    def _delete(self, request: Request) -> Json:
        return {"item": self.items.delete(request["id"]).public()}

    def _list(self, request: Request) -> Json:
        items, cursor = self.items.list_page(limit=request["limit"], cursor=request.get("cursor"))
        return {"items": [item.public() for item in items], "cursor": cursor}

    def _presign_upload(self, request: Request) -> Json:
        upload = self.files.presign_upload(
            content_type=request["content_type"],
            size=request["size"],
            sha256=request["sha256"],
            expires_in=request["expires_in"],
        )
        return {"upload": upload}

    def _presign_download(self, request: Request) -> Json:
        key, expires_in = request["key"], request["expires_in"]
        return {"download": self.files.presign_download(key=key, expires_in=expires_in)}

    def _delete_file(self, request: Request) -> Json:
        return {"file": self.files.delete(key=request["key"])}

    def _describe_secret(self, _: Request) -> Json:
        return {"secret": self.secret.describe()}


def connect(settings: Settings) -> Api:
    """The API on AWS. DynamoDB's and S3's clients are made now, Secrets Manager's when needed."""
    secret = ApplicationSecret(
        functools.cache(lambda: aws.client("secretsmanager")), settings.cursor_secret_arn
    )
    return Api(
        items=ItemService(
            DynamoItems(aws.client("dynamodb"), settings.items_table_name),
            Cursors(KeyRing(secret), settings.items_table_name),
        ),
        files=BucketFiles(aws.client("s3"), settings.files_bucket_name),
        secret=secret,
        resource_server_id=settings.resource_server_id,
    )


def _scopes(event: Event) -> list[str]:
    """The scopes of the caller's token, none without one."""
    authorizer = event["requestContext"].get("authorizer", {})
    scope: str = authorizer.get("jwt", {}).get("claims", {}).get("scope", "")
    return scope.split()


_api = connect(Settings.from_env(os.environ))


def lambda_handler(event: Event, _context: object) -> Response:
    """Lambda's entry point."""
    return requests.serve(event, _api.work)


# What initialization made lives as long as the function: no collection need look at it again.
gc.freeze()
