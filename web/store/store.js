// The store: wires what the visitor does to the cart, the checkout and the page.

import { listProducts, readOrder, readProduct, Refusal } from "./api.js";
import { Cart } from "./cart.js";
import { Checkout } from "./checkout.js";
import { open, say, showBusy, showCart, showOrder, showProblem, showProducts, skuOf } from "./page.js";

const $ = (id) => document.getElementById(id);
const cart = new Cart();
const checkout = new Checkout(cart);
/** @type {import("./api.js").Product[]} On the shelf, as far as it is shown. */
let products = [];
/** @type {import("./api.js").Product[]} In the cart, but further on. */
let others = [];
let cursor = null; // where the shelf goes on
let shortage = null;

const find = (sku) => [...products, ...others].find((each) => each.sku === sku);

function show() {
  showProducts(products, cart, cursor);
  showCart(cart, [...products, ...others], shortage);
}

/** Look again at the shelf, as far as it is shown, and at what is in the cart or was just `ordered`. */
async function load(ordered = []) {
  try {
    const skus = [...new Set([...ordered, ...cart.lines].map(({ sku }) => sku))];
    const [shelf, found] = await Promise.all([list(products.length), Promise.all(skus.map(read))]);
    const now = new Map(found.filter(Boolean).map((product) => [product.sku, product]));
    for (const sku of skus) if (!now.has(sku)) cart.set(sku, 0);
    products = shelf.map((product) => now.get(product.sku) ?? product);
    for (const { sku } of products) now.delete(sku);
    others = [...now.values()];
    showProblem("shelf-problem", null);
    show();
  } catch (problem) {
    const unreachable = problem instanceof Refusal;
    if (unreachable && products.length) return; // what is on the page is better than nothing
    $("products").replaceChildren();
    const words = unreachable ? "We cannot reach the shelf right now." : "Something is wrong with this page; it is not you.";
    showProblem("shelf-problem", words, ["Try again", () => load()]);
    if (!unreachable) throw problem; // a bug of ours: the console must tell it
  }
}

/** List the shelf up to the page with so many products. */
async function list(count) {
  let page = await listProducts();
  const shelf = page.products;
  while (page.cursor && shelf.length < count) {
    page = await listProducts(page.cursor);
    shelf.push(...page.products);
  }
  cursor = page.cursor;
  return shelf;
}

/** Read a product; none when it is no longer sold. */
const read = (sku) =>
  readProduct(sku).catch((problem) => {
    if (problem.code !== "product_not_found") throw problem;
    return null;
  });

async function more() {
  const [count, from] = [products.length, cursor];
  try {
    const page = await listProducts(from);
    if (cursor !== from) return; // pressed twice
    products = [...products, ...page.products];
    cursor = page.cursor;
    show();
    say(`${page.products.length} more products`);
    $("products").children[count].querySelector("button").focus(); // the one pressed may be gone
  } catch (problem) {
    if (!(problem instanceof Refusal)) throw problem;
    say("We cannot reach the shelf right now. Please press again in a moment.");
  }
}

function add(sku) {
  const product = find(sku);
  if (cart.of(sku) >= product.stock) return say(`No more ${product.name} to add`);
  cart.set(sku, cart.of(sku) + 1);
  say(`${product.name} added, ${cart.count} in your cart`);
}

async function order() {
  if (checkout.busy) return;
  shortage = null;
  showProblem("cart-problem", null);
  showBusy(true);
  const { order: placed, refusal, short, words } = await checkout.place();
  showBusy(false);
  if (placed) {
    /** @type {HTMLDialogElement} */ ($("cart")).close();
    thank(placed);
  } else if (short) {
    await tellShortage(short);
  } else {
    if (refusal.code === "product_not_found") await load();
    showProblem("cart-problem", words);
    $("cart-problem").focus();
  }
  if (placed) await load(placed.lines);
}

async function tellShortage({ sku, left }) {
  await load(); // the others may have become few as well
  const product = find(sku);
  const name = product?.name ?? sku;
  if (product) product.stock = Math.min(product.stock, left);
  shortage = sku;
  show();
  const words = left
    ? `Someone was faster: only ${left} of ${name} left. Nothing was ordered yet.`
    : `Someone was faster: ${name} is sold out. Nothing was ordered yet.`;
  const take = () => {
    shortage = null;
    cart.set(sku, left);
    showProblem("cart-problem", null);
    open("cart");
  };
  showProblem("cart-problem", words, [left ? `Take ${left}` : `Go on without it`, take]);
  $("cart-problem").focus();
}

/** @param {import("./api.js").Order} placed */
function thank(placed) {
  showOrder(placed);
  history.replaceState(null, "", `#order=${placed.id}`); // a reload shows it again
  open("thanks");
  say("Your order is placed");
}

async function reopen() {
  const id = /^#order=([0-9a-f-]{36})$/.exec(location.hash)?.[1];
  if (!id) return;
  try {
    thank(await readOrder(id));
  } catch (problem) {
    if (!(problem instanceof Refusal)) throw problem;
    say("That order could not be found");
  }
}

$("products").addEventListener("click", (/** @type {{ target: any }} */ { target }) => {
  if (target.closest("button")) add(skuOf(target));
});
$("cart-lines").addEventListener("click", (/** @type {{ target: any }} */ { target }) => {
  const sku = skuOf(target);
  const button = target.closest("button");
  if (!button || button.getAttribute("aria-disabled") === "true") return;
  if (sku === shortage) showProblem("cart-problem", null);
  cart.set(sku, "remove" in button.dataset ? 0 : cart.of(sku) + Number(button.dataset.step));
  say(`${cart.of(sku)} in your cart`);
});
$("more").addEventListener("click", more);
$("open-cart").addEventListener("click", () => open("cart"));
$("order").addEventListener("click", order);
$("thanks").addEventListener("close", () => history.replaceState(null, "", location.pathname));
for (const dialog of document.querySelectorAll("dialog")) {
  dialog.addEventListener("click", (/** @type {{ target: any }} */ { target }) => {
    if (target === dialog || target.closest("[data-close]")) dialog.close();
  });
}
cart.addEventListener("change", () => products.length && show());

const tellNetwork = () => ($("offline").hidden = navigator.onLine);
addEventListener("offline", tellNetwork);
addEventListener("online", () => {
  tellNetwork();
  load();
});
document.addEventListener("visibilitychange", () => document.hidden || load());

tellNetwork();
await Promise.all([load(), reopen()]);
