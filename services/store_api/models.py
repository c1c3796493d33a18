"""Products and orders, and the reasons for which an order is refused.

Money is a whole number of the currency's minor unit: 1450 EUR cents are 14.50 EUR.
"""

from typing import Any, TypeAlias

from services.shared.http.errors import Conflict, NotFound

# Characters of an order's JSON: 50 lines of the longest SKU, each character of it
# escaped, are less than a quarter of this.
MAX_ORDER_LENGTH = 65_536

# As validated: {sku, quantity}. As the database composes them: {id, placed_at, lines, total} and
# {sku, name, description, price, stock, image}, the picture's path relative to the store's page.
Line: TypeAlias = dict[str, Any]
Order: TypeAlias = dict[str, Any]
Product: TypeAlias = dict[str, Any]


class ProductNotFound(NotFound):
    """The store sells no such product."""

    code = "product_not_found"

    def __init__(self, sku: str) -> None:
        super().__init__(f"there is no product {sku}")


class OrderNotFound(NotFound):
    """No order has this id."""

    code = "order_not_found"

    def __init__(self, order_id: str) -> None:
        super().__init__(f"there is no order {order_id}")


class OutOfStock(Conflict):
    """A line wants more than is left; nothing was ordered."""

    code = "out_of_stock"

    def __init__(self, sku: str, *, wanted: int, left: int) -> None:
        super().__init__(
            f"{wanted} of {sku} are wanted and {left} are left; nothing was ordered",
            {"sku": sku, "wanted": wanted, "left": left},
        )


class KeyInUse(Conflict):
    """The idempotency key belongs to an order of other lines."""

    code = "idempotency_conflict"
    message = "another order was placed with this Idempotency-Key; take a new one"
