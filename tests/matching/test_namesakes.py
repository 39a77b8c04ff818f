"""Tiny exports of namesakes: what only a name, a household, a reception or a placeholder speaks for waits, and says why."""

from __future__ import annotations

import pandas as pd
import pytest

from pb2hl.matching.matches import Matches
from pb2hl.matching.proposals import MERGE, propose
from pb2hl.matching.staged import CompanyEvidence, match_staged_companies, match_staged_contacts

_FIRM = ("name", "address_1", "city", "phone", "website", "postal_code")
_PERSON = ("first_name", "last_name", "email", "phone", "address_1", "city", "birthday", "company_name", "postal_code")
_ONE, _TWO = "5125550101", "5125550187"
_MAIN, _LAKE = ("12 Main St", "Austin"), ("480 Lake Ave", "Austin")
_HOME = (_ONE, "14 Maple St", "Austin")

_FIRMS_WAIT = {
    "another street": (("Cafe Roma", *_MAIN), ("Cafe Roma", *_LAKE)),
    "another number": (("Cafe Roma", *_MAIN), ("Cafe Roma", "96 Main St", "Austin")),
    "a neighbour's phone": (("Cafe Roma", None, "Austin", _ONE), ("Cafe Roma", None, "Austin", "5125550102")),
    "another web site": (("Cafe Roma", None, "Austin", None, "caferoma.com"), ("Cafe Roma", None, "Austin", None, "roma-austin.com")),
    "another city": (("Cafe Roma", None, "Austin"), ("Cafe Roma", None, "Dallas")),
    "one street name in two cities": (("Cafe Roma", *_MAIN), ("Cafe Roma", "12 Main St", "Dallas")),
    "another postcode": (("Cafe Roma", None, "Austin", None, None, "78701"), ("Cafe Roma", None, "Austin", None, None, "78702")),
    "a toll-free number": (("Cafe Roma", *_MAIN, "8005550101"), ("Cafe Roma", "9 Elm St", "Dallas", "8005550101")),
    "nearly the name": (("Cafe Roma", *_MAIN), ("Caffe Roma", *_LAKE)),
    "branches with one web site": (("Tasty Bagel", *_MAIN, _ONE, "tastybagel.com"), ("Tasty Bagel", *_LAKE, _TWO, "tastybagel.com")),
    "branches without phones": (("Tasty Bagel", *_MAIN, None, "tastybagel.com"), ("Tasty Bagel", *_LAKE, None, "tastybagel.com")),
    "numbered franchises": (("Subway #1123", *_MAIN, None, "subway.com"), ("Subway #4410", *_LAKE, None, "subway.com")),
    "doctors with one reception": (("Smith Dental", "40 Bank St Suite 3", "Austin", _ONE), ("Smith Pediatric Dental", "40 Bank St Suite 5", "Austin", _ONE)),
    "suites with their own phones": (("Smith Dental", "40 Bank St Suite 3", "Austin", _ONE), ("Smith Dental", "40 Bank St Suite 9", "Austin", _TWO)),
    "a holding": (("Acme Inc", *_MAIN, _ONE, "acme.com"), ("Acme Holdings Inc", *_MAIN, _ONE, "acme.com")),
    "the second house": (("Cafe Roma", None, "Austin", None, "caferoma.com"), ("Cafe Roma II", None, "Austin", None, "caferoma.com")),
    "one house, two web sites": (("Cafe Roma", *_MAIN, None, "caferoma.com"), ("Cafe Roma", *_MAIN, None, "romapizza.net")),
    "two legal forms": (("Schmidt GmbH", None, "Berlin"), ("Schmidt KG", None, "Berlin")),
    "a word more": (("Novak", *_MAIN, _ONE), ("Novak Heating", *_MAIN, _ONE)),
    "a letter more": (("Baker", *_MAIN, _ONE), ("Bakery", *_MAIN, _ONE)),
    "hosted pages": (("Cafe Roma", *_MAIN, None, "roma.wixsite.com"), ("Cafe Roma", *_LAKE, None, "romatx.wixsite.com")),
}  # fmt: skip
_FIRMS_MERGE = {
    "a street in short": (("Cafe Roma", "12 Main Street", "Austin"), ("Cafe Roma", "12 Main St.", "Austin")),
    "where the house stands": (("Cafe Roma", *_MAIN), ("Cafe Roma", "12 Main Street between 1st and 2nd Aves.", "Austin")),
    "a suite on one side": (("Cafe Roma", *_MAIN, _ONE), ("Cafe Roma", "12 Main St. Suite 4", "Austin", _ONE)),
    "one web site": (("Acme Plumbing Inc", *_MAIN, None, "acmeplumbing.com"), ("Acme Plumbing LLC", None, None, None, "https://www.acmeplumbing.com/contact")),
    "one phone": (("Acme Plumbing Inc", None, "Austin", _ONE), ("ACME Plumbing", None, None, "(512) 555-0101")),
    "a word more at one web site": (("Acme", *_MAIN, _ONE, "acmeplumbing.com"), ("Acme Plumbing", *_MAIN, _ONE, "acmeplumbing.com")),
    "moved, with phone and web site": (("Acme Plumbing", *_MAIN, _ONE, "acmeplumbing.com"), ("Acme Plumbing", *_LAKE, _ONE, "acmeplumbing.com")),
    "a second phone": (("Acme Plumbing", None, None, _ONE, "acmeplumbing.com"), ("Acme Plumbing", None, None, _TWO, "acmeplumbing.com")),
    "one name in two legal spellings": (("Acme Ltd", None, "Austin"), ("Acme Limited", None, "Austin")),
}  # fmt: skip

_PEOPLE_WAIT = {
    **{f"born {day}": (("Anna", "Schmidt", None, None, None, "Berlin", day),) * 2 for day in ("1900-01-01", "1980-01-01", "0/0/00", "1/1/80", "11/11/1911", "1970")},
    "only a name": (("Anna", "Schmidt"),) * 2,
    "a name in a town": (("Anna", "Schmidt", None, None, None, "Berlin"),) * 2,
    "a name at a postcode": (("Anna", "Schmidt", None, None, None, "Berlin", None, None, "10115"),) * 2,
    "another street": (("Anna", "Schmidt", None, None, *_MAIN), ("Anna", "Schmidt", None, None, *_LAKE)),
    "two flats": (("Ali", "Khan", None, None, "14 Maple St Apt 2", "Austin"), ("Ali", "Khan", None, None, "14 Maple St Apt 9", "Austin")),
    "junior, one mailbox": (("Robert", "Hall", "hall@g.com", *_HOME), ("Robert", "Hall Jr.", "hall@g.com", *_HOME)),
    "the younger": (("Robert", "Hall", None, *_HOME), ("Robert", "Hall the Younger", None, *_HOME)),
    "thirty years by a digit": (("Robert", "Hall", None, *_HOME, "1950-03-04"), ("Robert", "Hall", None, *_HOME, "1980-03-04")),
    "twins": (("Anna", "Hall", None, *_HOME, "1980-03-04"), ("Marie", "Hall", None, *_HOME, "1980-03-04")),
    "spouses": (("Robert", "Hall", "hall@g.com", *_HOME), ("Mary", "Hall", "hall@g.com", *_HOME)),
    "Mr and Mrs": (("Mr J", "Hall", "hall@g.com", *_HOME), ("Mrs J", "Hall", "hall@g.com", *_HOME)),
    "an initial at home": (("M", "Hall", None, *_HOME), ("Mary", "Hall", None, *_HOME)),
    "namesakes of one firm": (("Chris", "Lee", "clee@acme.com", _ONE, None, None, None, "Acme"), ("Chris", "Lee", "chrisl@acme.com", _ONE, None, None, None, "Acme")),
    "an office's mailbox": (("Anna", "Lee", "office@acme.com", _ONE, None, None, None, "Acme"), ("Anna", "Lee", "office@acme.com", _TWO, None, None, None, "Beta")),
    "one firm, all else another": (("Chris", "Lee", "cl@g.com", _ONE, None, None, None, "Acme"), ("Chris", "Lee", "lee77@m.com", _TWO, None, None, None, "Acme")),
}  # fmt: skip
_PEOPLE_WAIT |= {
    f"{one} and {two}": ((one, "Hall", None, *_HOME, born), (two, "Hall", None, *_HOME, born))
    for one, two in (("Anne", "Anna"), ("Luca", "Luka"), ("Jan", "Jana"), ("Hans", "Hanna"), ("Jon", "John"), ("Marta", "Maria"), ("Dilan", "Dylan"))
    for born in (None, "1980-03-04")
}  # fmt: skip
_PEOPLE_MERGE = {
    "a letter, one mailbox": (("Jon", "Hall", "jh@m.com", *_HOME), ("John", "Hall", "jh@m.com", *_HOME)),
    "letters that changed places": (("Michael", "Hall", None, *_HOME), ("Micheal", "Hall", None, *_HOME)),
    "a nickname": (("Bob", "Hall", "bh@m.com", *_HOME), ("Robert", "Hall", "bh@m.com", *_HOME)),
    "one phone": (("Bob", "Hall", None, _ONE), ("Bob", "Hall", None, "512-555-0101")),
    "one home": (("Bob", "Hall", None, None, *_MAIN), ("Bob", "Hall", None, None, *_MAIN)),
    "one birthday": (("Bob", "Hall", None, _ONE, *_MAIN, "1980-03-04"), ("Bob", "Hall", None, _TWO, *_MAIN, "1980-03-04")),
    "a placeholder beside a mailbox": (("Bob", "Hall", "bh@m.com", None, None, None, "1900-01-01"), ("Bob", "Hall", "bh@m.com", None, None, None, "1980-03-04")),
}  # fmt: skip


def _table(rows: tuple[tuple, ...], columns: tuple[str, ...]) -> pd.DataFrame:
    frame = pd.DataFrame([dict(zip(columns, row, strict=False)) for row in rows]).reindex(columns=list(columns))
    return frame.assign(source_id=[str(at) for at in range(len(frame))])


def _firms(*rows: tuple) -> Matches:
    return match_staged_companies(CompanyEvidence.of(pd.DataFrame(), _table(rows, _FIRM)), threshold=0.6)


def _people(*rows: tuple) -> Matches:
    table = _table(rows, _PERSON)
    return match_staged_contacts(table, CompanyEvidence.of(table, pd.DataFrame()), threshold=0.6)


def _proposed(found: Matches) -> pd.DataFrame:
    """What a batch run would be offered for the first two rows."""
    return propose(found, found.merge_line(0.95).threshold).set_index("source_id").reindex(["0", "1"])


@pytest.mark.parametrize("case", _FIRMS_WAIT)
def test_companies_wait(case):
    """Nothing that only one company has bears the name out, or something that only one has differs: no merge unseen."""
    assert (_proposed(_firms(*_FIRMS_WAIT[case]))["proposal"] != MERGE).any()


@pytest.mark.parametrize("case", _FIRMS_MERGE)
def test_companies_merge(case):
    """What is plainly one company is proposed."""
    assert (_proposed(_firms(*_FIRMS_MERGE[case]))["proposal"] == MERGE).all()


@pytest.mark.parametrize("case", _PEOPLE_WAIT)
def test_people_wait(case):
    """However few rows there are, and though no row has an e-mail or a phone."""
    assert (_proposed(_people(*_PEOPLE_WAIT[case]))["proposal"] != MERGE).any()


@pytest.mark.parametrize("case", _PEOPLE_MERGE)
def test_people_merge(case):
    """What is plainly one person is proposed."""
    assert (_proposed(_people(*_PEOPLE_MERGE[case]))["proposal"] == MERGE).all()


def test_a_bare_name_goes_to_none_of_several():
    """A row that says no more than a name which two places have is neither of them; where one has it, it is that one's."""
    roma = ("Cafe Roma", *_MAIN, _ONE)
    found = _firms(("Cafe Roma",), roma, ("Cafe Roma", *_LAKE, _TWO))
    assert (propose(found, found.merge_line(0.95).threshold)["proposal"] != MERGE).all()
    assert (_firms(("Cafe Roma",), roma).at_threshold(0.95)[0] == 0).all()


def test_a_reception_tells_nobody_apart():
    """A phone that five people of other names have bears out no namesake."""
    others = [(first, last, f"{first}@acme.com", _ONE) for first, last in zip("ABCDE", ("Fox", "Ray", "Kim", "Orr", "Ely"), strict=True)]  # fmt: skip
    found = _people(("Anna", "Schmidt", "as@one.com", _ONE), ("Anna", "Schmidt", "a77@two.com", _ONE), *others)
    assert (_proposed(found)["proposal"] != MERGE).any()


@pytest.mark.parametrize(
    ("found", "reason"),
    [
        (lambda: _firms(*_FIRMS_WAIT["branches with one web site"]), "one web site at two places"),
        (lambda: _firms(*_FIRMS_WAIT["a holding"]), "a word that tells sister companies apart"),
        (lambda: _people(*_PEOPLE_WAIT["a name in a town"]), "only the name agrees"),
        (lambda: _people(*_PEOPLE_WAIT["twins"]), "two names"),
    ],
    ids=["branches", "sister", "namesakes", "twins"],
)
def test_the_sheet_names_the_doubt(found, reason):
    """Before the weights the reason stands for which the pair waits."""
    assert _proposed(found())["why"].str.startswith(reason).all()
