// The page: which view is open, and what it needs.

import { takeKey } from "./api.js";
import { listen as listenToExplorer, showExplorer } from "./explorer.js";
import { $ } from "./page.js";
import { follow, listen as listenToRequests } from "./requests.js";
import { showStacks } from "./stacks.js";
import { redrive, showAlarms, showEndpoints, showLetters } from "./watched.js";

const FOLLOW_MS = 1000;
const LOOK_MS = 10_000;
/** Each view with what fills it, and whether it is looked at again while it is open. */
const VIEWS = {
  stacks: [showStacks, false],
  requests: [follow, false],
  alarms: [showAlarms, true],
  letters: [showLetters, true],
  explorer: [showExplorer, false],
  endpoints: [showEndpoints, false],
};

/** Do something; what goes wrong is told at the top of the page. */
async function tell(work, whose = "view") {
  const place = $("problem");
  try {
    await work();
    if (place.dataset.of === whose) place.hidden = true;
  } catch (problem) {
    place.textContent = problem.message;
    place.dataset.of = whose;
    place.hidden = false;
  }
}

const open = () => (location.hash.slice(2) in VIEWS ? location.hash.slice(2) : "stacks");

async function show() {
  takeKey();
  const view = open();
  for (const name of Object.keys(VIEWS)) $(name).hidden = name !== view;
  for (const link of document.querySelectorAll("nav a")) {
    if (link.getAttribute("href") === `#/${view}`) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  await tell(VIEWS[view][0]);
}

/** Again and again, while somebody looks. */
function every(milliseconds, work) {
  setTimeout(async () => {
    if (!document.hidden) await tell(work, String(milliseconds));
    every(milliseconds, work);
  }, milliseconds);
}

listenToRequests();
listenToExplorer();
$("redrive").addEventListener("click", () => tell(redrive));
$("close").addEventListener("click", () => $("details").close());
addEventListener("hashchange", show);
await show();
every(FOLLOW_MS, follow);
every(LOOK_MS, async () => VIEWS[open()][1] && VIEWS[open()][0]());
