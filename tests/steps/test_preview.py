"""A preview says by name what a delta would do, and changes nothing in HighLevel."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from pb2hl.errors import ConfigError, Severity
from pb2hl.results import Status
from pb2hl.review import conflicts_review
from pb2hl.sandbox.scenario import Faults
from pb2hl.steps.delta import conflicts
from tests.steps import small
from tests.steps.test_delta import edit
from tests.steps.test_delta_requests import every_kind

pytestmark = pytest.mark.slow


def test_a_preview_names_what_the_delta_then_does(migration):
    """New, changed, gone and clashing by name, with owners for ids; decided before the delta, which takes as many requests as told."""
    bo = next(user["id"] for user in migration.sandbox.state.dump()["users"].values() if user["email"].startswith("bo"))
    edit(migration, "una@quarry.example", {"assignedTo": bo})
    anna = next(
        user["id"] for user in migration.sandbox.state.dump()["users"].values() if user["email"].startswith("anna")
    )
    edit(migration, "ada@mill.example", {"assignedTo": bo})
    later = small.tables()
    small.row(later, "contacts", "11").update({"City": "Kanata", "Owner": "2"})
    small.row(later, "contacts", "13").update({"Owner": "1"})
    edit(migration, "una@quarry.example", {"assignedTo": None})
    small.row(later, "deals", "D1")["Stage"] = "New"
    small.row(later, "tasks", "T1")["Due Date"] = "2024-04-02 14:30"
    small.row(later, "contacts", "12")["Tags"] = ""
    later["notes"] = [later["notes"][0] | {"Body": "Tea & <b>cake</b>"}]
    later["notes"].append({"Note ID": "N3", "Body": "Hello", "Contact ID": "11", "Created": "2024-06-03 09:00"})
    export = small.write(migration.folder / "later", later)
    dump = migration.sandbox.state.dump()
    result = migration.run("preview", export=export)
    assert migration.sandbox.state.dump() == dump and anna != bo
    assert result.tables["new"]["record"].tolist() == ["Hello"]
    assert result.headline.startswith("1 record (1 note) would be new; 5 records would change, 1 row is gone")
    changed = {(row.record, row.field): (row.was, row.now) for row in result.tables["changed"].itertuples()}
    body = changed.pop(("Tea & cake", "body"))
    assert body[1].startswith("Tea & cake\n") and "<p>" not in body[0] + body[1], "as it reads, not as it is sent"
    assert changed == {("Ada Byron", "city"): ("Ottawa", "Kanata"), ("Wheel", "stage"): ("Offer", "New"), ("Send offer", "due date"): ("2024-04-01 09:00", "2024-04-02 14:30"), ("Max Stone", "tags taken away"): ("fair", "")}  # fmt: skip
    assert result.tables["gone"]["record"].tolist() == ["Call in spring"]
    (clash,) = result.tables["conflicts"].to_dict("records")
    assert [clash[name] for name in conflicts.WORD_COLUMNS] == ["Una Reed", "owner", "Bo Lang", "Anna Vogel", ""]
    review = conflicts_review(migration.ws, who="Jane")
    assert review.columns[:6] == [*conflicts.WORD_COLUMNS, "decision"] and "record_id" not in review.columns
    assert review.spec["choices"]["decision"]["otherwise"] == list(review.spec["words"]) == ["keep", "source"]
    assert review.spec["titles"]["perfect_books"] == "Perfect Books"
    review.edit([(0, "comment", "ask Bo")])
    assert review.save() and migration.run("preview", export=export).counts["conflicts"] == 1
    review = conflicts_review(migration.ws, who="Jane")
    assert review.frame["comment"].tolist() == ["ask Bo"], "what was written before the decision stays"
    review.edit([(0, "decision", "source")])
    review.save()
    before = len(migration.sandbox.state.log)
    done = migration.run("delta", export=export)
    assert done.status is Status.DONE and not done.counts["conflicts"], done.headline
    assert set(zip(*(result.tables["changed"][name] for name in ("record", "field", "was", "now")), strict=True)) < set(
        zip(*(done.tables["updates"][name] for name in ("record", "field", "was", "now")), strict=True)
    ), "and what was decided"
    assert migration.arrived().contact("una@quarry.example")["assignedTo"] == anna
    told = done.tables["requests"].set_index("step").loc["delta"]
    assert told["sent"] == len(migration.sandbox.state.log) - before
    assert abs(told["planned"] - told["sent"]) <= 0.03 * told["sent"]


def test_a_preview_leaves_an_earlier_delta_as_it_is(migration):
    """The audit after a delta is still about the export that was brought over, and nothing to do is said."""
    migration.delta(every_kind(), approve_all="Judge")
    again = migration.run("preview", export=migration.folder / "later")
    assert again.status is Status.NOTHING_TO_DO, again.headline
    assert migration.run("preview").status is Status.NOTHING_TO_DO
    for step in ("preview", "delta"):
        with pytest.raises(ConfigError, match=re.escape(f"{Path.cwd() / 'nowhere.zip'} does not exist")):
            migration.run(step, export=Path("nowhere.zip"))
    assert migration.run("audit").status is Status.DONE


def test_a_preview_names_what_was_held_before(migration):
    """A note whose new contact was refused is told by name as held before, and the delta tells the refusal before what waits for it."""
    later = small.tables()
    later["contacts"].append(later["contacts"][0] | {"Contact ID": "77", "First Name": "Nora", "Email": "nora@new.example", "Phone": "", "Mobile": ""})  # fmt: skip
    later["notes"].append({"Note ID": "N9", "Body": "Wants tea", "Contact ID": "77", "Created": "2024-06-03 09:00"})
    migration.sandbox.state.faults.replace(Faults(refuse=["POST /contacts/ .*Nora"]))
    done = migration.delta(later, approve_all="Judge")
    critical = [problem.code for problem in done.problems if problem.severity is Severity.CRITICAL]
    assert critical[0] == "refused" and "held" in critical[1:]
    result = migration.run("preview", export=migration.folder / "later")
    (held,) = [problem for problem in result.problems if problem.code == "held_before"]
    assert "Wants tea" in held.message and "held before" in held.message
