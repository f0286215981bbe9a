// A form that was kept while a code was asked for goes on by itself.
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
