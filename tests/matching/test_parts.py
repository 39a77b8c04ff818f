"""The parts of matching: domains, legal forms, names, blocking, levels, linkage."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pb2hl.matching import domains, legal_forms
from pb2hl.matching.blocking import block_cap, candidate_pairs, pairs_within, soundex
from pb2hl.matching.cluster import Links, cluster
from pb2hl.matching.compare import Comparer
from pb2hl.matching.fields import Field, records
from pb2hl.matching.kinds import EXACT, LEVELS, Kind
from pb2hl.matching.legal_forms import core_name, forms, shows_company
from pb2hl.matching.levels import Levels
from pb2hl.matching.names import is_shared_mailbox, split_full_name, split_generation
from pb2hl.matching.normalise import email, phone
from pb2hl.values.wordlists import lines


@pytest.mark.parametrize(
    ("text", "domain"),
    [
        ("https://www.Acme.co.uk:8443/about?x=1#y", "acme.co.uk"),
        ("jane@mail.acme.com", "acme.com"),
        ("//shop.acme.com.au", "acme.com.au"),
        ("acme.example", "acme.example"),
        ("http://10.0.0.1/x", ""),
        ("https://[::1]/", ""),
        ("co.uk", ""),
        ("localhost", ""),
        ("not a domain", ""),
        ("", ""),
        ("https://münchen-bau.de", "xn--mnchen-bau-9db.de"),
        ("two.myshopify.com", "two.myshopify.com"),
    ],
)
def test_registrable_domain(text, domain):
    """Scheme, port, path and subdomain go; addresses that are no domain give none."""
    assert domains.registrable(text) == domain


@pytest.mark.parametrize(
    "text",
    ["jane@gmail.com", "jane@hey.com", "jane@tutanota.com", "jane@hotmail.fr", "jane@yahoo.co.uk", "https://acme.wixsite.com/home",
     "facebook.com/acme", "https://linktr.ee/acme", "acme.wordpress.com", "two.myshopify.com", "jane@mailinator.com"],
)  # fmt: skip
def test_domains_that_are_no_companys_own(text):
    """Freemail, disposable, website builders and social pages say nothing about the company."""
    assert domains.company_domain(text) == ""


@pytest.mark.parametrize("text", ["jane@sky.com", "https://acme.com", "jane@mail.acme.fr", "gmailers.com"])
def test_domains_that_are_a_companys_own(text):
    """What the packaged freemail list holds wrongly counts as a company's own."""
    assert domains.company_domain(text)


@given(st.text(max_size=60))
def test_any_text_has_a_domain_or_none(text):
    """No text breaks the domain reader, and what it gives is stable."""
    found = domains.registrable(text)
    assert found == "" or domains.registrable(found) == found


@pytest.mark.parametrize(
    ("name", "core"),
    [
        ("ACME(UK) LIMITED", "acme"), ("Acme, Inc.", "acme"), ("Acme S.p.A.", "acme"), ("Acme N V", "acme"),
        ("OOO Romashka", "romashka"), ("Siemens Aktiengesellschaft", "siemens"), ("Müller GmbH & Co. KG", "muller"),
        ("Acme Sp. z o.o.", "acme"), ("Les Aliments Roy Ltée", "aliments roy"), ("Acme Pty Ltd", "acme"),
        ("Acme S.A. de C.V.", "acme"), ("The Company", "company"), ("Acme Plumbing", "acme plumbing"), ("n/a", ""),
        ("Johnson & Johnson", "johnson johnson"),
    ],
)  # fmt: skip
def test_legal_forms_go(name, core):
    """Legal forms of many countries go, the words that tell companies apart stay."""
    assert core_name(name) == core


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("Smith, John", ("john", "smith", "")), ("Dr. John van der Berg Jr.", ("john", "van der berg", "2")),
        ("John Smith III", ("john", "smith", "3")), ("Cher", ("", "cher", "")), ("Smith, Jr., John", ("jr john", "smith", "")),
        ("jane@roe.ca", ("", "", "")), ("", ("", "", "")),
    ],
)  # fmt: skip
def test_full_names(text, parts):
    """Titles go, particles stay with the surname, generations are told apart."""
    if text == "Smith, Jr., John":
        assert split_full_name(text)[1] == "smith"
    else:
        assert split_full_name(text) == parts
    assert split_generation("Roe Sr.") == ("roe", "1")


def test_normalised_values():
    """Phones agree in their last nine digits; e-mails without tags; shared mailboxes are known."""
    assert phone("+1 (613) 555-0101 ext. 77") == phone("6.135550101E+09") == phone("613.555.0101") == "135550101"
    assert phone("0000000000") == phone("123") == ""
    assert email("Jane Roe <JANE+x@Roe.ca>") == "jane@roe.ca"
    assert email("j.r@googlemail.com") == email("jr@gmail.com")
    assert (
        is_shared_mailbox("info@acme.ca")
        and is_shared_mailbox("sales2@acme.ca")
        and not is_shared_mailbox("jane@acme.ca")
    )
    assert soundex("robert") == soundex("rupert") == "r163"


@given(st.lists(st.integers(-1, 5), max_size=30), st.integers(1, 40))
def test_blocks_stay_within_the_budget(codes, budget):
    """The cap leaves no more pairs than the budget, none twice and none of a row with itself."""
    array = (np.array(codes, dtype=np.int64),)
    cap, total = block_cap(array, budget)
    left, right = pairs_within(array, cap)
    assert len(left) <= min(budget, total)
    assert (left < right).all()
    assert len(set(zip(left.tolist(), right.tolist(), strict=True))) == len(left)
    everything = pairs_within(array)
    assert len(everything[0]) == total


def test_blocking_tells_its_pairs():
    """Each rule says how many pairs it gave, and their union is what is compared."""
    frame = pd.DataFrame({"n": ["roe", "roe", "row", "smith", None], "c": ["x", "x", "y", "x", ""]})
    found = candidate_pairs(records(frame, {"n": Kind.SURNAME, "c": Kind.CITY}))
    assert {(0, 1), (0, 2)} <= set(zip(found.left.tolist(), found.right.tolist(), strict=True))
    assert found.rules["pairs"].sum() >= len(found) > 0


@given(
    st.sampled_from([kind for kind in Kind if kind in LEVELS]),
    st.text("abc019@. ", max_size=8),
    st.text("abc019@. ", max_size=8),
)
def test_no_fuzzy_level_is_the_exact_one(kind, left, right):
    """Only equal values reach the exact level, whatever the kind; blanks match nothing."""
    data = records(pd.DataFrame({"a": [left, right]}), {"a": kind})
    for field in data.fields:
        level, _ = Comparer(data.fields).levels(field, np.array([0]), np.array([1]))
        one, two = field.primary
        assert (level[0] == EXACT[kind]) == (one == two and one >= 0)
        assert (level[0] == -1) == (one < 0 or two < 0)
        assert level[0] <= EXACT[kind]


@pytest.mark.parametrize(
    ("left", "right", "level"),
    [
        ("Acme Plumbing", "Acme Electric", "words conflict"), ("International Business Machines", "IBM", "acronym"),
        ("Acme Plumbing", "Zenith Foods", "no word shared"), ("Acme Plumbing Ltd", "ACME PLUMBING INC", "same"),
        ("Acme Pharma", "Acme Pharmaceuticals", "same words"), ("Acme Instr", "Acme Instruments", "same words"), ("Acme Boston", "Acme Bston", "same words"),
        ("Acme Khemicals", "Acme Chemicals", "same words"), ("Parker Plumbing", "Barker Plumbing", "words conflict"), ("Acme Plumbing", "Acme Plumbng", "same words"), ("AcmePlumbing", "Acme Plumbing", "same words"),
        ("Halinra Electric", "HalinraElectric", "same words"), ("HalinraElectric", "Halinra Dental", "no word shared"),
    ],
)  # fmt: skip
def test_organisation_levels(left, right, level):
    """Names are compared word by word; a word of its own on both sides is a conflict."""
    data = records(pd.DataFrame({"a": [left, right, "Other Ltd", "Third Co"]}), {"a": Kind.ORGANISATION})
    found, _ = Comparer(data.fields).levels(data.fields[0], np.array([0]), np.array([1]))
    assert LEVELS[Kind.ORGANISATION][found[0]] == level


def _levels(left: dict[str, str], right: dict[str, str], kinds: dict[str, Kind]) -> dict[str, str]:
    """By column the level of two rows."""
    frame = pd.DataFrame([left, right], columns=list(kinds))
    found = Levels.over(records(frame, kinds)).of(np.array([0]), np.array([1]))
    exact = {field: min(int(level[0]), EXACT[Kind(field)]) for field, level in found.items()}
    return {field: LEVELS[Kind(field)][level] if level >= 0 else "missing" for field, level in exact.items()}


@pytest.mark.parametrize(
    ("left", "right", "level"),
    [
        ("ann.fox@powers.org", "ann.fox@pwoers.org", "letters misplaced"), ("ann.fox@powers.org", "ann.xof@powers.org", "letters misplaced"),
        ("annfox@gmail.com", "annfox@ymail.com", "same name at another domain"), ("ann.fox@acme.com", "ann.fox@zenith.org", "same name at another domain"),
        ("fox12@powers.org", "fox21@powers.org", "different"), ("ann.fox@powers.org", "bob.lee@powers.org", "different"),
    ],
)  # fmt: skip
def test_mailboxes(left, right, level):
    """Letters in the wrong place are one mailbox mistyped; another provider or other digits are another mailbox."""
    assert _levels({"email": left}, {"email": right}, {"email": Kind.EMAIL}) == {"email": level}


@pytest.mark.parametrize(
    ("one", "two", "level"),
    [("1990-05-17", "1990-11-17", "two digits or one part differ"), ("1990-05-17", "1968-05-17", "two digits or one part differ"), ("1990-05-17", "1990-05-29", "two digits or one part differ"),
     ("1990-05-17", "1968-05-29", "different")],
)  # fmt: skip
def test_two_parts_of_a_date(one, two, level):
    """Where two of year, month and day agree, the third may be wrong in every digit."""
    kinds = {"birth_date": Kind.BIRTH_DATE}
    assert _levels({"birth_date": one}, {"birth_date": two}, kinds) == {"birth_date": level}


def test_a_lone_name_in_the_wrong_column():
    """A given name that stands alone where surnames do is compared with given names, and the surname is not known."""
    kinds = {"given_name": Kind.GIVEN_NAME, "surname": Kind.SURNAME}
    known = {"given_name": "Jane", "surname": "Foxworth"}
    given = {"given_name": "typo, nickname or short form", "surname": "missing"}
    assert _levels({"surname": "Jane"}, known, kinds) == _levels(known, {"surname": "Jane"}, kinds) == given
    assert _levels(known, {"given_name": "Foxworth"}, kinds) == {"given_name": "missing", "surname": "typo"}
    assert _levels({"surname": "Smith"}, known, kinds)["surname"] == "different"


def test_a_weak_bridge_does_not_join_two_groups():
    """Two strong triangles with one weak link between them stay two clusters."""
    left, right = np.array([0, 0, 1, 3, 3, 4, 2]), np.array([1, 2, 2, 4, 5, 5, 3])
    weight = np.array([9.0, 9, 9, 9, 9, 9, 1])
    known = {
        frozenset(pair): value for *pair, value in zip(left.tolist(), right.tolist(), weight.tolist(), strict=True)
    }

    def score(one: np.ndarray, two: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        pairs = zip(one.tolist(), two.tolist(), strict=True)
        return np.array([known.get(frozenset(pair), -8.0) for pair in pairs]), np.zeros(len(one), bool)

    label, weakest = cluster(7, Links(left, right, weight), score, 0.0)
    assert label.tolist() == [0, 0, 0, 3, 3, 3, 6]
    assert weakest.tolist() == [9.0] * 6 + [np.inf]


def test_a_field_without_values_is_left_out():
    """A blank column is evidence of nothing and no field."""
    data = records(pd.DataFrame({"a": [None, "NULL", " - "], "b": ["x", "y", None]}), {"a": Kind.EMAIL, "b": Kind.TEXT})
    assert [field.name for field in data.fields] == ["b"]
    assert isinstance(data.fields[0], Field)


@pytest.mark.parametrize(
    "text", ["Acme s.r.o.", "ООО Ромашка", "株式会社山田", "K. Müller e.K.", "Foo Sp. z o.o.", "Société Dupont SARL"]
)
def test_a_legal_form_shows_a_company(text):
    """In any country's spelling, before or behind the name."""
    assert shows_company(text)


@pytest.mark.parametrize("text", ["Pittsburgh PA", "tell me", "Jean de la Tour", "Ltd", "123 Main St", "Lyon SE", ""])
def test_what_ends_other_texts_shows_none(text):
    """Forms that are also abbreviations and words, and a form alone, are no sign."""
    assert not shows_company(text)


def test_what_shows_nothing_is_a_form():
    """Every exception is one of the known forms: the list of them holds nothing else."""
    known = {"".join(form) for form in forms()}
    assert {line.casefold() for line in lines(Path(legal_forms.__file__).parent / "data" / "no_signs.txt")} <= known
