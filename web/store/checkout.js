// From a cart to an order, once, whatever the network and the visitor's finger do.

import { placeOrder } from "./api.js";

/** What can go wrong, in the visitor's words. Whether the order was placed is never left open. */
const WORDS = {
  network: "We could not hear from the store. If your order arrived, pressing again will find it; nothing is ordered twice.",
  service_unavailable: "The store is catching its breath. Your cart is safe: please press again in a moment.",
  product_not_found: "One of these is no longer sold. We have updated the shelf.",
  idempotency_conflict: "This cart had changed since it was first sent. Please press once more.",
};
const UNEXPECTED = "Something is wrong on our side. Your cart is safe and nothing was ordered.";

export class Checkout {
  #cart;
  #underway = null;

  /** @param {import("./cart.js").Cart} cart */
  constructor(cart) {
    this.#cart = cart;
  }

  get busy() {
    return this.#underway !== null;
  }

  /** Place the order; while one is under way, a second press gets the first one's answer. */
  place() {
    this.#underway ??= this.#place().finally(() => (this.#underway = null));
    return this.#underway;
  }

  async #place() {
    const lines = this.#cart.lines;
    try {
      const order = await placeOrder(this.#cart.key(), lines);
      this.#cart.bought(lines);
      return { order };
    } catch (refusal) {
      if (refusal.code === "idempotency_conflict") this.#cart.forgetKey();
      const short = refusal.code === "out_of_stock" ? refusal.details : null;
      return { refusal, short, words: WORDS[refusal.code] ?? UNEXPECTED };
    }
  }
}
