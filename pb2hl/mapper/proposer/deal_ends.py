"""Columns that say how deals stand in yes and no or in numbers: questions (`Is won`) become words, bare codes wait for a person."""

from __future__ import annotations

from collections.abc import Mapping

from pb2hl.mapper.knowledge.outcomes import ENDS, stage_outcome
from pb2hl.mapper.knowledge.sheet_layout import WAITS
from pb2hl.mapper.proposer.score import read
from pb2hl.mapper.proposer.structure import Table
from pb2hl.model import OBJECTS
from pb2hl.values.booleans import FALSE, TRUE
from pb2hl.values.counting import agree
from pb2hl.values.fold import fold
from pb2hl.values.numbers import percents
from pb2hl.values.parsed import Context
from pb2hl.values.statuses import deal_status
from pb2hl.values.transforms import JOIN, changed

_ASKED = ("won", "lost")
"""Questions of yes and no about a deal (`IsWon`), and what yes says to each."""

_SAYS = frozenset({"status", "closed", "outcome", *_ASKED})
_BESIDE = frozenset({"is", "was", "deal", "id", "name", "type"})
_MOST_CODES = 12


def read_ends(table: Table) -> None:
    """Propose how deals stand out of columns of yes and no or of codes; changes the proposals in place.

    A question that names an end (`Is won`) becomes the word that its yes says; its no is a loss where another column says that
    the deal is closed. A code that says nothing is kept beside stages that tell the same, and waits for a person elsewhere.
    """
    if table.object != "deals":
        return
    _stages_called_status(table)
    asked = {heading: said for heading in table.raw.headings if (said := _about(table, heading))}
    flags = {heading: said for heading, said in asked.items() if _is_flag(table, heading)}
    named = {said: heading for heading, said in reversed(flags.items()) if said in (*_ASKED, "closed")}
    words = any(
        heading not in flags and table.proposed(heading) == "status" and _speaks(table, heading) for heading in asked
    )
    answered = set(named.values()) if set(named) & set(_ASKED) and not words else set()
    if answered:
        _answer(table, named)
    for heading, said in asked.items():
        if heading in answered:
            continue
        if said == "closed" and heading in flags and _words(table, heading) <= FALSE:
            table.decide(
                heading,
                "custom",
                "custom",
                0.85,
                "none of these deals is closed: they are open, or as their stages say",
            )
            continue
        if said == "closed" and heading in flags and not words and _answer_by_chance(table, heading):
            continue
        if heading in flags and (words or answered or _told_by_stage(table, heading)):
            table.decide(heading, "custom", "custom", 0.85, "yes and no about a deal whose status other columns say")
        elif heading in flags or (said in ("status", "outcome") and not _speaks(table, heading)):
            _wait(table, heading)


def _stages_called_status(table: Table) -> None:
    """A status that tells more than open, won and lost (`Offer`, `Negotiation`, `Won`) is the stage, where no column is that."""
    if (table.proposals["field"] == "stage").any():
        return
    found = [
        heading
        for heading in table.raw.headings
        if table.proposed(heading) == "status" and _about(table, heading) == "status"
    ]
    words = _words(table, found[0]) if len(found) == 1 else set()
    ends = {word for word in words if stage_outcome(word) in ENDS}
    others = {word for word in words - ends if not deal_status(word) and any(map(str.isalpha, word))}
    if others and (ends or len(others) > 1) and len(words) <= _MOST_STAGES:
        said = "its words are more than open, won and lost, and no other column is the stage"
        table.decide(found[0], "stage", OBJECTS["deals"].meaning("stage"), 0.88, said)


_MOST_STAGES = 20


def _about(table: Table, heading: str) -> str:
    """What a column asks of its deals: won, lost, closed, status or outcome; "" for anything else."""
    if table.proposed(heading) not in ("status", "custom") or table.is_declared(heading):
        return ""
    said = {"closed" if term == "completed" else term for term in read(table.said(heading), table.object).terms}
    found = said & _SAYS
    return next(iter(found)) if len(found) == 1 and said <= _SAYS | _BESIDE else ""


def _words(table: Table, heading: str) -> set[str]:
    return {text.casefold() for text in table.raw.frame[heading].str.strip().unique()} - {""}


def _is_flag(table: Table, heading: str) -> bool:
    words = _words(table, heading)
    return bool(words) and words <= TRUE | FALSE and not any(map(deal_status, words))


def _speaks(table: Table, heading: str) -> bool:
    """Whether a status says something: words, of which sheets/picklists.csv asks what they mean; not codes of numbers."""
    words = _words(table, heading)
    return not words or len(words) > _MOST_CODES or not all(word.isdigit() for word in words)


def _answer(table: Table, named: dict[str, str]) -> None:
    """The status out of questions: of one alone its yes, beside a column that says what is closed also its no."""
    asked = [said for said in (*_ASKED, "closed") if said in named]
    columns = [named[said] for said in asked]
    frame = table.raw.frame[columns]
    steps = [f'concatenate: "{name}" with "/"' for name in columns[1:]]
    ends: dict[str, set[str]] = {}
    for text, cells in zip(
        changed(frame[columns[0]], JOIN.join(steps), frame), frame.itertuples(index=False), strict=True
    ):
        ends.setdefault(fold(text), set()).add(_end(dict(zip(asked, map(fold, cells), strict=True))))
    if any(len(said) > 1 or CONTRADICTS in said for said in ends.values()):
        for heading in columns:
            _wait(table, heading)
        return
    settled = asked == ["won"] and _is_settled(table, columns[0])
    if settled:
        ends |= {text: {"lost"} for text in ends if text in FALSE}
    pairs = [f"{text}={said.pop()}" for text, said in sorted(ends.items()) if text]
    together = " and ".join(map(repr, columns))
    table.decide(
        columns[0],
        "status",
        "status",
        0.9,
        f"{ANSWERS}{together} {agree(len(columns), 'says', 'say')} how deals ended{SETTLED if settled else ''}",
    )
    table.transform(columns[0], JOIN.join([*steps, f"map: {' | '.join(pairs)}"]))
    for heading in columns[1:]:
        table.decide(heading, "custom", "custom", 0.85, f"{ANSWERS}read together with {columns[0]!r}")


def _answer_by_chance(table: Table, heading: str) -> bool:
    """Whether the probability beside what is closed says how: all of it 100 or 0. Then both are proposed as the status."""
    chances = [name for name in table.raw.headings if table.proposed(name) == "probability"]
    if len(chances) != 1 or _told_by_stage(table, heading):
        return False
    texts = table.raw.frame[chances[0]].str.strip().unique()
    texts = texts[texts != ""]
    shares = dict(zip(texts, percents(texts.astype(object), Context()).values.tolist(), strict=True))
    pairs = {}
    for text, chance in table.raw.frame[[heading, chances[0]]].drop_duplicates().itertuples(index=False):
        end = "open" if fold(text) in FALSE else _CERTAIN.get(shares.get(chance.strip()), "")
        if not end and fold(text):
            return False
        if end:
            pairs[fold(f"{text.strip()}/{chance.strip()}")] = end
    if not {"won", "lost"} & {*pairs.values()} or len(pairs) > _MOST_PAIRS:
        return False
    why = f"{ANSWERS}{heading!r} and {chances[0]!r} say how deals ended"
    table.decide(heading, "status", "status", 0.9, why)
    said = " | ".join(f"{text}={end}" for text, end in sorted(pairs.items()))
    table.transform(heading, JOIN.join([f'concatenate: "{chances[0]}" with "/"', f"map: {said}"]))
    return True


_CERTAIN: dict[float | None, str] = {1.0: "won", 0.0: "lost"}
_MOST_PAIRS = 60

ANSWERS = "yes and no: "
"""How the reason of a column begins that answers how deals ended."""
SETTLED = "; its no is a loss, for open deals leave it blank"
"""What is said of a question (`Won?`) that only deals that ended answer."""


def _is_settled(table: Table, heading: str) -> bool:
    """Whether yes and no stand only at deals that ended: others leave it blank, and another column is filled exactly beside it, or
    beside its no alone (when it ended, why not)."""
    answers = table.raw.frame[heading].map(fold)
    said, refused = answers != "", answers.isin(FALSE)
    if said.all() or not refused.any():
        return False
    others = [table.raw.frame[name].str.strip() != "" for name in table.raw.headings if name != heading]
    return any(bool((filled == said).all() or (filled == refused).all()) for filled in others)


CONTRADICTS = "?"


def _end(answers: Mapping[str, str]) -> str:
    """How a deal stands by its answers to `won`, `lost` and `closed`; "" where they do not tell."""
    yes = [said for said in _ASKED if answers.get(said) in TRUE]
    if len(yes) > 1 or (yes and answers.get("closed") in FALSE):
        return CONTRADICTS
    if yes:
        return yes[0]
    if answers.get("closed") in FALSE:
        return "open"
    others = [said for said in _ASKED if said not in answers]
    return others[0] if answers.get("closed") in TRUE and others else ""


def _told_by_stage(table: Table, heading: str) -> bool:
    """Whether each value of a column stands beside stages that end alike (won, lost or not yet), so that it adds nothing to them."""
    stages = [other for other in table.raw.headings if table.proposed(other) == "stage"]
    if len(stages) != 1:
        return False
    ends: dict[str, set[str]] = {}
    for text, stage in table.raw.frame[[heading, stages[0]]].drop_duplicates().itertuples(index=False):
        ends.setdefault(fold(text), set()).add(stage_outcome(stage) if stage_outcome(stage) in ENDS else "")
    over = [said for said in ends.values() if "" not in said]
    return bool(over) and all(said == {""} for said in ends.values() if "" in said)


def _wait(table: Table, heading: str) -> None:
    said = ", ".join(sorted(_words(table, heading))[:_MOST_CODES])
    table.decide(
        heading, "status", "status", 0.6,
        f"{WAITS}its values ({said}) do not say which deals are open, won or lost: write a map such as map: 1=won | 0=lost, or decide custom",
    )  # fmt: skip
