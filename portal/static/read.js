// Marks the message on the screen as read: not before it is shown, for browsers also fetch what may be opened next.
const form = document.getElementById("read");

const mark = async () => {
  form.hidden = true;
  try {
    const body = new URLSearchParams(new FormData(form));
    const answer = await fetch(form.action, { method: "POST", body, keepalive: true });
    if (!answer.ok) throw new Error(answer.statusText);
    const counts = new DOMParser().parseFromString(await answer.text(), "text/html").querySelectorAll(".dot");
    document.querySelectorAll(".dot").forEach((dot, place) => dot.replaceWith(counts[place] ?? ""));
    form.remove();
  } catch {
    form.hidden = false;
  }
};

const seen = () => {
  if (document.prerendering || document.visibilityState !== "visible") return;
  for (const change of ["visibilitychange", "prerenderingchange"]) document.removeEventListener(change, seen);
  mark();
};

for (const change of ["visibilitychange", "prerenderingchange"]) document.addEventListener(change, seen);
seen();
