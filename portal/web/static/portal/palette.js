// The palette: what is typed goes to the server, the lines come back; the field keeps the focus and points at a line.
"use strict";
(() => {
  const palette = document.getElementById("palette");
  if (!palette) return;
  const words = document.getElementById("palette-words");
  const search = document.getElementById("search");
  const lines = () => [...palette.querySelectorAll("[role=option]")];
  const point = (line) => {
    for (const other of lines()) other.setAttribute("aria-selected", other === line);
    if (line) words.setAttribute("aria-activedescendant", line.id);
    else words.removeAttribute("aria-activedescendant");
    line?.scrollIntoView({ block: "nearest" });
  };
  const open = (text) => {
    words.value = text;
    palette.showModal();
    window.htmx?.trigger(words, "renew");
  };
  // What came for the words of before is not what Enter goes to.
  let answered = null;
  palette.addEventListener("htmx:beforeRequest", () => (answered = null));
  palette.addEventListener("htmx:afterSwap", () => {
    answered = words.value;
    document.getElementById("palette-count").textContent = palette.querySelector("[data-count]").textContent;
    point(lines()[0]);
  });
  palette.addEventListener("keydown", (event) => {
    const all = lines();
    const at = all.findIndex((line) => line.getAttribute("aria-selected") === "true");
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) {
      event.preventDefault();
      if (all.length) point(all[(at + step + all.length) % all.length]);
    } else if (event.key === "Enter" && answered === words.value && all[at]) {
      event.preventDefault();
      all[at].click();
    }
  });
  palette.addEventListener("click", (event) => {
    if (event.target === palette) palette.close();
  });
  search?.addEventListener("click", () => open(search.value));
  document.addEventListener("keydown", (event) => {
    if (event.key.toLowerCase() !== "k" || !(event.ctrlKey || event.metaKey)) return;
    event.preventDefault();
    if (palette.open) palette.close();
    else open("");
  });
})();
