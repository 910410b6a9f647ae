// One connection a page: the server says *that* something changed ("threads"), and the page's parts ask for
// themselves: hx-trigger="live:threads from:body".
export function live() {
  const wanted = document.body.dataset.live;
  if (!wanted || !window.EventSource) return;
  const away = document.getElementById("away");
  let source;
  const open = () => {
    source = new EventSource(`/live?of=${encodeURIComponent(wanted)}`);
    source.onopen = () => away && (away.hidden = true);
    source.onerror = () => {
      if (away && source.readyState !== EventSource.OPEN) away.hidden = false;
    };
    for (const name of wanted.split(" ")) {
      source.addEventListener(name, () => window.htmx.trigger(document.body, `live:${name}`));
    }
    source.addEventListener("ended", () => location.reload()); // signed out
  };
  // A tab that nobody sees holds no connection; when seen again it asks for everything once.
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) return source?.close();
    open();
    for (const name of wanted.split(" ")) window.htmx.trigger(document.body, `live:${name}`);
  });
  addEventListener("pagehide", () => source?.close());
  if (!document.hidden) open();
}
