// Makes the page live: asks for it again and changes only what differs, so that half-typed answers, the phones and the
// moving bars stay. Without it the page is links and forms.
"use strict";

const EVERY = 1500; // milliseconds between two looks
let busy = 0;
let latest = 0;

function morph(old, fresh) {
  for (const { name } of [...old.attributes]) if (!fresh.hasAttribute(name)) old.removeAttribute(name);
  for (const { name, value } of fresh.attributes) if (old.getAttribute(name) !== value) old.setAttribute(name, value);
  let place = old.firstChild;
  for (const child of [...fresh.childNodes]) {
    const known = child.id
      ? [...old.children].find((one) => one.id === child.id)
      : place && !place.id && place.nodeName === child.nodeName && place;
    if (!known) {
      old.insertBefore(child, place);
      child.classList?.add("arrived");
      continue;
    }
    if (known === place) place = place.nextSibling;
    else old.insertBefore(known, place);
    if (child.nodeType !== Node.ELEMENT_NODE) known.data = child.data;
    else if (!known.hasAttribute("data-keep")) morph(known, child);
  }
  while (place) {
    const gone = place;
    place = place.nextSibling;
    gone.remove();
  }
}

function toEnd(before) {
  const talk = document.querySelector(".talk");
  if (talk && talk.childElementCount !== before) talk.scrollTop = talk.scrollHeight;
}

async function load(url, options) {
  const mine = (latest += 1);
  busy += 1;
  try {
    const answer = await fetch(url, { cache: "no-store", ...options });
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
    if (mine !== latest || !fresh.getElementById("report")) return null;
    const before = document.querySelector(".talk")?.childElementCount;
    for (const piece of fresh.querySelectorAll("[data-live]")) morph(document.getElementById(piece.id), piece);
    toEnd(before);
    document.getElementById("away").hidden = true;
    return answer;
  } catch {
    document.getElementById("away").hidden = false;
    return null;
  } finally {
    busy -= 1;
  }
}

async function look() {
  // A note stays until somebody has done something about it.
  if (!busy && !document.hidden && !document.querySelector(".note")) await load(location.href);
  setTimeout(look, EVERY);
}

async function go(url) {
  if (!(await load(url))) return;
  history.pushState(null, "", url);
  const title = document.querySelector("#conversations h2");
  title.focus({ preventScroll: true });
  document.getElementById("conversations").scrollIntoView({ block: "nearest" });
}

document.addEventListener("click", (event) => {
  const link = event.target.closest("#conversations a");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  go(link.href);
});

document.addEventListener("submit", async (event) => {
  const form = event.target;
  event.preventDefault();
  const answer = await load(form.action, { method: "POST", body: new URLSearchParams(new FormData(form)) });
  if (!answer?.ok) return;
  form.reset();
  form.querySelector("output")?.replaceChildren();
});

let soon;
document.addEventListener("input", (event) => {
  if (event.target.id !== "text") return;
  document.querySelector(".note")?.remove();
  clearTimeout(soon);
  soon = setTimeout(async () => {
    const body = new URLSearchParams({ text: event.target.value });
    const answer = await fetch("/demo/parts", { method: "POST", body }).catch(() => null);
    if (answer?.ok) document.querySelector("output").textContent = await answer.text();
  }, 200);
});

addEventListener("popstate", () => load(location.href));
toEnd();
look();
