// The review table: virtual rows over a sheet. It shows and sends edits; Python owns the sheet and validates every edit.
const ROW = 26, OVERSCAN = 8;
const css = `
.rt{font:13px system-ui,sans-serif;color:#1a2330;background:#fff;border:1px solid #c9d3df;border-radius:6px}
.rt-bar{display:flex;gap:8px;align-items:center;padding:6px 8px;border-bottom:1px solid #dde4ec;flex-wrap:wrap}
.rt-bar button{padding:3px 10px;border:1px solid #9fb0c3;border-radius:4px;background:#f4f7fa;color:#1a2330;cursor:pointer}
.rt-bar button:disabled{opacity:.45;cursor:default}
.rt-bar input{padding:3px 6px;border:1px solid #9fb0c3;border-radius:4px;min-width:180px}
.rt-state{margin-left:auto}.rt-state.dirty{color:#8a4b00;font-weight:600}
.rt-view{height:420px;overflow:auto;position:relative;outline:none}
.rt-view:focus-within,.rt-view:focus{box-shadow:inset 0 0 0 2px #2b6cb0}
.rt-head{position:sticky;top:0;z-index:2;display:flex;background:#eef3f8;font-weight:600;border-bottom:1px solid #c9d3df}
.rt-row{position:absolute;left:0;display:flex;height:${ROW}px}
.rt-cell{box-sizing:border-box;padding:4px 6px;border-right:1px solid #e6ecf2;border-bottom:1px solid #e6ecf2;white-space:nowrap;overflow:hidden;text-overflow:ellipsis;flex:none}
.rt-head .rt-cell{cursor:pointer}
.rt-row.sel .rt-cell{background:#d8e8fa}.rt-cell.cur{outline:2px solid #2b6cb0;outline-offset:-2px}
.rt-cell.edit{background:#fffdf2}.rt-high .rt-conf{background:#cdeed6}.rt-mid .rt-conf{background:#fdeebf}.rt-low .rt-conf{background:#f9d3cf}
.rt-cell.bad{background:#f9d3cf}
.rt-cell input,.rt-cell select{width:100%;height:20px;box-sizing:border-box;border:0;font:inherit;padding:0;background:#fff;color:inherit}
.rt-more{padding:6px 8px;border-top:1px solid #dde4ec;min-height:34px;max-height:120px;overflow:auto;white-space:pre-wrap}
.rt-more b{margin-right:4px}.rt-say{color:#a11}`;

function render({ model, el }) {
  let rows = [], order = [], current = 0, column = 0, anchor = 0, sort = null, editing = null;
  const selected = new Set();
  const spec = () => model.get("spec");
  const columns = () => model.get("columns");
  const make = (tag, name, text) => { const node = document.createElement(tag); if (name) node.className = name; if (text !== undefined) node.textContent = text; return node; };
  const root = make("div", "rt"), bar = make("div", "rt-bar"), view = make("div", "rt-view"), more = make("div", "rt-more");
  root.append(Object.assign(make("style"), { textContent: css }), bar, view, more);
  el.append(root);
  view.tabIndex = 0; view.setAttribute("role", "grid"); view.setAttribute("aria-label", model.get("title"));
  const filter = make("input"); filter.placeholder = "filter all columns ( / )"; filter.setAttribute("aria-label", "filter");
  const only = make("select"); only.setAttribute("aria-label", "rows to show");
  for (const [value, text] of [["", "all rows"], ["open", "undecided"], ["unsure", "below the threshold"], ["bad", "with a problem"]]) only.append(Object.assign(make("option"), { value, textContent: text }));
  const button = (text, run, key) => { const node = make("button", "", text); node.type = "button"; node.title = key; node.onclick = () => { run(); view.focus(); }; bar.append(node); return node; };
  bar.append(filter, only);
  const accept = button("Accept", () => send("accept", { rows: targets() }), "accept the proposal of the selected rows (a)");
  const undo = button("Undo", () => send("undo", {}), "Ctrl+Z"), save = button("Save", () => send("save", {}), "Ctrl+S");
  const reload = button("Reload", () => send("reload", {}), "read the sheet again; unsaved edits are dropped");
  const state = make("span", "rt-state"); state.setAttribute("role", "status"); bar.append(state);
  const head = make("div", "rt-head"), body = make("div"); body.style.position = "relative"; view.append(head, body);

  const width = (name) => (spec().widths || {})[name] || 120;
  const editable = (name) => (spec().editable || []).includes(name);
  const at = (name) => columns().indexOf(name);
  const choices = (row, name) => { const found = (spec().choices || {})[name]; return !found ? null : Array.isArray(found) ? found : found.by[rows[row][at(found.column)]] || found.otherwise || null; };
  const send = (type, rest) => model.send({ type, ...rest });
  const targets = () => selected.size ? [...selected] : order.length ? [order[current]] : [];
  const problem = (row, name) => (model.get("problems")[row] || {})[name];

  function arrange() {
    const wanted = filter.value.toLowerCase(), decision = at("decision"), sure = at("confidence"), high = spec().threshold ?? 0.8;
    order = rows.map((_, index) => index).filter((index) => {
      const row = rows[index];
      if (wanted && !row.some((cell) => cell.toLowerCase().includes(wanted))) return false;
      if (only.value === "open") return decision < 0 || !row[decision].trim();
      if (only.value === "unsure") return sure < 0 || !(parseFloat(row[sure]) >= high);
      if (only.value === "bad") return !!model.get("problems")[index];
      return true;
    });
    if (sort) order.sort((a, b) => { const x = rows[a][sort.at], y = rows[b][sort.at], n = parseFloat(x) - parseFloat(y); return sort.way * (Number.isNaN(n) ? x.localeCompare(y) : n) || a - b; });
    current = Math.max(0, Math.min(current, order.length - 1));
    header(); draw(); detail();
  }
  function header() {
    head.replaceChildren();
    columns().forEach((name, index) => {
      const cell = make("div", "rt-cell", name + (sort && sort.at === index ? (sort.way > 0 ? " ▲" : " ▼") : "")); cell.style.width = width(name) + "px";
      cell.setAttribute("role", "columnheader"); cell.onclick = () => { sortBy(index); }; head.append(cell);
    });
    head.style.width = body.style.width = columns().reduce((sum, name) => sum + width(name), 0) + "px";
  }
  function sortBy(index) { sort = sort && sort.at === index ? (sort.way > 0 ? { at: index, way: -1 } : null) : { at: index, way: 1 }; arrange(); }
  function tone(row) { const sure = at("confidence"); if (sure < 0 || rows[row][sure] === "") return ""; const value = parseFloat(rows[row][sure]), s = spec(); return value >= (s.threshold ?? 0.8) ? "rt-high" : value >= (s.low ?? 0.6) ? "rt-mid" : "rt-low"; }
  function draw() {
    body.style.height = order.length * ROW + "px";
    const first = Math.max(0, Math.floor(view.scrollTop / ROW) - OVERSCAN), last = Math.min(order.length, first + Math.ceil(view.clientHeight / ROW) + 2 * OVERSCAN);
    const parts = [];
    for (let place = first; place < last; place++) {
      const row = order[place], line = make("div", `rt-row ${tone(row)}${selected.has(row) ? " sel" : ""}`);
      line.style.top = place * ROW + "px"; line.setAttribute("role", "row"); line.setAttribute("aria-rowindex", place + 1);
      columns().forEach((name, index) => {
        const cell = make("div", `rt-cell${editable(name) ? " edit" : ""}${name === "confidence" ? " rt-conf" : ""}${place === current && index === column ? " cur" : ""}${problem(row, name) ? " bad" : ""}`, rows[row][index]);
        cell.style.width = width(name) + "px"; cell.setAttribute("role", "gridcell"); if (problem(row, name)) cell.title = problem(row, name);
        cell.onmousedown = (event) => { if (editing) return; event.preventDefault(); view.focus(); pick(place, index, event); };
        cell.ondblclick = () => edit();
        line.append(cell);
      });
      parts.push(line);
    }
    body.replaceChildren(...parts);
  }
  function pick(place, index, event) {
    if (event && event.shiftKey) { selected.clear(); for (let p = Math.min(anchor, place); p <= Math.max(anchor, place); p++) selected.add(order[p]); }
    else if (event && (event.ctrlKey || event.metaKey)) { const row = order[place]; selected.has(row) ? selected.delete(row) : selected.add(row); anchor = place; }
    else { selected.clear(); anchor = place; }
    current = place; column = index; draw(); detail();
  }
  function detail() {
    more.replaceChildren();
    if (!order.length) { more.textContent = "no rows"; return; }
    const row = order[current], said = model.get("problems")[row] || {};
    for (const name of spec().preview || []) if (at(name) >= 0 && rows[row][at(name)]) more.append(make("b", "", name + ":"), make("span", "", rows[row][at(name)] + "   "));
    for (const text of Object.values(said)) more.append(make("div", "rt-say", text));
  }
  function show() { const top = current * ROW, low = view.scrollTop, height = view.clientHeight - 2 * ROW; if (top < low) view.scrollTop = top; else if (top > low + height) view.scrollTop = top - height; draw(); detail(); }
  function edit(first) {
    const name = columns()[column]; if (!order.length || !editable(name)) return;
    show();
    const row = order[current], cell = [...body.children].find((line) => +line.getAttribute("aria-rowindex") === current + 1)?.children[column]; if (!cell) return;
    const list = choices(row, name), before = rows[row][column], input = make(list && !spec().free?.includes(name) ? "select" : "input");
    if (input.tagName === "SELECT") for (const value of new Set(["", before, ...list])) input.append(Object.assign(make("option"), { value, textContent: value || "(undecided)" }));
    else if (list) { const id = "rt" + Math.random().toString(36).slice(2), options = make("datalist"); options.id = id; for (const value of list) options.append(Object.assign(make("option"), { value })); input.setAttribute("list", id); cell.append(options); }
    input.value = first !== undefined && input.tagName === "INPUT" ? first : before; input.setAttribute("aria-label", name);
    cell.textContent = ""; cell.append(input); editing = input; input.focus();
    let over = false;
    const end = (keep, step) => { if (over) return; over = true; editing = null; const value = input.value; if (keep && value !== before) send("edit", { changes: (selected.size > 1 && selected.has(row) ? [...selected] : [row]).map((index) => [index, name, value]) }); if (step) current = Math.min(order.length - 1, current + step); view.focus(); show(); };
    input.onblur = () => end(true, 0);
    input.onkeydown = (event) => { event.stopPropagation(); if (event.key === "Enter") { event.preventDefault(); end(true, 1); } else if (event.key === "Escape") { event.preventDefault(); end(false, 0); } else if (event.key === "Tab") { event.preventDefault(); end(true, 0); move(0, event.shiftKey ? -1 : 1); } };
  }
  function move(down, right, keep) {
    current = Math.max(0, Math.min(order.length - 1, current + down)); column = Math.max(0, Math.min(columns().length - 1, column + right));
    if (keep) { selected.clear(); for (let p = Math.min(anchor, current); p <= Math.max(anchor, current); p++) selected.add(order[p]); } else { selected.clear(); anchor = current; }
    const left = columns().slice(0, column).reduce((sum, name) => sum + width(name), 0); if (left < view.scrollLeft) view.scrollLeft = left; else if (left + width(columns()[column]) > view.scrollLeft + view.clientWidth) view.scrollLeft = left + width(columns()[column]) - view.clientWidth;
    show();
  }
  view.onkeydown = (event) => {
    const page = Math.floor(view.clientHeight / ROW) - 2, ctrl = event.ctrlKey || event.metaKey, keys = { ArrowDown: [1, 0], ArrowUp: [-1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1], PageDown: [page, 0], PageUp: [-page, 0], Home: [-order.length, 0], End: [order.length, 0] };
    if (editing) return;
    let done = true;
    if (keys[event.key]) move(...keys[event.key], event.shiftKey);
    else if (ctrl && event.key === "z") send("undo", {});
    else if (ctrl && event.key === "s") send("save", {});
    else if (ctrl && event.key === "a") { order.forEach((row) => selected.add(row)); draw(); }
    else if (event.key === " ") { const row = order[current]; selected.has(row) ? selected.delete(row) : selected.add(row); draw(); }
    else if (event.key === "Enter" || event.key === "F2") edit();
    else if (event.key === "Delete" && editable(columns()[column])) send("edit", { changes: targets().map((row) => [row, columns()[column], ""]) });
    else if (event.key === "/" && !ctrl) filter.focus();
    else if (event.key === "Escape") { selected.clear(); draw(); }
    else if (event.key === "a" && !ctrl && !event.altKey) send("accept", { rows: targets() });
    else if (event.key === "s" && !ctrl && !event.altKey) sortBy(column);
    else done = false;
    if (done) { event.preventDefault(); event.stopPropagation(); }
  };
  filter.oninput = arrange; filter.onkeydown = (event) => { event.stopPropagation(); if (event.key === "Enter" || event.key === "Escape") view.focus(); };
  only.onchange = arrange; view.onscroll = () => { if (!editing) draw(); };
  function status() { const dirty = model.get("unsaved"); state.textContent = model.get("message") || (dirty ? `${dirty} unsaved edits` : "saved"); state.className = "rt-state" + (dirty ? " dirty" : ""); undo.disabled = !model.get("can_undo"); save.disabled = !dirty; }
  const fresh = () => { rows = model.get("rows").map((row) => [...row]); arrange(); status(); };
  model.on("change:rows", fresh); model.on("change:problems", () => { draw(); detail(); });
  for (const name of ["unsaved", "message", "can_undo"]) model.on("change:" + name, status);
  const receive = (message) => { if (message.type === "cells") { for (const [row, name, value] of message.changes) rows[row][at(name)] = value; if (!editing) arrange(); } };
  model.on("msg:custom", receive);
  const leaving = (event) => { if (model.get("unsaved")) { event.preventDefault(); event.returnValue = ""; } };
  window.addEventListener("beforeunload", leaving);
  fresh();
  return () => { window.removeEventListener("beforeunload", leaving); model.off("msg:custom", receive); };
}
export default { render };
