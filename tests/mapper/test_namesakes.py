"""References by name under headings that nobody can read: values that are another table's names."""

from __future__ import annotations

from types import SimpleNamespace

import pandas as pd

from pb2hl import mapper

NAMES = ["Ada Byron", "Bo Diddley", "Cy Twombly", "Di Prima"]
FIRMS = ["Acme GmbH", "Blue Sky", "Cobalt", "Delta Works"]


def raw(file: str, columns: dict[str, list[str]]) -> SimpleNamespace:
    frame = pd.DataFrame(columns, dtype="str")
    return SimpleNamespace(file=file, sheet="", headings=list(frame.columns), frame=frame)


def proposals(tables) -> pd.DataFrame:
    sheet = mapper.fields_sheet(tables)
    return sheet.set_index(["object", "column"])


def tables(deal_columns: dict[str, list[str]]):
    contacts = raw("contacts.csv", {"ID": ["C1", "C2", "C3", "C4"], "First name": [n.split()[0] for n in NAMES], "Last name": [n.split()[1] for n in NAMES]})  # fmt: skip
    companies = raw("companies.csv", {"ID": ["F1", "F2", "F3", "F4"], "Company name": FIRMS})
    users = raw("users.csv", {"ID": ["U1", "U2", "U3"], "Name": ["Kim Ho", "Lu Xi", "Mo Farah"]})
    deals = raw("deals.csv", {"ID": ["D1", "D2", "D3", "D4"], "Deal name": ["a1", "b2", "c3", "d4"], **deal_columns})
    return [(contacts, "contacts"), (companies, "companies"), (users, "users"), (deals, "deals")]


def test_names_of_other_tables_are_references_whatever_the_heading():
    """People (also surname first), companies and users are recognised by their names."""
    found = proposals(
        tables(
            {
                "Qzr": ["Byron, Ada", "DIDDLEY, BO", "Twombly, Cy", "Prima, Di"],
                "Wvx": ["Acme  gmbh", "Blue Sky", "Cobalt", "Delta Works"],
                "Pkt": ["Kim Ho", "Lu Xi", "Mo Farah", "Kim Ho"],
            }
        )
    )
    assert found.loc[("deals", "Qzr"), "proposal"] == "contact_id"
    assert found.loc[("deals", "Wvx"), "proposal"] == "company_id"
    assert found.loc[("deals", "Pkt"), "proposal"] == "owner"
    assert "names of companies" in found.loc[("deals", "Wvx"), "reason"]


def test_two_columns_that_could_be_the_same_reference_wait_for_a_person():
    """Who of two is meant is not guessed: the proposal stays undecided and names the other."""
    found = proposals(tables({"Qzr": NAMES, "Xxo": NAMES[::-1]}))
    best = found.loc[[("deals", "Qzr"), ("deals", "Xxo")]]
    chosen = best[best["proposal"] == "contact_id"]
    assert len(chosen) == 1 and chosen["decision"].iat[0] == "" and "so are those of" in chosen["reason"].iat[0]


def test_other_texts_and_what_a_heading_says_stay():
    """Values that are mostly no names, and columns whose heading says another person, are left alone."""
    found = proposals(tables({"Qzr": ["Ada Byron", "red", "green", "blue"], "Referral partner": NAMES}))
    assert found.loc[("deals", "Qzr"), "proposal"] == "custom"
    assert found.loc[("deals", "Referral partner"), "proposal"] == "custom"


def test_a_contact_names_its_company():
    """On contacts, names of companies fill the company's name, and stand for the name of people who have none."""
    contacts = raw(
        "contacts.csv", {"ID": ["C1", "C2", "C3"], "Email": ["a@x.co", "b@x.co", "c@x.co"], "Zzq": FIRMS[:3]}
    )
    companies = raw("companies.csv", {"ID": ["F1", "F2", "F3", "F4"], "Company name": FIRMS})
    found = proposals([(contacts, "contacts"), (companies, "companies")])
    proposal, target = found.loc[("contacts", "Zzq"), ["proposal", "target"]]
    assert proposal == "company_name" and target.startswith("companyName; ")
    assert "firstName where there is no name, e-mail or phone" in target
