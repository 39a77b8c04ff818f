// One decision: what it is about, what is open, a field to type into (and one for the reason, where what is open is overridden), a button. Everything shown comes from the model as text.
const STYLE = `.cf{font:13px var(--jp-ui-font-family,sans-serif);color:var(--jp-ui-font-color1,#222);border:1px solid var(--jp-border-color2,#ccc);border-radius:6px;padding:8px 14px;max-width:60rem}
.cf h4{margin:2px 0 6px}.cf dl{display:grid;grid-template-columns:max-content 1fr;gap:2px 14px;margin:0 0 8px}.cf dt{float:none;clear:none;width:auto;padding:0;white-space:nowrap;color:var(--jp-ui-font-color2,#565d6b)}.cf dd{float:none;width:auto;margin:0;padding:0;overflow-wrap:anywhere}
.cf form{display:flex;flex-wrap:wrap;gap:8px;align-items:end}.cf label{display:grid;gap:2px}.cf label[hidden]{display:none}.cf input{font:inherit;padding:4px 6px;min-width:18rem;color:inherit;background:var(--jp-layout-color1,#fff);border:1px solid var(--jp-border-color1,#888)}
.cf button{font:inherit;font-weight:600;padding:5px 14px;cursor:pointer;color:#fff;background:#1f5fbf;border:1px solid #1f5fbf;border-radius:4px}.cf button:disabled{cursor:default;color:inherit;background:none;border-color:var(--jp-border-color1,#888);opacity:.6}@media(max-width:560px){.cf dl{grid-template-columns:1fr}.cf input{min-width:0;width:100%}}.cf [role=status]{margin:8px 0 0;white-space:pre-line;overflow-wrap:anywhere}
.cf :focus-visible{outline:2px solid var(--jp-brand-color1,#2563eb)}.cf .cf-bad{color:var(--jp-error-color0,#b3261e)}.cf .cf-good{color:var(--jp-success-color0,#12703a)}`;
const FIRST = 8; // open points in sight at once
function make(tag, name, text) { const node = document.createElement(tag); if (name) node.className = name; if (text !== undefined) node.textContent = text; return node; }
function render({ model, el }) {
  const root = make("section", "cf"), style = make("style", "", STYLE), head = make("h4"), facts = make("dl"), open = make("ul"), form = make("form"), label = make("label"), prompt = make("span"), input = make("input"), button = make("button"), told = make("p"), why = make("label"), asked = make("span"), reason = make("input");
  told.setAttribute("role", "status"); button.type = "submit"; root.dataset.lmSuppressShortcuts = "true";
  label.append(prompt, input); why.append(asked, reason); form.append(label, why, button); root.append(head, facts, open, form, told); el.append(style, root);
  form.onsubmit = (event) => { event.preventDefault(); if (!button.disabled) { told.textContent = model.get("busy"); button.disabled = true; model.send({ type: "confirm", typed: input.value, reason: why.hidden ? "" : reason.value }); } };
  const ready = () => { const wanted = model.get("wanted"), typed = input.value.trim(); button.disabled = ["done", "busy"].includes(model.get("state")) || (wanted ? typed !== wanted : !typed) || (!why.hidden && !reason.value.trim()); };
  input.oninput = reason.oninput = ready;
  root.addEventListener("keydown", (event) => event.stopPropagation());
  root.addEventListener("focusin", (event) => { event.target.dataset.lmSuppressShortcuts = "true"; }); // Notebook 7 hears keys before a widget does, and asks what has the focus
  function draw() {
    head.textContent = root.ariaLabel = model.get("title"); prompt.textContent = model.get("prompt"); button.textContent = model.get("button");
    facts.replaceChildren(...model.get("facts").flatMap(([name, value]) => [make("dt", "", name), make("dd", "", value)]));
    const points = model.get("points").map((text) => make("li", "", text)), more = make("li"), fold = make("details"), list = make("ul");
    if (points.length > FIRST) { list.append(...points.splice(FIRST)); fold.append(make("summary", "", `${list.children.length} more`), list); more.append(fold); points.push(more); }
    open.replaceChildren(...points); why.hidden = !model.get("although"); asked.textContent = model.get("although");
    told.textContent = model.get("message"); told.className = { done: "cf-good", refused: "cf-bad" }[model.get("state")] || "";
    input.disabled = reason.disabled = model.get("state") === "done"; ready();
  }
  model.on("comm_live_update", () => { told.textContent = "The kernel is gone: run the cell again."; told.className = "cf-bad"; button.disabled = true; });
  const names = ["title", "facts", "points", "although", "prompt", "button", "message", "state", "wanted"].map((name) => "change:" + name);
  for (const name of names) model.on(name, draw);
  draw();
  return () => { for (const name of names) model.off(name, draw); };
}
export default { render };
