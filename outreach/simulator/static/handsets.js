// Makes the page live: looks every second whether something changed, then swaps only the pieces that differ, so that
// half-typed answers stay. Without it the page is plain forms.
"use strict";

const toBottom = (root) => root.querySelectorAll(".talk").forEach((talk) => { talk.scrollTop = talk.scrollHeight; });
let version = document.body.dataset.version;

function swap(fresh) {
  const known = new Set([...document.querySelectorAll(".phone")].map((phone) => phone.id));
  const coming = [...fresh.querySelectorAll(".phone")];
  if (coming.length !== known.size || coming.some((phone) => !known.has(phone.id))) {
    // Another set of phones: swap them all, unless somebody is typing.
    if (document.activeElement?.name === "text") return;
    document.querySelector(".grid").replaceWith(fresh.querySelector(".grid"));
    toBottom(document);
  }
  for (const piece of fresh.querySelectorAll("[data-live]")) {
    const old = document.querySelector(`[data-live="${piece.dataset.live}"]`);
    if (!old || old.innerHTML === piece.innerHTML) continue;
    const held = old.contains(document.activeElement) ? document.activeElement.textContent : null;
    old.replaceChildren(...piece.childNodes);
    if (held) [...old.querySelectorAll("button")].find((button) => button.textContent === held)?.focus();
    old.querySelector(".talk li:last-child")?.classList.add("arrived");
    toBottom(old);
  }
}

async function refresh() {
  const answer = await fetch(location.href, { cache: "no-store" });
  if (!answer.ok) return;
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
  version = fresh.body.dataset.version;
  swap(fresh);
}

async function look() {
  try {
    if (!document.hidden) {
      const answer = await fetch("version", { cache: "no-store" });
      if ((await answer.json()).version !== version) await refresh();
    }
  } catch {
    // The simulator is being restarted: the next look will tell.
  }
  setTimeout(look, 1000);
}

document.addEventListener("submit", async (event) => {
  const form = event.target;
  event.preventDefault();
  const body = new URLSearchParams(new FormData(form, event.submitter));
  try {
    const answer = await fetch(form.action, { method: "POST", body });
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
    if (!fresh.querySelector(".note")) form.querySelector("input[name=text]")?.form.reset();
    swap(fresh);
  } catch {
    // Being restarted: what was typed stays where it is.
  }
});

toBottom(document);
look();
