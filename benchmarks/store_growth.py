"""How the store's statements grow with its catalogue and orders, and what a run on a product costs.

`python -m benchmarks.store_growth` starts a PostgreSQL of its own and needs no cloud. Milliseconds
depend on the machine and its load; the pages of 8 KB that a statement touches do not, and tell one
that reads all the catalogue from one that looks things up.
"""

import os
import statistics
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

from pg8000.native import Connection

from benchmarks import results
from localcloud import ports, postgres
from localcloud.cloud import REGION, Cloud
from services.shared.database.postgres import Database, connect_to
from services.shared.database.secret import Login
from services.shared.http.errors import Unavailable
from services.store_api.repository import PostgresShop
from services.store_migrations.migrations import FOLDER, migrate, read_migrations

_SIZES = (10, 100, 1_000, 10_000, 100_000)
_ROUNDS = 200
_BUYERS = 200
FILL = """
BEGIN;
TRUNCATE products, orders, order_lines;
INSERT INTO products (sku, name, description, price_amount, stock, image, shelf)
    SELECT 'P-' || n, 'Product', repeat('words ', 16), 1450, 1000000, 'images/mug.svg', n % 7
    FROM generate_series(1, {size}) AS n;
INSERT INTO orders (idempotency_key)
    SELECT 'an-older-order-' || n FROM generate_series(1, {size}) AS n;
INSERT INTO order_lines (order_id, sku, name, price_amount, currency, quantity)
    SELECT id, replace(idempotency_key, 'an-older-order', 'P'), '', 1450, 'EUR', 1 FROM orders;
COMMIT;
"""


def main() -> None:
    """Measure each size and a run on one product, and write what was found."""
    file = results.file_option(main.__doc__, "store_growth")
    with server() as (owner, login):
        rows = [row for size in _SIZES for row in _measure(owner, login, size)]
        hot, again = _one_product(owner, login)
    results.write(
        file,
        title="How the store grows",
        method=f"A store of so many products, and as many orders, in a PostgreSQL of its own; "
        f"{_ROUNDS} calls each. A page is one of the 8 KB that the server reads or keeps.",
        columns=["Use", "products", "p50 ms", "p99 ms", "pages a call"],
        rows=[*rows, hot],
        notes=[f"{again} of the {_BUYERS} buyers' tries were told to come again."],
    )


@contextmanager
def server() -> Iterator[tuple[Connection, Login]]:
    """A server with an empty store: the owner's connection, and the login of the store itself."""
    many = vars(postgres)["_CONFIGURATION"].replace("= 200", f"= {_BUYERS + 20}")
    with (
        tempfile.TemporaryDirectory() as folder,
        patch.object(postgres, "_CONFIGURATION", many),
    ):
        Path(folder).chmod(0o755)  # the server runs as another user
        home = Path(folder) / "cloud"
        cloud = Cloud(home=home, port=0, front_port=0, database_port=ports.free_port())
        cloud.save()
        os.environ["SSL_CERT_FILE"] = str(cloud.authority)
        postgres.start(cloud)
        try:
            secret = {"host": "127.0.0.1", "port": cloud.database_port, "dbname": "store"}
            secret["password"] = password = uuid.uuid4().hex
            postgres.give(cloud, user="master", password=password, database="store")
            master = Login.from_secret(secret | {"username": "master"})
            owner = connect_to(REGION, timeout=120)(master)
            owner.run((FOLDER / "setup.sql").read_text("utf-8"))
            migrate(owner, read_migrations())
            postgres.give(cloud, user="store", password=password, database="store")
            yield owner, Login.from_secret(secret | {"username": "store"})
        finally:
            postgres.stop(home)


def _database(login: Login) -> Database:
    return Database(lambda: [login], connect_to(REGION))


def _measure(owner: Connection, login: Login, size: int) -> list[list[Any]]:
    """Each use of a store of this size: its median, its slowest hundredth, the pages it touches."""
    owner.run(FILL.format(size=size))
    owner.run("VACUUM ANALYZE products, orders, order_lines")
    database, last = _database(login), f"6.P-{max(1, size - size % 7 - 1)}"
    shop = PostgresShop(database)
    lines = [{"sku": f"P-{n}", "quantity": 1} for n in (1, 2)]
    order, _ = shop.place(str(uuid.uuid4()), lines)
    uses: dict[str, Callable[[], object]] = {
        "first page": lambda: shop.products(20),
        "last page": lambda: shop.products(20, last),
        "one product": lambda: shop.product("P-7"),
        "an order of two": lambda: shop.place(str(uuid.uuid4()), lines),
        "reading an order": lambda: shop.order(order["id"]),
    }
    rows = []
    for name, use in uses.items():
        before = _pages(owner, database)
        took = sorted(_timed(use) for _ in range(_ROUNDS))
        pages = (_pages(owner, database) - before) / _ROUNDS
        p50, p99 = statistics.median(took), took[int(_ROUNDS * 0.99)]
        rows.append([name, size, p50, p99, pages])
    return rows


def _timed(use: Callable[[], object]) -> float:
    began = time.perf_counter()
    use()
    return (time.perf_counter() - began) * 1000


def _pages(owner: Connection, database: Database) -> int:
    """The pages of the store's tables and indexes that the database's statements have touched."""
    database.run("SELECT pg_stat_force_next_flush()")
    touched = "sum(heap_blks_read + heap_blks_hit + idx_blks_read + idx_blks_hit)"
    [[pages]] = owner.run(f"SELECT {touched} FROM pg_statio_user_tables")  # noqa: S608  # constant
    return int(pages)


def _one_product(owner: Connection, login: Login) -> tuple[list[Any], int]:
    """Everybody orders one product at once, each by a function of his own, until he has it.

    Returns the row, and how many tries were told to come again.
    """

    def buy(_: int) -> tuple[float, int]:
        shop, key, tries = PostgresShop(_database(login)), str(uuid.uuid4()), 0
        shop.product("P-1")  # connects
        everybody.wait()
        began = time.perf_counter()
        while True:
            tries += 1
            try:
                shop.place(key, [{"sku": "P-1", "quantity": 1}])
            except Unavailable:
                time.sleep(1)
            else:
                return (time.perf_counter() - began) * 1000, tries

    everybody = threading.Barrier(_BUYERS)
    read = "SELECT stock FROM products WHERE sku = 'P-1'"
    [[before]] = owner.run(read)
    with ThreadPoolExecutor(_BUYERS) as pool:
        done = sorted(pool.map(buy, range(_BUYERS)))
    [[after]] = owner.run(read)
    if before - after != _BUYERS:
        sys.exit(f"{_BUYERS} ordered one each, and the stock went from {before} to {after}")
    took = [each for each, _ in done]
    row = [f"{_BUYERS} buyers of one product at once", _SIZES[-1], took[99], took[197], None]
    return row, sum(tries - 1 for _, tries in done)


if __name__ == "__main__":
    main()
