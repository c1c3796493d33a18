"""Repository of products and orders: their PostgreSQL database."""

import json
from collections.abc import Sequence
from typing import Any

from services.shared.database.postgres import Database
from services.store_api import models
from services.store_api.models import Line, Order, Product

_PRODUCTS = """SELECT json_build_object(
    'sku', sku, 'name', name, 'description', description,
    'price', json_build_object('amount', price_amount, 'currency', currency),
    'stock', stock, 'image', image
) FROM store.products"""
_PAGE = (
    _PRODUCTS.replace(" FROM", ", shelf || '.' || sku FROM")
    + " WHERE (shelf, sku) > (CAST(:shelf AS bigint), :sku) ORDER BY shelf, sku LIMIT :limit"
)
_BEGINNING = f"{-(2**31)}."  # a cursor: shelf and sku of a page's last product, for all to see
_READ = _PRODUCTS + " WHERE sku = :sku"
_PLACE = "SELECT store.place_order(:key, CAST(:lines AS jsonb))"
_READ_ORDER = "SELECT store.read_order(CAST(:id AS uuid))"


class PostgresShop:
    """Shop in PostgreSQL: each use case is one statement, and so one transaction.

    All of them may be repeated, as `Database.run` asks: an order has its key.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def products(self, limit: int, cursor: str = _BEGINNING) -> tuple[list[Product], str | None]:
        """List `limit` products after `cursor`, in the order of the shelf, and where to go on."""
        shelf, _, sku = cursor.partition(".")
        rows = self._database.run(_PAGE, shelf=int(shelf), sku=sku, limit=limit + 1)
        page = rows[:limit]
        return [product for product, _ in page], page[-1][1] if len(rows) > limit else None

    def product(self, sku: str) -> Product:
        """Return the product with its stock as the last order left it; raise `ProductNotFound`."""
        for [product] in self._database.run(_READ, sku=sku):
            return dict(product)
        raise models.ProductNotFound(sku)

    def place(self, key: str, lines: Sequence[Line]) -> tuple[Order, bool]:
        """Order all lines or nothing; return the order, and whether it is new.

        Placed again with the same key and lines, an order is returned as it was, and is not new.
        Raises `OutOfStock`, `ProductNotFound`, and `KeyInUse` for a key with other lines. See
        `place_order` in services/store_migrations/sql.
        """
        [[answer]] = self._database.run(_PLACE, key=key, lines=json.dumps(lines))
        outcome = answer["outcome"]
        if outcome not in ("placed", "repeated"):
            raise _refusal(answer)
        return answer["order"], outcome == "placed"

    def order(self, order_id: str) -> Order:
        """Return the order with its lines and totals; raise `OrderNotFound`."""
        [[order]] = self._database.run(_READ_ORDER, id=order_id)
        if order is None:
            raise models.OrderNotFound(order_id)
        return dict(order)


def _refusal(answer: dict[str, Any]) -> Exception:
    if answer["outcome"] == "out_of_stock":
        return models.OutOfStock(answer["sku"], wanted=answer["wanted"], left=answer["left"])
    if answer["outcome"] == "unknown_product":
        return models.ProductNotFound(answer["sku"])
    return models.KeyInUse()
