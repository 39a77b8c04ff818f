"""Great Expectations' own Data Docs, for who wants them. They load styles from the network; our reports do not."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from pb2hl.suites.fit import adapted, misfit
from pb2hl.suites.load import Suite, expectation, great_expectations
from pb2hl.suites.validate import needed_columns


def build(folder: Path, work: list[tuple[Suite, pd.DataFrame | None]]) -> None:
    """Write Data Docs of `work` (suite, table) into `folder`; suites without a table are left out, and rules that cannot run
    or are about some rows only, which Data Docs would show as about all."""
    gx = great_expectations()
    from great_expectations.data_context.types.base import ProgressBarsConfig

    context = gx.get_context(mode="ephemeral")
    context.variables.analytics_enabled = False
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    backend = {"class_name": "TupleFilesystemStoreBackend", "base_directory": str(folder)}
    site = {
        "class_name": "SiteBuilder",
        "site_index_builder": {"class_name": "DefaultSiteIndexBuilder"},
        "store_backend": backend,
    }
    for name in context.get_site_names():
        context.delete_data_docs_site(name)
    context.add_data_docs_site("pb2hl", site)
    source = context.data_sources.add_pandas("pb2hl")
    for suite, frame in work:
        if frame is None:
            continue
        whole = [rule for rule in suite.rules if not rule.broken and rule.condition is None]
        runs = [rule for rule in whole if set(rule.columns) <= set(frame.columns)]
        rules = [rule for rule in runs if not misfit(rule, frame)]
        table = needed_columns(frame, rules)
        definition = source.add_dataframe_asset(suite.name).add_batch_definition_whole_dataframe("all")
        gx_suite = context.suites.add(
            gx.ExpectationSuite(
                name=suite.name.replace(".", "_"), expectations=[expectation(adapted(r, table)) for r in rules]
            )
        )
        run = context.validation_definitions.add(
            gx.ValidationDefinition(name=suite.name, data=definition, suite=gx_suite)
        )
        run.run(batch_parameters={"dataframe": table})
    context.build_data_docs()
