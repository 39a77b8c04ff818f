"""The rebuild reference: every workflow with HighLevel's terms, delays and a checklist."""

from __future__ import annotations

import html
import json
import re

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pb2hl import report
from pb2hl.report.workflow_words import DELAY_WORDS, STEP_WORDS, items_of, lines, words_of
from pb2hl.report.workflows import ACTIONS, TRIGGERS, UNKNOWN, term
from pb2hl.workspace import Config, Workspace


@pytest.mark.parametrize(
    ("text", "terms", "expected"),
    [
        ("Create task 'Call the lead' for the owner", ACTIONS, "Add Task"),
        ("Send SMS", ACTIONS, "Send SMS"),
        ("Wait", ACTIONS, "Wait"),
        ("Contact created with tag 'lead'", TRIGGERS, "Contact Tag"),
        ("Deal enters Renewals / Due Soon", TRIGGERS, "Pipeline Stage Changed"),
        ("zzz", ACTIONS, UNKNOWN),
    ],
)
def test_terms(text, terms, expected):
    """Source wording leads to HighLevel's own word, and what has none says so."""
    assert term(text, terms) == expected


def test_the_reference_is_beside_the_index(tmp_path):
    """Steps as JSON or as plain text are listed with their delays and ticked one by one."""
    ws = Workspace.create(tmp_path / "ws", Config(export="x", location="L"))
    ws.staged.mkdir()
    steps = ['[{"do": "Send e-mail", "delay": "2 days"}, "Wait"]', "Wait -> Send SMS"]
    pd.DataFrame({"name": ["One", None], "trigger": ["Deal won", None], "steps": steps}).to_parquet(
        ws.staged / "workflows.parquet"
    )
    index = report.write_index(ws).read_text(encoding="utf-8")
    html = (ws.reports / "workflows.html").read_text(encoding="utf-8")
    assert 'href="workflows.html"' in index
    assert "Step 1: Send Email, after 2 days" in html and "Step 2: Send SMS" in html and "Workflow 2" in html
    assert html.count('type="checkbox"') == 14


def test_each_workflow_has_a_page_of_its_own(tmp_path):
    """The overview links a page a workflow under a name that no file system minds; pages of workflows that went are gone."""
    ws = Workspace.create(tmp_path / "ws", Config(export="x", location="L"))
    ws.staged.mkdir()
    names = ["../../Renewal / <b>yearly</b>", "ΔΔ", "Welcome"]
    frame = pd.DataFrame({"name": names, "trigger": "Deal won", "steps": "Wait 2 days -> Send SMS"})
    frame.to_parquet(ws.staged / "workflows.parquet")
    report.write_index(ws)
    found = {path.relative_to(ws.reports).as_posix() for path in ws.reports.rglob("*.html")}
    singles = {"workflows/01-renewal-b-yearly-b.html", "workflows/02.html", "workflows/03-welcome.html"}
    assert found == {"index.html", "workflows.html"} | singles
    overview = (ws.reports / "workflows.html").read_text(encoding="utf-8")
    assert all(f'href="{name}"' in overview for name in singles)
    page = (ws.reports / "workflows" / "03-welcome.html").read_text(encoding="utf-8")
    assert "Opportunity Status Changed" in page and "Step 2: Send SMS" in page and 'href="../workflows.html"' in page
    assert page.count('type="checkbox"') == 7
    frame.head(2).to_parquet(ws.staged / "workflows.parquet")
    report.write_index(ws)
    assert len(list((ws.reports / "workflows").iterdir())) == 2


NESTED = [
    {"do": "Wait", "delay": {"value": 2, "unit": "days"}, "schedule": {"days": ["Mon", "Thu"], "from": "09:00", "zone": "Europe/Berlin"}},
    {"do": "If", "filter": {"and": [{"field": "amount", "is": "above", "value": 5000}, {"or": [{"field": "city", "is": "Graz"}, "vip"]}]},
     "then": [{"do": "Send SMS", "after": "1 hour", "in": "office hours"}], "else": [{"do": "Branch", "paths": [[{"do": "Add tag 'cold'"}]]}]},
]  # fmt: skip


def _text(page: str) -> str:
    return html.unescape(re.sub(r"<[^>]+>", " ", page))


def test_nested_steps_are_told_in_words(tmp_path):
    """Filters, schedules, branches, waits and else-paths are lines of their own, other filled cells stand there too, no JSON is left."""
    ws = Workspace.create(tmp_path / "ws", Config(export="x", location="L"))
    ws.staged.mkdir()
    row = {
        "name": "Deep", "trigger": json.dumps({"event": "Deal won", "at": {"hour": 7}}), "steps": json.dumps(NESTED),
        "conditions": json.dumps({"any": [{"field": "zip", "is": 8010}, {"field": "vip", "is": True}]}),
        "custom.Folder": "Sales team", "custom.Goal": json.dumps({"reach": "Won"}), "raw.steps": "[raw]",
    }  # fmt: skip
    pd.DataFrame([row]).to_parquet(ws.staged / "workflows.parquet")
    report.write_index(ws)
    text = _text((ws.reports / "workflows" / "01-deep.html").read_text(encoding="utf-8"))
    for words in ("value: 2; unit: days", "days: Mon, Thu", "Europe/Berlin", "field: amount; is: above; value: 5000", "any of: field: city; is: Graz",
                  "any of: vip", "if so: Send SMS", "1 hour; office hours", "otherwise: Branch", "Add tag 'cold'", "event: Deal won; at: hour: 7",
                  "any of: field: zip; is: 8010", "field: vip; is: yes", "Sales team", "reach: Won"):  # fmt: skip
        assert words in text, words
    assert '{"' not in text and '["' not in text and "[raw]" not in text
    assert "Step 2.2: " in text and "Step 1: Wait, after value: 2; unit: days" in text


_LEAF = st.text("abcdefgh XYZ09äß", min_size=1, max_size=8).filter(str.strip) | st.integers(-999, 999) | st.booleans()
_KEY = st.sampled_from(["do", "delay", "in", "filter", "then", "else", "value", "paths", "x y", "waitFor", "type"])
_TREE = st.recursive(
    _LEAF, lambda kids: st.lists(kids, max_size=4) | st.dictionaries(_KEY, kids, max_size=4), max_leaves=20
)


def _leaves(value):
    if isinstance(value, dict | list):
        for item in value.values() if isinstance(value, dict) else value:
            yield from _leaves(item)
    else:
        yield words_of(value)


@given(st.lists(_TREE, min_size=1, max_size=4))
def test_every_value_of_a_workflows_json_is_told(tree):
    """Whatever nests in what: each leaf value stands in a line or in its delay, and each line has a number of its own."""
    told = list(lines(items_of(json.dumps(tree))))
    whole = "\n".join(f"{line.text} | {line.delay}" for line in told)
    assert all(leaf in whole for leaf in _leaves(tree))
    assert len({line.number for line in told}) == len(told)


def test_what_nests_too_deep_is_told_as_its_words():
    """Nesting that no builder makes neither stops the report nor hides its words."""
    for depth in (60, 5000):
        text = '[{"do": ' * depth + '"Send e-mail"' + "}]" * depth
        assert "Send e-mail" in " ".join(line.text for line in lines(items_of(text)))


@pytest.mark.parametrize(
    "cell",
    [
        '{"nodes":[{"type":"wait","config":"{\\"days\\":3,\\"of\\":[\\"Mon\\"]}"}],"edges":[["n1","n2"]]}',
        '["{\\"action\\":\\"send\\",\\"meta\\":{\\"retry\\":2}}","[1,[2,3]]"]',
        "[{'type': 'email', 'delay': '2 days', 'subject': \"It's on\", 'on': True, 'by': None}]",
        '[{"type":"email","body":"Welcome","then":[{"type":"task","title":"Call',
        '{"type":"email","a":1}\n{"type":"wait","delay":"2d"}',
        '[{"type":"email",},{"type":"sms","ok":true,}]',
        'v2: send {"template": "T-1", "cc": ["a@b.example"]}; then wait',
        '\ufeff```json\n[{"type":"email"}]\n```',
    ],
)
def test_no_shape_of_a_cell_stands_as_raw_json(cell):
    """JSON inside JSON, Python's notation, cut off, line by line, with commas too many, inside a sentence, fenced: words, all of them."""
    told = "\n".join(f"{line.text} {line.delay}" for line in lines(items_of(cell)))
    assert not re.search(r"""[{}\[\]"`\\]|'\w+':""", told), told
    left_out = {"json", "True", "None", "n", "true", "ok", "on"}
    words = set(re.findall(r"[A-Za-z]\w*", cell)) - left_out
    told_words = set(re.findall(r"[A-Za-z]\w*", told))
    assert {word for word in words if word not in STEP_WORDS and word not in DELAY_WORDS and word != "by"} <= told_words


def test_a_placeholder_stays_as_it_is():
    """`{{contact.first_name}}` is no JSON, also in a cell that is cut off."""
    cell = '[{"type":"email","subject":"Hi {{contact.first_name}}","body":"Wel'
    assert "Hi {{contact.first_name}}" in next(lines(items_of(cell))).text
