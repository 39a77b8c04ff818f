"""What only the name of a table says of all its rows: the pipeline of deals (`Renewals.csv`) and how
they ended (`Lost deals`), the type of activities (`calls.csv`), that everybody in it left a list (`unsubscribed.csv`).

It is put into a column of its own, so that the fields sheet shows it and a person can decide otherwise.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace

import pandas as pd

from pb2hl.mapper.knowledge.lists import heading_words
from pb2hl.mapper.knowledge.outcomes import ENDS, stage_key
from pb2hl.mapper.knowledge.prefixes import without_prefix
from pb2hl.mapper.knowledge.sheet_layout import WAITS
from pb2hl.mapper.knowledge.signals import signals
from pb2hl.mapper.knowledge.text import terms, tokens
from pb2hl.mapper.proposer.evidence import between_addresses
from pb2hl.mapper.proposer.score import candidate
from pb2hl.mapper.proposer.structure import Table
from pb2hl.model import OBJECTS
from pb2hl.source.mixed import PART
from pb2hl.source.tables import RawTable
from pb2hl.values.consents import FIELDS as CONSENTS
from pb2hl.values.date_parts import months
from pb2hl.values.statuses import activity_type, deal_status

PIPELINE, PERHAPS = "Pipeline (by the table's name)", "Pipeline, perhaps (the table's name)"
STATUS, TYPE = "Status (by the table's name)", "Type (by the table's name)"
REFUSED, BOUNCED = "Unsubscribed (by the table's name)", "E-mail refused (by the table's name)"
"""Headings of the columns that the names of tables become."""

_SURE = 0.85  # confidence (0-1) from which a heading is taken at its word
_ALIKE = 0.6  # share of headings that tables of one export have in common
_APART = 0.5  # share of stages in common from which names tell no pipelines by them
_WORD = re.compile(r"[^\W_]+(?:['’&.-][^\W_]+)*")
_OF_FILES = heading_words("of files")
_PIPELINES = heading_words("names of pipelines")
_SEASONS = frozenset({"q", "quarter", "quartal", "year", "jahr", "fy", "h"})
_CALLS = frozenset({"direction", "duration"})
_WORDS_OF_TYPE = 0.75


def name_rows(raws: Sequence[RawTable], objects: Sequence[str]) -> dict[int, RawTable]:
    """The tables among `raws`, recognised as `objects`, whose name says something of their rows, with the column that says it."""
    found = _pipelines(raws, objects)
    for at, (raw, object_) in enumerate(zip(raws, objects, strict=True)):
        if object_ == "activities" and (kind := _type_of(raw)):
            found[at] = _with(raw, TYPE, kind)
        if object_ == "contacts" and (heading := _refusal_of(raw)):
            found[at] = _with(raw, heading, "yes")
        if object_ == "deals" and (end := _end_of(raw)):
            found[at] = _with(found.get(at, raw), STATUS, end)
    return found


def read_names(table: Table) -> None:
    """Propose what the columns made of a table's name are; changes the proposals in place."""
    said = {
        PIPELINE: "pipeline",
        PERHAPS: "pipeline",
        TYPE: "type",
        STATUS: "status",
        REFUSED: "do_not_contact",
        BOUNCED: "email_opt_out",
    }
    for heading, field in said.items():
        if heading in table.raw.headings:
            reason = (
                f"{WAITS}these tables of deals may be a pipeline each"
                if heading == PERHAPS
                else "only the table's name says it"
            )
            target = OBJECTS[table.object].meaning(field)
            table.decide(heading, field, target, 0.6 if heading == PERHAPS else 0.9, reason)


def _with(raw: RawTable, heading: str, said: str) -> RawTable:
    frame = raw.frame.assign(**{heading: pd.Series(said, index=raw.frame.index, dtype="str")})
    return replace(raw, headings=[*raw.headings, heading], frame=frame)


def _read(raw: RawTable, object_: str) -> dict[str, str]:
    """{field: heading} that the columns of a table surely are."""
    found: dict[str, str] = {}
    for heading, said in zip(raw.headings, without_prefix(raw.headings), strict=True):
        item = candidate(said, object_, signals(raw.frame[heading].head(200)))
        if item.confidence >= _SURE:
            found.setdefault(item.field, heading)
    return found


def _pipelines(raws: Sequence[RawTable], objects: Sequence[str]) -> dict[int, RawTable]:
    deals = {
        at: _read(raws[at], "deals") for at, object_ in enumerate(objects) if object_ == "deals" and len(raws[at].frame)
    }
    if len(deals) < 2 or any("pipeline" in fields or "stage" not in fields for fields in deals.values()):
        return {}
    headings = [set(raws[at].headings) for at in deals]
    if any(len(one & headings[0]) < _ALIKE * len(one | headings[0]) for one in headings):
        return {}
    labels = _labels([_name(raws[at]) for at in deals])
    if not all(labels) or len({stage_key(label) for label in labels}) < len(labels) or any(map(_no_pipeline, labels)):
        return {}
    sure = _borne_out(
        labels, [raws[at] for at in deals], deals, [raw for at, raw in enumerate(raws) if objects[at] == "pipelines"]
    )
    return {at: _with(raws[at], PIPELINE if sure else PERHAPS, label) for at, label in zip(deals, labels, strict=True)}


def _name(raw: RawTable) -> str:
    sheet = raw.sheet.partition(PART)[0]
    return sheet or raw.file.rsplit("/", 1)[-1].rsplit(".", 1)[0]


def _labels(names: Sequence[str]) -> list[str]:
    """What tells each name from the others: without words that all have, words of files and exports, and numbers."""
    words = [_WORD.findall(name) for name in names]
    everywhere = Counter(word for said in words for word in {text.casefold() for text in said})
    shared = {word for word, count in everywhere.items() if count == len(names)}
    kept = [
        [word for word in said if word.casefold() not in shared | _OF_FILES and not any(map(str.isdigit, word))]
        for said in words
    ]
    return [" ".join(said) if any(map(str.isupper, "".join(said))) else " ".join(said).capitalize() for said in kept]


def _no_pipeline(label: str) -> bool:
    """Whether a name says how deals stand, when they were, or nothing but that they are deals."""
    words = tokens(label)
    if any(deal_status(word) in {*ENDS, "open"} for word in (label, *words)):
        return True
    return bool(set(terms(label)) & {"date", "closed", "archived", "deleted"}) or set(words) <= {*months(), *_SEASONS}


def _borne_out(
    labels: Sequence[str], raws: Sequence[RawTable], deals: Mapping[int, Mapping[str, str]], heads: Sequence[RawTable]
) -> bool:
    """Whether names are those of pipelines: they say so, a table of pipelines has them, they name a kind of business, or each
    has stages of its own."""
    names = [set(tokens(_name(raw))) for raw in raws]
    if any(
        {"pipeline", "pipelines", "funnel"} & said or "pipeline" in {t for word in said for t in terms(word)}
        for said in names
    ):
        return True
    known = {stage_key(text) for raw in heads for heading in raw.headings for text in raw.frame[heading].unique()}
    if known.issuperset(map(stage_key, labels)) or all(set(tokens(label)) & _PIPELINES for label in labels):
        return True
    stages = [
        {stage_key(text) for text in raw.frame[fields["stage"]].unique() if text.strip()}
        for raw, fields in zip(raws, deals.values(), strict=True)
    ]
    pairs = [(one, two) for at, one in enumerate(stages) for two in stages[at + 1 :]]
    return all(one and two and len(one & two) <= (1 - _APART) * min(len(one), len(two)) for one, two in pairs)


def _type_of(raw: RawTable) -> str:
    """The type of a table's activities where no column says it: by its name, else by what its headings speak of; "" for none."""
    fields = _read(raw, "activities")
    if "type" in fields or not len(raw.frame) or any(_holds_types(raw.frame[heading]) for heading in raw.headings):
        return ""
    named = {kind for word in tokens(_name(raw)) if (kind := _kind(word))}
    spoken = {
        kind
        for heading in raw.headings
        for word in tokens(heading)
        if (kind := _kind(word)) in ("call", "email", "sms", "meeting")
    }
    kinds = named if len(named) == 1 else spoken if len(spoken) == 1 and not named else set()
    if not kinds and not named and not spoken and fields.keys() >= _CALLS:
        kinds = {"call"}
    if (
        not named
        and "subject" in fields
        and between_addresses({name: signals(raw.frame[name].head(200)) for name in raw.headings})
    ):
        kinds = {"email"}
    return kinds.pop().capitalize() if kinds else ""


def _kind(word: str) -> str:
    """The type of activities that a word of a name or heading means, in the plural as well (`Anrufe`, `meetings`)."""
    return next((kind for end in (None, -1, -2) if len(word[:end]) > 2 and (kind := activity_type(word[:end]))), "")


def _end_of(raw: RawTable) -> str:
    """How all deals of a table have ended, where its name says it (`Lost deals`) and no column; "" for others."""
    words = tokens(_name(raw))
    ends = {end for word in words if (end := deal_status(word)) in ENDS}
    return (
        ends.pop() if len(ends) == 1 and not {"not", "and"} & set(words) and "status" not in _read(raw, "deals") else ""
    )


def _refusal_of(raw: RawTable) -> str:
    """The heading that says what all people of a table refused, where its name does (`unsubscribed.csv`) and no column; "" for others.

    A list that reaches its people by e-mail alone was left by e-mail alone.
    """
    words = [word for word in tokens(_name(raw)) if not word.isdigit() and word not in _OF_FILES]
    spans = {" ".join(words[at:end]) for at in range(len(words)) for end in range(at + 1, min(len(words), at + 4) + 1)}
    refused = {term for span in spans for term in terms(span) if term in _REFUSALS}
    fields = _read(raw, "contacts")
    if not refused or set(words) & _NOT_ALL or {*CONSENTS} & fields.keys():
        return ""
    only_mail = "email" in fields and not {"phone", "mobile"} & fields.keys()
    return BOUNCED if only_mail or refused == {"do not email"} else REFUSED


_REFUSALS = frozenset({"do not contact", "do not email"})
_NOT_ALL = heading_words("not all")
"""Words of names that speak of some refusing and others not, or of nobody refusing."""


def _holds_types(column: pd.Series) -> bool:
    words = [text for text in column.str.strip().unique()[:40] if text]
    return bool(words) and sum(bool(activity_type(word)) for word in words) >= _WORDS_OF_TYPE * len(words)
