// The deployed stacks, drawn.

import { ask } from "./api.js";
import { ROLES, nameOf, picture } from "./model.js";
import { $, fill, grouped, h, say, table, verdict } from "./page.js";

/** @import { Arrow, Node, Resource } from "./model.js" */

const SVG = "http://www.w3.org/2000/svg";

export async function showStacks() {
  const { resources } = await ask("status");
  const stacks = grouped(/** @type {Resource[]} */ (resources), (each) => each.stack);
  fill("pictures", ...[...stacks].map(([name, all]) => drawn(name, all)));
}

/** @param {string} name @param {Resource[]} resources */
function drawn(name, resources) {
  const { nodes, arrows } = picture(resources);
  const boxes = new Map(nodes.map((node) => [node, box(node)]));
  const columns = Object.keys(ROLES).map((role) => ({ role, of: nodes.filter((node) => node.role === role) }));
  const lines = document.createElementNS(SVG, "svg");
  lines.setAttribute("aria-hidden", "true");
  const plane = h(
    "div",
    { class: "plane" },
    lines,
    columns
      .filter(({ of }) => of.length)
      .map(({ role, of }) => h("div", { class: "column" }, h("h3", {}, role), h("ul", {}, of.map((node) => h("li", {}, boxes.get(node)))))),
  );
  const draw = () => drawLines(lines, plane, arrows, boxes);
  new ResizeObserver(draw).observe(plane);
  const choose = (event) => light(lines, boxes, arrows, event.type === "pointerleave" ? null : event.target.closest("button"));
  for (const kind of ["pointerover", "focusin", "pointerleave"]) plane.addEventListener(kind, choose);
  return h("section", { class: "stack", "aria-labelledby": `of-${name}` }, h("h2", { id: `of-${name}` }, name), tally(resources), h("div", { class: "scroll" }, plane));
}

/** How many resources there are of each verdict. @param {Resource[]} resources */
function tally(resources) {
  const groups = [...grouped(resources, (each) => each.verdict)];
  return h("p", { class: "tally" }, groups.flatMap(([word, of]) => [h("span", {}, `${of.length} `, verdict(word))]));
}

/** @param {Node} node */
function box(node) {
  const grade = node.own?.verdict;
  const parts = node.parts.length ? `+ ${node.parts.length}` : "";
  return h(
    "button",
    { type: "button", class: "node", click: () => tell(node) },
    h("span", { class: "kind" }, node.kind.replace("::", " ")),
    h("span", { class: "name" }, node.name),
    h("span", { class: "grade" }, grade ? verdict(grade) : "", h("span", {}, parts)),
  );
}

function drawLines(lines, plane, arrows, boxes) {
  const around = plane.getBoundingClientRect();
  lines.setAttribute("viewBox", `0 0 ${around.width} ${around.height}`);
  lines.replaceChildren(...arrows.map((arrow) => line(arrow, boxes, around)));
}

/** @param {Arrow} arrow */
function line(arrow, boxes, around) {
  const [from, to] = [arrow.from, arrow.to].map((node) => boxes.get(node).getBoundingClientRect());
  const forward = to.left >= from.right;
  const beside = Math.abs(to.left - from.left) < 8;
  const [x1, x2] = [forward || beside ? from.right : from.left, forward ? to.left : to.right].map((x) => x - around.left);
  const [y1, y2] = [from, to].map((rect) => rect.top + rect.height / 2 - around.top);
  const bend = beside ? 28 : Math.max(24, Math.abs(x2 - x1) / 2);
  const [bend1, bend2] = forward ? [bend, -bend] : beside ? [bend, bend] : [-bend, bend];
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", `M${x1} ${y1}C${x1 + bend1} ${y1} ${x2 + bend2} ${y2} ${x2} ${y2}m${Math.sign(bend2) * 6} -4l${-Math.sign(bend2) * 6} 4l${Math.sign(bend2) * 6} 4`);
  if (arrow.quiet) path.classList.add("quiet");
  return path;
}

/** Show the arrows of one box, and let the others step back. */
function light(lines, boxes, arrows, button) {
  const near = new Set(button ? [button] : []);
  arrows.forEach((arrow, at) => {
    const ends = [boxes.get(arrow.from), boxes.get(arrow.to)];
    const lit = ends.includes(button);
    lines.children[at]?.classList.toggle("lit", lit);
    if (lit) ends.forEach((end) => near.add(end));
  });
  lines.classList.toggle("chosen", Boolean(button));
  for (const each of boxes.values()) each.classList.toggle("far", Boolean(button) && !near.has(each));
}

/** Tell all of one box: its properties, and what belongs to it. @param {Node} node */
function tell(node) {
  $("details-title").textContent = node.name;
  const of = (resource) => [
    h("h3", {}, nameOf(resource)),
    h("p", {}, h("span", { class: "kind" }, resource.type.replace("AWS::", "").replace("::", " ")), " ", verdict(resource.verdict), ` ${resource.note}`),
    Object.keys(resource.properties).length
      ? table(["Property", "Here", "What that means"], Object.entries(resource.properties).map(([name, entry]) => [h("code", {}, name), verdict(entry.verdict), entry.why]), `Properties of ${nameOf(resource)}`)
      : null,
  ];
  $("details-body").replaceChildren(...[node.own, ...node.parts].filter(Boolean).flatMap(of).filter(Boolean));
  $("details").showModal();
  $("details-title").focus();
  say(`${node.name}: ${node.parts.length} parts`);
}
