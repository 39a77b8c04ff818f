"""The check step over staged tables on disk: facts, severities, failing rows with their place, and an analyst's suite."""

from __future__ import annotations

import json

import pandas as pd
import pytest

from pb2hl import report
from pb2hl.errors import ConfigError
from pb2hl.results import Status, StepResult
from pb2hl.sheets import write_sheet
from pb2hl.steps.check.check import check
from pb2hl.workspace import Config, Workspace


def place(frame, name):
    return frame.assign(source_file=f"{name}.csv", source_sheet="", source_row=range(2, len(frame) + 2))


@pytest.fixture
def ws(tmp_path) -> Workspace:
    ws = Workspace.create(tmp_path / "ws", Config(export="export", location="LOC"))
    (ws.path / "export" / "files").mkdir(parents=True)
    (ws.path / "export" / "files" / "a.pdf").write_bytes(b"x")
    ws.staged.mkdir()
    tables = {
        "users": pd.DataFrame({"source_id": ["u1"], "name": ["Ann Li"], "email": ["ann@a.co"]}),
        "contacts": pd.DataFrame({"source_id": ["1", "2", "3~2"], "email": ["a@b.co", None, None], "owner": ["Ann Li", "ghost", None],
                                  "do_not_contact": pd.array([True, None, None], "boolean"), "tags": [["VIP"], ["vip"], None]}),
        "deals": pd.DataFrame({"source_id": ["1", "2"], "pipeline": ["Sales", "Sales"], "stage": ["New", "Odd"], "amount": [10.0, 5.0],
                               "contact_id": [["1"], ["99"]]}),
        "attachments": pd.DataFrame({"source_id": ["1", "2"], "path": ["files/a.pdf", "files/gone.pdf"], "size": [1.0, 9e9]}),
        "not_converted": pd.DataFrame({"object": ["contacts", "contacts"], "source_id": ["2", "3~2"], "field": ["do_not_contact", "email"],
                                       "text": ["maybe", "a@@"], "reason": ["no boolean", "no e-mail"]}),
    }  # fmt: skip
    for name, frame in tables.items():
        (frame if name == "not_converted" else place(frame, name)).to_parquet(ws.staged / f"{name}.parquet")
    write_sheet(
        ws.sheets / "owners.csv",
        pd.DataFrame({"owner": ["u1", "ghost"], "user_id": ["U", ""], "decision": ["map", ""]}),
    )
    write_sheet(
        ws.sheets / "stages.csv", pd.DataFrame({"pipeline": ["Sales"], "stage": ["New"], "target_stage": ["New"]})
    )
    return ws


def failed(result):
    rules = result.tables["rules"]
    bad = rules[rules["verdict"] == "data failed"]
    return {(row.object, row.rule.split(":")[0]): (row.severity, row.failing) for row in bad.itertuples()}


def test_a_failed_rule_names_the_export_s_file(ws):
    """A problem of the data says which file of the export holds the failing rows, not which suite asked."""
    told = [problem for problem in check(ws).problems if problem.code == "check"]
    assert "contacts.csv" in {problem.file for problem in told}
    assert {problem.file for problem in told} <= {"contacts.csv", "deals.csv", "attachments.csv", ""}


def test_facts_severities_and_rows(ws):
    """Lost consent, no owner and an unmapped stage are critical; dangling, invalid and missing are warnings; rows have a place."""
    result = check(ws)
    found = failed(result)
    assert result.status is Status.FAILED and result.step == "check-before"
    assert {key: value for key, value in found.items() if value[0] == "critical"} == {
        ("contacts", "consent is kept"): ("critical", 1),
        ("contacts", "every record has an owner in HighLevel or the fallback owner"): ("critical", 2),
        ("deals", "every deal has a stage in HighLevel"): ("critical", 1),
        ("contacts", "no key had to be made"): ("critical", 1),
    }
    for key in (("contacts", "e-mail addresses are valid"), ("deals", "contact references are found"), ("attachments", "every file is in the export"),
                ("attachments", "no file is over 25 MB"), ("contacts", "keys are as exported"), ("cross", "all money per pipeline, stage and owner has a place")):  # fmt: skip
        assert found[key][0] == "warning", key
    rows = result.tables["failing"]
    stage = rows[rows["rule"] == "every deal has a stage in HighLevel"].iloc[0]
    assert (stage["value"], stage["source_file"], stage["source_row"], stage["source_id"]) == (
        "Odd",
        "deals.csv",
        "3",
        "2",
    )
    assert not any(part.strip() == "" for row in rows["source_id"] for part in row.split(" · "))
    assert result.tables["rules"]["verdict"].ne("rule broken").all()
    path = report.present(ws, result)
    csv = next((path.parent / "checks-before").glob("rule-deals.*.csv"))
    assert "deals.csv" in csv.read_text(encoding="utf-8-sig")


def test_an_analyst_adds_a_suite(ws, tmp_path):
    """A suite dropped into the workspace runs without any Python, and --suite runs one file alone."""
    suite = {"meta": {"object": "deals"}, "expectations": [
        {"type": "expect_column_max_to_be_between", "kwargs": {"column": "amount", "max_value": 1}, "severity": "warning"}]}  # fmt: skip
    folder = ws.path / "expectations" / "before"
    folder.mkdir(parents=True)
    (folder / "mine.json").write_text(json.dumps(suite))
    assert "mine.1" in set(check(ws).tables["rules"]["rule_id"])
    alone = check(ws, suite=folder / "mine.json")
    assert alone.status is Status.DONE and alone.counts["data_failed"] == 1 and len(alone.tables["rules"]) == 1


def test_data_docs_are_made_only_on_request(ws):
    """Great Expectations' own pages of the suites that ran; the shared report does not need them."""
    suite = ws.path / "mine.json"
    rule = {"type": "expect_column_values_to_not_be_null", "kwargs": {"column": "email"}}
    suite.write_text(json.dumps({"meta": {"object": "contacts"}, "expectations": [rule]}))
    folder = ws.reports / "checks-before-data-docs"
    check(ws, suite=suite)
    assert not folder.exists()
    check(ws, suite=suite, data_docs=True)
    assert (folder / "index.html").exists() and list(folder.glob("validations/mine/**/*.html"))


def test_no_mapping_yet_is_broken_not_green(ws):
    """Without the stages sheet nobody knows whether stages are mapped: the rule is broken and says what to run."""
    (ws.sheets / "stages.csv").unlink()
    broken = [problem for problem in check(ws).problems if problem.code == "rule_broken"]
    assert [problem.treatment for problem in broken] == ["run pb2hl mapping first"]


def test_what_arrived(ws):
    """The after suites on what the audit read back: twice, missing, lost consent and a message are critical."""
    arrived = pd.DataFrame(
        {"source_id": ["1", "2", "3"], "record_id": ["a", None, "c"], "count": [2, 0, 1], "owner_ok": True, "links_ok": True,
         "consent_ok": [True, True, False], "fields_wrong": [0, 0, 1], "marker_ok": True, "notified": False}
    )  # fmt: skip
    deals = pd.DataFrame({"source_id": ["1", "2"], "record_id": ["a", "b"], "count": 1, "owner_ok": True, "links_ok": True, "consent_ok": True,
                          "fields_wrong": 0, "marker_ok": True, "amount": [10.0, 4.0], "pipeline": "Sales", "stage": ["New", "Odd"], "owner": "U", "notified": False})  # fmt: skip
    tables = {"arrived_contacts": arrived, "arrived_deals": deals}
    StepResult("audit", Status.DONE, "", tables=tables).save(ws.results("audit"))
    found = failed(check(ws, stage="after"))
    assert found[("contacts", "every expected record arrived")] == ("critical", 1)
    assert found[("contacts", "no record arrived twice")] == ("critical", 1)
    assert found[("contacts", "consent arrived")] == ("critical", 1)
    assert found[("cross", "as many records arrived as were expected")] == ("critical", 1)
    assert found[("cross", "sums of deal amounts per pipeline, stage and owner are equal")] == ("critical", 3)


def test_nothing_to_check(tmp_path):
    """A workspace without staged tables says what to run."""
    ws = Workspace.create(tmp_path / "empty", Config(export="x", location="L"))
    with pytest.raises(ConfigError, match="inventory"):
        check(ws)
    with pytest.raises(ConfigError, match="audit"):
        check(ws, stage="after")


@pytest.mark.slow
def test_a_hundred_thousand_failing_rows_are_listed_in_full(tmp_path):
    """The CSV beside the page has every one of them with file, sheet and row; the page itself stays small."""
    ws = Workspace.create(tmp_path / "ws", Config(export="export", location="LOC"))
    ws.staged.mkdir()
    rows = 100_000
    frame = pd.DataFrame({"source_id": pd.Series(range(rows)).astype("str"), "email": [None] * rows})
    frame = frame.assign(source_file="big.xlsx", source_sheet="People", source_row=range(2, rows + 2))
    frame.to_parquet(ws.staged / "contacts.parquet")
    suite = ws.path / "mine.json"
    rule = {"type": "expect_column_values_to_not_be_null", "kwargs": {"column": "email"}}
    suite.write_text(json.dumps({"meta": {"object": "contacts"}, "expectations": [rule]}))
    path = report.present(ws, check(ws, suite=suite))
    listed = pd.read_csv(path.parent / "check-suite" / "rule-mine.1.csv", dtype="str")
    assert len(listed) == rows and listed["source_row"].is_unique
    assert listed[["source_file", "source_sheet", "source_row"]].iloc[-1].tolist() == [
        "big.xlsx",
        "People",
        str(rows + 1),
    ]
    assert 'href="check-suite/rule-mine.1.csv"' in path.read_text(encoding="utf-8") and path.stat().st_size < 2_000_000
