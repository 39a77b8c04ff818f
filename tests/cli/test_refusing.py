"""A server that refuses: all of a kind, or by chance over all kinds. What the command line then says, kind by kind, is what happened."""

from __future__ import annotations

import html
import re
import shutil
from pathlib import Path

import pytest

from pb2hl import report
from pb2hl.analyst.steps import shown
from pb2hl.report.drawing.balance import TITLE
from pb2hl.results import StepResult
from pb2hl.sandbox import Sandbox, Scenario
from pb2hl.sandbox.persistence import from_state, to_state
from pb2hl.sandbox.scenario import Faults
from pb2hl.steps.balance.pieces import OPEN_FATES, RECORDS
from pb2hl.values.counting import counted
from pb2hl.workspace import Workspace
from tests.cli.terminal import Said
from tests.conftest import UNHURRIED, Rehearsal
from tests.e2e.drive import migrate, workspace
from tests.steps import small

pytestmark = pytest.mark.slow

KINDS = {
    "contacts": ("contacts", "records", r"^POST /contacts/ "),
    "companies": ("companies", "records", r"^POST /(businesses|objects/business/records)"),
    "deals": ("deals", "records", r"^POST /opportunities/ "),
    "notes": ("notes", "records", r"^POST /(contacts/[^ ]+/notes|notes)"),
    "tasks": ("tasks", "records", r"^POST /contacts/[^ ]+/tasks"),
    "appointments": ("appointments", "records", r"^POST /calendars/events/appointments"),
    "tags": ("contacts", "tags", r"^POST /contacts/[^ ]+/tags"),
    "links": ("contacts", "links", r"^POST /contacts/bulk/business"),
    "files": ("attachments", "files", r"^POST /(forms/upload-custom-files|medias/upload-file)"),
}
"""By kind: object and piece in the balance, and the requests that make it."""
SCENARIO = {
    "rate": UNHURRIED, "users": small.USERS, "search_lag_s": 0,
    "contacts": [{"firstName": "Ada", "lastName": "Byron", "email": "ada@mill.example", "phone": "+16135550111"}],
}  # fmt: skip
"""One of the export's contacts is in the location before: its tags are added by a request of their own."""


def export(folder: Path) -> Path:
    """The small export with a file of a contact and a few more of every kind."""
    content = small.tables()
    content["attachments"] = [{"Attachment ID": "F1", "File Name": "offer.pdf", "Contact ID": "12"}]
    for name, rows in content.items():
        if name in ("notes", "tasks", "appointments", "companies"):
            key = next(iter(rows[0]))
            text = next(column for column in rows[0] if column in ("Body", "Title", "Subject", "Company Name"))
            rows += [{**rows[0], "Website": "", key: f"{rows[0][key]}{n}", text: f"{rows[0][text]} {n}"} if name == "companies"
                     else {**rows[0], key: f"{rows[0][key]}{n}", text: f"{rows[0][text]} {n}"} for n in range(7, 12)]  # fmt: skip
    small.write(folder, content)
    (folder / "files").mkdir()
    (folder / "files" / "offer.pdf").write_bytes(b"%PDF-1.4 an offer")
    return folder


@pytest.fixture(scope="module")
def schema_once(sandbox_server, tmp_path_factory) -> tuple[Path, dict]:
    """(workspace, state of the sandbox) with the schema in place and nothing loaded."""
    folder = tmp_path_factory.mktemp("refusing")
    state = Sandbox(Scenario.default(**SCENARIO))
    sandbox_server.sandbox = state
    ws = workspace(
        folder / "ws", export(folder / "export"), Rehearsal(sandbox_server.url, state.token, state.location, state)
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HIGHLEVEL_TOKEN", state.token)
        migrate(ws, "schema")
    return ws.path, to_state(state)


@pytest.fixture
def refusing(schema_once, sandbox_server, tmp_path, monkeypatch):
    """`refusing(patterns, **faults)`: (copy of the workspace, sandbox) where the server refuses requests that match."""

    def make(*patterns: str, **faults: object) -> tuple[Path, Sandbox]:
        path, saved = schema_once
        shutil.copytree(path, tmp_path / "ws")
        state = Sandbox(Scenario.default(**SCENARIO))
        from_state(state, saved)
        state.faults.replace(Faults(refuse=list(patterns), **faults))
        sandbox_server.sandbox = state
        monkeypatch.setenv("HIGHLEVEL_TOKEN", state.token)
        return tmp_path / "ws", state

    return make


def index(ws: Path) -> str:
    """What the index says at its head, as text."""
    page = report.write_index(Workspace(ws)).read_text(encoding="utf-8")
    return " ".join(html.unescape(re.sub(r"<(style|script)\b.*?</\1>|<[^>]+>", " ", page, flags=re.S)).split())


def text_of(ws: Path, name: str, mask: bool) -> str:
    """A page as text."""
    page = (ws / "reports" / ("masked" if mask else "") / f"{name}.html").read_text(encoding="utf-8")
    return " ".join(html.unescape(re.sub(r"<(style|script)\b.*?</\1>|<[^>]+>", " ", page, flags=re.S)).split())


def drawn(page: str) -> list[tuple[str, ...]]:
    """The rows of the balance as a page draws it, under its headings."""
    tables = re.findall(rf"<caption>{TITLE}</caption>(.*?)</table>", page, re.S)
    table = next(one for one in tables if ">Of what<" in one)
    rows = re.findall(r"<tr.*?</tr>", table, re.S)
    return [tuple(re.sub("<[^>]+>", "", cell) for cell in re.findall(r"<t[hd].*?</t[hd]>", one, re.S)) for one in rows]


def told_alike(ws: Path, step: str, said: Said | None = None, *, latest: bool = False) -> None:
    """Page, masked page, what a notebook shows, `--json` and (of the latest word) the index and the masked one tell the same figures."""
    home = Workspace(ws)
    result = StepResult.load(home.results(step))
    assert result is not None
    pages = {}
    for mask in (False, True):
        report.write_all(home, mask=mask)
        folder = ws / "reports" / ("masked" if mask else "")
        pages |= {(mask, name): (folder / f"{name}.html").read_text(encoding="utf-8") for name in (step, "index")}
        assert html.escape(result.headline, quote=False) in pages[mask, step].replace("&#39;", "'")
    wanted = drawn(pages[False, step])
    table = result.tables["balance"]
    expected = [
        (row.object, row.what, f"{row.expected:,}", f"{row.arrived:,}") for row in table.itertuples(index=False)
    ]
    assert [one[:4] for one in wanted[1:]] == expected
    assert drawn(pages[True, step]) == wanted
    assert TITLE in shown(home, result)._repr_html_()
    assert f"{table['expected'].sum():,}" == f"{result.counts['asked_expected']:,}"
    if said is not None:
        assert said.json["counts"] == result.counts and said.json["headline"] == result.headline
    for mask in (False, True) if latest else ():
        assert drawn(pages[mask, "index"]) == wanted
        figures = text_of(ws, "index", mask)
        records = table[table["what"] == RECORDS]
        for name, label in (("expected", "Records asked for"), ("arrived", "Arrived"), ("refused", "Refused")):
            assert f"{label} {records[name].sum():,}" in figures, (name, figures[:1500])
        open_ = sum(result.counts[f"asked_{fate.replace(' ', '_')}"] for fate in OPEN_FATES)
        assert not open_ or f"{counted(open_, 'piece')} of what the export asks for" in figures


def row(ws: Path, step_: str, object_: str, what: str) -> dict[str, int]:
    """The row of a step's balance."""
    result = StepResult.load(Workspace(ws).results(step_))
    assert result is not None
    table = result.tables["balance"]
    return table[(table["object"] == object_) & (table["what"] == what)].iloc[0].to_dict()


@pytest.mark.parametrize(
    "kind", [pytest.param(kind, marks=() if kind in ("tags", "files") else pytest.mark.exhaustive) for kind in KINDS]
)
def test_all_of_a_kind_refused(refusing, pb2hl, kind):
    """Sample and load name the kind as refused, the sample wants force, load ends with 1, the index says what is missing and why."""
    object_, what, pattern = KINDS[kind]
    ws, _ = refusing(pattern)
    sampled = pb2hl("sample", ws, "--yes", "--json").json
    assert "refused: " in sampled["headline"], sampled["headline"]
    assert "--force" in sampled["next_step"] and "repair" in sampled["next_step"], sampled["next_step"]
    closed = pb2hl("approve", ws, "sample", "--by", "Jane")
    assert closed.code == 3 and f"{object_}: " in closed.err and "refused" in closed.err
    assert pb2hl("approve", ws, "sample", "--by", "Jane", "--force").code == 0
    load = pb2hl("load", ws, "--yes", "--json")
    assert load.code == 1 and load.json["status"] == "incomplete" and "refused: " in load.json["headline"]
    found = row(ws, "load", object_, what)
    assert found["refused"] > 0 and found["expected"] == sum(
        found[name] for name in found if name not in ("object", "what", "expected")
    )
    told = index(ws)
    assert "Needs attention: Load" in told and "complete and proven" not in told and "refused by the scenario" in told
    assert re.search(rf"Not there: .*{object_}: [\d,]+ [a-z' ]+ refused", told), told[:800]


HELD = {
    "companies": "businesses",
    "deals": "opportunities",
    "tasks": "tasks",
    "appointments": "appointments",
    "contacts": "contacts",
}
"""Where the sandbox keeps an object's records."""


@pytest.mark.parametrize("seed", [3, pytest.param(4, marks=pytest.mark.exhaustive)])
def test_refused_by_chance(refusing, pb2hl, seed):
    """Two in five of everything refused: what is said to have arrived is what the location holds; every next leads on; once the
    server takes them a repair sends them, and only then the index says complete and proven."""
    ws, state = refusing(*(pattern for _, _, pattern in KINDS.values()), refuse_share=0.4, seed=seed)
    pb2hl("sample", ws, "--yes")
    pb2hl("approve", ws, "sample", "--by", "Jane", "--force")
    assert pb2hl("load", ws, "--yes").code == 1
    audit = pb2hl("audit", ws, "--json")
    assert audit.code == 1 and audit.json["status"] in ("incomplete", "failed")
    dump, refused = state.dump(), 0
    for object_, kept in HELD.items():
        found = row(ws, "audit", object_, "records")
        ours = [one for one in dump[kept].values() if one.get("name") != "Unassigned"]
        assert found["arrived"] == len(ours), (object_, found)
        refused += found["refused"]
    assert refused, "this seed refuses nothing"
    following = f"pb2hl repair {ws} --by NAME"
    assert (
        audit.json["next_step"].endswith(following) and "mend what reports/audit.html names" in audit.json["next_step"]
    )
    assert "pb2hl repair WS --by NAME" in index(ws) and following in pb2hl("status", ws).out
    told_alike(ws, "load"), told_alike(ws, "audit", audit, latest=True)
    state.faults.replace(Faults())
    mended = pb2hl("repair", ws, "--by", "Ann", "--yes", "--json")
    assert mended.code == 0, mended
    assert mended.json["next_step"] == f"pb2hl audit {ws}", mended.json["next_step"]
    proven = pb2hl("audit", ws, "--json")
    assert (
        proven.code == 0
        and proven.json["counts"]["asked_expected"]
        == proven.json["counts"]["asked_arrived"] + proven.json["counts"]["asked_left_out"]
    )
    assert not proven.json["next_step"] and "complete and proven" in index(ws)
    refused_delta(ws, state, pb2hl)
    refused_rollback(ws, state, pb2hl)


def refused_delta(ws: Path, state: Sandbox, pb2hl) -> None:
    """A delta's new records and changes are refused: it ends with 1 and says what; a repair sends both, and then nothing is open."""
    later = small.tables()
    small.row(later, "contacts", "12")["City"] = "Toronto"
    later["contacts"].append({"Contact ID": "14", "First Name": "Neo", "Email": "neo@kiln.example", "Company ID": "C2"})
    if not (ws.parent / "later").exists():
        small.write(ws.parent / "later", later)
    command = ("delta", ws, "--export", ws.parent / "later", "--approve-all", "--by", "Jane", "--yes", "--json")
    state.faults.replace(Faults(refuse=[r"^POST /contacts/ ", r"^PUT /contacts/"]))
    for _ in range(2):  # the second finds it refused, and tells the same
        delta = pb2hl(*command)
        assert delta.code == 1 and delta.json["status"] == "incomplete", delta
        assert "refused: 1 record" in delta.json["headline"] and "1 change" in delta.json["headline"]
    told_alike(ws, "delta", delta, latest=True)
    state.faults.replace(Faults())
    mended = pb2hl("repair", ws, "--by", "Ann", "--yes", "--json")
    assert mended.code == 0 and mended.json["counts"]["not_ours"] == 0, mended.json["headline"]
    assert any(one.get("city") == "Toronto" for one in state.contacts.records.values()), "the change was sent"
    again = pb2hl(*command)
    assert again.code == 0 and again.json["counts"]["asked_refused"] == 0, again
    assert pb2hl("audit", ws).code == 0


def refused_rollback(ws: Path, state: Sandbox, pb2hl) -> None:
    """What was asked is undone, kept, held or refused, everywhere alike; while something is left the next thing is to go on."""
    state.faults.replace(Faults(refuse=[r"^DELETE /contacts/[^/]+$"]))
    back = pb2hl("rollback", ws, "--yes", "--json")
    counts = back.json["counts"]
    assert back.code == 1 and counts["failed"] and counts["held"]
    assert counts["planned"] == counts["undone"] + counts["kept"] + counts["failed"] + counts["held"]
    command = f"pb2hl rollback {ws}"
    assert back.json["next_step"] == command and f"next: {command}" in pb2hl("status", ws).out
    for mask in (False, True):
        report.write_all(Workspace(ws), mask=mask)
        page, top = (text_of(ws, name, mask) for name in ("rollback", "index"))
        following = "Next: pb2hl rollback WS"  # a path may name the client
        assert back.json["headline"] in page and "Needs attention: Rollback" in top and following in top
    state.faults.replace(Faults())
    whole = pb2hl("rollback", ws, "--yes", "--json")
    assert whole.code == 0 and not whole.json["next_step"]
    assert "The migration was taken back" in index(ws) and "Everything was taken back" in pb2hl("status", ws).out


def test_a_run_tells_it(refusing, pb2hl):
    """`pb2hl run` ends with 1, naming what is not there: at the sample's gate, and after the load once somebody forced that."""
    ws, _ = refusing(KINDS["notes"][2])
    stopped = pb2hl("run", ws, "--from", "sample", "--approve-all", "--by", "Jane")
    assert stopped.code == 1 and "notes: " in stopped.err and "refused" in stopped.err
    pb2hl("approve", ws, "sample", "--by", "Jane", "--force")
    ended = pb2hl("run", ws, "--from", "load", "--approve-all", "--by", "Jane")
    assert ended.code == 1 and "Not everything that the export asks for is there" in ended.err
    told = index(ws)
    assert "Not there: notes: " in told and "pb2hl repair WS --by NAME" in told
