"""References are found by id, e-mail, label or name; nothing is guessed."""

from __future__ import annotations

import pandas as pd

from pb2hl.source.lookup import Index, look_up

PEOPLE = pd.DataFrame(
    {
        "source_id": ["007", "12", "13", "14"],
        "first_name": ["Jane", "Joe", "Ann", "Ann"],
        "last_name": ["Roe", "Bloggs", "Li", "Li"],
        "email": ["jane@acme.com", "joe@acme.com", None, None],
    }
)


def found(*references):
    resolved = look_up(pd.Series(list(references), dtype=object), Index(PEOPLE))
    return list(zip(resolved.source_id, resolved.state, strict=True))


def test_every_way_to_point():
    """Id, shortened id, float id, e-mail in any case, label, name, surname first."""
    ways = ["007", "7", "12.0", "JANE@acme.com", "Jane Roe (jane@acme.com)", "J. (12)", " joe  bloggs", "Roe, Jane"]
    assert [item[0] for item in found(*ways)] == ["007", "007", "12", "007", "007", "12", "12", "007"]


def test_what_cannot_be_told_is_not_guessed():
    """Ambiguous, dangling and blank are three different things."""
    assert found("Ann Li", "nobody", "", None) == [("", "ambiguous"), ("", "dangling"), ("", "blank"), ("", "blank")]


def test_a_company_means_its_only_contact():
    """`Customer` of a deal may name the company: its only contact is meant; of several, or beside a person of that name, nobody guesses."""
    people = PEOPLE.assign(company_name=["Acme", "Bolt", "Bolt", "Joe Bloggs"])
    index = Index(people)
    assert [index.find(text).source_id for text in ("ACME", "Joe Bloggs", "Bolt")] == ["007", "12", ""]
    assert index.find("Bolt").why == "ambiguous" and Index(PEOPLE).find("Acme").why == "dangling"


def test_an_exact_id_wins():
    """A reference that is an id is never read as a shortened one of another record."""
    target = pd.DataFrame({"source_id": ["7", "007"]})
    assert list(look_up(pd.Series(["7", "007", "07"]), Index(target)).state) == ["found", "found", "ambiguous"]


def test_lists_take_the_first_found_and_the_worst_state():
    """A deal with several contacts hangs on the first that is found, and is flagged when any is lost."""
    assert found(["nobody", "12"], ["12", "007"], [], ["12", None]) == [
        ("12", "dangling"), ("12", "found"), ("", "blank"), ("12", "found"),
    ]  # fmt: skip


def test_a_merged_record_means_its_survivor():
    """The id of a record that a merge took in, exact or shortened by a spreadsheet, means the record that is left."""
    index = Index(PEOPLE, {"0099": "007"}, by_source_id=True)
    assert [index.find(text).source_id for text in ("0099", "99", "99.0", "007")] == ["007"] * 4


def test_a_settled_id_is_that_records_own():
    """What staging resolved is not doubted again because two records were exported under one id; what is exported is."""
    shared = pd.DataFrame({"source_id": ["7", "7~2"], "name": ["Acme", "Bolt"]})
    assert Index(shared, by_source_id=True).find("7").source_id == "7"
    assert Index(shared).find("7").candidates == ("7", "7~2")
    assert Index(shared).find("Acme").source_id == "7"


def test_the_first_that_means_a_record():
    """Of several texts the first that means a record counts; else why the first that says something does not."""
    index = Index(PEOPLE)
    assert index.first([None, "nobody", "12", "007"]).source_id == "12"
    assert (index.first(["", "Ann Li", "nobody"]).why, index.first(["", None]).why) == ("ambiguous", "")
    assert not Index(pd.DataFrame()).find("7")


def test_ids_that_are_held_as_they_stand():
    """A column of references tells at once which are ids as they stand; none of them would be found otherwise, and ids given twice are left to the search."""
    twice = pd.DataFrame({"source_id": ["7", "7~2", "8", "9"]})
    asked = pd.Series(["8", " 8", "7", "7~2", "gone", None], dtype="str")
    for index in (Index(twice), Index(twice, {"9": "8"}, by_source_id=True)):
        held = index.hold(asked)
        assert list(held) == [True, False, index.find("7").source_id == "7", True, False, False]
        assert all(index.find(text) for text in asked[held])


def test_rows_that_became_one_record_are_one_answer():
    """A name, an e-mail or a label of rows that were merged means their record; of rows that were not, nothing."""
    merged = Index(PEOPLE, {"14": "13"})
    assert merged.find("Ann Li").source_id == "13" and merged.find("Li, Ann").source_id == "13"
    assert Index(PEOPLE, {"12": "007"}).find("Ann Li").why == "ambiguous"
