"""API Gateway function of `POST /api`: finds the operation that the body names, and runs it.

API Gateway's JWT authorizer lets a token with any of the API's scopes in; which scope an operation
needs is checked here, where the operation is known.
"""

import functools
import os
from dataclasses import dataclass
from typing import Any

from services.items_api.files import BucketFiles
from services.items_api.validators import VALIDATORS
from services.shared import aws
from services.shared.function import entry_point
from services.shared.http.errors import refused
from services.shared.http.exact_json import Json
from services.shared.http.requests import Call, json_body, serve
from services.shared.http.routes import Route, Routes, dispatch
from services.shared.items.models import MAX_REQUEST_LENGTH
from services.shared.items.secret import ApplicationSecret
from services.shared.items.service import ItemService, item_services


@dataclass(frozen=True, kw_only=True)
class Api:
    """The operations of `POST /api` over the parts they need."""

    items: ItemService
    files: BucketFiles
    secret: ApplicationSecret
    resource_server_id: str

    @functools.cached_property
    def routes(self) -> Routes:
        """The operations by their names."""
        read, write, files = (
            f"{self.resource_server_id}/{scope}"
            for scope in ("items.read", "items.write", "files.write")
        )
        routes = (
            Route("create", self._create, status=201, scope=write),
            Route("read", self._read, scope=read),
            Route("update", self._update, scope=write),
            Route("delete", self._delete, scope=write),
            Route("list", self._list, scope=read),
            Route("presign_upload", self._presign_upload, scope=files),
            Route("presign_download", self._presign_download, scope=read),
            Route("delete_file", self._delete_file, scope=files),
            Route("describe_secret", self._describe_secret, scope=read),
        )
        return {route.name: route for route in routes}

    def run(self, call: Call) -> Json:
        """Carry out the operation that the body names; the data of the answer."""
        body = json_body(call.event, limit=MAX_REQUEST_LENGTH)
        if not isinstance(body, dict):
            raise refused("body", "is not an object", "a JSON object with an operation")
        name = body.get("operation")
        if not isinstance(name, str) or name not in self.routes:
            problem = "is not an operation" if "operation" in body else "is missing"
            raise refused("operation", problem, "one of " + ", ".join(self.routes))
        return dispatch(call, self.routes, name, lambda route: VALIDATORS[route.name](body))

    def _create(self, call: Call) -> Json:
        item = self.items.create(call.request["item"], call.request.get("id"))
        return {"item": item.to_public()}

    def _read(self, call: Call) -> Json:
        return {"item": self.items.read(call.request["id"]).to_public()}

    def _update(self, call: Call) -> Json:
        item = self.items.update(
            call.request["id"],
            call.request["item"],
            mode=call.request["mode"],
            expected_version=call.request.get("expected_version"),
        )
        return {"item": item.to_public()}

    def _delete(self, call: Call) -> Json:
        return {"item": self.items.delete(call.request["id"]).to_public()}

    def _list(self, call: Call) -> Json:
        given: dict[str, Any] = {
            name: call.request.get(name) for name in ("limit", "cursor", "segment")
        }
        items, cursor = self.items.list_page(**given)
        return {"items": [item.to_public() for item in items], "cursor": cursor}

    def _presign_upload(self, call: Call) -> Json:
        names = ("content_type", "size", "sha256", "expires_in")
        return {"upload": self.files.presign_upload(**{name: call.request[name] for name in names})}

    def _presign_download(self, call: Call) -> Json:
        key, expires_in = call.request["key"], call.request["expires_in"]
        return {"download": self.files.presign_download(key=key, expires_in=expires_in)}

    def _delete_file(self, call: Call) -> Json:
        return {"file": self.files.delete(key=call.request["key"])}

    def _describe_secret(self, _: Call) -> Json:
        return {"secret": self.secret.describe()}


def connect(
    *,
    items_table_name: str,
    files_bucket_name: str,
    cursor_secret_arn: str,
    resource_server_id: str,
) -> Api:
    """Make the API on AWS: DynamoDB's client now, S3's and Secrets Manager's when needed."""
    secret = ApplicationSecret(lambda: aws.client("secretsmanager"), cursor_secret_arn)
    return Api(
        items=item_services(items_table_name, secret)(None),
        files=BucketFiles(lambda: aws.client("s3"), files_bucket_name),
        secret=secret,
        resource_server_id=resource_server_id,
    )


lambda_handler = entry_point(connect, os.environ, lambda api, event, _: serve(event, api.run))
