"""Decided sheets become survivors: consent, unshown, references, companies by id, name and domain."""

from __future__ import annotations

import json

import pandas as pd
import pytest

from pb2hl.errors import SheetError
from pb2hl.matching import decided_merges, evidence, sheets
from pb2hl.matching.survivorship import Rule
from pb2hl.values.consents import FIELDS as CONSENTS
from pb2hl.values.fold import fold


def people(**columns: list) -> pd.DataFrame:
    """Staged contacts with string ids 1, 2, …; lists become columns of the staged type."""
    count = len(next(iter(columns.values())))
    frame = pd.DataFrame({"source_id": pd.array([str(at + 1) for at in range(count)], dtype="str")})
    for name, values in columns.items():
        if name in CONSENTS:
            frame[name] = pd.array(values, dtype="boolean")
        elif name.endswith("_at"):
            frame[name] = pd.to_datetime(pd.Series(values), utc=True)
        elif name == "tags":
            frame[name] = values
        else:
            frame[name] = pd.array(values, dtype="str")
    return frame


def sheet(columns: tuple[str, ...], *rows: dict) -> pd.DataFrame:
    """A review sheet of the rows, all other cells empty."""
    return pd.DataFrame(list(rows)).reindex(columns=list(columns)).fillna("").astype(str)


def merging(
    *ids: str, survivor: str = "", cluster: str = "c", columns: tuple[str, ...] = sheets.DUPLICATES
) -> pd.DataFrame:
    """A sheet that merges the rows."""
    rows = [
        {"cluster": cluster, "source_id": item, "decision": "merge", "survivor": "yes" if item == survivor else ""}
        for item in ids
    ]
    return sheet(columns, *rows)


NO_DUPLICATES = sheet(sheets.DUPLICATES)
NO_COMPANIES = sheet(sheets.COMPANIES)


def test_strictest_consent_union_of_tags_and_lossless_residue():
    """Nothing of a merged row is lost, and no rule of the sheet softens consent."""
    frame = people(
        first_name=["Bob", "Robert"], last_name=["Roe", "Roe"], email=["b@roe.ca", "rob@roe.ca"], phone=[None, "+16135550101"],
        description=["short", "a longer description"], tags=[["A"], ["a", "b"]], do_not_contact=[None, True], email_opt_out=[False, None],
        updated_at=["2020-01-01", "2022-01-01"], created_at=["2019-01-01", "2018-01-01"], job_title=["old", "new"],
    )  # fmt: skip
    soft = sheet(sheets.SURVIVORSHIP, {"object": "contacts", "field": "do_not_contact", "decision": "most recent"})
    merged = decided_merges(frame, pd.DataFrame(), merging("1", "2", survivor="1"), NO_COMPANIES, soft)
    row = merged.contacts.iloc[0]
    assert len(merged.contacts) == 1 and merged.survivor_of["contacts"] == {"1": "1", "2": "1"}
    assert row["merged_ids"] == ["1", "2"]
    assert row["do_not_contact"] and row["email_opt_out"] is not pd.NA and not row["email_opt_out"]
    assert (row["first_name"], row["email"], row["phone"]) == ("Bob", "b@roe.ca", "+16135550101")
    assert (row["job_title"], row["description"], row["tags"]) == ("new", "a longer description", ["a", "b"])
    assert row["created_at"].year == 2018 and row["updated_at"].year == 2022
    unshown = json.loads(row["unshown"])
    assert unshown[0] == {"source_id": "2", "field": "email", "value": "rob@roe.ca"}
    assert {"source_id": "2", "field": "first_name", "value": "Robert"} in unshown
    assert {"source_id": "1", "field": "job_title", "value": "old"} in unshown


def test_an_address_comes_from_one_row():
    """Street of one row and city of another would be an address that does not exist."""
    frame = people(address_1=["1 Main", None], city=["Ottawa", "Paris"], updated_at=["2020-01-01", "2022-01-01"])
    row = decided_merges(frame, pd.DataFrame(), merging("1", "2"), NO_COMPANIES).contacts.iloc[0]
    assert (row["address_1"], row["city"]) == ("1 Main", "Ottawa")


def test_a_row_kept_apart_leaves_its_cluster():
    """Decisions count by row."""
    frame = people(email=["a@x.ca", "a@x.ca", "a@x.ca"])
    decided = merging("1", "2", "3", survivor="2")
    decided.loc[2, "decision"] = "keep apart"
    merged = decided_merges(frame, pd.DataFrame(), decided, NO_COMPANIES)
    assert merged.survivor_of["contacts"] == {"1": "2", "2": "2", "3": "3"}


def test_nothing_undecided_merges():
    """A proposal without a decision is no merge, nor is skip."""
    decided = merging("1", "2")
    decided["proposal"], decided["decision"] = "merge", ["", "skip"]
    assert len(decided_merges(people(email=["a@x.ca", "a@x.ca"]), pd.DataFrame(), decided, NO_COMPANIES).contacts) == 2


def test_all_mistakes_of_the_sheets_at_once():
    """One error names every row that does not hold together."""
    wrong = sheet(
        sheets.DUPLICATES,
        {"cluster": "c", "source_id": "1", "decision": "marge"},
        {"cluster": "c", "source_id": "9", "decision": "merge", "survivor": "yes"},
        {"cluster": "d", "source_id": "2", "decision": "merge", "survivor": "x"},
        {"cluster": "d", "source_id": "3", "decision": "merge", "survivor": "yes"},
        {"cluster": "", "source_id": "3"},
    )
    with pytest.raises(SheetError) as caught:
        decided_merges(people(email=["a", "b", "c"]), pd.DataFrame(), wrong, NO_COMPANIES)
    found = {(problem.row, problem.field) for problem in caught.value.problems}
    assert {
        (2, "decision"),
        (3, "source_id"),
        (3, "decision"),
        (4, "survivor"),
        (6, "source_id"),
        (6, "cluster"),
    } <= found


COMPANIES = pd.DataFrame(
    {
        "source_id": ["001", "2", "3", "4"],
        "name": ["Acme Inc.", "Acme Incorporated", "Beta LLC", "Gamma"],
        "domain": ["acme.ca", None, "shared.org", "shared.org"],
        "website": [None, "https://www.acme.ca/x", None, None],
        "parent_id": ["3", None, "1", None],
        "parent_name": [None, None, None, "Acme Inc."],
    }
).astype("str")


def test_contacts_go_to_the_surviving_company():
    """By id (a spreadsheet shortened it), by name, by the e-mail domain of exactly one company; else to nobody."""
    frame = people(
        email=["a@gmail.com", "b@x.ca", "c@acme.ca", "d@shared.org", "e@gmail.com", "f@gmail.com"],
        company_id=["1", None, None, None, "99", None],
        company_name=[None, "ACME", None, None, None, "NewCo GmbH"],
    )
    decided = merging("001", "2", survivor="2", columns=sheets.COMPANIES)
    merged = decided_merges(frame, COMPANIES, NO_DUPLICATES, decided)
    assert merged.contacts["company_source_id"].tolist() == ["2", "2", "2", "", "", "name:newco"]
    assert merged.contacts["company_why"].tolist() == [
        "company id",
        "company name",
        "e-mail domain",
        "",
        "",
        "company name",
    ]
    assert merged.company_of_domain["acme.ca"] == "2" and "shared.org" not in merged.company_of_domain
    assert merged.domain_of["2"] == "acme.ca"
    derived = merged.companies[merged.companies["derived"]]
    assert derived["name"].tolist() == ["NewCo GmbH"]


def test_parents_follow_survivors_and_circles_are_broken():
    """The parent of a merged company is the survivor; a circle loses one link and is told."""
    decided = merging("001", "2", survivor="2", columns=sheets.COMPANIES)
    merged = decided_merges(people(email=[None]), COMPANIES, NO_DUPLICATES, decided)
    parent = merged.companies.set_index("source_id")["parent_id"].fillna("").to_dict()
    assert parent["4"] == "2"
    assert (parent["2"], parent["3"]) in [("3", ""), ("", "2")]
    assert {problem.code for problem in merged.problems} == {"parent_cycle"}


def test_long_circles_and_strangers():
    """Every circle of any length is cut once; a company is not its own parent; unknown parents are counted."""
    frame = pd.DataFrame(
        {"source_id": list("abcdef"), "name": list("uvwxyz"), "parent_id": ["b", "c", "a", "d", "a", "nobody"]}
    )
    parent, problems, cycles = evidence.parents(frame, {})
    assert len(cycles) == 1 and len(parent) == 3 and parent["e"] == "a"
    assert {problem.code: problem.count for problem in problems} == {"parent_cycle": 1, "parent_missing": 1}


def test_canonical_name_of_the_sheet_wins():
    """A person renames a company in the sheet, merged or alone: the export's own name is kept beside, unless it is the same word."""
    decided = merging("001", "2", survivor="2", columns=sheets.COMPANIES)
    alone = sheet(
        sheets.COMPANIES, *({"cluster": name, "source_id": name, "canonical_name": "Acme"} for name in ("001", "2"))
    )
    for rows, own in ((decided, "2"), (alone, "001"), (alone, "2")):
        rows["canonical_name"] = "Acme"
        merged = decided_merges(people(email=[None]), COMPANIES, NO_DUPLICATES, rows)
        company = merged.companies.set_index("source_id").loc[own]
        beside = {item["value"] for item in json.loads(company["unshown"]) if item["field"] == "name"}
        exported = {name for name in COMPANIES["name"][COMPANIES["source_id"].isin(company["merged_ids"])]}
        assert company["name"] == "Acme" and beside == {name for name in exported if fold(name) != "acme"}


def test_rules_of_the_sheet_are_used_and_checked():
    """A survivorship rule can be changed; one that does not exist is refused."""
    rules = sheet(sheets.SURVIVORSHIP, {"object": "contacts", "field": "job_title", "decision": "Longest"})
    assert sheets.chosen_rules(rules, "contacts", ["job_title"])["job_title"] is Rule.LONGEST
    rules["decision"] = "newest"
    with pytest.raises(SheetError):
        sheets.chosen_rules(rules, "contacts", ["job_title"])


def test_empty_tables():
    """An export without contacts or companies resolves to nothing."""
    merged = decided_merges(pd.DataFrame(), pd.DataFrame(), NO_DUPLICATES, NO_COMPANIES)
    assert len(merged.contacts) == len(merged.companies) == 0


def test_who_is_named_as_their_own_company_is_a_private_customer():
    """A person's own name in the company cell makes no company; a firm's name, or another person's, does."""
    rows = [("Iris", "Radcliffe", "Iris Radcliffe"), ("Bob", "Best", "Iris Radcliffe Ltd"), ("Krumme", "Bakery", "Krumme Bakery"), ("Cy", "Cole", "Di Dunn")]  # fmt: skip
    contacts = pd.DataFrame(rows, columns=["first_name", "last_name", "company_name"], dtype="str").assign(
        source_id=list("1234")
    )
    derived = evidence.with_derived(pd.DataFrame({"source_id": pd.Series(dtype="str")}), contacts)
    assert sorted(derived["name"]) == ["Di Dunn", "Iris Radcliffe Ltd", "Krumme Bakery"]


@pytest.mark.parametrize(
    "words",
    ["N/A", "-", "Unassigned", "(none)", "Privatperson", "aucune", "Sin empresa", "n.v.t.", "なし", "(없음)", "Yok"],
)
def test_what_stands_for_no_company_is_none(words):
    """A placeholder in a company cell becomes no company; a name that only holds such a word does."""
    contacts = pd.DataFrame({"source_id": ["1", "2"], "company_name": [words, f"{words} Partners Ltd"]}, dtype="str")
    derived = evidence.with_derived(pd.DataFrame({"source_id": pd.Series(dtype="str")}), contacts)
    assert derived["name"].tolist() == [f"{words} Partners Ltd"]
