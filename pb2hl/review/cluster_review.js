// Clusters side by side. Python owns the sheet, the filter and the place; this draws `view` and sends what a person does.
const css = `
.cr{font:13px system-ui,sans-serif;color:var(--jp-ui-font-color1,#1a2330);background-color:var(--jp-layout-color1,#fff);border:1px solid var(--jp-border-color2,#c9d3df);border-radius:6px;outline:none}
.cr:focus-within,.cr:focus{box-shadow:inset 0 0 0 2px #2b6cb0}
.cr-bar{display:flex;gap:8px;align-items:center;padding:6px 8px;border-bottom:1px solid var(--jp-border-color2,#dde4ec);flex-wrap:wrap}
.cr-bar button,.cr-card button{padding:3px 10px;border:1px solid var(--jp-border-color1,#9fb0c3);border-radius:4px;background-color:var(--jp-layout-color2,#f4f7fa);color:var(--jp-ui-font-color1,#1a2330);cursor:pointer}
.cr-bar button:disabled{opacity:.45;cursor:default}
.cr-bar input,.cr-bar select{background-color:var(--jp-layout-color1,#fff);color:inherit;padding:3px 6px;border:1px solid var(--jp-border-color1,#9fb0c3);border-radius:4px}
.cr-state{margin-left:auto}.cr-say{color:var(--jp-error-color0,#a11);padding:0 8px}
.cr-view{overflow:auto;max-height:max(460px,80vh)}
.cr table{border-collapse:collapse}.cr th,.cr td{text-align:left;vertical-align:top;padding:4px 10px;border:1px solid var(--jp-border-color2,#e0e7ee);max-width:280px;overflow-wrap:anywhere}
.cr th.cr-name{position:sticky;left:0;background-color:var(--jp-layout-color2,#eef3f8);font-weight:600;overflow-wrap:break-word;min-width:9ch}
.cr tr.cr-same td{color:var(--jp-ui-font-color2,#68788a)}.cr mark{background-color:transparent;background-image:linear-gradient(#d98e0466,#d98e0466);color:inherit}
.cr-card{background-color:var(--jp-layout-color2,#f7f9fb);min-width:150px}.cr-card.merge{background-image:linear-gradient(#2a9d6340,#2a9d6340)}.cr-card.apart{background-image:linear-gradient(#c8553d40,#c8553d40)}.cr-card.skip{background-image:linear-gradient(#8d99a640,#8d99a640)}
.cr-card b{font-size:14px}.cr-why{font-size:12px}td.cr-why{color:var(--jp-ui-font-color2,#43566b)}
.cr-fall i{display:block;height:5px;min-width:2px;background:#2a9d63;margin-bottom:3px}.cr-fall i.less{background:#c8553d}
.cr-made{border-left:3px double var(--jp-border-color1,#9fb0c3)!important}.cr tr.cr-same td.cr-made{color:inherit}
.cr .cr-take{font:inherit;color:inherit;text-align:left;background:none;border:1px dashed transparent;border-radius:3px;padding:1px 3px;margin:-2px -4px;cursor:pointer;overflow-wrap:anywhere}
.cr .cr-take:hover,.cr .cr-take:focus-visible{border-color:var(--jp-border-color1,#9fb0c3)}.cr .cr-take[aria-pressed=true]{border:1px solid #2a9d63;background-image:linear-gradient(#2a9d6330,#2a9d6330)}.cr .cr-take[aria-pressed=true]::before{content:"✓ "}
.cr-keys{padding:4px 8px;color:var(--jp-ui-font-color2,#68788a);border-top:1px solid var(--jp-border-color2,#dde4ec)}.cr kbd{color:var(--jp-ui-font-color1,#1a2330);border:1px solid var(--jp-border-color2,#c9d3df);border-radius:3px;padding:0 4px;background-color:var(--jp-layout-color2,#f4f7fa)}`;
const NEXT = { "": "merge", merge: "keep apart", "keep apart": "merge", skip: "merge" };

function render({ model, el }) {
  const make = (tag, name, text) => { const node = document.createElement(tag); if (name) node.className = name; if (text !== undefined) node.textContent = text; return node; };
  const root = make("div", "cr"), bar = make("div", "cr-bar"), say = make("div", "cr-say"), view = make("div", "cr-view"), keys = make("div", "cr-keys");
  root.append(Object.assign(make("style"), { textContent: css }), bar, say, view, keys);
  root.tabIndex = 0; root.setAttribute("role", "region"); root.setAttribute("aria-label", model.get("title"));
  say.setAttribute("role", "alert");
  el.append(root); root.dataset.lmSuppressShortcuts = "true";
  root.addEventListener("focusin", (event) => { event.target.dataset.lmSuppressShortcuts = "true"; }); // Notebook 7 hears keys before a widget does, and asks what has the focus
  const send = (type, rest) => model.send({ type, ...rest });
  const only = make("select"); only.setAttribute("aria-label", "clusters to show");
  for (const name of ["waiting", "close calls", "decided", "skipped", "all"]) only.append(Object.assign(make("option"), { value: name, textContent: name }));
  const search = make("input"); search.placeholder = "filter ( / )"; search.setAttribute("aria-label", "filter");
  const choose = () => send("choose", { filter: only.value, search: search.value });
  only.onchange = () => { choose(); root.focus(); }; search.onchange = choose;
  const button = (text, key, run) => { const node = make("button", "", text); node.type = "button"; node.title = key; node.onclick = () => { run(); root.focus(); }; bar.append(node); return node; };
  bar.append(only, search);
  const actions = {
    m: () => send("decide", { decision: "merge" }), k: () => send("decide", { decision: "keep apart" }), s: () => send("decide", { decision: "skip" }),
    Enter: () => send("proposal", {}), u: () => send("undo", {}), ArrowRight: () => send("move", { by: 1 }), ArrowLeft: () => send("move", { by: -1 }),
  };
  const deciding = [button("Merge", "m", actions.m), button("Keep apart", "k", actions.k), button("Skip", "s", actions.s), button("As proposed", "Enter", actions.Enter)];
  const undo = button("Undo", "u or Ctrl+Z", actions.u);
  const back = button("‹", "left arrow", actions.ArrowLeft), on = button("›", "right arrow", actions.ArrowRight);
  const save = button("Save", "Ctrl+S", () => send("save", {}));
  button("Reload", "read the sheet again; unsaved edits are dropped", () => send("reload", {}));
  const meter = make("progress"), state = make("span", "cr-state"); meter.setAttribute("aria-label", "clusters decided"); state.setAttribute("role", "status");
  bar.append(state, meter);
  keys.append(...["m", "merge", "k", "keep apart", "s", "skip", "Enter", "as proposed", "1–9", "turn one row", "Shift+1–9", "make it the survivor", "click a value", "take it for the merged record", "u", "undo", "← →", "move", "/", "filter"]
    .map((text, at) => at % 2 ? document.createTextNode(` ${text}  `) : make("kbd", "", text)));

  const turn = (card) => send("decide", { decision: NEXT[card.decision || card.proposal] || "merge", rows: [card.row] });

  function marked(cell, text, lead) {  // the part of `text` that is not what the survivor has
    let from = 0, to = 0;
    while (from < text.length && text[from] === lead[from]) from++;
    while (to < text.length - from && to < lead.length - from && text[text.length - 1 - to] === lead[lead.length - 1 - to]) to++;
    const middle = text.slice(from, text.length - to);
    cell.append(text.slice(0, from), make("mark", "", middle || "·"), text.slice(text.length - to));
  }

  function waterfall(text) {  // what each comparison adds to the weight of the pair, one below the other, each from where the last one ended
    const parts = text.split("; ").map((part) => [part, /^(.*) \(([+−-][\d.]+)\)$/.exec(part)]), known = parts.filter(([, found]) => found);
    if (!known.length) return document.createTextNode(text);
    const list = make("div", "cr-fall"), weight = (found) => Number(found[2].replace("−", "-"));
    let sum = 0, low = 0, high = 0;
    for (const [, found] of known) { sum += weight(found); low = Math.min(low, sum); high = Math.max(high, sum); }
    sum = 0;
    for (const [part, found] of parts) {
      const line = make("div", "", part); list.append(line);
      if (!found) continue;
      const from = sum, bar = make("i"); sum += weight(found);
      bar.style.marginLeft = `${(100 * (Math.min(from, sum) - low)) / (high - low || 1)}%`; bar.style.width = `${(100 * Math.abs(sum - from)) / (high - low || 1)}%`;
      if (sum < from) bar.className = "less";
      line.append(bar);
    }
    return list;
  }
  function draw() {
    const shown = model.get("view"), done = model.get("progress"), cards = shown.rows || [];
    if (!("of" in done && "of" in shown)) return; // its state comes after the widget itself, on a busy machine later than the first drawing
    if (document.activeElement !== search) search.value = shown.search || "";
    only.value = shown.filter;
    state.textContent = `${done.of - done.waiting} of ${done.of} clusters decided` + (done.skipped ? `, ${done.skipped} skipped` : "") + (done.waiting ? `, ${done.waiting} waiting` : "") + (shown.of && shown.cluster ? ` · cluster ${shown.at + 1} of ${shown.of}` : "") + (model.get("unsaved") ? ` · ${model.get("unsaved")} unsaved` : "");
    meter.max = done.of || 1; meter.value = done.of - done.waiting;
    for (const node of deciding) node.disabled = !cards.length;
    undo.disabled = !model.get("can_undo"); save.disabled = !model.get("unsaved");
    back.disabled = shown.at <= 0; on.disabled = shown.at >= shown.of - 1;
    say.textContent = model.get("message");
    view.replaceChildren();
    if (!cards.length) { view.append(make("p", "cr-keys", shown.of ? "That was the last one of these. ← goes back." : "No cluster to show here.")); return; }
    const table = make("table"), head = make("tr");
    head.append(make("th", "cr-name", shown.cluster));
    cards.forEach((card, at) => {
      const decision = card.decision, cell = make("th", "cr-card " + ({ merge: "merge", "keep apart": "apart", skip: "skip" }[decision] || ""));
      const star = make("button", "", card.survivor ? "★" : "☆"); star.type = "button"; star.title = "survivor"; star.onclick = () => { send("survive", { row: card.row }); root.focus(); };
      const flip = make("button", "", decision || `${card.proposal || "?"} ?`); flip.type = "button"; flip.title = "turn between merge and keep apart"; flip.onclick = () => { turn(card); root.focus(); };
      cell.append(make("b", "", `${at + 1} `), star, " ", flip, make("div", "cr-why", `score ${card.score}`));
      head.append(cell);
    });
    if (shown.merged) head.append(make("th", "cr-card cr-made", "merged record"));
    table.append(head);
    for (const field of shown.fields) {
      const line = make("tr", field.differs.some(Boolean) ? "" : "cr-same");
      line.append(make("th", "cr-name", field.name));
      field.cells.forEach((text, at) => {
        const cell = make("td"), taken = field.given && field.given[at], takes = field.gives && field.gives[at] && (taken || field.differs.some(Boolean));
        const inside = takes ? make("button", "cr-take") : cell;
        if (field.differs[at]) marked(inside, text, field.lead); else inside.textContent = text;
        if (takes) {
          inside.type = "button"; inside.setAttribute("aria-pressed", String(taken)); inside.title = taken ? `${field.name}: taken from here by decision; click to leave it to the rule` : `take ${field.name} from here`;
          inside.onclick = () => { send("take", { row: cards[at].row, field: field.name }); root.focus(); };
          cell.append(inside);
        }
        line.append(cell);
      });
      if (shown.merged) line.append(make("td", "cr-made", field.together));
      table.append(line);
    }
    if (shown.beside) { const line = make("tr", "cr-same"); line.append(make("th", "cr-name", "kept beside"), ...cards.map(() => make("td")), make("td", "cr-made cr-why", shown.beside)); table.append(line); }
    for (const name of ["why", "comment"]) {
      if (!cards.some((card) => card[name])) continue;
      const line = make("tr", "cr-same"); line.append(make("th", "cr-name", name), ...cards.map((card) => { const cell = make("td", "cr-why", name === "why" ? "" : card[name]); if (name === "why") cell.append(waterfall(card[name])); return cell; })); table.append(line);
    }
    view.append(table);
  }

  root.onkeydown = (event) => {
    if (event.target === search) { if (event.key === "Enter" || event.key === "Escape") { choose(); root.focus(); event.preventDefault(); } event.stopPropagation(); return; }
    if (event.target.tagName === "SELECT" || (event.target.tagName === "BUTTON" && (event.key === "Enter" || event.key === " "))) { event.stopPropagation(); return; }
    const held = event.ctrlKey || event.metaKey, cards = model.get("view").rows || [], digit = /^Digit([1-9])$/.exec(event.code);
    if (held && event.key === "z") send("undo", {});
    else if (held && event.key === "s") send("save", {});
    else if (held || event.altKey || event.key === "Tab") { if (event.key !== "Tab") event.stopPropagation(); return; }
    else if (digit && cards[digit[1] - 1]) { const card = cards[digit[1] - 1]; event.shiftKey ? send("survive", { row: card.row }) : turn(card); }
    else if (event.key === "/") search.focus();
    else if (actions[event.key]) { if (!cards.length && "mksEnter".includes(event.key)) { event.stopPropagation(); return; } actions[event.key](); }
    else { event.stopPropagation(); return; } // what is no key of ours goes no further either: JupyterLab would cut the cell
    event.preventDefault(); event.stopPropagation();
  };
  model.on("comm_live_update", () => { say.textContent = "The kernel is gone: what was decided up to the last saved cluster is in the sheet. Run the cell again to go on."; });
  for (const name of ["view", "progress", "message", "unsaved", "can_undo"]) model.on(`change:${name}`, draw);
  draw();
}
export default { render };
