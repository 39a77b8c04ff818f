"use strict";
(() => {
  const PAGE = matchMedia("(max-width:34rem)").matches ? 10 : 50;
  const collator = new Intl.Collator(undefined, { numeric: true, sensitivity: "base" });
  const make = (tag, properties, ...children) => {
    const node = Object.assign(document.createElement(tag), properties);
    node.append(...children);
    return node;
  };
  const key = (row, index) => {
    const cell = row.cells[index];
    return cell.dataset.s ?? cell.textContent.trim();
  };
  function enhance(figure) {
    const table = figure.querySelector("table");
    const body = table.tBodies[0];
    const rows = Array.from(body.rows);
    const heads = Array.from(table.tHead.rows[0].cells);
    const tools = figure.querySelector(".tools");
    const filters = new Map();
    const caption = table.caption.textContent;
    let query = "";
    let shown = PAGE;
    const count = make("span", {});
    count.setAttribute("aria-live", "polite");
    const more = make("button", { type: "button", textContent: "Show more" });
    const all = make("button", { type: "button", textContent: "Show all" });
    const texts = rows.map((row) => row.textContent.toLowerCase());
    const position = new Map(rows.map((row, index) => [row, index]));
    const names = heads.map((head) => head.textContent);
    // A phone shows a row as a card: each cell with the name of its column, for which the table's own parts need their roles again.
    figure.classList.toggle("cards", names.length > 2 && !document.body.classList.contains("index"));
    table.setAttribute("role", "table"); body.setAttribute("role", "rowgroup");
    const labelled = new WeakSet();
    function label(row) {
      if (labelled.has(row)) return;
      labelled.add(row); row.setAttribute("role", "row");
      for (const [index, cell] of Array.from(row.cells).entries()) { cell.dataset.label = names[index]; cell.setAttribute("role", "cell"); }
    }
    function draw() {
      let matching = 0;
      for (const row of body.rows) {
        let fits = !query || texts[position.get(row)].includes(query);
        if (fits) for (const [index, value] of filters) if (row.cells[index].textContent.trim() !== value) { fits = false; break; }
        row.hidden = !fits;
        if (fits) matching += 1;
        row.classList.toggle("off", fits && matching > shown);
        if (fits && matching <= shown) label(row);
      }
      const visible = Math.min(shown, matching);
      count.textContent = matching === rows.length && visible === rows.length ? "" : `${visible} of ${matching} rows shown`;
      more.hidden = all.hidden = matching <= shown;
    }
    if (rows.length > 5) {
      const search = make("input", { type: "search", placeholder: "Search" });
      search.setAttribute("aria-label", `Search in ${caption}`);
      search.addEventListener("input", () => { query = search.value.trim().toLowerCase(); shown = PAGE; draw(); });
      tools.append(search);
    }
    heads.forEach((head, index) => {
      if (head.dataset.choices && rows.length > 1) {
        const select = make("select", {}, make("option", { value: "", textContent: "all" }));
        for (const choice of JSON.parse(head.dataset.choices)) select.append(make("option", { value: choice, textContent: choice || "(empty)" }));
        select.addEventListener("change", () => {
          if (select.selectedIndex === 0) filters.delete(index); else filters.set(index, select.value);
          shown = PAGE;
          draw();
        });
        tools.append(make("label", {}, head.textContent, select));
      }
      if (rows.length < 2) return;
      const button = make("button", { type: "button", textContent: head.textContent });
      head.textContent = "";
      head.append(button);
      button.addEventListener("click", () => {
        const up = head.getAttribute("aria-sort") !== "ascending";
        for (const other of heads) other.removeAttribute("aria-sort");
        head.setAttribute("aria-sort", up ? "ascending" : "descending");
        const keys = new Map(rows.map((row) => [row, key(row, index)]));
        const sorted = rows.slice().sort((a, b) => {
          const x = keys.get(a), y = keys.get(b);
          if (x === "" || y === "") return (x === "") - (y === "");
          return (up ? 1 : -1) * (head.classList.contains("n") ? Number(x) - Number(y) : collator.compare(x, y));
        });
        body.append(...sorted);
        draw();
      });
    });
    more.addEventListener("click", () => { shown += PAGE * 4; draw(); });
    all.addEventListener("click", () => { shown = Infinity; draw(); });
    tools.append(count, more, all);
    draw();
  }
  for (const figure of document.querySelectorAll("figure.table")) {
    const record = figure.closest("details.record");
    if (record) record.addEventListener("toggle", () => enhance(figure), { once: true }); else enhance(figure);
  }
  document.querySelectorAll(".checklist input").forEach((box, index) => {
    const name = `pb2hl ${document.title} ${index} ${box.parentElement.textContent}`;
    try {
      box.checked = localStorage.getItem(name) === "1";
      box.addEventListener("change", () => localStorage.setItem(name, box.checked ? "1" : "0"));
    } catch (error) { /* a browser may keep nothing for files: the tick then lasts as long as the page */ }
  });
  const closed = [];
  addEventListener("beforeprint", () => {
    for (const node of document.querySelectorAll("details:is(.record, .fold):not([open], .figures, .summary > details)")) { // six figures are enough for paper
      node.open = true; closed.push(node); }
  });
  addEventListener("afterprint", () => { for (const node of closed.splice(0)) node.open = false; });
})();
