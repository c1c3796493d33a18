// Requests by hand, from the OpenAPI descriptions, in Swagger UI.

import { proof } from "./api.js";
import { $, h } from "./page.js";

const BASES = { tap: "/tap", partner: "/partner", store: "" };
let shown = "";

export async function showExplorer() {
  const name = $("api").value;
  if (shown === name) return;
  shown = name;
  await load();
  const description = await (await fetch(`${name}.json`)).json();
  // Credentials are the cloud's business: the button above says whether it adds them.
  delete description.components.securitySchemes;
  delete description.security;
  for (const path of Object.values(description.paths)) for (const operation of Object.values(path)) delete operation.security;
  description.servers = [{ url: BASES[name] || "/", description: "this cloud" }];
  /** @type {any} */ (globalThis).SwaggerUIBundle({
    spec: description,
    domNode: $("swagger"),
    deepLinking: false,
    defaultModelsExpandDepth: -1,
    validatorUrl: null,
    tryItOutEnabled: true,
    showMutatedRequest: false, // the console's key is nobody's to copy
    requestInterceptor: through,
  });
}

/** Send a request by way of the console, which knows the page and adds credentials. */
function through(request) {
  const { pathname, search } = new URL(request.url, location.href);
  request.url = `${location.origin}/console/api/send${pathname.replace(/^\/\//, "/")}${search}`;
  Object.assign(request.headers, proof());
  if ($("token").getAttribute("aria-pressed") !== "true") request.headers["x-console-proof"] = "none";
  return request;
}

async function load() {
  if ("SwaggerUIBundle" in globalThis) return;
  document.head.append(h("link", { rel: "stylesheet", href: "swagger-ui.css" }));
  new MutationObserver(mend).observe($("swagger"), { childList: true, subtree: true });
  await new Promise((resolve, reject) => document.head.append(h("script", { src: "swagger-ui.js", load: resolve, error: reject })));
}

// What Swagger UI leaves out, for those who do not see it or have no mouse: where, and what it needs.
const LACKS = [
  ["main", "role", "none"], // the page has one
  ["h3", "aria-level", "2"],
  ["textarea", "aria-label", "Request body"],
  ["select", "aria-label", "Example or media type"],
  [".microlight, .example", "tabindex", "0"],
];

function mend() {
  for (const [which, name, value] of LACKS) {
    for (const element of $("swagger").querySelectorAll(which)) if (element.getAttribute(name) !== value) element.setAttribute(name, value);
  }
}

export function listen() {
  $("api").addEventListener("change", showExplorer);
  $("token").addEventListener("click", () => {
    const pressed = $("token").getAttribute("aria-pressed") !== "true";
    $("token").setAttribute("aria-pressed", String(pressed));
    $("token").textContent = pressed ? "Send with a token" : "Send without a token";
  });
}


