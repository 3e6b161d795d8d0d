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
  const toSight = (node) => {
    const box = node.closest(".tabs, .rail, .scroller");
    const [inner, outer] = [node.getBoundingClientRect(), box.getBoundingClientRect()];
    box.scrollLeft += inner.left + inner.width / 2 - outer.left - outer.width / 2;
  };
  const fold = (form) => {
    const button = form.parentElement.querySelector("[data-unfold]");
    if (!button || !button.hidden) return;
    button.hidden = false;
    const show = (open) => {
      form.hidden = !open;
      button.setAttribute("aria-expanded", open);
    };
    button.addEventListener("click", () => show(form.hidden));
    show("active" in form.dataset);
  };
  const adapt = (from = document) => {
    if (!narrow.matches) return;
    for (const table of $$("table.table:not([data-cards], .sides)", from)) toCards(table);
    if (from === document) $$("form[data-filters]").forEach(fold);
  };
  adapt();
  $$(".tabs [aria-current], .rail [aria-current], .lineage .is-centre").forEach(toSight);
  narrow.addEventListener("change", () => {
    adapt();
    for (const form of narrow.matches ? [] : $$("form[data-filters]")) {
      const button = form.parentElement.querySelector("[data-unfold]");
      if (button) button.hidden = true;
      form.hidden = false;
    }
  });
  document.addEventListener("htmx:afterSwap", () => adapt());
})();
