"""The items API over items in memory, called as API Gateway calls the function."""

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, cast

from services.items_api import handler
from services.items_api.files import BucketFiles
from services.shared import aws
from services.shared.http import requests
from services.shared.items.cursors import Cursors, KeyRing
from services.shared.items.models import Item, ItemExists, ItemNotFound, VersionConflict
from services.shared.items.records import place_of
from services.shared.items.repository import SEGMENTS, Mode
from services.shared.items.secret import ApplicationSecret
from services.shared.items.service import ItemService
from tests.unit.services import fakes
from tests.unit.services.environment import BUCKET, SECRET, TABLE


class MemoryItems:
    """Items in a dictionary."""

    def __init__(self) -> None:
        self.kept: dict[str, Item] = {}

    def add(self, item: Item) -> None:
        if item.id in self.kept:
            raise ItemExists(item.id)
        self.kept[item.id] = item

    def get(self, item_id: str) -> Any:
        if item_id not in self.kept:
            raise ItemNotFound(item_id)
        return self.kept[item_id]

    def change(self, item: Item, *, mode: Mode, expected_version: int | None) -> Any:
        kept = self.get(item.id)
        if expected_version not in (None, kept.version):
            raise VersionConflict(item.id, expected=expected_version, current=kept.version)
        merged = kept.attributes | item.attributes if mode == "merge" else item.attributes
        self.kept[item.id] = replace(
            kept, attributes=merged, version=kept.version + 1, updated_at=item.updated_at
        )
        return self.kept[item.id]

    def remove(self, item_id: str) -> Any:
        item = self.get(item_id)
        del self.kept[item_id]
        return item

    def page(self, *, limit: int, after: str | None, segment: int | None) -> Any:
        items = sorted(self.kept.values(), key=place_of)
        rest = [item for item in items if after is None or place_of(item) > after]
        wanted = [item for item in rest if segment in (None, len(item.id) % SEGMENTS)]
        page = wanted[:limit]
        return page, place_of(page[-1]) if len(wanted) > limit else None


class ItemsApi:
    """`POST /api` over items in memory, called as the gateway calls the function."""

    def __init__(self, secrets: Any) -> None:
        self.items = MemoryItems()
        self.clock = fakes.Clock()
        self.files: dict[str, bytes] = {}
        secret = ApplicationSecret(lambda: secrets, SECRET)
        self._api = handler.Api(
            items=ItemService(
                cast("Any", self.items), Cursors(KeyRing(secret.load, self.clock), TABLE)
            ),
            files=BucketFiles(lambda: fakes.answering(aws.client("s3"), self._head), BUCKET),
            secret=secret,
            resource_server_id="tap",
        )

    @property
    def routes(self) -> Any:
        """The operations by their names."""
        return self._api.routes

    @property
    def run(self) -> Any:
        """What the function does with a call."""
        return self._api.run

    def _head(self, request: Any) -> Any:
        name = request.url.rpartition("/uploads/")[2]
        return (200 if name in self.files else 403), b""

    def __call__(
        self, request: Any, scopes: Sequence[str] | None = fakes.EVERY_SCOPE, **event: Any
    ) -> Any:
        """Status and parsed body of the answer to a request (text, or an object)."""
        body = request if isinstance(request, str) else json.dumps(request)
        response = requests.serve(
            fakes.http_event("POST /api", scopes, body=body, **event), self._api.run
        )
        return response["statusCode"], json.loads(response["body"])
