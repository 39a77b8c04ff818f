"""Step 2: who is the same person, which rows are one company. Leaves the sheets duplicates, companies, survivorship."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, replace
from itertools import starmap

import numpy as np
import pandas as pd

from pb2hl.errors import ConfigError, Problem, Severity
from pb2hl.matching import evidence, sheets
from pb2hl.matching.converted import converted, joined
from pb2hl.matching.labels import review_of, reviewed_pairs
from pb2hl.matching.matches import WANTED, Matches, MergeLine
from pb2hl.matching.proposals import MERGE, propose
from pb2hl.matching.staged import CompanyEvidence, match_staged_companies, match_staged_contacts
from pb2hl.progress import SILENT, Cancel, Progress
from pb2hl.results import Status, StepResult
from pb2hl.sheets import write_sheet
from pb2hl.steps.prepare.match_told import headline, sheet_counts
from pb2hl.workspace import Workspace

STEP = "match"


def match(ws: Workspace, *, progress: Progress = SILENT, cancel: Cancel | None = None) -> StepResult:
    """Propose merges of contacts and companies in review sheets; decisions that still apply are kept. Nothing is merged.

    Decisions that are there re-estimate what each threshold would do (tables `thresholds` and `review`); the proposals
    follow the thresholds of the configuration, so that a second run does not move what somebody has already looked at.

    Raises SheetError when an existing sheet lost its columns.
    """
    ws.require_staged()
    with ws.lock(STEP):
        contacts, companies = ws.table("contacts"), ws.table("companies")
        progress.start("companies of contacts and their domains", len(contacts) + len(companies), "rows")
        found = CompanyEvidence.of(contacts, companies)
        progress.advance(len(contacts) + len(companies))
        low, high = ws.config.thresholds.match_low, ws.config.thresholds.match_high
        people = match_staged_contacts(contacts, found, threshold=low, progress=progress, cancel=cancel)
        firms = match_staged_companies(found, threshold=low, progress=progress, cancel=cancel)
        progress.start("writing what was found", 3, "sheets")
        names = dict(zip(found.companies["source_id"], evidence.text_column(found.companies, "name"), strict=True))
        company_names = found.linked["company"].map(names).fillna("")
        facts, problems, cycles = company_facts(found)
        lines = {"contacts": people.merge_line(high), "companies": firms.merge_line(high)}
        proposed = joined(propose(people, lines["contacts"].threshold), converted(contacts))
        duplicates = _write(ws, "duplicates", sheets.duplicates_sheet(contacts, company_names, proposed))
        progress.advance()
        proposed = propose(firms, lines["companies"].threshold)
        facts = sheets.with_canonical(facts, proposed, found.linked["company"].value_counts())
        firms_sheet = _write(ws, "companies", sheets.companies_sheet(facts, proposed))
        progress.advance()
        _write_rules(ws, contacts, companies)
        progress.advance()
        matched = {"contacts": people, "companies": firms}
        result = _result(matched, {"contacts": duplicates, "companies": firms_sheet}, found, problems, cycles)
        result = _with_lines(result, lines, high)
        result.save(ws.results(STEP))
        progress.finish()
    return result


def merge_lines(ws: Workspace) -> dict[str, float]:
    """{contacts or companies: score (0-1) from which merges are proposed}: as the last `match` settled it, else as configured."""
    asked = ws.config.thresholds.match_high
    result = StepResult.load(ws.results(STEP))
    table = result.tables.get("merge_lines") if result is not None else None
    found = {} if table is None else dict(zip(table["object"], table["threshold"].astype(float), strict=True))
    return {name: found.get(name, asked) for name in ("contacts", "companies")}


def _with_lines(result: StepResult, lines: Mapping[str, MergeLine], asked: float) -> StepResult:
    """The result with the table `merge_lines` and a problem for each line that was raised above the configured one."""
    rows = [(name, asked, line.threshold, line.precision) for name, line in lines.items()]
    table = pd.DataFrame(rows, columns=["object", "asked", "threshold", "precision"])
    raised = []
    for name, line in lines.items():
        if line.threshold <= asked or not result.counts[name]:
            continue
        unknown = line.precision != line.precision
        reason = (
            "how right merges are cannot be known from so few pairs"
            if unknown
            else f"merges from {asked:g} on are not right {WANTED:.0%} of the time by this table's own evidence"
        )
        raised.append(
            Problem(
                "merge_line_raised", f"{name}: {reason}", Severity.INFO, field="match_high",
                treatment=f"merges are proposed from a score of {line.threshold:g} on; pairs below wait in the sheet",
            )
        )  # fmt: skip
    return replace(result, tables={**result.tables, "merge_lines": table}, problems=(*result.problems, *raised))


def follow_decisions(ws: Workspace) -> StepResult:
    """The result of `match` as the sheets stand after decisions: what was decided waits no longer. Nothing is matched again.

    Raises ConfigError before `match` has run, SheetError for a damaged sheet.
    """
    with ws.lock(STEP):
        before = StepResult.load(ws.results(STEP))
        if before is None:
            raise ConfigError("match has not run", hint=f"pb2hl match {ws.path}")
        decided = {name: ws.sheet(name, sheets.SHEETS[name]) for name in ("duplicates", "companies")}
        counts = {
            **before.counts,
            **sheet_counts("contact", decided["duplicates"]),
            **sheet_counts("company", decided["companies"]),
        }
        result = replace(
            before,
            status=_status(counts),
            headline=headline(counts),
            counts=counts,
            tables={**before.tables, **decided},
        )
        result.save(ws.results(STEP))
    return result


def _status(counts: Mapping[str, int]) -> Status:
    return Status.WAITING if counts["contact_rows_waiting"] + counts["company_rows_waiting"] else Status.DONE


def company_facts(found: CompanyEvidence) -> tuple[pd.DataFrame, list[Problem], pd.DataFrame]:
    """(what the companies sheet says of each company, problems, cycles): names, own and canonical domain, parent."""
    companies = found.companies
    ids = evidence.text_column(companies, "source_id")
    own = evidence.own_domains(companies)
    parent, problems, cycles = evidence.parents(companies, {})
    name_of = dict(zip(ids, evidence.text_column(companies, "name"), strict=True))
    best, _ = evidence.domain_columns(found.domains, ids)
    facts = pd.DataFrame(
        {
            "source_id": ids,
            "name": evidence.text_column(companies, "name"),
            "domain": [own.get(item, [""])[0] if own.get(item) else "" for item in ids],
            "canonical_name": "",
            "canonical_domain": best,
            "parent_id": [parent.get(item, "") for item in ids],
            "parent_name": [name_of.get(parent.get(item, ""), "") for item in ids],
        }
    )
    return facts, problems, cycles


def _write(ws: Workspace, name: str, sheet: pd.DataFrame) -> pd.DataFrame:
    if (ws.sheets / f"{name}.csv").exists():
        sheet = sheets.keep_decisions(sheet, ws.sheet(name, sheets.SHEETS[name]))
    write_sheet(ws.sheets / f"{name}.csv", sheet)
    return sheet


def _write_rules(ws: Workspace, contacts: pd.DataFrame, companies: pd.DataFrame) -> None:
    sheet = sheets.survivorship_sheet({"contacts": contacts, "companies": companies})
    if (ws.sheets / "survivorship.csv").exists():
        old = ws.sheet("survivorship", sheets.SURVIVORSHIP).drop_duplicates(["object", "field"])
        merged = sheet[["object", "field"]].merge(old, how="left", on=["object", "field"])
        for column in ("decision", "who", "when", "comment"):
            sheet[column] = merged[column].fillna("").to_numpy()
    write_sheet(ws.sheets / "survivorship.csv", sheet)


def _result(
    matched: Mapping[str, Matches],
    written: Mapping[str, pd.DataFrame],
    found: CompanyEvidence,
    problems: list[Problem],
    cycles: pd.DataFrame,
) -> StepResult:
    """`matched` and the sheets `written` by object: contacts and companies."""
    derived = found.companies["derived"].astype(bool)
    counts = {
        "contacts": len(matched["contacts"]),
        "companies": int((~derived).sum()),
        "companies_derived": int(derived.sum()),
        **sheet_counts("contact", written["contacts"]),
        **sheet_counts("company", written["companies"]),
        "companies_with_domain": int(sum(bool(domains) for domains in found.domains.values())),
        "contacts_with_company": int((found.linked["company"] != "").sum()),
        "parent_cycles": len(cycles),
        "pairs_compared": sum(item.model.candidates for item in matched.values() if item.model),
    }
    tables = {"duplicates": written["contacts"], "companies": written["companies"], **_evidence(matched, written)}
    return StepResult(
        STEP,
        _status(counts),
        headline(counts),
        counts,
        {**tables, "cycles": cycles},
        tuple(problems),
        next_step="mapping",
    )


def _evidence(matched: Mapping[str, Matches], written: Mapping[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    """What the decisions rest on, over both objects: scores, lines, what was reviewed, sizes of clusters, blocks."""
    reviews = {name: review_of(found, reviewed_pairs(written[name])) for name, found in matched.items()}
    thresholds = [found.thresholds(reviews[name].shift).assign(object=name) for name, found in matched.items()]
    blocks = [found.model.blocking.assign(object=name) for name, found in matched.items() if found.model]
    return {
        "score_histogram": pd.concat(list(starmap(_histogram, matched.items())), ignore_index=True),
        "thresholds": pd.concat(thresholds, ignore_index=True),
        "review": pd.DataFrame([{"object": name, **asdict(review)} for name, review in reviews.items()]),
        "cluster_sizes": pd.concat(list(starmap(_sizes, written.items())), ignore_index=True),
        "blocking": pd.concat(
            blocks or [pd.DataFrame(columns=["rule", "block_cap", "pairs", "object"])], ignore_index=True
        ),
    }


def _histogram(name: str, matches: Matches) -> pd.DataFrame:
    count, edges = np.histogram(matches.pairs["score"].to_numpy(float), bins=20, range=(0.0, 1.0))
    return pd.DataFrame({"object": name, "from": edges[:-1].round(2), "to": edges[1:].round(2), "pairs": count})


def _sizes(name: str, sheet: pd.DataFrame) -> pd.DataFrame:
    sizes = sheet.loc[sheet["proposal"] == MERGE, "cluster"].value_counts().value_counts().sort_index()
    return pd.DataFrame({"object": name, "rows": sizes.index.astype(int), "clusters": sizes.to_numpy(int)})
