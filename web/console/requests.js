// Requests at the front door as they come, each with its trace.

import { ask, bytesOf, replay } from "./api.js";
import { $, count, h, pretty, say, table, verdict } from "./page.js";

/**
 * @typedef {{ number: number, api: string, method: string, path: string, query: string, headers: string[][], proven: boolean, at: number, body: string | null, status: number, request_id: string, milliseconds: number }} Seen
 * @typedef {{ timestamp: number, from: string, message: string }} Event
 */

const KEPT = 300;
const FILE = /\.(js|css|svg|png|html|ico|woff2)$|\/$/;
const TRACE = /1-[0-9a-f]{8}-[0-9a-f]{24}/;
/** @type {Seen[]} */
let seen = [];
let chosen = 0;

/** Fetch what came since; true when there is something new. */
export async function follow() {
  const found = await ask(`requests?after=${seen[0]?.number ?? 0}`);
  if (!found.length) return;
  seen = [...found.reverse(), ...seen].slice(0, KEPT);
  count("requests", seen.length);
  list();
}

function list() {
  const wanted = $("filter").value.toLowerCase();
  const shown = seen.filter((each) => {
    const text = `${each.method} ${each.path} ${each.status} ${each.request_id}`.toLowerCase();
    return text.includes(wanted) && ($("files").checked || !FILE.test(each.path));
  });
  const focused = /** @type {any} */ (document.activeElement)?.dataset?.number;
  $("seen").replaceChildren(...shown.map(row));
  if (focused) $("seen").querySelector(`[data-number="${focused}"]`)?.focus();
}

/** @param {Seen} each */
const row = (each) =>
  h(
    "li",
    {},
    h(
      "button",
      { type: "button", "data-number": each.number, "aria-pressed": each.number === chosen, click: () => choose(each) },
      h("span", { class: `status s${Math.floor(each.status / 100)}` }, each.status),
      h("span", { class: "method" }, each.method),
      h("span", { class: "path" }, each.path + (each.query && `?${each.query}`)),
      h("span", { class: "soft" }, `${each.milliseconds} ms`),
      h("time", { class: "soft" }, new Date(each.at * 1000).toLocaleTimeString()),
    ),
  );

/** @param {Seen} each */
async function choose(each) {
  chosen = each.number;
  list();
  const trace = h("div", { id: "trace", "aria-busy": "true" }, h("p", { class: "soft" }, "Looking for what it left…"));
  $("request").replaceChildren(
    h("h2", {}, `${each.method} ${each.path}`),
    h("p", {}, h("span", { class: `status s${Math.floor(each.status / 100)}` }, each.status), ` in ${each.milliseconds} ms, id `, h("code", {}, each.request_id || "none")),
    h("p", { class: "tools" }, h("button", { type: "button", class: "primary", disabled: each.body === null ? "" : undefined, click: () => again(each) }, "Replay"), h("span", { class: "soft" }, each.proven ? "with credentials of its own" : "without credentials, as it came")),
    sent(each),
    h("h3", {}, "Trace"),
    trace,
  );
  if (each.request_id) await follow_trace(each);
  else trace.replaceChildren(h("p", { class: "soft" }, "Nothing that keeps an account has seen it."));
}

/** @param {Seen} each */
function sent(each) {
  const headers = each.headers.map(([name, value]) => `${name}: ${value}\n`).join("");
  const body = each.body === null ? "(longer than what is kept)" : pretty(new TextDecoder().decode(bytesOf(each.body)));
  return h("pre", { tabindex: 0, role: "region", "aria-label": "What was sent" }, `${each.method} ${each.path}${each.query && `?${each.query}`}\n${headers}\n${body}`);
}

/** @param {Seen} each */
async function again(each) {
  const status = await replay(each);
  say(`Replayed: ${status}`);
  await follow();
  const last = seen[0];
  if (last.path === each.path) await choose(last);
  $("request").focus();
}

/** Gateway, functions, audit trail; then what policies decided of each call. @param {Seen} each */
async function follow_trace(each) {
  /** @type {Event[]} */
  const events = await ask(`trace?id=${encodeURIComponent(each.request_id)}`).catch((problem) => [{ timestamp: Date.now(), from: "console", message: problem.message }]);
  const id = TRACE.exec(events.map((event) => event.message).join(""))?.[0];
  const decisions = id ? await ask(`decisions/${id}`) : [];
  if (chosen !== each.number) return;
  const place = $("trace");
  place.removeAttribute("aria-busy");
  place.replaceChildren(
    h("ol", { class: "events" }, events.map(entry)),
    h("h3", {}, "IAM decisions"),
    decisions.length
      ? table(["Verdict", "Action", "Resource", "Statement"], decisions.map((each) => [verdict(each.allowed ? "allowed" : "denied"), h("code", {}, each.action), h("code", {}, each.resource.split(":").slice(5).join(":") || each.resource), each.statement || `${each.by} policy`]), "Decisions of policies")
      : h("p", { class: "soft" }, "None: its functions called no AWS API."),
    h("p", { class: "tools" }, h("button", { type: "button", class: "quiet", click: () => choose(each) }, "Look again")),
  );
  say("The trace is here");
}

/** @param {Event} event */
function entry(event) {
  let fields = {};
  try {
    fields = JSON.parse(event.message);
  } catch {
    fields = { message: event.message };
  }
  const time = new Date(event.timestamp).toISOString().slice(11, 23);
  return h(
    "li",
    {},
    h("p", { class: "from" }, event.from, " ", h("time", { class: "soft" }, time)),
    h("dl", {}, Object.entries(fields).filter(([, value]) => value !== "-").flatMap(([name, value]) => [h("dt", {}, name), h("dd", {}, typeof value === "object" ? JSON.stringify(value) : value)])),
  );
}

export function listen() {
  $("filter").addEventListener("input", list);
  $("files").addEventListener("change", list);
}
