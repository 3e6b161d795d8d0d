// What a page gains on a narrow screen: rows of tables are cards, filters are folded, what is current is in sight.
"use strict";
(() => {
  const narrow = matchMedia("(width < 40rem)");
  const $$ = (selector, from = document) => [...from.querySelectorAll(selector)];
  const ROLES = { TABLE: "table", THEAD: "rowgroup", TBODY: "rowgroup", TR: "row", TD: "cell", TH: "columnheader" };

  // Each cell is told the name of its column; components.css does the rest. The roles stay, as a card is no row by itself.
  const toCards = (table) => {
    const names = $$("thead th", table).map((head) => head.textContent.trim());
    for (const row of $$("tbody tr", table)) {
      const cells = [...row.children];
      if (cells.length !== names.length) continue;
      cells.forEach((cell, at) => {
        cell.dataset.label = names[at];
        const text = cell.textContent.trim();
        if ((!text || text === "–") && !cell.querySelector("input, select, textarea, button, svg")) cell.dataset.none = "";
      });
    }
    for (const node of [table, ...$$("thead, tbody, tr, th, td", table)])
      node.setAttribute("role", node.scope === "row" ? "rowheader" : ROLES[node.tagName]);
    table.dataset.cards = "";
  };
  const tables = () => {
    if (narrow.matches) $$("table.table:not([data-cards], .sides)").forEach(toCards);
  };
  const toSight = (node) => {
    const box = node.closest(".tabs, .rail, .scroller");
    const [inner, outer] = [node.getBoundingClientRect(), box.getBoundingClientRect()];
    box.scrollLeft += inner.left + inner.width / 2 - outer.left - outer.width / 2;
  };
  const buttonOf = (form) => form.parentElement.querySelector("[data-unfold]");
  const show = (form, open) => {
    form.hidden = !open;
    buttonOf(form)?.setAttribute("aria-expanded", open);
  };
  // A window is turned as often as one likes: what stands here may be said again and again.
  const adapt = () => {
    for (const form of $$("form[data-filters]")) {
      const button = buttonOf(form);
      if (button) button.hidden = !narrow.matches;
      show(form, !button || !narrow.matches || "active" in form.dataset);
    }
    tables();
  };
  adapt();
  $$(".tabs [aria-current], .rail [aria-current], .lineage .is-centre").forEach(toSight);
  narrow.addEventListener("change", adapt);
  document.addEventListener("click", (event) => {
    const form = event.target.closest("[data-unfold]")?.parentElement.querySelector("form[data-filters]");
    if (form) show(form, form.hidden);
  });
  document.addEventListener("htmx:afterSwap", tables);
})();
