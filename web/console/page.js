// Elements of the page. Text from anywhere is only ever set as text.

/** @returns {any} */
export const $ = (id) => document.getElementById(id);

/**
 * Makes an element: `h("td", { class: "x" }, "text", otherElement)`; a function is a listener.
 *
 * @param {string} tag @param {Record<string, any>} [attributes] @param {...any} children @returns {any}
 */
export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") element.addEventListener(name, value);
    else if (value !== undefined && value !== null) element.setAttribute(name, value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return element;
}

/** Say something to those who do not see the page. */
export const say = (words) => ($("said").textContent = words);

/** Fill a place with what was waited for. */
export function fill(id, ...children) {
  $(id).replaceChildren(...children);
  $(id).removeAttribute("aria-busy");
}

/** @param {string[]} columns @param {any[][]} rows @param {string} caption */
export const table = (columns, rows, caption) =>
  h(
    "div",
    { class: "scroll", tabindex: 0, role: "region", "aria-label": caption },
    h(
      "table",
      {},
      h("caption", { class: "unseen" }, caption),
      h("thead", {}, h("tr", {}, columns.map((name) => h("th", { scope: "col" }, name)))),
      h("tbody", {}, rows.map((row) => h("tr", {}, row.map((cell) => h("td", {}, cell))))),
    ),
  );

/**
 * Groups by a key, in the order in which each comes first.
 *
 * @template T @param {T[]} all @param {(each: T) => string} key @returns {Map<string, T[]>}
 */
export function grouped(all, key) {
  const found = new Map();
  for (const each of all) found.set(key(each), [...(found.get(key(each)) ?? []), each]);
  return found;
}

/** A number at a view's name; none for nothing. */
export function count(view, number) {
  const place = $(`${view}-count`);
  place.textContent = ` ${number}`;
  place.hidden = !number;
}

/** @param {string} verdict */
export const verdict = (verdict) => h("b", { class: `verdict ${verdict.split(" ")[0]}` }, verdict);

/** JSON on several lines, and anything else as it is. */
export function pretty(text) {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}
