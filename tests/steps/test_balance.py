"""Expected is what the export asks for: what HighLevel refuses, holds or loses is never told as proven."""

from __future__ import annotations

import csv

import httpx
import pandas as pd
import pytest

from pb2hl.analyst.trace import trace
from pb2hl.errors import GateClosed
from pb2hl.results import Status, StepResult
from pb2hl.sandbox import Sandbox, Scenario
from pb2hl.steps.balance.balance import OF_SERIES, OPEN_COLUMNS, Balance, _summed
from pb2hl.steps.balance.merged_rows import with_survivors
from pb2hl.steps.balance.pieces import MERGED
from pb2hl.steps.gates import gates
from pb2hl.workspace import Config, Workspace
from tests.conftest import UNHURRIED, Rehearsal
from tests.e2e.drive import migrate, step, workspace
from tests.steps import small

EXPECTED = ("arrived", "left_out", "refused", "held", "in_doubt", "missing", "taken_back")


def balanced(result: StepResult) -> bool:
    """Whether expected is the sum of all fates, in the table and in the counts."""
    table = result.tables["balance"]
    by_row = table["expected"] == table[
        ["arrived", "left out", "refused", "held", "in doubt", "missing", "taken back"]
    ].sum(axis=1)
    return bool(by_row.all()) and result.counts["asked_expected"] == sum(
        result.counts[f"asked_{name}"] for name in EXPECTED
    )


@pytest.fixture
def refusing(sandbox_server, tmp_path, monkeypatch):
    """`refusing(pattern)`: a fresh workspace and a location that refuses every write whose path and body match `pattern`."""

    def make(*patterns: str):
        state = Sandbox(
            Scenario.default(rate=UNHURRIED, users=small.USERS, search_lag_s=0, faults={"refuse": list(patterns)})
        )
        sandbox_server.sandbox = state
        monkeypatch.setenv("HIGHLEVEL_TOKEN", state.token)
        rehearsal = Rehearsal(sandbox_server.url, state.token, state.location, state)
        return workspace(tmp_path / "ws", small.write(tmp_path / "export", small.tables()), rehearsal)

    return make


def to_sample(ws) -> StepResult:
    """Every step up to the sample, with every default taken."""
    migrate(ws, "schema")
    return step(ws, "sample")


def test_a_whole_migration_balances(migration):
    """Where everything arrived the audit is done, and expected is arrived and what was left out by name."""
    audit = migration.run("audit")
    assert audit.status is Status.DONE and balanced(audit)
    assert audit.counts["asked_expected"] == audit.counts["asked_arrived"] + audit.counts["asked_left_out"]
    assert set(audit.tables["left_out"]["who"]) <= {"Judge"}


@pytest.mark.slow
def test_the_owner_of_a_stand_in_is_none_that_the_export_asks_for(migration):
    """A task that hangs on nobody gets a contact to hang on, with the task's owner: two tasks have two owners, not three."""
    later = small.tables()
    later["tasks"].append({**later["tasks"][0], "Task ID": "T2", "Title": "Tidy up", "Contact ID": ""})
    migration.delta(later, approve_all="Jane")
    tasks = migration.run("audit").tables["balance"].query("object == 'tasks'").set_index("what")["expected"]
    assert tasks["supporting records"] == 1 and tasks["owners"] == tasks["records"] == 2


REFUSED = "HighLevel answered 422 to POST /contacts/: bad phone (traceId {})"
HELD = f"blocked by contact of contacts C {{}}, which is refused: {REFUSED}"


def _open(*pieces: tuple[str, str, str, str, str]) -> Balance:
    frame = pd.DataFrame(pieces, columns=list(OPEN_COLUMNS))
    table = frame.groupby(["object", "what", "fate"]).size().unstack(fill_value=0)
    return Balance(table.reset_index(), frame)


def test_a_refusal_is_told_once_with_all_that_hangs_on_it():
    """The cause stands first; owners and tags of a refused record are told with it; what its refusal holds is one line a kind, whichever
    record it waits for. What is open for a reason of its own has its own line."""
    two = [("contacts", what, f"C {n}", "refused", REFUSED.format(n)) for n in (1, 2) for what in ("owners", "records")]
    held = [
        (object_, "records", f"{n}", "held", HELD.format(n, n)) for n in (1, 2) for object_ in ("appointments", "notes")
    ]
    own = ("deals", "tags", "D1", "refused", "HighLevel answered 422 to POST /tags: no more tags")
    balance = _open(*held, *two, own)
    assert [problem.message for problem in balance.problems] == [
        "contacts: 2 records refused, with 2 owners (C 1, C 2): HighLevel answered 422 to POST /contacts/: bad phone",
        "deals: 1 record's tags refused (D1): HighLevel answered 422 to POST /tags: no more tags",
        "appointments: 2 records held (1, 2): the contact that it needs is refused: HighLevel answered 422 to POST /contacts/: bad phone",
        "notes: 2 records held (1, 2): the contact that it needs is refused: HighLevel answered 422 to POST /contacts/: bad phone",
    ]
    other = _open(*two, ("contacts", "tags", "C 1", "refused", "another reason"))
    assert [problem.message.partition(" (")[0] for problem in other.problems] == ["contacts: 2 records refused, with 2 owners", "contacts: 1 record's tags refused"]  # fmt: skip


@pytest.mark.parametrize(
    ("pattern", "object_", "what"),
    [
        *(
            pytest.param(*each, marks=pytest.mark.slow)
            for each in (
                (r"POST /(businesses|objects/business/records)", "companies", "records"),
                (r"POST /opportunities/ ", "deals", "records"),
                (r"POST /contacts/[^ ]+/notes", "notes", "records"),
                (r"POST /contacts/bulk/business", "contacts", "links"),
            )
        ),
    ],
)  # fmt: skip
def test_what_highlevel_refuses_is_told_everywhere(refusing, pattern, object_, what):
    """All of a kind refused: sample and load name them, the sample needs force, the audit ends incomplete, nothing says complete."""
    ws = refusing(pattern)
    sampled = to_sample(ws)
    assert "refused: " in sampled.headline and sampled.counts["asked_refused"]
    with pytest.raises(GateClosed) as closed:
        gates.approve(ws, "sample", "Judge")
    assert any(object_ in str(problem) and "refused" in str(problem) for problem in closed.value.problems)
    gates.approve(ws, "sample", "Judge", force=True)
    load, audit = step(ws, "load"), step(ws, "audit")
    for result in (load, audit):
        assert result.status is Status.INCOMPLETE and balanced(result)
        assert "refused" in result.headline
        rows = result.tables["open"]
        assert len(rows[(rows["object"] == object_) & (rows["what"] == what) & (rows["fate"] == "refused")])
        told = rows.iloc[0]
        way = trace(ws, told["object"], told["source_id"])
        assert f"{told['fate']}: {told['why']}" in set(way[way["stage"] == "fate"]["value"])
    assert audit.counts["asked_expected"] > audit.counts["asked_arrived"] + audit.counts["asked_left_out"]


@pytest.mark.slow
def test_what_waits_for_something_refused_is_held(refusing):
    """A refused company holds its links: they are expected, and told as held."""
    ws = refusing(r"POST /(businesses|objects/business/records)")
    to_sample(ws)
    gates.approve(ws, "sample", "Judge", force=True)
    load = step(ws, "load")
    links = load.tables["balance"].query("what == 'links'")
    assert links["held"].sum() == links["expected"].sum() > 0


@pytest.mark.parametrize(
    "kind", [pytest.param(each, marks=pytest.mark.slow) for each in ("contacts", "notes", "tasks", "opportunities")]
)
def test_what_somebody_deleted_is_made_again_when_asked(migration, kind):
    """A record that is gone: the audit says so, load sends nothing, repair makes it again under the given name, the next audit is whole."""
    records = migration.sandbox.state.dump()[kind]
    _delete(migration, kind, next(record for one, record in records.items() if one not in migration.before[kind]))
    audit = migration.run("audit")
    assert audit.status is Status.FAILED and audit.counts["asked_missing"]
    assert migration.run("load").counts["sent"] == 0
    mended = migration.run("repair", who="Ann")
    assert mended.status is Status.DONE and mended.counts["made_again"] >= 1
    again = migration.run("audit")
    assert again.status is Status.DONE and not again.counts["asked_missing"]
    log = migration.run("log", verify=True)
    assert log.status is Status.DONE


def _delete(migration, kind: str, record: dict) -> None:
    """As somebody at HighLevel's interface does it."""
    contact = record.get("contactId") or next((one["recordId"] for one in record.get("relations", ())), "")
    url = f"/contacts/{contact}/{kind}/{record['id']}" if kind in ("notes", "tasks") else f"/{kind}/{record['id']}"
    headers = {"Authorization": f"Bearer {migration.sandbox.token}", "Version": "v3"}
    httpx.delete(migration.sandbox.url + url, headers=headers).raise_for_status()


@pytest.mark.parametrize(
    ("edit", "named"),
    [
        ("duplicates", "sheets/duplicates.csv"),
        ("companies", "sheets/companies.csv"),
        ("survivorship", "sheets/survivorship.csv"),
        ("tag_groups", "tag_groups under [policy]"),
        ("match_high", "match_high under [thresholds]"),
        ("fallback_owner", "fallback_owner in migration.toml"),
    ],
)  # fmt: skip
def test_a_decision_changed_after_its_approval_stops_the_load_by_name(migration, edit, named):
    """Sheets, policies, thresholds and fallback owner are part of what was approved: load says which changed."""
    ws = migration.ws
    path = ws.sheets / f"{edit}.csv"
    if path.exists():
        _edit_sheet(path)
    else:
        _edit_config(ws, edit)
    assert all(row["state"] == "lapsed" for row in gates.states(Workspace(migration.ws.path)))
    with pytest.raises(GateClosed) as closed:
        step(Workspace(migration.ws.path), "load")
    assert named in str(closed.value)


def _edit_sheet(path) -> None:
    """Another decision in the first row; a sheet without rows gets the two that a person adds to merge."""
    with path.open(encoding="utf-8-sig", newline="") as handle:
        reader = csv.DictReader(handle)
        rows, columns = list(reader), list(reader.fieldnames or ())
    if rows:
        before = rows[0]["decision"]
        other = {"merge": "keep apart", "keep apart": "merge"}
        rows[0]["decision"] = other.get(before, "longest" if "field" in columns else "skip")
    else:
        rows = [
            dict.fromkeys(columns, "") | {"cluster": "11", "source_id": one, "decision": "merge"}
            for one in ("11", "12")
        ]
    with path.open("w", encoding="utf-8", newline="") as handle:
        writer = csv.DictWriter(handle, columns)
        writer.writeheader()
        writer.writerows(rows)


def _edit_config(ws, name: str) -> None:
    path = ws.path / "migration.toml"
    wanted = {"tag_groups": '"prefix"', "match_high": "0.99", "fallback_owner": '"someone@rehearsal.example"'}[name]
    lines = path.read_text().splitlines()
    path.write_text("\n".join(f"{name} = {wanted}" if line.startswith(f"{name} =") else line for line in lines) + "\n")


def test_checks_of_other_tables_close_the_way(migration):
    """Staged again after the checks, or never checked: nothing is loaded."""
    ws = migration.ws
    step(ws, "inventory")
    result = ws.results("check-before") / "result.json"
    kept = result.read_text()
    result.write_text(kept.replace(ws.staged_fingerprint(), "0" * 64))
    with pytest.raises(GateClosed, match="staged again"):
        step(ws, "load")
    result.unlink()
    with pytest.raises(GateClosed, match="never run"):
        step(ws, "load")


def test_times_of_series_are_told_apart():
    """A row that is an appointment at several times asks for several records; only such rows are told as series."""
    columns = ["object", "what", "source_id", "fate", "why", "who"]
    rows = [("appointments", "records", source_id, "arrived", "", "") for source_id in ("1", "2", "2", "2", "3", "3")]
    rows += [("appointments", "owners", "1", "arrived", "", "")] * 2
    counts = _summed(pd.DataFrame(rows, columns=columns)).counts
    assert [counts[name] for name in OF_SERIES] == [2, 5]
    assert not set(OF_SERIES) & set(_summed(pd.DataFrame(rows[:1], columns=columns)).counts)


@pytest.mark.parametrize(
    ("fate", "shared"), [("refused", "held"), ("in doubt", "in doubt"), ("missing", "missing"), ("arrived", "left out")]
)
def test_what_was_merged_into_a_record_shares_what_became_of_it(tmp_path, fate, shared):
    """The decision to merge settles a row only where the record that it became part of is in HighLevel."""
    ws = Workspace.create(tmp_path / "ws", Config(export="x", location="L"))
    ws.plan.mkdir(parents=True)
    merged = pd.DataFrame([("contacts", "2", "1")], columns=["object", "source_id", "survivor"])
    merged.to_parquet(ws.plan / "lineage_merged.parquet")
    rows = [("contacts", "records", "1", fate, "", ""), ("contacts", "records", "2", "left out", MERGED, "Ann")]
    found = with_survivors(ws, pd.DataFrame(rows, columns=["object", "what", "source_id", "fate", "why", "who"]))
    assert found["fate"].tolist() == [fate, shared]
    assert (found["who"][1] == "Ann") == (fate == "arrived")
    assert fate == "arrived" or found["why"][1] == f"the record that it was merged into is {fate}"
