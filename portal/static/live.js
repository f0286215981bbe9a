// Watches one payment: the server says when something changed, and the page fetches its own status part. Without it the page refreshes itself.
const part = document.getElementById("status");
if (part) {
  const source = new EventSource(part.dataset.events);
  const refresh = async () => {
    const answer = await fetch(part.dataset.part, { headers: { "HX-Request": "true" } });
    if (!answer.ok) return;
    const next = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("status");
    if (!next || next.dataset.state === part.dataset.state) return;
    if (next.dataset.final === "yes") { source.close(); location.reload(); return; }
    part.dataset.state = next.dataset.state;
    part.innerHTML = next.innerHTML;
  };
  source.addEventListener("status", refresh);
  // A proxy that holds events back must not hold the customer back: the same content by polling, ever slower.
  let wait = 2000;
  const poll = () => { refresh(); wait = Math.min(wait * 1.3, 15000); setTimeout(poll, wait); };
  source.addEventListener("error", () => { source.close(); poll(); }, { once: true });
}
