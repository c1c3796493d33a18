"""People browse and buy, and are told the truth when it does not work."""

import json
from collections.abc import Callable

import pytest
from playwright.sync_api import Route, expect

from tests.browser.customer import Customer
from tests.store import NewProduct, Store

pytestmark = pytest.mark.embedded

NewCustomer = Callable[..., Customer]


def stock(store: Store, sku: str) -> int:
    """How many are left."""
    return int(store.get(f"/api/products/{sku}").data["product"]["stock"])


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("shelf-light", {}),
        ("shelf-dark", {"color_scheme": "dark"}),
        ("shelf-phone", {"viewport": {"width": 390, "height": 844}, "is_mobile": True}),
    ],
)
def test_one_sees_what_is_sold(
    new_customer: NewCustomer, store: Store, name: str, options: dict[str, object]
) -> None:
    customer = new_customer(**options)
    sold = store.get("/api/products").data["products"]

    expect(customer.page.locator("#products h3")).to_have_text([each["name"] for each in sold])
    expect(customer.card("MUG").locator(".price")).to_have_text("€14.50")
    customer.picture(name)
    width = "document.documentElement.scrollWidth <= innerWidth"
    assert customer.page.evaluate(width), "it scrolls sideways"
    assert customer.faults == []


def test_one_buys_and_finds_the_order_again(
    customer: Customer, store: Store, new_product: NewProduct
) -> None:
    one, other = new_product(9, name="Vase"), new_product(9, name="Bowl", price_amount=2000)
    customer.visit()

    customer.add(one, other, one)
    expect(customer.page.locator("#cart-count")).to_have_text("3")
    customer.open_cart()
    expect(customer.page.locator("#cart-total")).to_have_text("€49.00")
    customer.picture("cart")
    customer.order_button.click()
    order_id = customer.receipt()
    customer.picture("receipt")

    assert (stock(store, one), stock(store, other)) == (7, 8)
    assert store.get(f"/api/orders/{order_id}").data["order"]["total"]["amount"] == 4900
    customer.page.reload()
    assert customer.receipt() == order_id
    expect(customer.page.locator("#cart-count")).to_be_hidden()
    assert customer.faults == []


def test_one_who_comes_too_late_is_told_what_is_left(
    customer: Customer, store: Store, new_product: NewProduct
) -> None:
    last, other = new_product(1, name="Last one"), new_product(9, name="Bowl")
    customer.visit()
    customer.add(last, other)
    assert store.place({last: 1}).status == 201  # someone was faster

    customer.open_cart()
    customer.order_button.click()

    expect(customer.problem).to_contain_text("Last one is sold out. Nothing was ordered yet.")
    customer.picture("too-late")
    customer.problem.get_by_role("button", name="Go on without it").click()
    customer.order_button.click()
    customer.receipt()
    customer.page.get_by_role("button", name="Back to the shelf").click()
    expect(customer.card(last)).to_contain_text("Sold out")
    customer.picture("sold-out")
    assert (stock(store, last), stock(store, other)) == (0, 8)


def test_the_shelf_goes_on_page_after_page_and_the_keyboard_with_it(
    customer: Customer, new_product: NewProduct
) -> None:
    many = [new_product(9) for _ in range(25)]
    customer.visit()
    cards, more = customer.page.locator("#products > li"), customer.page.locator("#more")
    expect(cards).to_have_count(20)
    customer.picture("more")
    assert customer.barriers() == []

    more.click()

    expect(more).to_be_hidden()
    expect(cards.nth(20).get_by_role("button")).to_be_focused()
    for sku in many:
        expect(customer.card(sku)).to_have_count(1)
    assert customer.faults == []


def test_what_is_in_the_cart_stays_though_it_stands_on_a_further_page(
    customer: Customer, new_product: NewProduct
) -> None:
    customer.add("MUG")
    for _ in range(25):
        new_product(9)
    customer.visit()
    customer.open_cart()

    expect(customer.card("MUG")).to_have_count(0)
    expect(customer.page.locator("#cart-total")).to_have_text("€14.50")
    assert customer.faults == []


def test_a_double_click_sends_one_order(
    customer: Customer, store: Store, new_product: NewProduct
) -> None:
    sku = new_product(9)
    customer.visit()
    customer.add(sku)
    customer.open_cart()

    customer.order_button.dblclick()
    customer.receipt()

    assert len(customer.orders) == 1
    assert stock(store, sku) == 8


def test_a_lost_answer_is_asked_for_again_and_nothing_is_ordered_twice(
    customer: Customer, store: Store, new_product: NewProduct
) -> None:
    sku = new_product(9)
    lost: list[int] = []
    customer.visit()
    customer.add(sku)
    customer.open_cart()

    def lose_first_answer(route: Route) -> None:
        if lost:
            route.continue_()
            return
        lost.append(route.fetch().status)
        route.abort()

    customer.page.route("**/api/orders", lose_first_answer)
    customer.order_button.click()
    customer.receipt()

    assert (lost, len(customer.orders)) == ([201], 2)
    assert stock(store, sku) == 8


def test_offline_is_said_and_the_cart_waits(
    customer: Customer, store: Store, new_product: NewProduct
) -> None:
    sku = new_product(9)
    customer.visit()
    customer.add(sku)
    customer.page.context.set_offline(True)

    expect(customer.page.locator("#offline")).to_be_visible()
    customer.open_cart()
    customer.order_button.click()
    expect(customer.problem).to_contain_text("nothing is ordered twice")
    customer.picture("offline")

    customer.page.context.set_offline(False)
    expect(customer.page.locator("#offline")).to_be_hidden()
    customer.order_button.click()
    customer.receipt()
    assert stock(store, sku) == 8


def test_a_store_that_does_not_answer_is_said_and_tried_again(customer: Customer) -> None:
    customer.page.route("**/api/products", lambda route: route.fulfill(status=503, body=""))
    customer.page.reload()

    expect(customer.page.locator("#shelf-problem")).to_contain_text("cannot reach the shelf")
    customer.picture("no-answer")
    customer.page.unroute("**/api/products")
    customer.page.get_by_role("button", name="Try again").click()
    expect(customer.card("MUG")).to_be_visible()


def test_a_fault_of_the_page_itself_is_not_blamed_on_the_store_and_reaches_the_console(
    customer: Customer,
) -> None:
    broken = json.dumps({"success": True, "data": {"products": [{"sku": "MUG"}]}})
    customer.page.route(
        "**/api/products",
        lambda route: route.fulfill(status=200, content_type="application/json", body=broken),
    )
    customer.page.reload()

    problem = customer.page.locator("#shelf-problem")
    expect(problem).to_contain_text("wrong with this page")
    expect(problem).not_to_contain_text("cannot reach")
    assert customer.faults


def test_a_mistyped_address_leads_back_to_the_shelf(customer: Customer, store: Store) -> None:
    customer.page.goto(f"{store.url}/a/mistyped/address")

    expect(customer.page.locator("h1")).to_contain_text("empty")
    assert customer.barriers() == []
    customer.picture("not-found")
    customer.page.get_by_role("link", name="Everything we sell").click()
    expect(customer.card("MUG")).to_be_visible()


def test_what_looks_like_html_or_sql_is_shown_as_text(
    customer: Customer, new_product: NewProduct
) -> None:
    name, about = "<b>Bobby</b>'); DROP TABLE orders;--", "<img src=x onerror=alert(1)>"
    sku = new_product(1, name=name, description=about)
    customer.visit()

    expect(customer.card(sku).locator("h3")).to_have_text(name)
    expect(customer.card(sku).locator(".about")).to_have_text(about)
    customer.add(sku)
    customer.open_cart()
    customer.order_button.click()
    customer.receipt()
    expect(customer.page.locator("#thanks-lines")).to_contain_text(name)
    assert customer.page.locator("img[src='x'], b").count() == 0
    assert customer.faults == []
