// The review table: virtual rows over a sheet. It shows and sends edits; Python owns the sheet and validates every edit.
const ROW = 26, OVERSCAN = 8, NUMBERS = new Set(["fill", "distinct", "count", "records", "deals", "confidence", "position", "probability"]);
const css = `
.rt{font:13px system-ui,sans-serif;color:var(--jp-ui-font-color1,#1a2330);background-color:var(--jp-layout-color1,#fff);border:1px solid var(--jp-border-color2,#c9d3df);border-radius:6px}
.rt-bar{display:flex;gap:8px;align-items:center;padding:6px 8px;border-bottom:1px solid var(--jp-border-color2,#dde4ec);flex-wrap:wrap}
.rt-bar button{padding:3px 10px;border:1px solid var(--jp-border-color1,#9fb0c3);border-radius:4px;background-color:var(--jp-layout-color2,#f4f7fa);color:var(--jp-ui-font-color1,#1a2330);cursor:pointer}
.rt-bar button:disabled{opacity:.45;cursor:default}
.rt-bar input,.rt-bar select{background-color:var(--jp-layout-color1,#fff);color:inherit}.rt-bar input{padding:3px 6px;border:1px solid var(--jp-border-color1,#9fb0c3);border-radius:4px;min-width:180px}
.rt-state{margin-left:auto}.rt-state.dirty{color:var(--jp-warn-color0,#8a4b00);font-weight:600}
.rt-view{height:420px;overflow:auto;position:relative;outline:none}
.rt-view:focus-within,.rt-view:focus{box-shadow:inset 0 0 0 2px #2b6cb0}
.rt-head{position:sticky;top:0;z-index:2;display:flex;background-color:var(--jp-layout-color2,#eef3f8);font-weight:600;border-bottom:1px solid var(--jp-border-color2,#c9d3df)}
.rt-row{position:absolute;left:0;display:flex;height:${ROW}px}
.rt-cell{box-sizing:border-box;padding:4px 6px;border-right:1px solid var(--jp-border-color2,#e6ecf2);border-bottom:1px solid var(--jp-border-color2,#e6ecf2);white-space:nowrap;overflow:hidden;text-overflow:ellipsis;flex:none}
.rt-head .rt-cell{cursor:pointer}
.rt-row.sel .rt-cell{background-image:linear-gradient(#2b6cb040,#2b6cb040)}.rt-cell.cur{outline:2px solid #2b6cb0;outline-offset:-2px}
.rt-cell.edit{background-image:linear-gradient(#ffd60014,#ffd60014)}.rt-high .rt-conf{background-image:linear-gradient(#2a9d6340,#2a9d6340)}.rt-mid .rt-conf{background-image:linear-gradient(#d98e0440,#d98e0440)}.rt-low .rt-conf{background-image:linear-gradient(#c8553d40,#c8553d40)}
.rt-cell.bad{background-image:linear-gradient(#c8553d40,#c8553d40)}
.rt-cell input,.rt-cell select{width:100%;height:20px;box-sizing:border-box;border:0;font:inherit;padding:0;background-color:var(--jp-layout-color1,#fff);color:inherit}
.rt-more{padding:6px 8px;border-top:1px solid var(--jp-border-color2,#dde4ec);min-height:34px;max-height:120px;overflow:auto;white-space:pre-wrap}
.rt-more b{margin-right:4px}.rt-say{color:var(--jp-error-color0,#a11)}.rt-say::before{content:"⚠ "}
.rt-high .rt-conf::before{content:"✓ "}.rt-mid .rt-conf::before{content:"~ "}.rt-low .rt-conf::before{content:"! "}
.rt-cell.bad::before{content:"⚠ "}.rt-cell.open::after{content:"undecided";color:var(--jp-warn-color0,#8a4b00);font-style:italic}
.rt-row .rt-cell{background-color:var(--jp-layout-color1,#fff)}.rt-row.odd .rt-cell{background-color:var(--jp-layout-color1,#fafcfe)}.rt-row .rt-cell.edit{background-image:linear-gradient(#ffd60014,#ffd60014)}
.rt-row.rt-high .rt-conf{background-image:linear-gradient(#2a9d6340,#2a9d6340)}.rt-row.rt-mid .rt-conf{background-image:linear-gradient(#d98e0440,#d98e0440)}.rt-row.rt-low .rt-conf{background-image:linear-gradient(#c8553d40,#c8553d40)}.rt-row .rt-cell.bad{background-image:linear-gradient(#c8553d40,#c8553d40)}.rt-row.sel .rt-cell{background-image:linear-gradient(#2b6cb040,#2b6cb040)}
.rt-cell:first-child{position:sticky;left:0;z-index:1;border-right:2px solid var(--jp-border-color2,#c9d3df);font-weight:600}.rt-head .rt-cell:first-child{background-color:var(--jp-layout-color2,#eef3f8)}
.rt-cell.rt-num{text-align:right}.rt-count{color:var(--jp-ui-font-color2,#4a5b6d)}.rt-keys{padding:4px 8px;border-top:1px solid var(--jp-border-color2,#dde4ec);color:var(--jp-ui-font-color2,#5b6b7c);font-size:12px}
.rt-keys kbd{color:var(--jp-ui-font-color1,#1a2330);font:11px ui-monospace,monospace;border:1px solid var(--jp-border-color2,#c9d3df);border-radius:3px;padding:0 4px;background-color:var(--jp-layout-color2,#f4f7fa)}
.rt-pairs{border-collapse:collapse;margin-top:4px}.rt-pairs td,.rt-pairs th{padding:1px 10px 1px 0;text-align:left;font-weight:normal}.rt-pairs th{color:var(--jp-ui-font-color2,#5b6b7c)}.rt-pairs td:nth-child(2)::before{content:"→ ";color:#2b6cb0}.rt-pairs .lost td:nth-child(2){color:var(--jp-error-color0,#a11)}
.rt{position:relative}.rt-pick{position:absolute;z-index:9;max-height:220px;overflow:auto;background-color:var(--jp-layout-color1,#fff);border:1px solid var(--jp-border-color1,#9fb0c3);border-radius:4px;box-shadow:0 4px 14px #0003;min-width:220px}
.rt-pick div{padding:3px 8px;cursor:pointer;white-space:nowrap}.rt-pick div.on{background-image:linear-gradient(#2b6cb040,#2b6cb040)}`;

function render({ model, el }) {
  let rows = [], order = [], current = 0, column = 0, anchor = 0, sort = null, editing = null, asking = null; const previews = new Map(), lines = new Map();
  const selected = new Set(), grid = "rt" + Math.random().toString(36).slice(2);
  const spec = () => model.get("spec");
  const columns = () => model.get("columns");
  const make = (tag, name, text) => { const node = document.createElement(tag); if (name) node.className = name; if (text !== undefined) node.textContent = text; return node; };
  const root = make("div", "rt"), bar = make("div", "rt-bar"), view = make("div", "rt-view"), more = make("div", "rt-more"), keys = make("div", "rt-keys");
  keys.innerHTML = "<kbd>↑↓←→</kbd> move · <kbd>Enter</kbd> edit · <span></span> · <kbd>Space</kbd>, <kbd>Shift</kbd>+<kbd>↑↓</kbd> select · <kbd>/</kbd> filter · <kbd>s</kbd> sort · <kbd>n</kbd> next undecided · <kbd>Ctrl</kbd>+<kbd>Z</kbd> undo · <kbd>Ctrl</kbd>+<kbd>S</kbd> save";
  const say = () => Object.entries(spec().words || {}), titled = (name) => (spec().titles || {})[name] || name; // words: the only decisions there are, with what each does
  keys.querySelector("span").append(...(say().length ? say().flatMap(([word], n) => [n ? " · " : "", make("kbd", "", n + 1), " " + word]) : [make("kbd", "", "a"), " accept"]));
  root.dataset.lmSuppressShortcuts = "true"; // JupyterLab would take Ctrl+S, a and Enter for itself
  root.addEventListener("focusin", (event) => { event.target.dataset.lmSuppressShortcuts = "true"; }); // Notebook 7 hears keys before a widget does, and asks what has the focus
  root.append(Object.assign(make("style"), { textContent: css }), bar, view, more, keys);
  el.append(root);
  view.tabIndex = 0; view.setAttribute("role", "grid"); view.setAttribute("aria-multiselectable", "true"); view.setAttribute("aria-label", model.get("title"));
  const filter = make("input"); filter.placeholder = "filter all columns ( / )"; filter.setAttribute("aria-label", "filter");
  const only = make("select"); only.setAttribute("aria-label", "rows to show");
  for (const [value, text] of [["", "all rows"], ["open", "undecided"], ["unsure", "below the threshold"], ["bad", "with a problem"]]) only.append(Object.assign(make("option"), { value, textContent: text }));
  const button = (text, run, key) => { const node = make("button", "", text); node.type = "button"; node.title = key; node.onclick = () => { run(); view.focus(); }; bar.append(node); return node; };
  bar.append(filter, only);
  const decide = (word) => { const changes = targets().filter((row) => (choices(row, "decision") || [word]).includes(word)).map((row) => [row, "decision", word]); if (changes.length) send("edit", { changes }); else state.textContent = `${word} is no choice here`; };
  say().forEach(([word, means], n) => button(`${word}: ${means}`, () => decide(word), `decide so for the selected rows (${n + 1})`));
  if (columns().includes("proposal")) button("Accept", () => send("accept", { rows: targets() }), "accept the proposal of the selected rows (a)");
  const undo = button("Undo", () => send("undo", {}), "Ctrl+Z"), save = button("Save", () => send("save", {}), "Ctrl+S");
  const bring = button("", () => { const changes = lost(); if (changes.length) send("edit", { changes }); }, "edits that were not saved when the kernel ended"); bring.hidden = true;
  const reload = button("Reload", () => { edits.clear(); written(); send("reload", {}); }, "read the sheet again; unsaved edits are dropped");
  const count = make("span", "rt-count"); bar.append(count);
  const state = make("span", "rt-state"); state.setAttribute("role", "status"); bar.append(state);
  const head = make("div", "rt-head"), body = make("div"); head.setAttribute("role", "row"); body.setAttribute("role", "rowgroup"); body.style.position = "relative"; view.append(head, body);

  const many = (count, what) => `${count} ${what}${count === 1 ? "" : "s"}`;
  const width = (name) => (spec().widths || {})[name] || 120;
  const editable = (name) => (spec().editable || []).includes(name);
  const at = (name) => columns().indexOf(name);
  const choices = (row, name) => { let found = (spec().choices || {})[name]; while (found && !Array.isArray(found)) found = found.by[rows[row][at(found.column)]] || found.otherwise || null; return found || null; };
  // What is not saved is also kept in this tab: a kernel that dies takes its own copy along.
  const place = () => "pb2hl:" + (spec().sheet || model.get("title")), edits = new Map(); let gone = false;
  const fixed = (row) => columns().filter((name) => !editable(name) && name !== "who" && name !== "when").map((name) => rows[row][at(name)]).join("\u001f");
  const written = () => { try { edits.size ? sessionStorage.setItem(place(), JSON.stringify([...edits])) : sessionStorage.removeItem(place()); } catch { /* a browser that keeps nothing */ } };
  function keep(changes) { for (const [row, name, value] of changes) if (editable(name)) edits.set(JSON.stringify([fixed(row), name]), value); written(); }
  function lost() {  // kept edits that the rows in sight do not show, as changes of them
    const where = new Map(edits.size && !gone ? rows.map((_, row) => [fixed(row), row]) : []), found = [];
    for (const [key, value] of edits) { const [row, name] = JSON.parse(key), now = where.get(row); if (now !== undefined && at(name) >= 0 && rows[now][at(name)] !== value) found.push([now, name, value]); }
    return found;
  }
  function saved() { const open = new Set(lost().map(([row, name]) => JSON.stringify([fixed(row), name]))); for (const key of [...edits.keys()]) if (!open.has(key)) edits.delete(key); written(); }
  const here = { edit: (rest) => rest.changes, accept: (rest) => rest.rows.filter((row) => at("proposal") >= 0 && rows[row][at("proposal")]).map((row) => [row, "decision", rows[row][at("proposal")]]) };
  const post = (message) => { try { Promise.resolve(model.send(message)).catch(() => {}); } catch { /* the kernel is gone: said in the bar */ } };
  const send = (type, rest) => {
    if (here[type]) keep(here[type](rest)); // before any answer: a kernel may die in between
    if (gone && here[type]) receive({ type: "cells", changes: here[type](rest) }); else post({ type, ...rest });
  };
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
    if (sort) {  // what is compared is worked out once a row, and by plain comparisons: 5,000 rows are sorted between two frames
      const bare = (text) => /[^\x00-\x7f]/.test(text) ? text.normalize("NFKD").replace(/\p{M}/gu, "") : text;
      const words = rows.map((row) => bare(row[sort.at]).toLowerCase()), numbers = rows.map((row) => parseFloat(row[sort.at]));
      order.sort((a, b) => {
        const n = numbers[a] - numbers[b];
        return sort.way * (Number.isNaN(n) ? (words[a] < words[b] ? -1 : words[a] > words[b] ? 1 : 0) : n) || a - b;
      });
    }
    current = Math.max(0, Math.min(current, order.length - 1));
    view.style.height = Math.min(420, Math.max(4, order.length) * ROW + 46) + "px"; // few rows leave no hole; the 46 are heading and scroll bar
    header(); draw(); detail();
  }
  function header() {
    head.replaceChildren();
    columns().forEach((name, index) => {
      const cell = make("div", "rt-cell", titled(name) + (sort && sort.at === index ? (sort.way > 0 ? " ▲" : " ▼") : "")); cell.style.width = width(name) + "px";
      cell.setAttribute("role", "columnheader"); cell.setAttribute("aria-sort", sort && sort.at === index ? (sort.way > 0 ? "ascending" : "descending") : "none"); cell.onclick = () => { sortBy(index); }; head.append(cell);
    });
    head.style.width = body.style.width = columns().reduce((sum, name) => sum + width(name), 0) + "px";
  }
  function sortBy(index) { sort = sort && sort.at === index ? (sort.way > 0 ? { at: index, way: -1 } : null) : { at: index, way: 1 }; arrange(); }
  function tone(row) { const sure = at("confidence"); if (sure < 0 || rows[row][sure] === "") return ""; const value = parseFloat(rows[row][sure]), s = spec(); return value >= (s.threshold ?? 0.8) ? "rt-high" : value >= (s.low ?? 0.6) ? "rt-mid" : "rt-low"; }
  // A line is made anew only when something in it changed: a key press touches two lines, not all of them.
  function draw() {
    body.style.height = order.length * ROW + "px";
    const first = Math.max(0, Math.floor(view.scrollTop / ROW) - OVERSCAN), last = Math.min(order.length, first + Math.ceil(view.clientHeight / ROW) + 2 * OVERSCAN);
    for (const [place, line] of lines) if (place < first || place >= last) { line.remove(); lines.delete(place); }
    for (let place = first; place < last; place++) {
      const row = order[place], sign = [row, selected.has(row), place === current ? column : -1, JSON.stringify(model.get("problems")[row] || 0), ...rows[row]].join("\u001f"), there = lines.get(place);
      if (there && there.sign === sign) continue;
      const made = lineOf(place, row); made.sign = sign; lines.set(place, made);
      if (there) there.replaceWith(made); else body.append(made);
    }
  }
  function lineOf(place, row) {
    const line = make("div", `rt-row ${tone(row)}${selected.has(row) ? " sel" : ""}${place % 2 ? " odd" : ""}`), bad = model.get("problems")[row] || {};
    line.style.top = place * ROW + "px"; line.setAttribute("role", "row"); line.setAttribute("aria-rowindex", place + 1); line.setAttribute("aria-selected", selected.has(row));
    columns().forEach((name, index) => {
      const text = rows[row][index], cell = make("div", `rt-cell${editable(name) ? " edit" : ""}${name === "confidence" ? " rt-conf" : ""}${place === current && index === column ? " cur" : ""}${bad[name] ? " bad" : ""}${name === "decision" && !text.trim() ? " open" : ""}${NUMBERS.has(name) ? " rt-num" : ""}`, text);
      cell.style.width = width(name) + "px"; cell.setAttribute("role", "gridcell"); if (place === current && index === column) { cell.id = grid + "-cell"; view.setAttribute("aria-activedescendant", cell.id); } if (bad[name]) cell.title = bad[name];
      line.append(cell);
    });
    return line;
  }
  function hit(event) { const cell = event.target.closest(".rt-cell"), line = cell?.parentElement; return line?.classList.contains("rt-row") ? [+line.getAttribute("aria-rowindex") - 1, [...line.children].indexOf(cell)] : null; }
  body.onmousedown = (event) => { const found = hit(event); if (editing || !found) return; event.preventDefault(); view.focus(); pick(...found, event); };
  body.ondblclick = (event) => { if (hit(event)) edit(); };
  function pick(place, index, event) {
    if (event && event.shiftKey) { selected.clear(); for (let p = Math.min(anchor, place); p <= Math.max(anchor, place); p++) selected.add(order[p]); }
    else if (event && (event.ctrlKey || event.metaKey)) { const row = order[place]; selected.has(row) ? selected.delete(row) : selected.add(row); anchor = place; }
    else { selected.clear(); anchor = place; }
    current = place; column = index; draw(); detail();
  }
  function detail() {
    view.setAttribute("aria-rowcount", order.length);
    more.replaceChildren();
    if (!order.length) { more.textContent = "no rows"; return; }
    const row = order[current], said = model.get("problems")[row] || {};
    for (const name of spec().preview || []) if (at(name) >= 0 && rows[row][at(name)]) more.append(make("b", "", titled(name) + ":"), make("span", "", rows[row][at(name)] + "   "));
    for (const text of Object.values(said)) more.append(make("div", "rt-say", text));
    const found = previews.get(row);
    if (found) more.append(pairs(found)); else if (spec().shows) ask(row);
    if (spec().explores) { const look = make("button", "", "See this column's values"); look.type = "button"; look.onclick = () => send("explore", { row }); more.append(look); }
  }
  function ask(row) { clearTimeout(asking); asking = setTimeout(() => send("preview", { row }), 120); }
  function pairs(found) {
    const box = make("div"), table = make("table", "rt-pairs"); box.append(make("b", "", "before and after:"), make("span", found.lost ? "rt-say" : "", found.note), table);
    for (const [before, after, lost] of found.pairs) { const line = make("tr", lost ? "lost" : ""); line.append(make("td", "", before), make("td", "", after)); table.append(line); }
    return box;
  }
  function show() { const top = current * ROW, low = view.scrollTop, height = view.clientHeight - 2 * ROW; if (top < low) view.scrollTop = top; else if (top > low + height) view.scrollTop = top - height; draw(); detail(); }
  function edit(first) {
    const name = columns()[column]; if (!order.length || !editable(name)) return;
    show();
    const row = order[current], cell = [...body.children].find((line) => +line.getAttribute("aria-rowindex") === current + 1)?.children[column]; if (!cell) return;
    const list = choices(row, name), before = rows[row][column], input = make(list && !spec().free?.includes(name) ? "select" : "input");
    if (input.tagName === "SELECT") for (const value of new Set(["", before, ...list])) input.append(Object.assign(make("option"), { value, textContent: value || "(undecided)" }));
    input.value = first !== undefined && input.tagName === "INPUT" ? first : before; input.setAttribute("aria-label", name);
    cell.parentElement.sign = ""; cell.textContent = ""; cell.append(input); editing = input; input.focus(); if (input.select && first === undefined) input.select();
    const pick = list && input.tagName === "INPUT" ? picker(cell, input, list) : null;
    let over = false;
    const end = (keep, step) => { if (over) return; over = true; editing = null; pick?.close(); const value = input.value; if (keep && value !== before) send("edit", { changes: (selected.size > 1 && selected.has(row) ? [...selected] : [row]).map((index) => [index, name, value]) }); if (step) current = Math.min(order.length - 1, current + step); view.focus(); show(); };
    input.leave = () => end(false, 0); input.onblur = () => end(true, 0);
    input.onkeydown = (event) => { event.stopPropagation(); if (pick && (event.key === "ArrowDown" || event.key === "ArrowUp")) { event.preventDefault(); pick.step(event.key === "ArrowDown" ? 1 : -1); } else if (event.key === "Enter") { event.preventDefault(); end(true, 1); } else if (event.key === "Escape") { event.preventDefault(); end(false, 0); } else if (event.key === "Tab") { event.preventDefault(); end(true, 0); move(0, event.shiftKey ? -1 : 1); } };
  }
  function picker(cell, input, list) {
    const box = make("div", "rt-pick"), place = cell.getBoundingClientRect(), here = root.getBoundingClientRect(); let on = -1, shown = [];
    box.setAttribute("role", "listbox"); box.style.left = place.left - here.left + "px"; box.style.top = place.bottom - here.top + "px"; root.append(box);
    const fill = (wanted) => { shown = list.filter((value) => value.toLowerCase().includes(wanted.toLowerCase())); if (!shown.length) shown = list; on = -1; box.replaceChildren(...shown.map((value) => { const line = make("div", "", value); line.setAttribute("role", "option"); line.onmousedown = (event) => { event.preventDefault(); input.value = value; input.focus(); box.hidden = true; }; return line; })); };
    fill(""); input.oninput = () => { box.hidden = false; fill(input.value); };
    return { close: () => box.remove(), step: (way) => { on = (on + way + shown.length) % shown.length; [...box.children].forEach((line, at) => line.classList.toggle("on", at === on)); box.children[on].scrollIntoView({ block: "nearest" }); input.value = shown[on]; } };
  }
  function nextOpen() { const decision = at("decision"); for (let step = 1; step <= order.length; step++) { const place = (current + step) % order.length; if (decision >= 0 && !rows[order[place]][decision].trim()) { move(place - current, decision - column); return; } } }
  function move(down, right, keep) {
    current = Math.max(0, Math.min(order.length - 1, current + down)); column = Math.max(0, Math.min(columns().length - 1, column + right));
    if (keep) { selected.clear(); for (let p = Math.min(anchor, current); p <= Math.max(anchor, current); p++) selected.add(order[p]); } else { selected.clear(); anchor = current; }
    const pinned = width(columns()[0]), left = columns().slice(0, column).reduce((sum, name) => sum + width(name), 0); if (left - pinned < view.scrollLeft) view.scrollLeft = left - pinned; else if (left + width(columns()[column]) > view.scrollLeft + view.clientWidth) view.scrollLeft = left + width(columns()[column]) - view.clientWidth;
    show();
  }
  root.addEventListener("keydown", (event) => { if (event.key !== "Tab") event.stopPropagation(); }); // nothing typed here is a command of the notebook
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
    else if (event.key.length === 1 && event.key !== " " && !ctrl && !event.altKey && editable(columns()[column]) && (!choices(order[current], columns()[column]) || spec().free?.includes(columns()[column]))) edit(event.key);
    else if (event.key === "/" && !ctrl) filter.focus();
    else if (event.key === "Escape") { selected.clear(); draw(); }
    else if (!ctrl && !event.altKey && say()[event.key - 1]) decide(say()[event.key - 1][0]);
    else if (event.key === "a" && !ctrl && !event.altKey) send("accept", { rows: targets() });
    else if (event.key === "s" && !ctrl && !event.altKey) sortBy(column);
    else if (event.key === "n" && !ctrl && !event.altKey) nextOpen();
    else done = false;
    if (done) event.preventDefault();
    if (event.key !== "Tab") event.stopPropagation();
  };
  filter.oninput = arrange; filter.onkeydown = (event) => { event.stopPropagation(); if (event.key === "Enter" || event.key === "Escape") view.focus(); };
  only.onchange = arrange; view.onscroll = () => { if (!editing) draw(); };
  function status() { const decision = at("decision"), open = decision < 0 ? 0 : rows.filter((row) => !row[decision].trim()).length, bad = Object.keys(model.get("problems")).length; count.textContent = `${rows.length} rows · ${open} undecided${bad ? ` · ${bad} with a problem` : ""}`; const dirty = model.get("unsaved"); const back = lost().length; bring.hidden = !back; bring.textContent = "Bring back " + many(back, "unsaved edit"); state.textContent = gone ? `the kernel is gone: ${many(edits.size, "unsaved edit")} stay in this tab; run the cell again` : back && !dirty ? `${many(back, "edit")} of a kernel that ended: not saved` : model.get("message") || (dirty ? many(dirty, "unsaved edit") : "saved"); state.className = "rt-state" + (dirty || gone || back ? " dirty" : ""); undo.disabled = !model.get("can_undo"); save.disabled = !dirty || gone; }
  const fresh = () => { editing?.leave(); previews.clear(); rows = model.get("rows").map((row) => [...row]); arrange(); status(); };
  model.on("change:rows", fresh); model.on("change:problems", () => { draw(); detail(); status(); });
  for (const name of ["unsaved", "message", "can_undo"]) model.on("change:" + name, status);
  const receive = (message) => { if (message.type === "preview") { previews.set(message.row, message); if (order[current] === message.row) detail(); } if (message.type === "rows") { gone = false; rows = message.rows.map((row) => [...row]); if (!editing) { arrange(); status(); } } if (message.type === "cells") { for (const [row] of message.changes) previews.delete(row); for (const [row, name, value] of message.changes) rows[row][at(name)] = value; if (!message.theirs) keep(message.changes); if (!editing) { arrange(); status(); } } };
  model.on("msg:custom", receive);
  model.on("change:unsaved", () => { if (!model.get("unsaved") && !gone) { saved(); status(); } });
  model.on("comm_live_update", () => { gone = true; status(); post({ type: "rows" }); }); // one that lives answers, and then it is not gone
  const leaving = (event) => { if (model.get("unsaved") || (gone && edits.size)) { event.preventDefault(); event.returnValue = ""; } };
  window.addEventListener("beforeunload", leaving);
  try { for (const [key, value] of JSON.parse(sessionStorage.getItem(place()) || "[]")) edits.set(key, value); } catch { /* nothing kept */ }
  root.addEventListener("focusin", (event) => { if (!root.contains(event.relatedTarget)) send("rows", {}); }); // whoever comes back sees what was saved elsewhere
  fresh(); send("rows", {}); // another page may have edited since this one's model was filled
  return () => { window.removeEventListener("beforeunload", leaving); model.off("msg:custom", receive); };
}
export default { render };
