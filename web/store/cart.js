// What the visitor wants. It is kept in the browser: a reload or another tab finds it again.

const CART = "store.cart";
const ATTEMPT = "store.attempt";
export const MOST = 99; // of one product in one order

/** Tells of each change with the event "change". */
export class Cart extends EventTarget {
  /** @type {Record<string, number>} */
  #lines = read(CART) ?? {};

  constructor() {
    super();
    addEventListener("storage", ({ key }) => {
      if (key !== CART) return;
      this.#lines = read(CART) ?? {};
      this.dispatchEvent(new Event("change"));
    });
  }

  /** The lines as an order has them. */
  get lines() {
    return Object.entries(this.#lines).map(([sku, quantity]) => ({ sku, quantity }));
  }

  get count() {
    return this.lines.reduce((sum, { quantity }) => sum + quantity, 0);
  }

  of(sku) {
    return this.#lines[sku] ?? 0;
  }

  /** Want so many of a product; none takes it out. */
  set(sku, quantity) {
    const { [sku]: _, ...others } = this.#lines;
    // An existing product keeps its place in the cart.
    this.#lines = quantity > 0 ? { ...this.#lines, [sku]: Math.min(quantity, MOST) } : others;
    write(CART, this.#lines);
    this.dispatchEvent(new Event("change"));
  }

  /** These lines were ordered; what was added meanwhile stays. */
  bought(lines) {
    this.forgetKey();
    for (const { sku, quantity } of lines) this.set(sku, this.of(sku) - quantity);
  }

  /**
   * The idempotency key of this checkout: the same for as long as the cart is, also after a reload,
   * so that an order whose answer was lost is not placed again; a new one for another cart.
   */
  key() {
    const lines = JSON.stringify(this.lines);
    const attempt = read(ATTEMPT);
    if (attempt?.lines === lines) return attempt.key;
    const bytes = crypto.getRandomValues(new Uint8Array(16));
    const key = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
    write(ATTEMPT, { key, lines });
    return key;
  }

  /** Take a new key next time. */
  forgetKey() {
    write(ATTEMPT, null);
  }
}

// Storage may be switched off, full, or hold what someone else wrote: the page works without it.
const memory = {};

function read(name) {
  try {
    const value = JSON.parse(localStorage.getItem(name)) ?? memory[name];
    if (name !== CART) return value;
    const sound = ([sku, n]) => /^[A-Z][A-Z0-9-]{1,31}$/.test(sku) && Number.isInteger(n) && n > 0;
    return Object.fromEntries(Object.entries(value ?? {}).filter(sound));
  } catch {
    return memory[name];
  }
}

function write(name, value) {
  memory[name] = value;
  try {
    if (value === null) localStorage.removeItem(name);
    else localStorage.setItem(name, JSON.stringify(value));
  } catch {
    // Kept in memory, until the page is left.
  }
}
