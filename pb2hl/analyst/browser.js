// A table with facets. Everything shown comes from the model; a click sends which values are chosen, nothing is counted here.
const STYLE = `.tb{font:13px var(--jp-ui-font-family,sans-serif);color:var(--jp-ui-font-color1,#222);display:grid;grid-template-columns:minmax(180px,260px) 1fr;gap:12px}
.tb.tb-narrow{grid-template-columns:1fr;gap:2px}.tb>div{min-width:0}.tb summary{cursor:pointer;white-space:nowrap}.tb .tb-num{text-align:right;font-variant-numeric:tabular-nums}.tb th button{all:unset;cursor:pointer;font-weight:600}.tb th button:focus-visible{outline:2px solid var(--jp-brand-color1,#2563eb)}
.tb th[aria-sort=ascending] button::after{content:" ▲"}.tb th[aria-sort=descending] button::after{content:" ▼"}
@media(max-width:640px){.tb{grid-template-columns:1fr}}
.tb-facets,.tb-rows{overflow:auto;max-height:560px}.tb fieldset{border:1px solid var(--jp-border-color2,#ccc);border-radius:6px;margin:0 0 8px;padding:4px 8px}.tb legend{font-weight:600}
.tb-value{display:grid;grid-template-columns:60px 1fr auto;gap:6px;width:100%;align-items:center;background:none;border:0;color:inherit;text-align:left;padding:2px;cursor:pointer;font:inherit}
.tb-value:focus-visible{outline:2px solid var(--jp-brand-color1,#2563eb)}.tb-value[aria-pressed=true]{font-weight:700;background:var(--jp-layout-color2,#e7eefc)}
.tb-name{overflow:hidden;text-overflow:ellipsis;white-space:nowrap}.tb-bar{display:block;height:3px;background:var(--jp-brand-color1,#3b7ddd)}
.tb table{border-collapse:collapse;white-space:nowrap}.tb th,.tb td{padding:2px 8px;border-bottom:1px solid var(--jp-border-color2,#ddd);text-align:left;max-width:320px;overflow:hidden;text-overflow:ellipsis}.tb td{vertical-align:top}.tb td.tb-long{white-space:normal;min-width:44ch;max-width:60ch;overflow-wrap:anywhere}
.tb input{font:inherit;width:100%;box-sizing:border-box;color:inherit;background:var(--jp-layout-color1,#fff);border:1px solid var(--jp-border-color1,#888);border-radius:3px;padding:1px 5px}.tb-rows:focus-visible,.tb summary:focus-visible,.tb input:focus-visible{outline:2px solid var(--jp-brand-color1,#2563eb);outline-offset:-2px}.tb-tools button{font:inherit;color:inherit;background:var(--jp-layout-color2,#eee);border:1px solid var(--jp-border-color1,#888);border-radius:3px;padding:2px 9px;cursor:pointer}.tb-tools button:disabled{opacity:.5;cursor:default}
.tb th{position:sticky;top:0;background:var(--jp-layout-color1,#fff)}.tb-tools{display:flex;gap:8px;align-items:center;padding-bottom:6px}`;
function make(tag, name, text) { const node = document.createElement(tag); if (name) node.className = name; if (text !== undefined) node.textContent = text; return node; }
function render({ model, el }) {
  const root = make("div", "tb"), style = make("style", "", STYLE), facets = make("div", "tb-facets"), right = make("div"), tools = make("div", "tb-tools"), box = make("div", "tb-rows");
  facets.setAttribute("role", "group"); facets.setAttribute("aria-label", "Filters: arrow keys go through the values, Enter chooses, Escape clears"); root.dataset.lmSuppressShortcuts = "true"; box.tabIndex = 0; box.setAttribute("role", "region"); box.setAttribute("aria-label", "rows");
  const left = make("details"), name = make("summary", "", "Filters"); left.open = !model.get("folded"); left.append(name, facets);
  const narrow = () => root.classList.toggle("tb-narrow", !left.open); left.ontoggle = narrow; narrow();
  right.append(tools, box); root.append(left, right); el.append(style, root);
  root.addEventListener("focusin", (event) => { event.target.dataset.lmSuppressShortcuts = "true"; }); // Notebook 7 hears keys before a widget does, and asks what has the focus
  const count = make("span"); count.setAttribute("role", "status");
  const button = (text, run) => { const node = make("button", "", text); node.type = "button"; node.onclick = run; return node; };
  const set = (name, value) => { model.set(name, value); model.save_changes(); };
  const back = button("Previous", () => set("page", model.get("page") - 1)), on = button("Next", () => set("page", model.get("page") + 1)), clear = button("Clear filters", () => set("chosen", {}));
  tools.append(count, back, on, clear);
  function toggle(column, value) {
    const chosen = { ...model.get("chosen") }, now = new Set(chosen[column] || []);
    now.has(value) ? now.delete(value) : now.add(value);
    if (now.size) chosen[column] = [...now]; else delete chosen[column];
    set("chosen", chosen);
  }
  // One stop for Tab a facet; the arrows go through its values, as through those of a list.
  const stops = new Map();
  function rove(nodes, at, name) { nodes.forEach((node, n) => { node.tabIndex = n === at ? 0 : -1; }); stops.set(name, nodes[at]?.dataset.key); }
  function drawFacets() {
    const focus = document.activeElement?.dataset?.key, inside = facets.contains(document.activeElement);
    facets.replaceChildren(...model.get("facets").map((facet) => {
      const set = make("fieldset"), chosen = model.get("chosen")[facet.column] || [], most = Math.max(1, ...facet.values.map((item) => item.count)), lines = [];
      set.append(make("legend", "", facet.column)); set.dataset.column = facet.column;
      if (facet.many) set.append(finder(facet.column));
      for (const item of facet.values) {
        const line = make("button", "tb-value"), name = make("span", "tb-name", item.label || "(blank)"), bar = make("span", "tb-bar");
        line.type = "button"; line.dataset.key = facet.column + "\u001f" + item.value; line.setAttribute("aria-pressed", chosen.includes(item.value)); line.title = item.label;
        line.ariaLabel = `${facet.column}: ${item.label || "(blank)"}, ${item.count.toLocaleString()} rows`;
        bar.style.width = Math.round((60 * item.count) / most) + "px"; line.append(bar, name, make("span", "", item.count.toLocaleString()));
        line.onclick = () => toggle(facet.column, item.value); line.onfocus = () => rove(lines, lines.indexOf(line), facet.column); lines.push(line); set.append(line);
      }
      rove(lines, Math.max(0, lines.findIndex((line) => line.dataset.key === stops.get(facet.column))), facet.column);
      return set;
    }));
    if (inside && focus) for (const node of facets.querySelectorAll("button, input")) if (node.dataset.key === focus) { node.focus(); if (node.tagName === "INPUT") node.setSelectionRange(node.value.length, node.value.length); }
  }
  function finder(column) {
    const input = make("input"); let later;
    input.type = "search"; input.placeholder = "find a value"; input.ariaLabel = `${column}: find a value`; input.dataset.key = column + "\u001f\u001f"; input.value = typed[column] ?? (model.get("searches")[column] || "");
    input.oninput = () => { typed[column] = input.value; clearTimeout(later); later = setTimeout(() => set("searches", { ...model.get("searches"), ...typed }), 150); };
    return input;
  }
  const typed = {};
  facets.addEventListener("keydown", (event) => {
    const set_ = event.target.closest("fieldset"); if (!set_) return;
    const lines = [...set_.querySelectorAll(".tb-value")], at = lines.indexOf(event.target), column = set_.dataset.column;
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: lines.length - 1 }[event.key];
    if (event.target.tagName === "INPUT" && event.key !== "ArrowDown" && event.key !== "Escape") return;
    if (to !== undefined) { lines[to]?.focus(); if (to < 0) set_.querySelector("input")?.focus(); event.preventDefault(); }
    else if (event.key === "Escape") {
      event.preventDefault();
      if (event.target.tagName === "INPUT" && event.target.value) { event.target.value = ""; event.target.oninput(); }
      else if (model.get("chosen")[column]) { const chosen = { ...model.get("chosen") }; delete chosen[column]; set("chosen", chosen); }
      else leave();
      event.stopPropagation();
    }
  });
  function leave() { const home = el.closest(".jp-Notebook, .jp-WindowedPanel-outer"); document.activeElement?.blur(); home?.focus(); }
  function heading(name) {
    const cell = make("th"), [by, down] = model.get("order"); cell.scope = "col";
    cell.setAttribute("aria-sort", by !== name ? "none" : down ? "descending" : "ascending");
    cell.append(button(name, () => set("order", by !== name ? [name, false] : down ? [] : [name, true])));
    return cell;
  }
  function drawRows() {
    const focus = box.contains(document.activeElement) ? document.activeElement.closest("th")?.textContent : undefined;
    const table = make("table"), head = make("tr"), size = model.get("rows").length, first = model.get("page") * 50;
    for (const name of model.get("columns")) head.append(heading(name));
    table.append(head);
    const numbers = new Set(model.get("numbers"));
    model.get("columns").forEach((name, at) => { if (numbers.has(name)) head.children[at].className = "tb-num"; });
    for (const row of model.get("rows")) { const line = make("tr"); row.forEach((text, at) => { const cell = make("td", numbers.has(model.get("columns")[at]) ? "tb-num" : text.length > 48 ? "tb-long" : "", text); cell.title = text; line.append(cell); }); table.append(line); }
    const sorts = [...head.querySelectorAll("button")], kept = Math.max(0, model.get("columns").indexOf(stops.get("\u001fhead")));
    const stand = (at) => { sorts.forEach((node, n) => { node.tabIndex = n === at ? 0 : -1; }); stops.set("\u001fhead", model.get("columns")[at]); };
    head.onkeydown = (event) => {
      const at = sorts.indexOf(event.target), to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: sorts.length - 1 }[event.key];
      if (at >= 0 && sorts[to]) { sorts[to].focus(); sorts[to].scrollIntoView({ block: "nearest", inline: "nearest" }); event.preventDefault(); }
    };
    sorts.forEach((node, at) => { node.onfocus = () => stand(at); }); stand(kept);
    table.setAttribute("aria-label", model.get("title") || "rows"); box.replaceChildren(table);
    if (focus && !box.contains(document.activeElement)) for (const node of box.querySelectorAll("th button")) if (node.textContent === focus) node.focus();
    const total = model.get("total");
    count.textContent = `${total.toLocaleString()} of ${model.get("every").toLocaleString()} rows` + (size ? ` · ${first + 1}–${first + size} shown` : "");
    back.disabled = !model.get("page"); on.disabled = first + size >= total; clear.disabled = !Object.keys(model.get("chosen")).length;
  }
  root.addEventListener("keydown", (event) => { // nothing typed here is a command of the notebook; Escape goes back to it
    if (event.key === "Escape" && !event.defaultPrevented) leave();
    if (event.key !== "Tab") event.stopPropagation();
  });
  model.on("change:facets", drawFacets); model.on("change:chosen", drawFacets);
  for (const name of ["rows", "page", "total", "order"]) model.on("change:" + name, drawRows);
  drawFacets(); drawRows();
  return () => { model.off("change:facets", drawFacets); model.off("change:chosen", drawFacets); };
}
export default { render };
