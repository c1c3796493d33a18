// The store's API, as the page speaks to it.

/**
 * @typedef {{ amount: number, currency: string }} Money An amount in minor units.
 * @typedef {{ sku: string, name: string, description: string, price: Money, stock: number, image: string }} Product
 * @typedef {{ products: Product[], cursor: string | null }} Shelf A page of it, and where the next begins.
 * @typedef {{ sku: string, quantity: number }} Line
 * @typedef {{ sku: string, name: string, quantity: number, total: Money }} OrderLine
 * @typedef {{ id: string, placed_at: string, lines: OrderLine[], total: Money }} Order
 */

const PATIENCE_MS = 10_000;
const PAUSES_MS = [400, 1200]; // before the second and the third try

/** What the store answered instead of what was asked for; `code` is "network" when it did not. */
export class Refusal extends Error {
  /** @param {string} code @param {{ sku: string, left: number }} [details] */
  constructor(code, details) {
    super(code);
    this.code = code;
    this.details = details;
  }
}

/**
 * Lists a page of the shelf, as it was seconds ago.
 *
 * @type {(cursor?: string | null) => Promise<Shelf>}
 */
export const listProducts = (cursor) => call(cursor ? `products?cursor=${encodeURIComponent(cursor)}` : "products");

/**
 * Reads a product as it is now.
 *
 * @type {(sku: string) => Promise<Product>}
 */
export const readProduct = async (sku) => (await call(`products/${sku}`)).product;

/** @type {(id: string) => Promise<Order>} */
export const readOrder = async (id) => (await call(`orders/${encodeURIComponent(id)}`)).order;

/**
 * Places an order. The key makes it safe to send again: the store places it once.
 *
 * @type {(key: string, lines: Line[]) => Promise<Order>}
 */
export async function placeOrder(key, lines) {
  const headers = { "content-type": "application/json", "idempotency-key": key };
  return (await call("orders", { method: "POST", headers, body: JSON.stringify({ lines }) })).order;
}

/** @param {string} path @param {RequestInit} [request] @returns {Promise<any>} */
async function call(path, request) {
  for (const pause of [...PAUSES_MS, null]) {
    try {
      return await callOnce(path, request);
    } catch (refusal) {
      const passes = refusal.code === "network" || refusal.code === "service_unavailable";
      if (!passes || pause === null || !navigator.onLine) throw refusal;
      await new Promise((resolve) => setTimeout(resolve, pause));
    }
  }
}

/** @param {string} path @param {RequestInit} [request] */
async function callOnce(path, request) {
  let answer;
  try {
    const signal = AbortSignal.timeout(PATIENCE_MS);
    const response = await fetch(`/api/${path}`, { ...request, signal, cache: "no-store" });
    answer = response.headers.get("content-type")?.includes("json") ? await response.json() : {};
    if (response.ok) return answer.data;
    answer.error ??= { code: response.status < 500 && response.status !== 429 ? "refused" : "service_unavailable" };
  } catch {
    throw new Refusal("network"); // no answer, or half of one
  }
  throw new Refusal(answer.error.code, answer.error.details);
}
