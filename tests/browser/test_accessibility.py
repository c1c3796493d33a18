"""The page keeps nobody out: axe's serious rules in light and dark, and the keyboard alone."""

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.browser.customer import Customer
from tests.store import NewProduct, Store

pytestmark = pytest.mark.embedded

NewCustomer = Callable[..., Customer]


@pytest.mark.parametrize("colours", ["light", "dark"])
def test_no_state_of_the_page_has_a_serious_barrier(
    new_customer: NewCustomer, store: Store, new_product: NewProduct, colours: str
) -> None:
    last, other = new_product(1, name="Last one"), new_product(9)
    customer = new_customer(color_scheme=colours)

    assert customer.barriers() == [], "the shelf"
    customer.add(last, other)
    customer.open_cart()
    assert customer.barriers() == [], "the cart"
    store.place({last: 1})
    customer.order_button.click()
    expect(customer.problem).to_be_visible()
    assert customer.barriers() == [], "sold out meanwhile"
    customer.picture(f"too-late-{colours}")
    customer.problem.get_by_role("button").click()
    customer.order_button.click()
    customer.receipt()
    assert customer.barriers() == [], "the receipt"
    customer.picture(f"receipt-{colours}")


def test_one_buys_with_the_keyboard_alone(customer: Customer, new_product: NewProduct) -> None:
    sku = new_product(3, name="Keyboard")
    customer.visit()
    keyboard, page = customer.page.keyboard, customer.page

    def walk_to(selector: str) -> None:
        for _ in range(30):
            keyboard.press("Tab")
            if page.locator(selector).evaluate("(it) => it === document.activeElement"):
                return
        raise AssertionError(f"Tab does not reach {selector}")

    keyboard.press("Tab")
    expect(page.locator(".skip")).to_be_focused()
    walk_to("#open-cart")
    walk_to(f"#products [data-sku='{sku}'] button")
    keyboard.press("Enter")
    expect(page.locator(f"#products [data-sku='{sku}'] button")).to_be_focused()
    page.locator("#open-cart").focus()
    keyboard.press("Enter")
    expect(page.locator("#cart-title")).to_be_focused()
    keyboard.press("Escape")
    expect(page.locator("#open-cart")).to_be_focused()
    keyboard.press("Enter")
    walk_to("#order")
    keyboard.press("Enter")
    customer.receipt()
    expect(page.locator("#thanks-title")).to_be_focused()
