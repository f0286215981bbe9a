// A form that was kept while a code was asked for goes on by itself, unless nothing takes back what it does.
document.querySelector("form[data-go-on] button")?.click();
// The console's one shortcut: "/" puts the cursor into the search, unless somebody types. A browser can be told to do without (WCAG 2.1.4).
const search = document.getElementById("find");
const choice = document.getElementById("shortcut");
const isOn = () => localStorage.getItem("shortcut") !== "off";
const tell = () => {
  search.nextElementSibling.hidden = !isOn();
  if (isOn()) search.setAttribute("aria-keyshortcuts", "/");
  else search.removeAttribute("aria-keyshortcuts");
};
if (search) {
  tell();
  addEventListener("keydown", (event) => {
    if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey || !isOn()) return;
    if (event.target.closest("input, textarea, select")) return;
    event.preventDefault();
    search.focus();
    search.select();
  });
}
if (search && choice) {
  choice.closest("section").hidden = false;
  choice.checked = isOn();
  choice.addEventListener("change", () => {
    localStorage.setItem("shortcut", choice.checked ? "on" : "off");
    tell();
  });
}

// Five minutes before a session is over its page says so, and one press keeps it (WCAG 2.2.1). What the clock says counts: a laptop may sleep.
const SOON = 5 * 60_000;
const watch = (told) => {
  const over = Date.now() + Number(told.dataset.left) * 1000;
  const note = told.querySelector(".note");
  const stay = note.querySelector("button");
  const timer = setInterval(look, 5_000);
  function look() {
    const left = over - Date.now();
    if (left > SOON) return;
    note.hidden = false;
    if (left > 0) return;
    note.querySelector(".soon").hidden = true;
    note.querySelector(".past").hidden = false;
    stay?.remove();
    clearInterval(timer);
  }
  stay?.addEventListener("click", async () => {
    const answer = await fetch("/staff/stay", { redirect: "manual" }).catch(() => null);
    if (!answer) return;
    clearInterval(timer);
    if (!answer.ok) {
      told.dataset.left = "0";
      return watch(told);
    }
    told.outerHTML = await answer.text();
    watch(document.getElementById("ends"));
    document.getElementById("main").focus({ preventScroll: true });
  });
  look();
};
const ends = document.getElementById("ends");
if (ends) watch(ends);
