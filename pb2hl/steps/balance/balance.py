"""The balance: everything that the export asks for, and what became of each piece of it.

*Expected* is what was asked for, never what landed: the plan's operations, and every staged row that no operation speaks of.
Each piece has exactly one fate, read off the ledger and, where the audit looked, off the location:
expected = arrived + left out by decision + refused + held + in doubt + missing + taken back.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

import pandas as pd

from pb2hl.errors import Problem, Severity
from pb2hl.ledger import LedgerPort
from pb2hl.results import StepResult
from pb2hl.steps.balance.merged_rows import with_survivors
from pb2hl.steps.balance.pieces import (
    KINDS,
    OPEN_FATES,
    OTHER_COMPANY,
    OTHER_OWNER,
    PIECE,
    RECORDS,
    TAGS_LACKING,
    Deciders,
    Fate,
    Seen,
    changes,
    operations,
    pieces_of,
    refused_values,
    rows_without,
    with_names,
)
from pb2hl.steps.shared.outcomes import LOOKED_UP, WAITS, reason
from pb2hl.values.counting import agree, counted
from pb2hl.workspace import Workspace

BALANCE_COLUMNS = ("object", "what", "expected", *(str(fate) for fate in Fate))
OPEN_COLUMNS = ("object", "what", "source_id", "fate", "why")
LEFT_OUT_COLUMNS = ("object", "what", "why", "who", "count")
ASKED = "asked_"
"""How the counts of a balance begin."""
OF_SERIES = ("rows_that_are_series", "rows_times_of_series")
"""Counts of `Balance.series`: why more records are asked for than the export has rows."""
MOST_OPEN = 100_000
"""Pieces listed one by one; all are counted."""


@dataclass(frozen=True)
class Balance:
    """`table` (BALANCE_COLUMNS): one row an object and kind of piece; `open`: the pieces that neither arrived nor were left
    out by decision (OPEN_COLUMNS, at most 100,000); `left_out`: what was, why and by whom (LEFT_OUT_COLUMNS); `series`: rows that are
    appointments at several times, and those times, each of which is a record of its own."""

    table: pd.DataFrame
    open: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=list(OPEN_COLUMNS)))
    left_out: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=list(LEFT_OUT_COLUMNS)))
    series: tuple[int, int] = (0, 0)

    def total(self, name: str, what: str = "") -> int:
        """Pieces (of the kind `what`, or all) with a fate, or `expected`."""
        table = self.table if not what else self.table[self.table["what"] == what]
        return int(table[name].sum())

    @property
    def complete(self) -> bool:
        """Whether everything that was asked for arrived or was left out by a decision on record."""
        return not any(self.total(str(fate)) for fate in OPEN_FATES)

    @property
    def headline(self) -> str:
        """One sentence: the records that arrived of those asked for, then everything that did not."""
        asked, there = self.total("expected", RECORDS), self.total(str(Fate.ARRIVED), RECORDS)
        parts = [
            f"{there:,} of {counted(asked, 'record')} that the export asks for {agree(there, 'is', 'are')} in HighLevel"
        ]
        left = self.total(str(Fate.LEFT_OUT), RECORDS)
        parts += [f"{left:,} left out by decision"] if left else []
        for fate in OPEN_FATES:
            kinds = [(what, count) for what in KINDS if (count := self.total(str(fate), what))]
            parts += (
                [f"{fate}: {', '.join(f'{count:,} {_named(what, count)}' for what, count in kinds)}"] if kinds else []
            )
        return "; ".join(parts) + "."

    @property
    def counts(self) -> dict[str, int]:
        """The figures of the headline, flat: `expected`, and each fate by its name; and `series` where there are some."""
        names = ("expected", *(str(fate) for fate in Fate))
        told = dict(zip(OF_SERIES, self.series, strict=True)) if any(self.series) else {}
        return {f"{ASKED}{name.replace(' ', '_')}": self.total(name) for name in names} | told

    @property
    def problems(self) -> tuple[Problem, ...]:
        """One critical problem an object, kind and fate that is open, with the first source ids and reasons, causes before what they
        hold; what only hangs on records that are told is told with them. What was left out by decision is told as well."""
        groups = _groups(self.open)
        along = _along(groups, self.table)
        order = sorted(groups, key=lambda key: (OPEN_FATES.index(Fate(key[2])), key[1] != RECORDS, key[:2]))
        found = [self._problem(key, groups[key], along) for key in order if key not in along]
        for key, group in self.left_out.groupby(["object", "what", "who"], sort=True):
            object_, what, who = map(str, key)
            count = int(group["count"].sum())
            why = "; ".join(group.sort_values("count", ascending=False)["why"].head(3))
            text = f"{object_}: {count:,} {_named(what, count)} left out by {who}: {why}"
            found.append(
                Problem("left_out", text, Severity.INFO, count=count, treatment="listed, each with its reason")
            )
        return tuple(found)

    def _problem(self, key: _Key, group: pd.DataFrame, along: Collection[_Key]) -> Problem:
        """What is told of the open pieces of one object, kind and fate, those that hang on them included."""
        object_, what, fate = key
        count = _count(self.table, key)
        whys = _reasons(group)
        ids = ", ".join(dict.fromkeys(group["source_id"].head(20)[group["source_id"] != ""].head(5)))
        text = f"{object_}: {count:,} {_named(what, count)} {fate}{_with(self.table, key, along)}"
        message = ": ".join(part for part in (text + (f" ({ids})" if ids else ""), "; ".join(whys)) if part)
        return Problem(
            fate.replace(" ", "_"), message, Severity.CRITICAL, count=count, treatment=_remedy(Fate(fate), group)
        )


_Key = tuple[str, str, str]
"""Object, kind of piece and fate."""


def _groups(pieces: pd.DataFrame) -> dict[_Key, pd.DataFrame]:
    keys = ["object", "what", "fate"]
    return {(str(o), str(w), str(f)): group for (o, w, f), group in pieces.groupby(keys, sort=True)}


def _count(table: pd.DataFrame, key: _Key) -> int:
    mine = (table["object"] == key[0]) & (table["what"] == key[1])
    return int(table.loc[mine, key[2]].sum())


def _with(table: pd.DataFrame, key: _Key, along: Collection[_Key]) -> str:
    """What is open along with the records of `key`: `, with 4 owners and 3 tags`."""
    object_, what, fate = key
    kinds = [kind for kind in KINDS if what == RECORDS and (object_, kind, fate) in along]
    counts = [(kind, _count(table, (object_, kind, fate))) for kind in kinds]
    return f", with {' and '.join(f'{n:,} {_named(kind, n)}' for kind, n in counts)}" if counts else ""


def _along(groups: Mapping[_Key, pd.DataFrame], table: pd.DataFrame) -> set[_Key]:
    """Kinds of pieces that are open only because their own records are, by the same fate and for the same reasons; where not all
    of them are listed (`MOST_OPEN`), they are told on their own."""
    found = set()
    for (object_, what, fate), group in groups.items():
        records = groups.get((object_, RECORDS, fate))
        if what != RECORDS and records is not None and len(group) == _count(table, (object_, what, fate)):
            of_these = group["source_id"].isin(records["source_id"]).all()
            if of_these and set(group["why"].map(reason)) <= set(records["why"].map(reason)):
                found.add((object_, what, fate))
    return found


def _reasons(pieces: pd.DataFrame, most: int = 3) -> list[str]:
    """The first different reasons of open pieces, each once, whatever record HighLevel was asked about."""
    return list(dict.fromkeys(reason(why) for why in pieces["why"] if why))[:most]


def lacking(result: StepResult) -> list[str]:
    """Each object, kind of piece and fate that is open in `result`, with its count and, for what HighLevel refused, why (each reason once); no ids."""
    table, pieces = result.tables.get("balance"), result.tables.get("open")
    if table is None or pieces is None:
        return []
    found: list[str] = []
    told: set[str] = set()
    along = _along(_groups(pieces), table)
    for fate in OPEN_FATES:
        for object_, what, count in table[table[str(fate)] > 0][["object", "what", str(fate)]].itertuples(
            index=False, name=None
        ):
            key = (object_, what, str(fate))
            if key in along:
                continue
            mine = pieces[(pieces["object"] == object_) & (pieces["what"] == what) & (pieces["fate"] == str(fate))]
            why = [text for text in (_reasons(mine, 1) if fate is Fate.REFUSED else []) if text not in told]
            told.update(why)
            with_them = _with(table, key, along)
            found.append(f"{object_}: {count:,} {_named(what, count)} {fate}{with_them}{f' ({why[0]})' if why else ''}")
    return found


_REMEDY = {
    Fate.REFUSED: "mend the value in Perfect Books or its column's decision and load again; where the cause was in HighLevel, pb2hl repair "
    "sends it again; or leave the row out by decision",
    Fate.HELD: WAITS,
    Fate.IN_DOUBT: LOOKED_UP,
    Fate.MISSING: "pb2hl load sends what was never sent; pb2hl repair makes again what somebody deleted",
    Fate.TAKEN_BACK: "pb2hl load makes it again",
}


_REMEDY_OF = {
    OTHER_OWNER: "give it back in HighLevel where nobody meant it; where HighLevel's owner sync did it (pb2hl doctor --probe tells), an admin "
    "turns that off, and pb2hl doctor --probe and pb2hl repair send the owners again",
    OTHER_COMPANY: "left as people have it; link the contact in HighLevel where nobody meant that",
    TAGS_LACKING: "pb2hl repair adds them again",
}
"""What helps where a record is there and something on it is not as it was sent."""


def _remedy(fate: Fate, pieces: pd.DataFrame) -> str:
    """What helps with open pieces of one fate: each remedy once."""
    told = (_REMEDY_OF.get(why, _REMEDY[fate]) if fate is Fate.MISSING else _REMEDY[fate] for why in pieces["why"])
    return "; ".join(dict.fromkeys(told))


def _named(what: str, count: int) -> str:
    return what if count != 1 else {"records": "record", "links": "link", "owners": "owner", "tags": "record's tags",
                                    "files": "file", "values": "value", "changes": "change", "supporting records": "supporting record"}[what]  # fmt: skip


def balance(ws: Workspace, ledger: LedgerPort, *, aliases: Mapping[str, Mapping[str, str]] | None = None, seen: Seen | None = None,
            record_ids: Collection[str] | None = None) -> Balance:  # fmt: skip
    """What became of everything that the export of `ws` asks for.

    `aliases`: by object, rows whose record was made for another row; `seen`: what the audit found; `record_ids`: only the
    operations with these ids (a sample), and no rows without one.
    """
    seen = seen or Seen()
    asked = operations(ws, ledger, seen)
    deciders = Deciders.of(ws, ledger)
    if record_ids is not None:
        asked = asked[asked["op_id"].isin(record_ids)]
        rows = pd.DataFrame(columns=[*PIECE])
    else:
        rows = rows_without(ws, asked, aliases or {}, deciders)
    more = [] if record_ids is not None else [changes(ledger, seen)]
    pieces = pd.concat([pieces_of(asked, deciders), refused_values(ledger, asked), rows, *more], ignore_index=True)
    return _summed(with_survivors(ws, pieces))


def _summed(pieces: pd.DataFrame) -> Balance:
    pieces = with_names(pieces)
    if pieces.empty:
        return Balance(pd.DataFrame(columns=list(BALANCE_COLUMNS)))
    table = pieces.groupby(["object", "what", "fate"]).size().unstack(fill_value=0)
    table = table.reindex(columns=[str(fate) for fate in Fate], fill_value=0)
    table.insert(0, "expected", table.sum(axis=1))
    still = pieces[pieces["fate"].isin([str(fate) for fate in OPEN_FATES])]
    left = pieces[pieces["fate"] == str(Fate.LEFT_OUT)].groupby(["object", "what", "why", "who"]).size()
    return Balance(
        table.reset_index().rename_axis(columns=None),
        still[list(OPEN_COLUMNS)].head(MOST_OPEN).reset_index(drop=True),
        left.rename("count").reset_index(),
        _series(pieces),
    )


def _series(pieces: pd.DataFrame) -> tuple[int, int]:
    own = pieces[(pieces["object"] == "appointments") & (pieces["what"] == RECORDS)]
    times = own.groupby("source_id").size()
    return int((times > 1).sum()), int(times[times > 1].sum())
