// What the visitor sees. Text from the store is only ever set as text.

/**
 * @import { Line, Order, Product } from "./api.js"
 * @import { Cart } from "./cart.js"
 */

const $ = (id) => document.getElementById(id);
const LOW = 5;

/** An amount in minor units as people of the visitor's language write it. */
export function money({ amount, currency }) {
  const format = new Intl.NumberFormat(navigator.languages, { style: "currency", currency });
  return format.format(amount / 10 ** format.resolvedOptions().maximumFractionDigits);
}

/** Say something to those who do not see the page. */
export function say(words) {
  $("said").textContent = words;
}

/** @param {Product[]} products @param {Cart} cart @param {string | null} cursor */
export function showProducts(products, cart, cursor) {
  const list = $("products");
  const focused = skuOf(document.activeElement);
  list.replaceChildren(...products.map((product) => card(product, cart)));
  list.removeAttribute("aria-busy");
  $("more").hidden = !cursor;
  if (focused) find(list, `[data-sku="${CSS.escape(focused)}"] button`)?.focus();
}

/** @param {Product} product @param {Cart} cart */
function card(product, cart) {
  const item = clone("product-card");
  const left = product.stock - cart.of(product.sku);
  item.dataset.sku = product.sku;
  item.classList.toggle("gone", product.stock === 0);
  find(item, "img").src = product.image;
  find(item, "h3").textContent = product.name;
  find(item, ".about").textContent = product.description;
  find(item, ".price").textContent = money(product.price);
  const stock = find(item, ".stock");
  if (product.stock === 0) stock.textContent = "Sold out";
  else if (product.stock <= LOW) stock.textContent = `Only ${product.stock} left`;
  const button = find(item, "button");
  // Not `disabled`: a button that vanishes from under the keyboard loses the visitor's place.
  button.setAttribute("aria-disabled", String(left <= 0));
  const label = product.stock === 0 ? "Sold out" : left <= 0 ? "All in your cart" : "Add to cart";
  button.textContent = label;
  button.setAttribute("aria-label", `${label}: ${product.name}`);
  return item;
}

/** @param {Cart} cart @param {Product[]} products @param {string} shortage */
export function showCart(cart, products, shortage) {
  const known = new Map(products.map((product) => [product.sku, product]));
  const lines = cart.lines.filter(({ sku }) => known.has(sku));
  const count = lines.reduce((sum, { quantity }) => sum + quantity, 0);
  $("cart-count").textContent = String(count);
  $("cart-count").hidden = count === 0;
  $("cart-count-words").textContent = count === 1 ? "1 thing in it" : `${count} things in it`;
  $("cart-count").setAttribute("aria-hidden", "true");
  $("cart-empty").hidden = count > 0;
  $("cart-foot").hidden = count === 0;
  refill($("cart-lines"), lines.map((line) => cartLine(line, known.get(line.sku), shortage)));
  const currency = known.get(lines[0]?.sku)?.price.currency;
  const amount = lines.reduce((sum, line) => sum + known.get(line.sku).price.amount * line.quantity, 0);
  $("cart-total").textContent = currency ? money({ amount, currency }) : "";
}

/** @param {Line} line @param {Product} product @param {string} shortage */
function cartLine({ sku, quantity }, product, shortage) {
  const item = clone("cart-line");
  item.dataset.sku = sku;
  find(item, "img").src = product.image;
  find(item, "h3").textContent = product.name;
  find(item, ".each").textContent = `${money(product.price)} each`;
  const { amount, currency } = product.price;
  find(item, ".line-total").textContent = money({ amount: amount * quantity, currency });
  find(item, "output").textContent = quantity;
  find(item, ".stepper").setAttribute("aria-label", `Quantity of ${product.name}`);
  const [fewer, more] = item.querySelectorAll("[data-step]");
  fewer.setAttribute("aria-label", `One ${product.name} fewer`);
  more.setAttribute("aria-label", `One ${product.name} more`);
  more.setAttribute("aria-disabled", String(quantity >= product.stock));
  find(item, "[data-remove]").setAttribute("aria-label", `Remove ${product.name}`);
  if (quantity > product.stock) {
    item.classList.add("too-many");
    const short = find(item, ".short");
    short.hidden = false;
    short.textContent = product.stock ? `Only ${product.stock} left` : "Sold out";
  }
  item.classList.toggle("named", sku === shortage);
  return item;
}

/** Replace a list's entries; the keyboard stays where it was, or near it. */
function refill(list, items) {
  /** @type {any} */
  const was = list.contains(document.activeElement) ? document.activeElement : null;
  const sku = skuOf(was);
  const control = was?.dataset.step ? `[data-step="${was.dataset.step}"]` : "[data-remove]";
  list.replaceChildren(...items);
  if (!was) return;
  const same = list.querySelector(`[data-sku="${CSS.escape(sku)}"] ${control}`);
  (same ?? $("cart-title")).focus();
}

/** Say what went wrong, with a way out of it if there is one; null takes it away. */
export function showProblem(id, words, way) {
  const box = $(id);
  box.hidden = !words;
  if (!words) return;
  find(box, "p").textContent = words;
  const button = find(box, "button");
  button.hidden = !way;
  if (way) [button.textContent, button.onclick] = way;
}

export function showBusy(busy) {
  const button = $("order");
  button.setAttribute("aria-disabled", String(busy));
  button.classList.toggle("busy", busy);
  button.textContent = busy ? "Placing the order…" : "Place the order";
  $("cart-lines").inert = busy;
}

/** @param {Order} order */
export function showOrder(order) {
  $("thanks-id").textContent = order.id;
  const when = new Date(order.placed_at);
  $("thanks-when").textContent = when.toLocaleString(navigator.languages, { dateStyle: "long", timeStyle: "short" });
  $("thanks-lines").replaceChildren(
    ...order.lines.map((line) => {
      const row = document.createElement("tr");
      const name = row.insertCell();
      name.textContent = `${line.quantity} × ${line.name}`;
      row.insertCell().textContent = money(line.total);
      return row;
    }),
  );
  $("thanks-total").textContent = money(order.total);
}

/** Open a dialog with the keyboard on its title. */
export function open(id) {
  const dialog = /** @type {HTMLDialogElement} */ ($(id));
  if (!dialog.open) dialog.showModal();
  $(`${id}-title`).focus();
}

/**
 * The product whose card or line an element is part of.
 *
 * @type {(element: any) => string | undefined}
 */
export const skuOf = (element) => element?.closest?.("[data-sku]")?.dataset.sku;

/** @type {(id: string) => any} */
const clone = (id) => /** @type {any} */ ($(id)).content.firstElementChild.cloneNode(true);

/** @type {(element: Element, selector: string) => any} */
const find = (element, selector) => element.querySelector(selector);
