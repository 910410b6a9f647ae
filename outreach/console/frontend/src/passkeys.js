// Carries between the server and the device that holds a passkey: what is asked comes as JSON, the answer goes as a form.
const form = document.getElementById("passkey");
const shown = form?.querySelector("[data-passkey]");
const kind = shown?.dataset.passkey; // get or create

const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (one) => one.charCodeAt(0));
const text = (buffer) =>
  btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");

function read(options) {
  const made = { ...options, challenge: bytes(options.challenge) };
  if (made.user) made.user = { ...made.user, id: bytes(made.user.id) };
  for (const list of ["excludeCredentials", "allowCredentials"]) {
    made[list] = (options[list] ?? []).map((one) => ({ ...one, id: bytes(one.id) }));
  }
  return made;
}

function written({ id, rawId, type, response }) {
  const told = {};
  for (const part of ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"]) {
    if (response[part]) told[part] = text(response[part]);
  }
  return JSON.stringify({ id, rawId: text(rawId), type, response: told });
}

async function ask() {
  const csrf = form.elements.csrf;
  const begun = await fetch(`${form.getAttribute("action")}/begin`, { method: "POST", body: new URLSearchParams({ csrf: csrf.value }) });
  if (!begun.ok) throw new Error(begun.status);
  const { options, csrf: fresh } = await begun.json();
  csrf.value = fresh; // of the session that waits for this answer
  return written(await navigator.credentials[kind]({ publicKey: read(JSON.parse(options)) }));
}

if (shown && window.PublicKeyCredential) {
  const [button, failed] = [form.querySelector("button"), form.querySelector("[data-passkey-failed]")];
  shown.hidden = false;
  document.querySelector("[data-passkey-without]")?.remove();
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    button.disabled = true;
    failed.hidden = true;
    try {
      form.elements.answer.value = await ask();
      form.submit(); // as a plain form: what follows is a page like any other
    } catch {
      failed.hidden = false;
    }
    button.disabled = false;
  });
}
