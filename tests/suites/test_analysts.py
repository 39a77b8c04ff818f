"""What an analyst does in JSON alone: rules on any column, across tables, on tables that are no object, before and after."""

from __future__ import annotations

import html
import json
import re
import shutil
from urllib.parse import unquote

import pandas as pd
import pytest

from pb2hl import report
from pb2hl.errors import ConfigError, GateClosed, Severity
from pb2hl.results import Status, StepResult
from pb2hl.steps.check.check import check
from pb2hl.steps.gates import gates
from pb2hl.steps.prepare.inventory import inventory
from pb2hl.workspace import Config, Workspace, parse_config

FILES = {
    "contacts.csv": "ID,Full Name,Email,Company ID,Country,Shoe Size,Created\n"
    "1,Jane Roe,jane@acme.example,c1,Canada,38,2024-01-05\n"
    "2,Joe Day,joe@bolt.example,c2,France,44,2024-02-05\n"
    "3,Kim Lee,kim@bolt.example,,France,99,2024-02-06\n",
    "companies.csv": "Company ID,Company Name,Country\nc1,Acme Ltd,Canada\nc2,Bolt Inc,Canada\n",
    "deals.csv": "Deal ID,Deal Name,Contact ID,Amount,Created\nd1,Roof,1,100,2024-03-01\nd2,Floor,2,50,2023-01-01\n",
    "invoices.csv": "Invoice,Customer,Total\nI-1,Jane Roe,10\nI-2,,20\n",
}
NOT_NULL, IN_SET = "expect_column_values_to_not_be_null", "expect_column_values_to_be_in_set"


@pytest.fixture(scope="module")
def staged(tmp_path_factory) -> Workspace:
    """A workspace with a small export staged."""
    folder = tmp_path_factory.mktemp("analyst")
    (folder / "export").mkdir()
    for name, text in FILES.items():
        (folder / "export" / name).write_text(text)
    ws = Workspace.create(folder / "ws", Config(export=str(folder / "export"), location="L"))
    inventory(ws)
    return ws


def rule(name, severity="warning", **kwargs):
    return {"type": name, "kwargs": kwargs, "severity": severity, "meta": {"title": "mine", "treatment": "told to Ann"}}


def alone(ws, *rules, stage="before", name="mine", **meta):
    path = ws.path / f"{name}.json"
    path.write_text(json.dumps({"meta": meta, "expectations": list(rules)}))
    return check(ws, suite=path, stage=stage)


def places(result):
    return [(row.source_file, row.source_row, row.value) for row in result.tables["failing"].itertuples()]


def test_a_rule_on_a_custom_column_and_on_its_raw_text(staged):
    """Severity and treatment are the analyst's; the rows have their place; the raw text is there for who asks for it."""
    text = rule("expect_column_values_to_match_regex", column="raw.Shoe Size", regex=r"^[34]\d$")
    custom = rule("expect_column_values_to_not_be_null", "info", column="custom.Shoe Size")
    result = alone(staged, text, custom, object="contacts")
    assert result.tables["rules"]["verdict"].tolist() == ["data failed", "passed"]
    assert places(result)[0] == ("contacts.csv", "4", "99")
    assert result.tables["rules"].iloc[0][["verdict", "severity", "treatment"]].tolist() == [
        "data failed", "warning", "told to Ann",
    ]  # fmt: skip
    assert result.step == "check-suite" and result.problems[0].treatment == "told to Ann"


def test_a_rule_across_tables(staged):
    """What a record refers to stands beside it: found or not, and with its values; no rule is green for want of a partner."""
    join = [{"table": "contacts", "by": "contact_id", "as": "contact"}]
    later = rule(
        "expect_column_pair_values_a_to_be_greater_than_b", column_A="created_at", column_B="contact.created_at"
    )
    result = alone(staged, later, rule(IN_SET, column="contact.found", value_set=[True]), object="deals", join=join)
    assert result.tables["rules"]["verdict"].tolist() == ["data failed", "passed"]
    assert [place[:2] for place in places(result)] == [("deals.csv", "3")]
    same = rule("expect_column_pair_values_to_be_equal", column_A="country", column_B="company.country",
                ignore_row_if="either_value_is_missing")  # fmt: skip
    by_name = [{"table": "companies", "by": "company_id", "to": "source_id", "as": "company"}]
    assert [place[:2] for place in places(alone(staged, same, object="contacts", join=by_name))] == [
        ("contacts.csv", "3")
    ]


@pytest.mark.parametrize(
    "join", [[{"table": "nowhere", "by": "contact_id", "as": "x"}], [{"table": "contacts", "by": "gone", "as": "x"}]]
)
def test_a_join_that_finds_nothing_breaks_its_rules(staged, join):
    """A table or column that is not there is no reason to be green."""
    result = alone(staged, rule(NOT_NULL, column="x.country"), object="deals", join=join)
    assert result.status is Status.FAILED and result.tables["rules"]["verdict"].tolist() == ["rule broken"]


def test_a_join_by_a_key_of_two_rows_is_not_found(staged):
    """Nobody could say which of the two is meant."""
    join = [{"table": "contacts", "by": "country", "to": "country", "as": "one"}]
    result = alone(staged, rule(IN_SET, column="one.found", value_set=[True]), object="contacts", join=join)
    assert [place[:2] for place in places(result)] == [("contacts.csv", "3"), ("contacts.csv", "4")]


@pytest.mark.parametrize(
    "join", ["contacts", [{"table": "contacts"}], [{"table": "contacts", "by": "x", "on": "y"}], [3]]
)
def test_a_join_that_cannot_be_meant_is_refused(staged, join):
    """The file is named with what is wrong."""
    with pytest.raises(ConfigError, match=r"mine\.json"):
        alone(staged, rule(NOT_NULL, column="x.y"), object="deals", join=join)


@pytest.mark.parametrize("name", ["invoices", "invoices.csv", "Invoices"])
def test_a_table_that_is_no_object(staged, name):
    """A table of the export that fits no object is judged by its headings, by the name of its file."""
    assert "invoices.csv" in set(staged.table("unassigned")["file"])
    result = alone(staged, rule(NOT_NULL, "critical", column="Customer"), object=name)
    assert result.status is Status.FAILED and [place[:2] for place in places(result)] == [("invoices.csv", "3")]


def test_a_suite_about_nothing_is_broken(staged):
    """A slip in the object's name would otherwise make every rule not apply."""
    result = alone(staged, rule(NOT_NULL, column="email"), object="contcts")
    assert result.status is Status.FAILED and result.counts["rule_broken"] == 1
    assert "contcts" in result.problems[0].message


def test_a_check_that_saw_nothing_is_not_green(staged):
    """A known object that this export lacks: nothing was proven, and it says so."""
    result = alone(staged, rule(NOT_NULL, column="title"), object="tasks")
    assert result.status is Status.FAILED and "Nothing is proven" in result.headline


def test_one_suite_alone_leaves_the_gate_as_it_is(staged):
    """The verdict of all suites, which closes the gate, is not that of one that somebody tried."""
    own = staged.path / "expectations" / "before"
    own.mkdir(parents=True, exist_ok=True)
    strict = rule("expect_column_values_to_be_between", "critical", column="amount", min_value=1000)
    (own / "strict.json").write_text(json.dumps({"meta": {"object": "deals"}, "expectations": [strict]}))
    try:
        assert check(staged).status is Status.FAILED
        assert alone(staged, rule(NOT_NULL, column="email"), object="contacts").status is Status.DONE
        with pytest.raises(GateClosed) as caught:
            gates.require_checked(staged)
        assert "deals.csv row 2" in str(caught.value) and "pb2hl check" in caught.value.hint
    finally:
        (own / "strict.json").unlink()
    assert check(staged).status is Status.DONE
    gates.require_checked(staged)


def test_a_suite_that_takes_the_place_of_a_shipped_one_says_what_is_lost(staged):
    """An analyst who names a file contacts.json loses the shipped rules on contacts; that is told by name."""
    own = staged.path / "expectations" / "before"
    own.mkdir(parents=True, exist_ok=True)
    (own / "contacts.json").write_text(json.dumps({"expectations": [rule(NOT_NULL, column="email")]}))
    try:
        told = [problem for problem in check(staged).problems if problem.code == "rules_replaced"]
    finally:
        (own / "contacts.json").unlink()
    assert told[0].severity is Severity.WARNING and "consent is kept" in told[0].message
    assert not [problem for problem in check(staged).problems if problem.code == "rules_replaced"]


def test_keys_that_had_to_be_made_close_the_gate_until_accepted(tmp_path):
    """A blank key and one of another record are critical; a policy, or a batch run on record, accepts those that were made."""
    export = tmp_path / "export"
    export.mkdir()
    (export / "contacts.csv").write_text(
        "ID,Full Name,Email\n1,Jane,j@x.example\n1,Joe,o@x.example\n,Kim,k@x.example\n"
    )
    (export / "notes.csv").write_text("Body,Contact ID\nShe called,1\n")
    ws = Workspace.create(tmp_path / "ws", Config(export=str(export), location="L"))
    inventory(ws)

    def certain():
        result = check(ws)
        rules = result.tables["rules"]
        found = rules[rules["rule"].str.startswith("no key had to be made")].set_index("object")
        return result.status, found.loc["contacts", "verdict"], found.loc["notes", "verdict"], places(result)

    status, contacts, notes, rows = certain()
    assert (status, contacts) == (Status.FAILED, "data failed")
    assert notes == "not applicable", "a table without a column of ids has no blank ones"
    assert {row[:2] for row in rows} >= {("contacts.csv", "3"), ("contacts.csv", "4")}
    gates.take_mapping_policies(ws, "Ann")
    assert certain()[:2] == (Status.DONE, "passed")
    told = Workspace.create(tmp_path / "two", parse_config({"export": str(export), "location": "L", "policy": {"made_keys": "accept"}}))  # fmt: skip
    inventory(told)
    assert check(told).status is Status.DONE


def test_a_rule_about_what_arrived_and_what_the_export_said(staged):
    """After the load a suite sees what was read back, and the export's own table beside it; failing rows have their place."""
    arrived = pd.DataFrame({"source_id": ["d1", "d2"], "record_id": ["a", "b"], "count": 1, "amount": [100.0, 49.0]})
    people = pd.DataFrame(
        {"source_id": ["1", "deal:d2", "2 20240101"], "record_id": ["x", None, None], "count": [1, 0, 0]}
    )
    refused = pd.DataFrame({"object": ["deals", "deals"], "state": ["refused", "skipped"], "source_id": ["d3", "d4"]})
    tables = {"arrived_deals": arrived, "arrived_contacts": people, "not_landed": refused}
    folder = staged.results("audit")
    StepResult("audit", Status.DONE, "", tables=tables).save(folder)
    try:
        join = [{"table": "staged.deals", "by": "source_id", "as": "told"}]
        same = rule("expect_column_pair_values_to_be_equal", column_A="amount", column_B="told.amount")
        assert [place[:2] for place in places(alone(staged, same, stage="after", object="deals", join=join))] == [
            ("deals.csv", "3")
        ]
        there = alone(staged, rule(NOT_NULL, "critical", column="record_id"), stage="after", object="contacts")
        assert [place[:2] for place in places(there)] == [("deals.csv", "3"), ("contacts.csv", "3")]
        whole = check(staged, stage="after").tables["rules"].set_index("rule")
        assert whole.loc["HighLevel took every record of the plan", ["verdict", "severity"]].tolist() == [
            "data failed",
            "warning",
        ]
    finally:
        shutil.rmtree(folder)
    assert StepResult.load(staged.results("check-suite")) is not None


def test_the_link_to_the_failing_rows_leads_there(staged):
    """Whatever an analyst calls the file."""
    result = alone(staged, rule(NOT_NULL, column="company_id"), object="contacts", name="größe #1 50% & more")
    page = report.present(staged, result)
    (link,) = set(re.findall(r'href="(check-suite/rule-[^"]+)"', page.read_text(encoding="utf-8")))
    assert (page.parent / unquote(html.unescape(link))).is_file() and "#" not in link
