"""Exports with a table of pipelines and one of stages: which is which, the column that joins them, and the deals' column of their ids."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from pb2hl.mapper.knowledge.text import terms, tokens
from pb2hl.mapper.proposer.structure import Table, speaks_of
from pb2hl.model import OBJECTS
from pb2hl.values.fold import unaccented

_ID = frozenset({"id", "number", "key", "code"})


def join_pipelines(tables: Sequence[Table]) -> None:
    """In a stages table the pipeline's id is the pipeline; the table that has those ids holds pipelines, not stages."""
    kinds = [table for table in tables if table.object == "pipelines"]
    for table in kinds:
        if len(kinds) > 1:
            _drop_lists(table)
        _name_heads(table)
    for stages in kinds:
        joins = [heading for heading in stages.raw.headings if _is_join(stages, heading)]
        if len(joins) != 1 or (
            (stages.proposals["field"] == "pipeline").any() and stages.proposed(joins[0]) != "pipeline"
        ):
            continue
        stages.decide(joins[0], "pipeline", "ignore", 0.93, "heading says pipeline id")
        for heads in kinds:
            if heads is not stages and _has(heads, stages.values(joins[0])):
                to_pipelines(heads)


def share_columns(tables: Sequence[Table]) -> None:
    """Propose as the pipeline or the stage, in deals and in a table of pipelines, two columns of one heading and the same values
    that no word tells; and as the position what counts a pipeline's stages."""
    for kinds in tables:
        if kinds.object != "pipelines" or not len(kinds.raw.frame):
            continue
        for deals in tables:
            if deals.object == "deals":
                _share(kinds, deals)
        _count(kinds)


def _share(kinds: Table, deals: Table) -> None:
    """Propose pairs of columns of a table of pipelines and of deals that hold the same names."""
    for field in ("stage", "pipeline"):
        ours, theirs = _columns_for(kinds, field), _columns_for(deals, field)
        pairs = [
            (one, other)
            for one in ours
            for other in theirs
            if deals.values(other)
            and deals.values(other) <= kinds.values(one)
            and (unaccented(one) == unaccented(other) or len(deals.values(other)) > 1)
            and _each_row(kinds, one) == (field == "stage")
        ]
        if len(pairs) == 1:
            reason = (
                f"deals and the table of pipelines have it ({pairs[0][0]!r}, {pairs[0][1]!r}), with the same values"
            )
            for table, heading in zip((kinds, deals), pairs[0], strict=True):
                if table.proposed(heading) != field:
                    table.decide(heading, field, OBJECTS[table.object].meaning(field), 0.88, reason)


def _columns_for(table: Table, field: str) -> list[str]:
    """The column of a table that is a field, or those of words that may be it."""
    found = [name for name in table.raw.headings if table.proposed(name) == field]
    return found or [
        name
        for name in table.raw.headings
        if table.proposed(name) in ("custom", "ignore")
        and table.filled(name) == len(table.raw.frame)
        and not table.seen(name).looks(*_NO_NAMES, at_least=0.5)
    ]


_NO_NAMES = ("number", "money", "percent", "date", "datetime", "boolean", "email", "url", "phone", "moment")


def _each_row(table: Table, heading: str) -> bool:
    """Whether a column names single rows within each value of another: stages, and not their pipelines."""
    others = [name for name in table.raw.headings if table.proposed(name) == "pipeline" and name != heading]
    rows = table.raw.frame[[*others, heading]]
    return len(rows.drop_duplicates()) == len(rows) and (len(rows) > 1 or bool(others))


def _count(kinds: Table) -> None:
    """Propose as the position the only whole numbers that count up through each pipeline's stages."""
    fields = set(kinds.proposals["field"])
    if "position" in fields or "stage" not in fields:
        return
    groups = [name for name in kinds.raw.headings if kinds.proposed(name) == "pipeline"]
    found = []
    for heading in kinds.raw.headings:
        texts = kinds.raw.frame[heading].str.strip()
        if kinds.proposed(heading) in ("custom", "ignore") and texts.str.fullmatch(r"\d{1,3}").all():
            counted = texts.astype(int).groupby([kinds.raw.frame[name] for name in groups] or [0] * len(texts))
            if counted.apply(lambda part: part.is_unique and part.max() - part.min() == len(part) - 1).all():
                found.append(heading)
    if len(found) == 1 and len(kinds.raw.frame) > 1:
        kinds.decide(found[0], "position", "ignore", 0.88, "counts the stages of each pipeline")


def _drop_lists(table: Table) -> None:
    """Lists of the ids of a pipeline's stages are no stage: another table holds these."""
    for heading in table.raw.headings:
        values = table.values(heading)
        if (
            table.proposed(heading) == "stage"
            and values
            and any(text.startswith("[") or ";" in text for text in values)
        ):
            table.decide(heading, "custom", "ignore", 0.9, "lists of stages that another table holds")


def point_to_stages(tables: Sequence[Table]) -> None:
    """Propose as the stage the column of deals that holds the ids of a table of stages, and as the pipeline the one that is called as
    in that table, where none is; names take their place later."""
    for deals in tables:
        if deals.object != "deals":
            continue
        if not (deals.proposals["field"] == "pipeline").any():
            _point_to_pipelines(deals, [table for table in tables if table.object == "pipelines"])
        if (deals.proposals["field"] == "stage").any():
            continue
        open_ = [
            name for name in deals.raw.headings if deals.proposed(name) in ("custom", "ignore") and deals.keys(name)
        ]
        found = {name for name in open_ for stages in tables if _names_stages(deals, name, stages)}
        if len(found) == 1:
            deals.decide(found.pop(), "stage", "pipelineStageId", 0.92, "its values are ids of the table of stages")


def _point_to_pipelines(deals: Table, kinds: Sequence[Table]) -> None:
    for heading in deals.raw.headings:
        if deals.proposed(heading) not in ("custom", "ignore") or not deals.values(heading):
            continue
        for table in kinds:
            known = heading in table.raw.headings and table.proposed(heading) == "pipeline"
            if known and deals.values(heading) <= table.values(heading):
                deals.decide(
                    heading,
                    "pipeline",
                    "pipelineId",
                    0.92,
                    "called as the pipeline in the table of stages, with its values",
                )
                return


def _names_stages(deals: Table, heading: str, stages: Table) -> bool:
    """Whether a column of deals holds only ids of a table of stages, and is called after it or after its column of ids."""
    values = deals.values(heading)
    if stages.object != "pipelines" or not (stages.proposals["field"] == "stage").any() or not values:
        return False
    for key in stages.raw.headings:
        unique = len(stages.values(key)) == len(stages.raw.frame)
        called = tokens(key) == tokens(heading)[-len(tokens(key)) :] and len(tokens(key)) > 1
        if unique and values <= stages.values(key) and (called or speaks_of(deals.said(heading), stages)):
            return True
    return False


_NAMES = (
    frozenset({"name"}),
    frozenset({"tag"}),
    frozenset({"title"}),
    frozenset({"pipeline", "name"}),
    frozenset({"pipeline", "tag"}),
)
"""What the name of a pipeline may be headed (`label` is a word for tag)."""


def _name_heads(table: Table) -> None:
    """In a table of pipelines without stages the pipeline is the name, not its id."""
    fields = list(table.proposals["field"])
    ids = [
        heading
        for heading in table.raw.headings
        if _is_join(table, heading) or set(terms(table.said(heading))) == {"id"}
    ]
    names = [heading for heading in table.raw.headings if frozenset(terms(table.said(heading))) in _NAMES]
    if len(ids) != 1 or len(names) != 1 or (set(fields) & {"stage"} and table.proposed(names[0]) != "stage"):
        return
    if len(table.values(ids[0])) < len(table.raw.frame):
        return  # the id repeats: these are the stages of pipelines
    if [name for name in table.raw.headings if table.proposed(name) == "pipeline" and name not in (ids[0], names[0])]:
        if "stage" not in fields:
            table.decide(names[0], "stage", "ignore", 0.93, "the name of a stage, beside its pipeline")
        return
    if table.proposed(names[0]) == "stage" and table.proposed(ids[0]) != "pipeline":
        return  # a table of stages with ids of their own
    table.decide(ids[0], "custom", "ignore", 0.9, "the id of a pipeline that has a name")
    table.decide(names[0], "pipeline", "ignore", 0.93, "the name of a pipeline")


def _is_join(table: Table, heading: str) -> bool:
    said = set(terms(table.said(heading)))
    return "pipeline" in said and bool(said & _ID) and said <= _ID | {"pipeline", "deal"}


def _has(table: Table, ids: Iterable[str]) -> bool:
    """Whether a table without stages of its own has the ids in a column without repeats."""
    if any(
        _is_join(table, heading) and len(table.values(heading)) < len(table.raw.frame) for heading in table.raw.headings
    ):
        return False
    wanted = set(ids)
    return bool(wanted) and any(wanted <= set(table.values(heading)) for heading in table.raw.headings)


def to_pipelines(table: Table) -> None:
    """What was read as the stages of a table is the names of pipelines: another table holds their stages."""
    for heading in table.raw.headings:
        if table.proposed(heading) == "stage" and not (table.proposals["field"] == "pipeline").any():
            table.decide(heading, "pipeline", "ignore", 0.93, "the name of a pipeline: another table holds its stages")
