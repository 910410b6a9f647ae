// The keyboard: any element with data-key="j" is pressed (or, a field, focused) by that key; data-list with j and k moves
// through its links. "?" opens the page's list of keys.
const typing = (one) => one.closest("input:not([type=checkbox]):not([type=radio]), textarea, select, [contenteditable]");

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "Escape" && typing(event.target)) return event.target.blur();
  if (typing(event.target)) return;
  const known = document.querySelector(`[data-key="${CSS.escape(event.key)}"]`);
  if (known) {
    event.preventDefault();
    if (known.matches("dialog")) known.open ? known.close() : known.showModal();
    else if (typing(known)) known.focus();
    else known.click();
    return;
  }
  const step = { j: 1, k: -1 }[event.key];
  const links = step ? [...document.querySelectorAll("[data-list] a")] : [];
  if (!links.length) return;
  event.preventDefault();
  const at = links.indexOf(document.activeElement);
  links[Math.max(0, Math.min(links.length - 1, at < 0 && step < 0 ? 0 : at + step))].focus();
});
