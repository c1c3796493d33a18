// The store: wires what the visitor does to the cart, the checkout and the page.

import { listProducts, readOrder, Refusal } from "./api.js";
import { Cart } from "./cart.js";
import { Checkout } from "./checkout.js";
import { open, say, showBusy, showCart, showOrder, showProblem, showProducts, skuOf } from "./page.js";

const $ = (id) => document.getElementById(id);
const cart = new Cart();
const checkout = new Checkout(cart);
/** @type {import("./api.js").Product[]} */
let products = [];
let shortage = null;

function show() {
  showProducts(products, cart);
  showCart(cart, products, shortage);
}

async function load() {
  try {
    products = await listProducts();
    const sold = new Set(products.map(({ sku }) => sku));
    for (const { sku } of cart.lines) if (!sold.has(sku)) cart.set(sku, 0);
    showProblem("shelf-problem", null);
    show();
  } catch (problem) {
    const unreachable = problem instanceof Refusal;
    if (unreachable && products.length) return; // what is on the page is better than nothing
    $("products").replaceChildren();
    const words = unreachable ? "We cannot reach the shelf right now." : "Something is wrong with this page; it is not you.";
    showProblem("shelf-problem", words, ["Try again", load]);
    if (!unreachable) throw problem; // a bug of ours: the console must tell it
  }
}

function add(sku) {
  const product = products.find((each) => each.sku === sku);
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
  if (placed) await load();
}

async function tellShortage({ sku, left }) {
  await load(); // the others may have become few as well
  const product = products.find((each) => each.sku === sku);
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
