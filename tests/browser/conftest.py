"""A real Chromium, and customers in it."""

import shutil
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.browser.customer import Customer
from tests.deployment import Deployment

NewCustomer = Callable[..., Customer]
_DESKTOP = {"width": 1280, "height": 860}
_OPTIONS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """The machine's own Chromium, for all tests."""
    found = shutil.which("chromium")
    assert found, "Chromium is missing; install Debian's package `chromium`"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=_OPTIONS)
        yield browser
        browser.close()


@pytest.fixture
def new_customer(chromium: Browser, deployment: Deployment) -> Iterator[NewCustomer]:
    """Lets a customer in, with any of Playwright's options of a browser context."""
    contexts = []

    def enter(**options: Any) -> Customer:
        contexts.append(
            chromium.new_context(**{"viewport": _DESKTOP, "locale": "en-IE", **options})
        )
        customer = Customer(contexts[-1].new_page(), deployment.store_url)
        customer.page.set_default_timeout(15_000)
        customer.visit()
        return customer

    yield enter
    for context in contexts:
        context.close()


@pytest.fixture
def customer(new_customer: NewCustomer) -> Customer:
    """A customer with a wide screen who likes it light."""
    return new_customer()
