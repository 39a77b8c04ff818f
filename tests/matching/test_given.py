"""A field of a merged record that a person took from one row: the sheet holds it, the plan follows it, the approval names it."""

from __future__ import annotations

import json

import pandas as pd
import pytest

from pb2hl.errors import SheetError
from pb2hl.matching import decided_merges
from pb2hl.matching.sheets import COMPANIES, DUPLICATES, keep_decisions
from pb2hl.steps.proposal.decisions import _DECIDED, _hash


def contacts() -> pd.DataFrame:
    """Two rows of one person, the newer one with another number, address and company; the older one refuses e-mail."""
    return pd.DataFrame(
        {
            "source_id": ["1", "2"], "first_name": ["Ada", "Ada"], "last_name": ["Byron", "Byron"], "phone": ["+16135550111", "+16135550122"],
            "phone_extension": ["7", None], "address_1": ["1 Mill St", "9 Quarry Rd"], "city": ["Ottawa", None], "company_id": ["A", "B"],
            "tags": [["vip"], ["fair"]], "email_opt_out": [True, False], "updated_at": pd.to_datetime(["2024-01-01", "2024-02-01"], utc=True),
        }
    )  # fmt: skip


def companies() -> pd.DataFrame:
    return pd.DataFrame({"source_id": ["A", "B"], "name": ["Mill", "Quarry"]}, dtype="str")


def sheet(*gives: str) -> pd.DataFrame:
    """The duplicates sheet: both rows merge into the first."""
    rows = [
        {"cluster": "1", "source_id": str(at), "survivor": "yes" if at == 1 else "", "decision": "merge", "gives": cell}
        for at, cell in enumerate(gives, 1)
    ]
    return pd.DataFrame(rows).reindex(columns=[*DUPLICATES, "gives"]).fillna("").astype("str")


def merged(*gives: str) -> pd.Series:
    return decided_merges(
        contacts(), companies(), sheet(*gives), pd.DataFrame(columns=list(COMPANIES), dtype="str")
    ).contacts.iloc[0]


def test_what_a_row_gives_wins_over_the_rule_and_takes_along_what_belongs_to_it():
    """Number and extension, and the whole address, come from the row that gives them; what is shown no longer goes on beside."""
    by_rule, chosen = merged("", ""), merged("phone | city", "")
    assert (by_rule["phone"], by_rule["address_1"]) == ("+16135550122", "9 Quarry Rd") and by_rule["tags"] == [
        "fair",
        "vip",
    ]
    assert (chosen["phone"], chosen["phone_extension"]) == ("+16135550111", "7")
    assert (chosen["address_1"], chosen["city"]) == ("1 Mill St", "Ottawa")
    beside = {item["value"] for item in json.loads(chosen["unshown"])}
    assert {"+16135550122", "9 Quarry Rd"} <= beside and not beside & {"+16135550111", "1 Mill St"}


def test_a_list_is_taken_from_one_row_and_a_company_links_there():
    """Tags that one row gives are its own alone; the company that is taken is the one that the contact is linked to."""
    assert merged("tags", "")["tags"] == ["vip"]
    assert merged("", "")["company_source_id"] == "A" and merged("", "company_id")["company_source_id"] == "B"


@pytest.mark.parametrize(
    ("gives", "message"),
    [
        (("email_opt_out", ""), "no field of contacts that one row can give"),
        (("phon", ""), "no field of contacts"),
        (("city", "address_1"), "given by row 2 already"),
    ],
)
def test_what_no_row_can_give_is_told(gives, message):
    """A refusal of any row stands whatever is chosen; unknown fields and two givers of one thing are told with their row."""
    with pytest.raises(SheetError) as caught:
        merged(*gives)
    assert message in caught.value.problems[0].message and caught.value.problems[0].field == "gives"


def test_what_is_given_is_a_decision_and_outlives_matching_again():
    """The hash of an approval changes with it and not with a blank column; a second `match` keeps it."""
    blank, old, chosen = sheet("", ""), sheet("", "").drop(columns="gives"), sheet("phone", "")
    cells = _DECIDED["duplicates"]
    assert _hash(blank, cells) == _hash(old, cells) != _hash(chosen, cells)
    assert keep_decisions(blank, chosen)["gives"].tolist() == ["phone", ""]
