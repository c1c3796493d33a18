// What the page asks its cloud for, with the console's key.

const KEY = "console-key";

/** Take the key out of the address, where `tap console` has put it. */
export function takeKey() {
  const key = /^#key=([\w-]+)$/.exec(location.hash)?.[1];
  if (!key) return;
  sessionStorage.setItem(KEY, key);
  history.replaceState(null, "", `${location.pathname}#/stacks`);
}

/** The header that the cloud knows its own page by. */
export const proof = () => ({ "x-console-key": sessionStorage.getItem(KEY) ?? "" });

/**
 * Asks for something below /console/api/; throws an Error with the cloud's reason.
 *
 * @param {string} path @param {RequestInit} [request] @returns {Promise<any>}
 */
export async function ask(path, request) {
  const answer = await fetch(`api/${path}`, { ...request, headers: proof(), cache: "no-store" });
  if (answer.ok) return answer.json();
  const { message } = await answer.json().catch(() => ({ message: `${answer.status} ${answer.statusText}` }));
  throw new Error(answer.status === 403 ? `${message}: open this page with “tap console”` : message);
}

/** Sends a kept request again: the status of its answer. @param {import("./requests.js").Seen} seen */
export async function replay(seen) {
  const headers = { ...Object.fromEntries(seen.headers), ...proof(), ...(seen.proven ? {} : { "x-console-proof": "none" }) };
  const body = /^(GET|HEAD)$/.test(seen.method) ? undefined : bytesOf(seen.body);
  const answer = await fetch(`api/send${seen.path}${seen.query && `?${seen.query}`}`, { method: seen.method, headers, body });
  return answer.status;
}

/** A body's bytes, of which the cloud tells one a character. @returns {Uint8Array<ArrayBuffer>} */
export const bytesOf = (body) => Uint8Array.from(body, (byte) => byte.charCodeAt(0));
