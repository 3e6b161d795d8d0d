// What a page gains where scripts run. Every page works without this file.
"use strict";
(() => {
  const root = document.documentElement;
  root.dataset.js = "";
  const $ = (selector, from = document) => from.querySelector(selector);
  const $$ = (selector, from = document) => [...from.querySelectorAll(selector)];

  // Clocks: counted from the server's time, so a wrong clock on this machine changes nothing.
  let offset = 0;
  const setClock = ({ dataset: { now } }) => {
    if (now) offset = now - Date.now();
  };
  setClock(root);
  const [left, over, d, h, m, s] = root.dataset.clock.split("|");
  const two = (a, unitA, b, unitB) => a + unitA + (b ? " " + b + unitB : "");
  // The same rule as portal/web/words.py, span_words.
  const spanWords = (seconds) => {
    const n = Math.floor(Math.abs(seconds));
    if (n < 60) return n + s;
    if (n < 600) return two(Math.floor(n / 60), m, n % 60, s);
    if (n < 3600) return Math.floor(n / 60) + m;
    if (n < 86400) return two(Math.floor(n / 3600), h, Math.floor((n % 3600) / 60), m);
    return two(Math.floor(n / 86400), d, Math.floor((n % 86400) / 3600), h);
  };
  const tick = () => {
    if (document.hidden) return;
    const now = Date.now() + offset;
    for (const clock of $$("time[data-deadline]")) {
      const rest = (clock.dataset.deadline - now) / 1000;
      const text = (rest >= 0 ? left : over).replace("{}", spanWords(rest));
      if (clock.textContent !== text) clock.textContent = text;
      clock.classList.toggle("clock--late", rest < 0);
      clock.classList.toggle("clock--soon", rest >= 0 && rest <= clock.dataset.soon);
    }
    for (const block of $$("[data-live]")) {
      block.seen ??= performance.now();
      $("[data-stale]", block).hidden = performance.now() - block.seen <= 3000 * block.dataset.live;
    }
  };
  tick();
  setInterval(tick, 1000);

  // Live blocks: htmx asks, we say when not to, and give the focus back.
  let held = null;
  document.addEventListener("htmx:beforeRequest", (event) => {
    const block = event.target.closest?.("[data-live]");
    if (block && block === event.detail.elt && (document.hidden || $("details[open]", block))) event.preventDefault();
  });
  document.addEventListener("htmx:beforeSwap", (event) => {
    const active = document.activeElement;
    const row = $("tr.is-current", event.detail.target)?.dataset.href;
    held = event.detail.target.contains(active)
      ? { href: active.getAttribute("href"), name: active.getAttribute("name"), row }
      : { row };
  });
  document.addEventListener("htmx:afterSwap", (event) => {
    const block = document.getElementById(event.detail.target.id) || document.body;
    setClock(block);
    if (held?.row) $$("tr[data-href]", block).find((row) => row.dataset.href === held.row)?.classList.add("is-current");
    if (held?.href || held?.name)
      $$("a[href], [name]", block)
        .find((node) => (held.href ? node.getAttribute("href") === held.href : node.name === held.name))
        ?.focus({ preventScroll: true });
    held = null;
    tick();
  });
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) return;
    tick();
    for (const block of $$("[data-live]")) window.htmx?.trigger(block, "renew");
  });

  document.addEventListener("click", (event) => {
    for (const menu of $$("details.menu[open]")) if (!menu.contains(event.target)) menu.open = false;
    const copy = event.target.closest("[data-copy]");
    if (copy)
      navigator.clipboard?.writeText(copy.dataset.copy).then(() => {
        copy.dataset.done = "";
        setTimeout(() => delete copy.dataset.done, 1500);
      });
  });

  document.addEventListener("change", (event) => {
    if (event.target.matches("select[data-autosubmit]")) event.target.form.requestSubmit();
  });
  let dirty = Boolean($("form[data-guard=dirty]"));
  document.addEventListener("input", (event) => {
    if (event.target.closest("form[data-guard]")) dirty = true;
  });
  document.addEventListener("submit", () => (dirty = false));
  addEventListener("beforeunload", (event) => {
    if (dirty) event.preventDefault();
  });
  $("[data-focus]")?.focus();
})();
