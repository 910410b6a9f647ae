// What every page loads. Without it everything still works: links, forms and pages.
import htmx from "htmx.org";
import { live } from "./live.js";
import "./idiomorph.js";
import "./keys.js";

window.htmx = htmx;
htmx.config.includeIndicatorStyles = false; // the policy forbids inline style
htmx.config.allowEval = false;
htmx.config.selfRequestsOnly = true;
htmx.config.historyCacheSize = 0; // no page with what people wrote stays in the browser
htmx.config.responseHandling = [
  { code: "204", swap: false },
  { code: "[23]..", swap: true },
  { code: "4(09|22)", swap: true }, // it was not done, and the page says why
  { code: "...", swap: false, error: true },
];

const csrf = document.querySelector("meta[name=csrf]")?.content;
document.addEventListener("htmx:configRequest", (event) => {
  if (csrf) event.detail.headers["X-Csrf"] = csrf;
});

// The code of a one-time link stands behind the #, which the browser sends to nobody: put it into its field.
const code = document.querySelector("[data-from-address]");
if (code && location.hash.length > 1) {
  code.value = decodeURIComponent(location.hash.slice(1));
  history.replaceState(null, "", location.pathname);
}

// A form is sent once, however often the button is pressed on a slow link.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.dataset.sent) return event.preventDefault();
  if (form.method === "post" && !form.closest("[hx-post]") && !event.defaultPrevented) form.dataset.sent = "yes";
});
addEventListener("pageshow", (event) => {
  if (event.persisted) location.reload(); // never show what the browser kept from before somebody signed out
});

// `data-submit`: sends its form by itself when changed; without this script there is a button.
document.addEventListener("change", (event) => {
  if (event.target.matches("[data-submit]")) event.target.form.requestSubmit();
});

document.querySelectorAll("[data-scroll-end]").forEach((one) => (one.scrollTop = one.scrollHeight));
live();
