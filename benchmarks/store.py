"""How fast the store is, against its goals: `make bench`, which fails when one is missed.

Functions are timed by themselves (`duration_ms` of their log), warm; round trips to the database
are counted on the wire, with the function's own code behind a proxy; the page is timed by Chromium
from the embedded CDN.
"""

import json
import os
import shutil
import statistics
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import urllib3
from playwright.sync_api import sync_playwright

from benchmarks import results
from benchmarks.round_trips import CountingProxy
from cli import project, targets
from localcloud import postgres
from localcloud.cloud import REGION, Cloud
from services.shared.database.postgres import Database, connect_to
from services.shared.database.secret import DatabaseSecret, Login
from services.store_api.repository import PostgresShop

_ROUNDS = 200
_VISITS = 10
# What a page costs and how soon something is on it: its own files, not the API's answers.
_PAINT = "performance.getEntriesByName('first-contentful-paint')[0].startTime"
_WEIGHT = """[...performance.getEntriesByType('navigation'),
    ...performance.getEntriesByType('resource')]
    .filter((each) => !each.name.includes('/api/'))
    .reduce((sum, each) => sum + each.encodedBodySize, 0) / 1000"""


def main() -> None:
    """Measure the running embedded cloud, print a table, and fail when a goal is missed."""
    file = results.file_option(main.__doc__, "store")
    cloud = Cloud.load(project.home(None))
    if cloud is None:
        sys.exit("no embedded cloud runs here; run `make up`")
    outputs = targets.embedded(cloud).stack(project.STORE).outputs
    with _product(cloud) as sku:
        order_ms, list_ms = _functions(cloud, outputs, sku)
        order_trips, list_trips = _round_trips(cloud, outputs, sku)
    weight, paint = _page(cloud)
    _report(
        file,
        ("order, in the function, p50", order_ms, 15, "ms"),
        ("list of products, in the function, p50", list_ms, 5, "ms"),
        ("order, round trips to the database", order_trips, 2, ""),
        ("list of products, round trips", list_trips, 1, ""),
        ("page, its own files", weight, 60, "KB"),
        ("page, first contentful paint, p50", paint, 1000, "ms"),
    )


def _report(file: Path, *rows: tuple[str, float, int, str]) -> None:
    results.write(
        file,
        title="The store",
        method="Functions by their own log, round trips on the wire, the page in Chromium.",
        columns=["What", "measured", "goal, at most", "unit"],
        rows=rows,
    )
    if missed := [name for name, measured, goal, _ in rows if measured > goal]:
        sys.exit(f"missed: {', '.join(missed)}")


@contextmanager
def _product(cloud: Cloud) -> Iterator[str]:
    """A product on the shelf that goes again, with its orders."""
    sku, owner = f"BENCH-{uuid.uuid4().hex[:12].upper()}", postgres.connect(cloud, "store")
    owner.run("SET search_path = store")
    owner.run(
        "INSERT INTO products (sku, name, description, price_amount, stock, image) "
        "VALUES (:sku, 'Bench', '', 1450, 100000, 'images/mug.svg')",
        sku=sku,
    )
    try:
        yield sku
    finally:
        gone = "DELETE FROM order_lines WHERE sku = :sku RETURNING order_id"
        orders = [order for [order] in owner.run(gone, sku=sku)]
        owner.run("DELETE FROM orders WHERE id = ANY(:orders)", orders=orders)
        owner.run("DELETE FROM products WHERE sku = :sku", sku=sku)
        owner.close()


def _functions(cloud: Cloud, outputs: dict[str, str], sku: str) -> tuple[float, float]:
    """The median durations of an order and of the list, in milliseconds."""
    pool, body = urllib3.PoolManager(), json.dumps({"lines": [{"sku": sku, "quantity": 1}]})

    def patiently(call: Callable[[], Any]) -> None:
        while (answer := call()).status == 429:
            time.sleep(0.5)
        if answer.status >= 400:
            sys.exit(f"the store answered {answer.status}: {answer.data.decode()}")

    def order() -> Any:
        sent = {"content-type": "application/json", "idempotency-key": str(uuid.uuid4())}
        return pool.request("POST", f"{cloud.front_door}/api/orders", body=body, headers=sent)

    began = 0
    for number in range(_ROUNDS + 10):
        if number == 10:  # what came before warmed the function up
            began = int(time.time() * 1000)
        patiently(order)
        patiently(lambda: pool.request("GET", f"{cloud.front_door}/api/products"))
    durations = _logged(cloud, outputs["StoreApiFunctionName"], began)
    return statistics.median(durations["place_order"]), statistics.median(
        durations["list_products"]
    )


def _logged(cloud: Cloud, function: str, since: int) -> dict[str, list[float]]:
    """The durations in a function's log since a time (epoch, ms), by operation."""
    described = cloud.client("lambda").get_function_configuration(FunctionName=function)
    pages = cloud.client("logs").get_paginator("filter_log_events")
    found: dict[str, list[float]] = {}
    for page in pages.paginate(
        logGroupName=described["LoggingConfig"]["LogGroup"], startTime=since
    ):
        for event in page["events"]:
            if '"duration_ms"' in event["message"]:
                line = json.loads(event["message"])
                found.setdefault(line["operation"], []).append(line["duration_ms"])
    return found


def _round_trips(cloud: Cloud, outputs: dict[str, str], sku: str) -> tuple[float, float]:
    """How often an order, and the list, wait for the database on a kept connection."""
    os.environ["SSL_CERT_FILE"] = str(cloud.authority)
    secret = DatabaseSecret(cloud.client("secretsmanager"), outputs["DatabaseSecretArn"])
    connect = connect_to(REGION)

    with CountingProxy(cloud.database_port) as proxy:

        def through_proxy(login: Login) -> Any:
            return connect(replace(login, port=proxy.port))

        shop = PostgresShop(Database(secret.logins, through_proxy))

        def count(use: Callable[[], object]) -> float:
            use()  # connects and prepares
            before = proxy.round_trips
            for _ in range(10):
                use()
            return (proxy.round_trips - before) / 10

        return (
            count(lambda: shop.place(str(uuid.uuid4()), [{"sku": sku, "quantity": 1}])),
            count(lambda: shop.products(limit=20)),
        )


def _page(cloud: Cloud) -> tuple[float, float]:
    """The page's weight in kilobytes, and the median first contentful paint in milliseconds."""
    chromium = shutil.which("chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium, args=["--no-sandbox", "--disable-gpu", "--disable-quic"]
        )
        weights, paints = [], []
        for _ in range(_VISITS):
            context = browser.new_context(viewport={"width": 1280, "height": 2400})
            page = context.new_page()
            page.goto(f"{cloud.front_door}/", wait_until="networkidle")
            weights.append(page.evaluate(_WEIGHT))
            paints.append(page.evaluate(_PAINT))
            context.close()
        browser.close()
    return max(weights), statistics.median(paints)


if __name__ == "__main__":
    main()
