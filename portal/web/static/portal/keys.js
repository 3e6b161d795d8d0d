// The keys of pages: each can be switched off, and does nothing that a link or a button does not.
"use strict";
(() => {
  const root = document.documentElement;
  const $ = (selector, from = document) => from.querySelector(selector);
  const $$ = (selector, from = document) => [...from.querySelectorAll(selector)];

  const rows = () => $$("[data-rows] tr[data-href]");
  const walk = (step) => {
    const all = rows();
    if (!all.length) return;
    const at = all.findIndex((row) => row.classList.contains("is-current"));
    const next = all[Math.min(all.length - 1, Math.max(0, at + step))];
    all[at]?.classList.remove("is-current");
    next.classList.add("is-current");
    next.scrollIntoView({ block: "nearest" });
    $("th a, td a", next)?.focus({ preventScroll: true });
  };
  const press = (key) => {
    const node = $(`[data-press="${key}"]:not([disabled])`);
    // What decides is only reached: nothing is signed by a key that slipped.
    if (node?.matches("a")) node.click();
    else node?.focus();
  };
  // When `g` was pressed; time begins with the page, so that nothing is not yet a while ago.
  let going = -Infinity;
  document.addEventListener("keydown", (event) => {
    const key = event.key.toLowerCase();
    if ($("dialog[open]")) return;
    if (key === "escape") {
      for (const menu of $$("details.menu[open]")) {
        menu.open = false;
        $("summary", menu).focus();
      }
      return;
    }
    if (root.dataset.keys === "off" || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.closest("input, select, textarea, [contenteditable]")) return;
    if (event.timeStamp - going < 1500) {
      going = -Infinity;
      const link = $$(".rail a[data-key]").find((node) => node.dataset.key === key);
      if (link) return link.click();
    }
    if (key === "g") going = event.timeStamp;
    else if (key === "j") walk(1);
    else if (key === "k") walk(-1);
    else if (key === "x") $("tr.is-current [name=chosen]")?.click();
    else if (["a", "c", "n", "r"].includes(key)) press(key);
    else if (key === "enter" && event.target === document.body) {
      const row = $("tr.is-current[data-href]");
      if (row) location.assign(row.dataset.href);
    } else if (key === "/") {
      const field = $("[data-filters] :is(input:not([type=hidden]), select)") || $("#search");
      if (field) {
        event.preventDefault();
        if (field.closest("[hidden]")) $("[data-unfold]").click();
        field.focus();
      }
    } else if (key === "?") {
      const menu = $("[data-user-menu]");
      if (menu) {
        menu.open = true;
        $("summary", menu).focus();
      }
    }
  });
})();
