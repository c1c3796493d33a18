// Alarms, e-mail, dead letters and addresses: what the commands of the same names print.

import { ask } from "./api.js";
import { $, count, fill, h, pretty, say, table, verdict } from "./page.js";

export async function showAlarms() {
  const [alarms, mails] = await Promise.all([ask("alarms"), ask("inbox")]);
  count("alarms", alarms.filter((each) => each.state === "ALARM").length);
  const rows = alarms.map((each) => [verdict(each.state.replace("INSUFFICIENT_DATA", "NO DATA")), h("span", { class: "name" }, each.alarm), each.metric, each.data, each.reason]);
  fill("alarm-rows", table(["State", "Alarm", "Watches", "Data", "Why"], rows, "Their states"));
  const sent = mails.reverse().map((mail) =>
    h("details", {}, h("summary", {}, h("b", {}, mail.subject), " ", h("span", { class: "soft" }, `${mail.date}, to ${mail.to}`)), h("pre", { tabindex: 0 }, mail.text)),
  );
  fill("mails", ...(sent.length ? sent : [h("p", { class: "empty" }, "Nothing was sent yet.")]));
}

export async function showLetters() {
  const letters = await ask("dead-letters");
  count("letters", letters.length);
  $("redrive").setAttribute("aria-disabled", String(!letters.length));
  const rows = letters.map((each) => [h("code", {}, each.id), h("pre", { tabindex: 0 }, pretty(each.body))]);
  const none = h("p", { class: "empty" }, "No dead letters: every record is in the audit trail.");
  fill("letter-rows", letters.length ? table(["Id", "What it says"], rows, "Dead letters, the first ten") : none);
}

export async function redrive() {
  if ($("redrive").getAttribute("aria-disabled") === "true") return;
  $("redrive").setAttribute("aria-disabled", "true");
  say(await ask("redrive", { method: "POST" }));
  await showLetters();
}

export async function showEndpoints() {
  const { stacks, apis, store, ...rest } = await ask("endpoints");
  const link = (url) => (String(url).startsWith("http://localhost") ? h("a", { href: url, target: "_blank", rel: "noopener noreferrer" }, url) : h("code", {}, url));
  const rows = [["store", store], ...Object.entries(apis), ...Object.entries(rest)].filter(([, url]) => url);
  fill(
    "endpoint-rows",
    table(["What", "Address"], rows.map(([name, url]) => [name, link(url)]), "Addresses"),
    ...Object.entries(stacks).flatMap(([name, outputs]) => [h("h2", {}, name), table(["Output", "Value"], Object.entries(outputs).map(([key, value]) => [key, link(value)]), `Outputs of ${name}`)]),
  );
}
