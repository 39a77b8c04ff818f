"""Proof by mutation across policies: each value of each policy in every context where it decides about a cell.

Each world sets all policies at once, to values that take turns, so that every value of every policy meets every context, and most
values meet each other, in as few worlds as the longest list of values.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace
from itertools import combinations, product
from typing import Any, get_args, get_origin

import pytest

from pb2hl.policies import Policy
from tests.plan.frames import at
from tests.plan.mutation import World
from tests.plan.test_mutation import FULL, HANGING, NO_DUPLICATES, NO_HOST, TWIN, lies, there

CALENDAR = {"id": "CAL", "name": "Office", "user_ids": ()}
WORDS = {"unassigned_business": ("", "Unassigned"), "calendar": ("Office", ""), "recurrence_until": ("2021-06-10", "")}
"""Policies that are words, with values that differ."""
OF_GATES = {"made_keys", "no_owner", "delta_window_hours", "removed_rows"}
"""Policies that decide whether a step goes on, and about later exports: no plan reads them."""
EARLIER = at("2019-01-01")
OTHER_TYPE = [
    {"id": f"F-{label}", "name": label, "fieldKey": f"{model}.{label.lower()}", "dataType": "DATE", "model": model, "options": []}
    for model in ("contact", "opportunity") for label in ("Motto", "Colour", "Lost Reason", "Further Columns")
]  # fmt: skip
NOT_FIT = {
    "fields": {model: [one for one in OTHER_TYPE if one["model"] == model] for model in ("contact", "opportunity")}
}
OPEN = ({"status": "open"}, {"status": "open", "source_id": "dea0", "id": "dea0", "created_at": EARLIER})
ACTIVITIES = tuple({"type": kind} for kind in ("call", "email", "sms", "meeting", "pigeon"))


def one(name: str, object_: str, *rows: dict[str, Any], **more: Any) -> World:
    """A context of one object."""
    return World(name, {object_: rows or ({},)}, objects=(object_,), **more)


CONTEXTS = (
    *(one(f"activities: {row['type']}", "activities", row) for row in ACTIVITIES),
    one("activities of a company", "activities", NO_HOST | {"company_id": "com1"}),
    one("activities of a deal", "activities", NO_HOST | {"deal_id": "dea1"}),
    one("activities without a host", "activities", NO_HOST),
    one("activities of several owners", "activities", {"owner": "ben"}, fallback=""),
    one("activities at no time", "activities", {"at": None, "type": "email"}),
    replace(there("fill"), name="hanging on a contact that exists", objects=HANGING),
    one("appointments", "appointments"),
    one("appointments that never end", "appointments", {"recurrence": "FREQ=WEEKLY"}),
    one("files that are nowhere", "attachments", {"path": "gone.pdf", "url": None}),
    one("files of a note", "attachments"),
    one("lost deals", "deals"),
    one("lost deals of a known reason", "deals", location={"lost_reasons": [{"id": "R", "name": "lost_reason of one"}]}),
    one("second open deals", "deals", *OPEN, location=NO_DUPLICATES),
    one("deals without a contact", "deals", {"contact_id": None, "contact_email": None}),
    one("deals beside fields of another type", "deals", location=NOT_FIT),
    one("contacts without a company", "contacts", {"company_id": None}),
    one("contacts beside fields of another type", "contacts", location=NOT_FIT),
    one("survivors of a merge", "contacts", {}, TWIN, merge=("con1", "con0")),
    *(replace(there("fill", **filled), name=f"{object_} that exist, {'filled' if filled else 'blank'}", objects=(object_,)) for object_ in ("contacts", "companies", "deals") for filled in ({}, FULL)),
    World("further tables", objects=("tags", "pipelines", "custom_fields", "trust_accounts", "trust_transactions", "time_entries", "rates", "workflows")),
)  # fmt: skip


def values() -> dict[str, tuple[Any, ...]]:
    """Policy → its values, of those that plans read."""
    found = {}
    for name, item in Policy.model_fields.items():
        if name not in OF_GATES:
            found[name] = WORDS.get(name) or get_args(item.annotation)
            assert get_origin(item.annotation) is not None or name in WORDS, f"{name} needs values here"
    return found


MOST = max(map(len, values().values()))


def combined(context: str) -> list[dict[str, Any]]:
    """The policies of a context's worlds: each takes its values in turn, in an order of its own."""
    taken = {name: random.Random(f"{context}, {name}").sample(known, len(known)) for name, known in values().items()}
    return [{name: known[number % len(known)] for name, known in taken.items()} for number in range(MOST)]


def worlds() -> Iterator[World]:
    """Every context with every value of every policy."""
    for context in CONTEXTS:
        for number, policy in enumerate(combined(context.name)):
            location = {"calendars": (CALENDAR,), **context.location} if policy["calendar"] else context.location
            yield replace(context, name=f"{context.name}, {number}", policy=policy, location=location)


def test_every_value_of_every_policy_is_tried():
    """In every context; and every two values of two policies together in some."""
    for context in CONTEXTS:
        for name, known in values().items():
            assert {one[name] for one in combined(context.name)} == set(known), (context.name, name)
    met = {pair for context in CONTEXTS for one in combined(context.name) for pair in combinations(one.items(), 2)}
    every = {
        ((left, one), (right, other))
        for left, right in combinations(values(), 2)
        for one, other in product(values()[left], values()[right])
    }
    assert every <= met, every - met


QUICK = {"activities: email, 0"}


@pytest.mark.parametrize(
    "world",
    [
        pytest.param(world, id=world.name, marks=() if world.name in QUICK else pytest.mark.exhaustive)
        for world in worlds()
    ],
)
def test_no_cell_vanishes_under_any_policy(world):
    """A changed cell changes what is sent, or is accounted for as left out, refused or reported."""
    assert not lies(world.made()), world.policy
