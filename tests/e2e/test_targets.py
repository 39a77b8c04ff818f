"""The mapping sheet tells what will be sent: every row's target is compared with where its values stand in the payloads."""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd
import pytest

from pb2hl import mapper
from pb2hl.highlevel import Destination
from pb2hl.ledger import Ledger
from pb2hl.model import OBJECTS, Way
from pb2hl.steps.proposal.proposal import merges_of, plan_inputs, without_ours
from pb2hl.workspace import Workspace
from tests.e2e import exports
from tests.e2e.drive import migrate, workspace
from tests.e2e.standing import Standing, rounds
from tests.steps import small

EXAMPLE = Path(__file__).parents[2] / "examples" / "perfect-books"
ELSEWHERE = {place.place for spec in OBJECTS.values() for field in spec.columns for place in field.endings if place.way in (Way.REPORT, Way.SCHEMA)}  # fmt: skip
FOLLOWS = {("deals", "stage"): {"custom field Perfect Books Status"}, ("appointments", "start_at"): {"provenance line"}}
"""Places of another column's value that a cell decides about: a status that the stage overrules, an end that is before the start."""
CASES = {
    "the shipped example": (lambda folder: EXAMPLE, {}, {}),
    "german": (lambda folder: exports.german(folder / "export"), {"users": [{"name": "Anna Vogel", "email": "anna.vogel@agentur.example"}], "lost_reasons": []}, {"country": "DE"}),
    "nested": (lambda folder: exports.nested(folder / "dump.json"), {"users": [{"name": "Kim Lee", "email": "kim@agency.example"}]}, {"country": "US"}),
    "legal": (lambda folder: exports.legal(folder / "legal.sqlite"), {"users": [{"name": "Lee Moss", "email": "lee@firm.example"}]}, {}),
    "small": (lambda folder: small.write(folder / "export", small.tables()), {"users": small.USERS}, {}),
}  # fmt: skip


def places_in(target: str) -> list[tuple[str, bool]]:
    """(place, whether every value goes there) of a target."""
    found = []
    for part in target.split("; "):
        places, *when = re.split(
            r" (?=where |under |otherwise$|with the |for all but|one an occurrence|on a co|in the words)",
            part,
            maxsplit=1,
        )
        names = [places] if places.startswith("custom field") else places.split(" and ")
        found += [(name, not when) for name in names]
    return found


def standing(ws: Workspace) -> tuple[Standing, pd.DataFrame]:
    """(where the values stand, the row of staged/columns for every heading)."""
    with Ledger.open(ws) as ledger:
        inputs = plan_inputs(ws, ledger, without_ours(Destination.load(ws.path), ledger))
        found = Standing(inputs, lambda staged: merges_of(ws, ledger, staged))
        merged = {(name, str(old)) for name, of in inputs.merges.survivor_of.items() for old, new in of.items()}
        for cells in rounds(inputs, merged):
            found.look(cells)
    return found, inputs.columns


def lies(ws: Workspace) -> list[str]:
    """Rows of fields.csv whose values stand elsewhere than told, or nowhere where told."""
    found, columns = standing(ws)
    staged = columns.set_index(["object", "heading"])["staged_column"]
    wrong = []
    for row in ws.sheet("fields", mapper.SHEETS["fields"]).itertuples(index=False):
        key = row.object, str(staged.get((row.object, row.column), ""))
        places, said = found.places.get(key, set()) - FOLLOWS.get(key, set()), dict(places_in(row.target))
        if strange := places - said.keys():
            wrong.append(f"{row.object} {row.column}: {row.target!r}, but values stand at {sorted(strange)}")
        always = {place for place, every in said.items() if every} - ELSEWHERE
        if found.tried.get(key) and (nowhere := always - places - {"ignore"}):
            wrong.append(
                f"{row.object} {row.column}: {row.target!r}, but none of {found.tried[key]} values stands at {sorted(nowhere)}"
            )
    return wrong


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES)
def test_every_target_is_where_the_values_stand(case, tmp_path, rehearse, monkeypatch):
    """Whatever a row of fields.csv says of where its values will stand, there they stand in what is sent, and nowhere else."""
    export, scenario, settings = CASES[case]
    sandbox = rehearse(**scenario)
    monkeypatch.setenv("HIGHLEVEL_TOKEN", sandbox.token)
    ws = workspace(tmp_path / "ws", export(tmp_path), sandbox, **settings)
    result = migrate(ws, to="mapping")["mapping"]
    assert not (wrong := lies(ws)), "\n".join(wrong)
    fields = ws.sheet("fields", mapper.SHEETS["fields"])
    reasons = fields[fields["decision"] == "lost_reason"]["target"].tolist()
    assert case not in ("german", "the shipped example") or ("lostReasonId" in reasons[0]) == (case != "german"), (
        reasons
    )
    own = {
        (name, item.place)
        for name, spec in OBJECTS.items()
        for field in spec.fields
        for item in field.endings
        if item.way is Way.PROPERTY
    }
    firsts = [(row.object, places_in(row.target)[0][0]) for row in fields.itertuples(index=False) if row.decision]
    assert result.counts["to standard fields"] == sum(first in own for first in firsts)
    assert result.counts["columns"] == len(fields)
