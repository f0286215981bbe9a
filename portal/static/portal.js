// Comfort only: everything works without. A form is sent once, and says that it is being sent; the account switcher closes as menus do.
addEventListener("submit", (event) => {
  const form = event.target;
  if ("again" in form.dataset) return;  // what it answers is a file: the page stays
  if (form.dataset.sent) return event.preventDefault();
  form.dataset.sent = "yes";
  event.submitter?.setAttribute("aria-busy", "true");
});
addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[data-sent]")) delete form.dataset.sent;
  for (const button of document.querySelectorAll("button[aria-busy]")) button.removeAttribute("aria-busy");
});
const open = () => document.querySelector("details.switcher[open]");
addEventListener("click", (event) => {
  const menu = open();
  if (menu && !menu.contains(event.target)) menu.open = false;
});
addEventListener("keydown", (event) => {
  const menu = event.key === "Escape" ? open() : null;
  if (!menu) return;
  menu.open = false;
  menu.querySelector("summary").focus();
});
// A part of a page that does not come is asked for as the whole page, which says why.
for (const failure of ["htmx:error", "htmx:response:error"])
  addEventListener(failure, ({ target, detail: { ctx } }) => {
    if (ctx && target.closest?.("[hx-boost\\:inherited]")) location.assign(ctx.request.action);
  });
