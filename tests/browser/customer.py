"""A customer at the store's page, in a real browser."""

from pathlib import Path
from typing import Any

from playwright.sync_api import Locator, Page, Request

_ROOT = Path(__file__).parents[2]
_SCREENSHOTS = _ROOT / ".build" / "screenshots"
_AXE = _ROOT / "node_modules" / "axe-core" / "axe.min.js"
# Pictures further down are fetched only when someone goes there.
_PICTURES = """Promise.all([...document.images]
    .filter((each) => each.offsetParent && each.getBoundingClientRect().top < innerHeight)
    .map((each) => each.decode()))"""
_STILL = "Promise.all(document.getAnimations().map((each) => each.finished))"


class Customer:
    """One visitor with an empty cart.

    Attributes:
        page: The page the visitor sees.
        orders: The requests with which it has placed orders.
        faults: What the browser complained about, violations of the content policy among it.
    """

    def __init__(self, page: Page, url: str) -> None:
        self.page = page
        self.orders: list[Request] = []
        self.faults: list[str] = []
        self._url = url
        page.on("request", self._note)
        page.on("pageerror", lambda error: self.faults.append(str(error)))
        page.on(
            "console",
            lambda said: self.faults.append(said.text) if said.type == "error" else None,
        )

    def visit(self) -> None:
        """Open the store and wait until its shelf is filled."""
        self.page.goto(f"{self._url}/")
        self.page.locator("#products:not([aria-busy])").wait_for()

    def card(self, sku: str) -> Locator:
        """A product on the shelf."""
        return self.page.locator(f"#products [data-sku='{sku}']")

    def add(self, *skus: str) -> None:
        """Put one of each product into the cart."""
        for sku in skus:
            self.card(sku).get_by_role("button").click()

    def open_cart(self) -> None:
        """Look into the cart."""
        self.page.locator("#open-cart").click()
        self.page.locator("#cart[open]").wait_for()

    @property
    def order_button(self) -> Locator:
        """What places the order."""
        return self.page.locator("#order")

    @property
    def problem(self) -> Locator:
        """What went wrong with the cart, and the way out of it."""
        return self.page.locator("#cart-problem")

    def receipt(self) -> str:
        """The id of the order that was placed, once the page shows it."""
        self.page.locator("#thanks[open]").wait_for()
        return self.page.locator("#thanks-id").inner_text()

    def picture(self, name: str) -> None:
        """Keep a screenshot, once nothing moves any more and every picture is there."""
        self.page.evaluate(_STILL)
        self.page.evaluate(_PICTURES)
        _SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        self.page.screenshot(path=_SCREENSHOTS / f"{name}.png")

    def barriers(self) -> list[dict[str, Any]]:
        """What keeps people out by axe's rules, of its two upper grades."""
        self.page.evaluate(_STILL)
        # Through the debugger, not as a script of the page: its content policy stays as it is.
        self.page.evaluate(_AXE.read_text("utf-8"))
        found = self.page.evaluate("axe.run(document, {resultTypes: ['violations']})")
        return [
            {"rule": each["id"], "where": [node["target"] for node in each["nodes"]]}
            for each in found["violations"]
            if each["impact"] in ("serious", "critical")
        ]

    def _note(self, request: Request) -> None:
        if request.method == "POST" and request.url.endswith("/api/orders"):
            self.orders.append(request)
