// Watches one payment. The server says when it has changed, and htmx then fetches the part that shows it.
const part = document.getElementById("status");
const stale = document.getElementById("stale");
const shown = () => document.getElementById("shown").dataset;
const source = new EventSource(part.dataset.events);
const SHORTEST = 2000, LONGEST = 15000;
let wait = SHORTEST, timer = 0;

const look = () => htmx.trigger(part, "look");
// A proxy that holds events back must not hold the customer back: the same content by asking, ever slower.
const ask = () => {
  look();
  wait = Math.min(wait * 1.3, LONGEST);
  timer = setTimeout(ask, wait);
};
const rest = () => {
  clearTimeout(timer);
  timer = 0;
  wait = SHORTEST;
};

source.addEventListener("open", rest);
source.addEventListener("error", () => (timer ||= setTimeout(ask, wait)));
source.addEventListener("status", (event) => JSON.parse(event.data).state !== shown().state && look());
part.addEventListener("htmx:error", () => (stale.hidden = false));
part.addEventListener("htmx:response:error", () => (stale.hidden = false));
part.addEventListener("htmx:after:request", (event) => {
  if (event.detail.ctx.response.status < 400) stale.hidden = true;
});
part.addEventListener("htmx:after:swap", () => {
  if (shown().final !== "yes") return;
  source.close();
  rest();
});
