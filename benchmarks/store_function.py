"""The store's function to count, with a PostgreSQL of its own: it places orders."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from typing import Any
from unittest.mock import patch

from benchmarks import fake_aws, functions, store_growth

NAME = "store_api"
_PRODUCTS = 100
_ORDERS = 11
# The same requests are sent for each count, and the store would answer the order it has already.
_FORGET = """
CREATE FUNCTION store.forget() RETURNS trigger LANGUAGE plpgsql
    AS 'BEGIN NEW.idempotency_key = gen_random_uuid(); RETURN NEW; END';
CREATE TRIGGER forget BEFORE INSERT ON orders FOR EACH ROW EXECUTE FUNCTION store.forget();
"""


@contextmanager
def served() -> Iterator[functions.Function]:
    """The function with orders of two products to place, for as long as its database runs."""
    with store_growth.server() as (owner, login):
        owner.run(store_growth.FILL.format(size=_PRODUCTS))
        owner.run(_FORGET)
        secret = json.dumps(asdict(login))
        environment = {"SSL_CERT_FILE": os.environ["SSL_CERT_FILE"]}
        with patch.dict(fake_aws.SECRET, SecretString=secret):
            found = functions.find(NAME)
            yield replace(
                found,
                events=[_order(secret, number) for number in range(_ORDERS)],
                environment=found.environment | environment,
            )


def _order(secret: str, number: int) -> dict[str, Any]:
    """An event of the HTTP API; the fake AWS has one secret, which is the origin key, too."""
    event = functions.http("POST /api/orders")
    lines = [{"sku": f"P-{product}", "quantity": 1} for product in (1, 2)]
    headers = {"x-origin-verify": secret, "idempotency-key": f"a-counted-order-{number:06}"}
    return event | {
        "headers": event["headers"] | headers,
        "body": json.dumps({"lines": lines}),
    }
