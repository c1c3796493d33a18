"""The store's services on a real PostgreSQL: what only the database itself can promise.

The server is this module's own: roles belong to a whole server, and the deployed store's are not
to be changed.
"""

import dataclasses
import threading
import time
import uuid
from collections import Counter, deque
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from pg8000.exceptions import DatabaseError
from pg8000.native import Connection

from lib.store.database import PARAMETERS
from localcloud import ports, postgres
from localcloud.cloud import Cloud
from services.shared.database.postgres import Database, close, connect_to
from services.shared.database.secret import DatabaseSecret, Login
from services.shared.http.errors import Unavailable
from services.shared.http.responses import failure
from services.store_api.models import (
    KeyInUse,
    Line,
    OrderNotFound,
    OutOfStock,
    ProductNotFound,
)
from services.store_api.repository import PostgresShop
from services.store_migrations.service import Store
from services.store_secret_rotation.rotation import DatabaseUserRotation
from tests import server
from tests.secrets_manager import OLD, SECRET, StoreSecret, secret_value
from tests.unit.services.fakes.store_api import MemoryShop

pytestmark = pytest.mark.embedded

REGION = "eu-west-1"
STEPS = ("createSecret", "setSecret", "testSecret", "finishSecret")


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Cloud:
    """Where this module's server is."""
    home, port = tmp_path_factory.mktemp("server"), ports.free_port()
    cloud = Cloud(home=home, port=0, front_port=0, database_port=port)
    cloud.save()
    return cloud


@pytest.fixture(scope="module")
def database(cloud: Cloud) -> Iterator[Login]:
    """The master of an empty database on a server that runs for this module."""
    home, port = cloud.home, cloud.database_port
    login = Login(
        host="127.0.0.1", port=port, dbname="store", username="master", password=uuid.uuid4().hex
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SSL_CERT_FILE", str(cloud.authority))
        server.start(home)
        try:
            postgres.give(cloud, user="master", password=login.password, database="store")
            yield login
        finally:
            postgres.stop(home)


@pytest.fixture(scope="module")
def secrets(database: Login) -> StoreSecret:
    """The secret of the store's user."""
    secrets = StoreSecret()
    place = {"host": database.host, "port": database.port, "dbname": database.dbname}
    secrets.values["v1"] = secret_value(OLD) | place
    return secrets


@pytest.fixture(scope="module")
def prepare(database: Login, secrets: StoreSecret) -> Callable[[], Any]:
    """Runs the migrations once."""
    masters = StoreSecret()
    masters.values["v1"] = dataclasses.asdict(database)
    return lambda: Store(
        master=DatabaseSecret(masters, SECRET),
        user=DatabaseSecret(secrets, SECRET),
        connect=connect_to(REGION, timeout=60),
    ).prepare(seed=False)


@pytest.fixture(scope="module")
def prepared(prepare: Callable[[], Any]) -> list[Any]:
    """What two runs at once and a third one did."""
    with ThreadPoolExecutor() as pool:
        both = [run.result() for run in [pool.submit(prepare) for _ in range(2)]]
    return [*sorted(both, key=lambda done: -len(done["applied"])), prepare()]


@pytest.fixture
def owner(prepared: list[Any], database: Login) -> Iterator[Connection]:
    """The owner of the tables, before a shelf of fifty mugs and one tote bag."""
    assert prepared
    connection = connect_to(REGION)(database)
    connection.run("SET ROLE store_owner; SET search_path = store")
    connection.run("TRUNCATE products, orders, order_lines")
    connection.run(
        "INSERT INTO products (sku, name, description, price_amount, stock, image) VALUES "
        "('MUG', 'Mug', '', 1450, 50, 'images/mug.svg'),"
        "('TOTE', 'Tote', '', 1800, 1, 'images/tote.svg')"
    )
    yield connection
    connection.close()


@pytest.fixture
def open_database(owner: Connection, secrets: StoreSecret) -> Iterator[Callable[[], Database]]:
    """Gives the database as each running function has it, with a connection of its own."""
    assert owner
    opened: list[Connection] = []

    def connect(login: Login) -> Connection:
        opened.append(connect_to(REGION)(login))
        return opened[-1]

    yield lambda: Database(DatabaseSecret(secrets, SECRET).logins, connect)
    for connection in opened:
        close(connection)


@pytest.fixture
def open_shop(open_database: Callable[[], Database]) -> Callable[[], PostgresShop]:
    """Gives a shop with a connection of its own."""
    return lambda: PostgresShop(open_database())


def key() -> str:
    return str(uuid.uuid4())


def line(sku: str, quantity: int) -> Line:
    """A line of an order."""
    return {"sku": sku, "quantity": quantity}


def attempt(shop: PostgresShop, order_key: str, lines: list[Line]) -> str:
    try:
        return "placed" if shop.place(order_key, lines)[1] else "repeated"
    except OutOfStock:
        return "out of stock"


def test_two_migrations_at_once_apply_each_file_once_and_a_third_nothing(
    prepared: list[Any],
) -> None:
    first, second, third = prepared

    assert second == third == {"applied": [], "password_set": False, "seeded": []}
    assert first == second or first["applied"][0] == "0001_products.sql"


def test_two_hundred_orders_at_once_sell_fifty_and_the_same_keys_nothing_more(
    owner: Connection, open_shop: Callable[[], PostgresShop]
) -> None:
    keys = [key() for _ in range(200)]

    def order_all() -> Counter[str]:
        def work(number: int) -> list[str]:
            shop = open_shop()
            return [attempt(shop, each, [line("MUG", 1)]) for each in keys[number::20]]

        with ThreadPoolExecutor(20) as pool:
            return Counter(outcome for done in pool.map(work, range(20)) for outcome in done)

    assert order_all() == {"placed": 50, "out of stock": 150}
    assert order_all() == {"repeated": 50, "out of stock": 150}
    assert owner.run("SELECT stock FROM products WHERE sku = 'MUG'") == [[0]]
    assert owner.run("SELECT count(*), count(DISTINCT order_id) FROM order_lines") == [[50, 50]]


def test_orders_of_the_same_products_in_any_sequence_never_wait_for_each_other(
    open_shop: Callable[[], PostgresShop], owner: Connection
) -> None:
    owner.run("UPDATE products SET stock = 1000")
    lines = [line("MUG", 1), line("TOTE", 1)]

    def work(number: int) -> None:
        shop = open_shop()
        for _ in range(20):
            shop.place(key(), lines if number % 2 else lines[::-1])

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(8)))
    assert owner.run("SELECT min(stock), max(stock) FROM products") == [[840, 840]]


def test_one_key_sent_many_times_at_once_is_one_order(
    open_shop: Callable[[], PostgresShop], owner: Connection
) -> None:
    order_key, barrier = key(), threading.Barrier(8)

    def work(_: int) -> str:
        shop = open_shop()
        barrier.wait()
        return attempt(shop, order_key, [line("TOTE", 1)])

    with ThreadPoolExecutor(8) as pool:
        outcomes = Counter(pool.map(work, range(8)))
    assert outcomes == {"placed": 1, "repeated": 7}
    assert owner.run("SELECT stock FROM products WHERE sku = 'TOTE'") == [[0]]


def test_an_order_is_all_lines_or_nothing(
    open_shop: Callable[[], PostgresShop], owner: Connection
) -> None:
    shop = open_shop()

    with pytest.raises(OutOfStock) as short:
        shop.place(key(), [line("MUG", 1), line("TOTE", 2)])
    with pytest.raises(ProductNotFound):
        shop.place(key(), [line("MUG", 1), line("LAMP", 1)])

    assert short.value.details == {"sku": "TOTE", "wanted": 2, "left": 1}
    assert owner.run("SELECT sum(stock) FROM products") == [[51]]
    assert owner.run("SELECT count(*) FROM orders") == [[0]]


def test_a_key_of_another_order_is_refused_and_an_order_is_read_as_it_was_placed(
    open_shop: Callable[[], PostgresShop], owner: Connection
) -> None:
    shop, order_key = open_shop(), key()
    placed, _ = shop.place(order_key, [line("TOTE", 1), line("MUG", 2)])
    owner.run("UPDATE products SET price_amount = 1, name = 'Cheap'")

    for lines in ([line("MUG", 2)], [line("MUG", 2), line("TOTE", 2)]):
        with pytest.raises(KeyInUse):
            shop.place(order_key, lines)
    assert shop.place(order_key, [line("MUG", 2), line("TOTE", 1)]) == (placed, False)
    assert shop.order(placed["id"]) == placed
    assert placed["total"] == {"amount": 4700, "currency": "EUR"}
    assert [line["sku"] for line in placed["lines"]] == ["MUG", "TOTE"]


def test_the_price_is_the_stores_whatever_a_line_says(
    open_shop: Callable[[], PostgresShop],
) -> None:
    said = {"price": 1, "price_amount": 1, "total": {"amount": 1, "currency": "EUR"}}

    order, _ = open_shop().place(key(), [line("MUG", 2) | said])

    assert order["total"] == {"amount": 2900, "currency": "EUR"}


@pytest.mark.parametrize(
    "orders",
    [
        [("one", [line("MUG", 2)])],
        [("one", [line("TOTE", 1), line("MUG", 1)]), ("one", [line("MUG", 1), line("TOTE", 1)])],
        [("one", [line("MUG", 1)]), ("one", [line("MUG", 2)])],
        [("one", [line("TOTE", 1)]), ("two", [line("MUG", 1), line("TOTE", 1)])],
        [("one", [line("MUG", 3)]), ("one", [line("MUG", 2)])],
        [("one", [line("LAMP", 1)])],
    ],
)
def test_the_shop_of_the_unit_tests_answers_as_the_database_does(
    open_shop: Callable[[], PostgresShop],
    owner: Connection,
    orders: list[tuple[str, list[Line]]],
) -> None:
    owner.run("UPDATE products SET stock = 2 WHERE sku = 'MUG'")

    def told(shop: Any) -> list[Any]:
        return [
            *[_answer(shop.place, f"{name}-{uuid.UUID(int=0)}", lines) for name, lines in orders],
            *[_answer(shop.product, sku) for sku in ("MUG", "LAMP")],
            _answer(shop.products, 1),
            _answer(shop.products, 1, "0.MUG"),
            _answer(shop.order, str(uuid.UUID(int=0))),
        ]

    assert told(MemoryShop()) == told(open_shop())


def _answer(call: Callable[..., Any], *given: Any) -> Any:
    """What a call returns or is refused with, without what is drawn: ids and times."""
    try:
        answer = call(*given)
    except (KeyInUse, OrderNotFound, OutOfStock, ProductNotFound) as refused:
        return refused.code, str(refused), refused.details
    if isinstance(answer, tuple) and "id" in answer[0]:
        order, is_new = answer
        return {**order, "id": "", "placed_at": ""}, is_new
    return answer


@pytest.fixture
def catalogue(owner: Connection) -> int:
    """How many products there are, on three shelves, each of them in an order."""
    owner.run("TRUNCATE products, orders, order_lines; BEGIN")
    owner.run(
        "INSERT INTO products (sku, name, description, price_amount, stock, image, shelf) "
        "SELECT 'P-' || n, 'Product', '', 100, 1000, 'images/mug.svg', n % 3 - 1 "
        "FROM generate_series(1, 6000) AS n"
    )
    owner.run(
        "INSERT INTO orders (idempotency_key) "
        "SELECT 'an-older-order-' || n FROM generate_series(1, 6000) AS n"
    )
    owner.run(
        "INSERT INTO order_lines (order_id, sku, name, price_amount, currency, quantity) "
        "SELECT id, replace(idempotency_key, 'an-older-order', 'P'), '', 100, 'EUR', 1 FROM orders"
    )
    owner.run("COMMIT; ANALYZE products, orders, order_lines")
    return 6000


def test_the_pages_of_a_large_catalogue_hold_each_product_once_in_the_order_of_the_shelf(
    catalogue: int, open_shop: Callable[[], PostgresShop], owner: Connection
) -> None:
    shop = open_shop()
    seen, cursor = shop.products(100)
    while cursor:
        products, cursor = shop.products(100, cursor)
        seen += products

    shelf = owner.run("SELECT sku FROM products ORDER BY shelf, sku")
    assert len(seen) == catalogue
    assert [product["sku"] for product in seen] == [sku for [sku] in shelf]


def test_a_cursor_of_what_is_sold_no_more_goes_on_where_it_stood(
    catalogue: int, open_shop: Callable[[], PostgresShop], owner: Connection
) -> None:
    shop = open_shop()
    first, cursor = shop.products(2)
    assert catalogue
    assert cursor == f"-1.{first[1]['sku']}"
    second, _ = shop.products(1, cursor)

    owner.run("DELETE FROM order_lines WHERE sku = :sku", sku=first[1]["sku"])
    owner.run("DELETE FROM products WHERE sku = :sku", sku=first[1]["sku"])

    assert shop.products(1, cursor)[0] == second


@pytest.fixture
def explained(cloud: Cloud, catalogue: int) -> Iterator[Connection]:
    """A connection whose notices are the plans of what it ran, inside of functions as well."""
    assert catalogue
    connection = postgres.connect(cloud, "store")
    connection.run("LOAD 'auto_explain'; SET auto_explain.log_min_duration = 0")
    connection.run("SET auto_explain.log_nested_statements = on")
    connection.run("SET auto_explain.log_level = 'notice'")
    connection.notices = deque()  # all of them
    yield connection
    connection.close()


def test_no_statement_reads_a_large_catalogue_or_its_orders_whole(explained: Connection) -> None:
    login: Any = None
    shop = PostgresShop(Database(lambda: [login], lambda _: explained))

    for _ in range(8):  # from the sixth on, a plan is made for any values
        shop.product("P-7")
        shop.products(100, "0.P-3")
        shop.products(100)
        for lines in ([line("P-1", 1)], [line(f"P-{n}", 1) for n in range(1, 51)]):
            order_key = key()
            order, _ = shop.place(order_key, lines)
            assert shop.place(order_key, lines) == (order, False)
            assert shop.order(order["id"]) == order
            assert attempt(shop, key(), [line("P-9", 9999)]) == "out of stock"

    told = "\n".join(notice[b"M"].decode() for notice in explained.notices)
    assert "LockRows" in told
    assert "Update on products" in told
    assert "Index Scan using products_by_shelf" in told
    assert "Seq Scan on" not in told


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE store.products SET stock = 9",
        "INSERT INTO store.orders (idempotency_key) VALUES ('0123456789abcdef')",
        "SELECT * FROM store.orders",
        "DELETE FROM store.order_lines",
        "SELECT * FROM store.migrations",
        "CREATE TABLE store.mine ()",
        "SELECT store.money(1, 'EUR')",
    ],
)
def test_the_stores_user_may_only_look_and_order(
    open_database: Callable[[], Database], sql: str
) -> None:
    with pytest.raises(DatabaseError, match="42501"):
        open_database().run(sql)


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE products SET stock = -1",
        "UPDATE products SET price_amount = 0",
        "UPDATE products SET currency = 'USD'",
        "UPDATE products SET image = 'https://example.com/x.svg'",
        "INSERT INTO orders (idempotency_key) VALUES ('0123456789abcdef')",
    ],
)
def test_even_the_owner_cannot_break_the_rules(owner: Connection, sql: str) -> None:
    with pytest.raises(DatabaseError, match="23514"):
        owner.run(sql)


def test_a_rotation_under_load_and_lost_sessions_fail_no_order(
    open_shop: Callable[[], PostgresShop],
    owner: Connection,
    secrets: StoreSecret,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    owner.run("UPDATE products SET stock = 100000")
    user = connect_to(REGION)(DatabaseSecret(secrets, SECRET).current())
    rotated = threading.Event()

    def work(_: int) -> int:
        shop, placed = open_shop(), 0
        while not rotated.is_set():
            placed += shop.place(key(), [line("MUG", 1)])[1]
        return placed

    def lose_sessions() -> None:
        """As a user may do with its own: every session of the store ends, in mid-statement too."""
        user.run(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE usename = current_user AND pid <> pg_backend_pid()"
        )

    new = uuid.uuid4().hex
    monkeypatch.setattr(secrets, "get_random_password", lambda **_: {"RandomPassword": new})
    secrets.stages["AWSPENDING"] = "v2"
    rotation = DatabaseUserRotation(secrets, SECRET, connect_to(REGION))
    with ThreadPoolExecutor(6) as pool:
        working = [pool.submit(work, number) for number in range(6)]
        for step in STEPS:
            rotation.run(step=step, secret_id=SECRET, token="v2")
            lose_sessions()
        rotated.set()
        placed = sum(done.result() for done in working)
    user.close()

    assert owner.run("SELECT count(*) FROM orders") == [[placed]]
    assert owner.run("SELECT stock FROM products WHERE sku = 'MUG'") == [[100000 - placed]]


@pytest.fixture
def log(cloud: Cloud, owner: Connection) -> Iterator[Callable[[], str]]:
    """Reads what the server logged from now on, as RDS is told to, and of each statement."""
    assert owner
    settings = {name: value for name, value in PARAMETERS.items() if name.startswith("log_")}
    admin = postgres.connect(cloud)
    for name, value in (settings | {"log_min_duration_statement": "0"}).items():
        admin.run(f"ALTER SYSTEM SET {name} = '{value}'")
    admin.run("SELECT pg_reload_conf()")
    file = cloud.home / "postgres.log"
    _wait_until(lambda: connect_shows(cloud, "log_min_duration_statement") == "0")
    begin = file.stat().st_size
    yield lambda: file.read_bytes()[begin:].decode()  # noqa: PLW0108  # pylint: disable=unnecessary-lambda  # it grows
    for name in settings:
        admin.run(f"ALTER SYSTEM RESET {name}")
    admin.run("SELECT pg_reload_conf()")
    admin.close()


def connect_shows(cloud: Cloud, setting: str) -> str:
    connection = postgres.connect(cloud)
    try:
        [[shown]] = connection.run(f"SHOW {setting}")
        return str(shown)
    finally:
        connection.close()


def _wait_until(reached: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not reached():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_the_log_tells_of_an_order_but_not_what_was_ordered(
    open_shop: Callable[[], PostgresShop], log: Callable[[], str]
) -> None:
    shop, order_key = open_shop(), key()
    shop.place(order_key, [line("MUG", 2)])
    with pytest.raises(OutOfStock):
        shop.place(key(), [line("TOTE", 999)])

    said = log()

    assert "place_order" in said
    assert order_key not in said
    assert "MUG" not in said
    assert "TOTE" not in said


def test_the_log_tells_of_an_order_that_failed_but_not_what_was_ordered(
    open_database: Callable[[], Database], log: Callable[[], str]
) -> None:
    refused = f"short-{uuid.uuid4().hex[:4]}"
    with pytest.raises(DatabaseError, match="23514"):
        open_database().run(
            "SELECT store.place_order(:key, :lines)",
            key=refused,
            lines='[{"sku": "MUG", "quantity": 1}]',
        )

    said = log()

    assert "ERROR:" in said
    assert "place_order" in said
    assert refused not in said
    assert "MUG" not in said


@pytest.fixture
def crowded(cloud: Cloud, owner: Connection, database: Login) -> Iterator[Connection]:
    """The owner's connection to the server, which takes few more."""
    assert owner
    settings = vars(postgres)["_CONFIGURATION"]
    postgres.stop(cloud.home)
    with pytest.MonkeyPatch.context() as patch:
        few = settings.replace("max_connections = 200", "max_connections = 20")
        patch.setattr(postgres, "_CONFIGURATION", few)
        postgres.start(cloud)
    connection = connect_to(REGION)(database)
    connection.run("SET ROLE store_owner; SET search_path = store")
    yield connection
    connection.close()
    postgres.stop(cloud.home)
    server.start(cloud.home)


def test_more_functions_than_connections_are_told_to_come_again_and_no_order_is_lost(
    crowded: Connection, secrets: StoreSecret
) -> None:
    crowded.run("UPDATE products SET stock = 1000")
    keys = [key() for _ in range(100)]
    held: list[Connection] = []

    def connect(login: Login) -> Connection:
        held.append(connect_to(REGION)(login))
        return held[-1]

    def order(order_key: str) -> str:
        """As a function does that has not been asked before, and is frozen after it."""
        shop = PostgresShop(Database(DatabaseSecret(secrets, SECRET).logins, connect))
        try:
            return attempt(shop, order_key, [line("MUG", 1)])
        except Unavailable as busy:
            return str(failure(busy, {"request_id": order_key})["headers"]["retry-after"])

    with ThreadPoolExecutor(len(keys)) as pool:
        told = dict(zip(keys, pool.map(order, keys), strict=True))
    assert Counter(told.values()) == {"placed": len(held), "1": 100 - len(held)}
    assert 10 < len(held) < 20

    for order_key in [each for each in keys if told[each] == "1"]:
        while held:
            close(held.pop())
        while (again := order(order_key)) == "1":
            time.sleep(0.05)  # the server has not noticed yet that the others are gone
        assert again == "placed"
    assert crowded.run("SELECT count(*) FROM orders") == [[100]]
    assert crowded.run("SELECT stock FROM products WHERE sku = 'MUG'") == [[900]]
    while held:
        close(held.pop())
