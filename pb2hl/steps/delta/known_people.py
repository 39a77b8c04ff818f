"""Who of a later export is who of the loaded records: a person or company that is there is never made a second time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import pandas as pd

from pb2hl.errors import GateClosed, Problem, Severity
from pb2hl.ledger import LedgerPort, State
from pb2hl.matching.proposals import KEEP_APART, MERGE
from pb2hl.matching.sheets import SHEETS, YES, merged_or_alone, survivors
from pb2hl.operations import Kind, Target, operation_id
from pb2hl.sheets import table_rows, write_sheet
from pb2hl.steps.proposal.decisions import DELTA_ROWS, delta_rows
from pb2hl.values.counting import agree, counted
from pb2hl.values.fold import fold
from pb2hl.workspace import Workspace

SHEET_OF = {"contacts": "duplicates", "companies": "companies"}
TARGET_OF = {"contacts": Target.CONTACT, "companies": Target.BUSINESS, "deals": Target.OPPORTUNITY}

STANDING = "later_merges"
"""The fact that holds which rows of later exports stand for which loaded rows: `{object: {source id: loaded source id}}`."""


def recognise(ws: Workspace, second: Workspace, ledger: LedgerPort, who: str) -> dict[tuple[str, str], str]:
    """Make the later workspace's match sheets so that every row goes to the record that stands for it.

    A new row that is proposed to merge with others waits for a decision in the sheets of `ws` (with `who` the proposal is
    taken); what was merged before the load stays merged, two records that were loaded stay two. Gives the rows that stand
    for a loaded row which the later export no longer has: (object, source id) → that row. Raises GateClosed.
    """
    aliases: dict[tuple[str, str], str] = {}
    waiting: dict[str, pd.DataFrame] = {}
    merged = dict(ledger.recall(STANDING) or {})
    for object_, name in SHEET_OF.items():
        ours, theirs = (space.sheet(name, SHEETS[name]) for space in (ws, second))
        survivor_of = {**survivors(ours), **merged.get(object_, {})}
        ids = [*dict.fromkeys([*theirs["source_id"], *ids_of(second, object_)])]
        owner = owners(ws, ledger, object_, ids, survivor_of)
        decided = dict(zip(ours["source_id"], ours["decision"].str.strip().str.casefold(), strict=True))
        sheet, asked = _arranged(_with_missing(theirs, ours, owner), owner, decided, who)
        sheet = _named_as_loaded(sheet, ours, owner)
        write_sheet(second.sheets / f"{name}.csv", sheet)
        if len(asked):
            waiting[name] = asked
        stands = survivors(sheet)
        merged[object_] = _merged_rows(owner, stands, merged.get(object_, {}))
        aliases |= _aliases(object_, owner, stands)
    if waiting:
        _ask(ws, ledger, waiting)
    ledger.remember(STANDING, merged)
    return aliases


def ids_of(second: Workspace, object_: str) -> list[str]:
    """Source ids that the later export has or that its match sheet derives."""
    frame = second.table(object_, ["source_id"])
    staged = frame["source_id"].astype(str).tolist() if "source_id" in frame.columns else []
    if object_ != "companies":
        return staged
    return [*dict.fromkeys([*staged, *second.sheet("companies", SHEETS["companies"])["source_id"]])]


def owners(
    ws: Workspace, ledger: LedgerPort, object_: str, ids: Iterable[str], survivor_of: Mapping[str, str]
) -> dict[str, str]:
    """Source id → the loaded row whose record it is, for all that have one."""
    wanted = list(dict.fromkeys([*ids, *(survivor_of[item] for item in ids if item in survivor_of)]))
    place = (ws.config.location, ws.config.source, object_)
    ops = {operation_id(*place, item, Kind.CREATE, TARGET_OF[object_]): item for item in wanted}
    there = (State.DONE, State.SKIPPED)
    loaded = {ops[key] for key, entry in ledger.entries(ops).items() if entry.state in there and entry.destination_id}
    stands = {item: item if item in loaded else survivor_of.get(item, "") for item in ids}
    return {item: one for item, one in stands.items() if one in loaded}


def _with_missing(theirs: pd.DataFrame, ours: pd.DataFrame, owner: Mapping[str, str]) -> pd.DataFrame:
    """The later sheet with rows for those that were merged before, and are not proposed any more."""
    present = set(theirs["source_id"])
    merged = {item for item, one in owner.items() if item != one}
    needed = (merged | {owner[item] for item in merged if owner[item] in owner}) - present
    known = ours[ours["source_id"].isin(needed)].drop_duplicates("source_id", keep="last")
    bare = pd.DataFrame({"source_id": sorted(needed - set(known["source_id"]))})
    return pd.concat([theirs, known, bare], ignore_index=True).reindex(columns=theirs.columns).fillna("")


def _arranged(
    sheet: pd.DataFrame, owner: Mapping[str, str], decided: Mapping[str, str], who: str
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """(the sheet with one cluster a loaded record and new rows where they belong, the rows that wait for a decision)."""
    sheet = sheet.reset_index(drop=True)
    if sheet.empty:
        return sheet, sheet
    owners = sheet["source_id"].map(owner).fillna("")
    touched = owners.groupby(sheet["cluster"]).transform(lambda group: group.ne("").any() and len(group) > 1)
    cluster, decision, survivor = (sheet[name].copy() for name in ("cluster", "decision", "survivor"))
    decision = decision.str.strip().str.casefold()
    mine = owners.ne("")
    alone = ~owners.duplicated(keep=False)
    cluster[mine] = "loaded " + owners[mine]
    decision[mine] = (~alone[mine]).map({True: MERGE, False: ""})
    survivor[mine] = ""
    fresh = sheet.index[~mine & (touched | sheet["proposal"].eq(MERGE))]
    by_email = _by_email(sheet, owners)
    for at in fresh:
        group = sheet.index[(sheet["cluster"] == sheet.at[at, "cluster"]) & mine]
        decision[at] = decided.get(str(sheet.at[at, "source_id"]), "") or (str(sheet.at[at, "proposal"]) if who else "")
        if len(group):
            one = by_email.get(_email(sheet, at), owners[group[0]])
            cluster[at], survivor[at] = f"loaded {one}", ""
    joined = set(cluster[fresh][decision[fresh].eq(MERGE)])
    decision[mine & cluster.isin(joined)] = MERGE
    first = mine & decision.eq(MERGE) & sheet["source_id"].eq(owners)
    survivor[first] = YES
    asked = sheet.loc[fresh].assign(cluster=cluster[fresh], survivor="", decision="")
    asked = asked[decision[fresh].eq("") & asked["proposal"].eq(MERGE)]
    arranged = sheet.assign(cluster=cluster, decision=decision, survivor=survivor)
    return arranged, asked


def _named_as_loaded(sheet: pd.DataFrame, ours: pd.DataFrame, owner: Mapping[str, str]) -> pd.DataFrame:
    """The sheet with the names and domains that the load gave the loaded companies: what it only proposed stays so."""
    given = merged_or_alone(ours, survivors(ours)).drop_duplicates("source_id", keep="last").set_index("source_id")
    mine = sheet["source_id"].isin(owner)
    columns = [name for name in ("canonical_name", "canonical_domain") if name in sheet.columns]
    kept = {name: sheet[name].mask(mine, sheet["source_id"].map(given[name]).fillna("")) for name in columns}
    return sheet.assign(**kept)


def _by_email(sheet: pd.DataFrame, owners: pd.Series) -> dict[str, str]:
    if "email" not in sheet.columns:
        return {}
    rows = sheet["email"].str.strip().str.casefold()[owners.ne("")]
    return {email: owner for email, owner in zip(rows[::-1], owners[rows[::-1].index], strict=True) if email}


def _email(sheet: pd.DataFrame, at: int) -> str:
    return fold(str(sheet.at[at, "email"])) if "email" in sheet.columns else "\0"


def _merged_rows(owner: Mapping[str, str], stands: Mapping[str, str], before: Mapping[str, str]) -> dict[str, str]:
    """Earlier merges, and the new rows that go to a loaded row's record now."""
    now = {item: owner.get(one, one) for item, one in stands.items() if one in owner and item not in owner}
    return {**before, **now}


def _aliases(object_: str, owner: Mapping[str, str], stands: Mapping[str, str]) -> dict[tuple[str, str], str]:
    """Rows that survive in the later export in place of a loaded row that it has not."""
    return {
        (object_, item): one
        for item, one in owner.items()
        if item != one and one not in owner and stands.get(item, item) == item
    }


def _ask(ws: Workspace, ledger: LedgerPort, waiting: Mapping[str, pd.DataFrame]) -> None:
    """Put the new rows into the sheets of `ws`, undecided, and stop."""
    later = {name: set(ids) for name, ids in (delta_rows(ledger)).items()}
    problems = []
    for name, rows in waiting.items():
        ours = ws.sheet(name, SHEETS[name])
        loaded = rows["cluster"].str.removeprefix("loaded ")
        note = ("looks like the loaded " + loaded + f": {MERGE} or {KEEP_APART}").where(rows["cluster"].ne(loaded), "")
        new = rows.assign(comment=note)[~rows["source_id"].isin(ours["source_id"])]
        write_sheet(ws.sheets / f"{name}.csv", pd.concat([ours, new], ignore_index=True)[list(ours.columns)].fillna(""))
        later.setdefault(name, set()).update(new["source_id"])
        problems += [
            Problem("new_duplicate", f"{row.source_id} ({row.name}): {row.comment or 'proposed to merge'}", Severity.CRITICAL,
                    file=f"{name}.csv", field=row.source_id)
            for row in table_rows(rows.assign(comment=note))
        ]  # fmt: skip
    ledger.remember(DELTA_ROWS, {name: sorted(ids) for name, ids in later.items()})
    raise GateClosed(
        f"{counted(len(problems), 'new row')} of the later export {agree(len(problems), 'looks', 'look')} like people or companies that are there already",
        hint=f"decide {' and '.join(f'sheets/{name}.csv' for name in waiting)} ({MERGE} or {KEEP_APART}), then delta again",
        problems=problems,
    )
