"""References are found by id, e-mail, label or name; nothing is guessed."""

from __future__ import annotations

import pandas as pd

from pb2hl.profile import relations, resolve

PEOPLE = pd.DataFrame(
    {
        "source_id": ["007", "12", "13", "14"],
        "first_name": ["Jane", "Joe", "Ann", "Ann"],
        "last_name": ["Roe", "Bloggs", "Li", "Li"],
        "email": ["jane@acme.com", "joe@acme.com", None, None],
    }
)


def found(*references):
    resolved = resolve(pd.Series(list(references), dtype=object), PEOPLE)
    return list(zip(resolved.source_id, resolved.state, strict=True))


def test_every_way_to_point():
    """Id, shortened id, float id, e-mail in any case, label, name, surname first."""
    ways = ["007", "7", "12.0", "JANE@acme.com", "Jane Roe (jane@acme.com)", "J. (12)", " joe  bloggs", "Roe, Jane"]
    assert [item[0] for item in found(*ways)] == ["007", "007", "12", "007", "007", "12", "12", "007"]


def test_what_cannot_be_told_is_not_guessed():
    """Ambiguous, dangling and blank are three different things."""
    assert found("Ann Li", "nobody", "", None) == [("", "ambiguous"), ("", "dangling"), ("", "blank"), ("", "blank")]


def test_an_exact_id_wins():
    """A reference that is an id is never read as a shortened one of another record."""
    target = pd.DataFrame({"source_id": ["7", "007"]})
    assert list(resolve(pd.Series(["7", "007", "07"]), target).state) == ["found", "found", "ambiguous"]


def test_lists_take_the_first_found_and_the_worst_state():
    """A deal with several contacts hangs on the first that is found, and is flagged when any is lost."""
    assert found(["nobody", "12"], ["12", "007"], [], ["12", None]) == [
        ("12", "dangling"), ("12", "found"), ("", "blank"), ("12", "found"),
    ]  # fmt: skip


def test_relations_count():
    """One line a reference column, also when the table it points to is missing."""
    tables = {
        "contacts": PEOPLE.assign(owner=["a", "", None, "b"]),
        "tasks": pd.DataFrame({"source_id": ["1", "2"], "contact_id": ["7", "x"]}),
    }
    told = relations(tables).set_index(["object", "field"])
    assert tuple(told.loc[("tasks", "contact_id"), ["filled", "resolved", "dangling"]]) == (2, 1, 1)
    assert tuple(told.loc[("contacts", "owner"), ["filled", "dangling"]]) == (2, 2)
