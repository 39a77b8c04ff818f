"""One command a step. Each opens the workspace, calls the step's function, writes its report, prints its result."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from pb2hl.cli import output
from pb2hl.cli.app import Json, Mask, Ws, Yes, app, heavy
from pb2hl.errors import ConfigError, GateClosed, Pb2hlError
from pb2hl.progress import Bar, Cancel
from pb2hl.register import STEPS
from pb2hl.workspace import Workspace


def run_step(name: str, ws: Path, as_json: bool, mask: bool = False, **options: Any) -> None:
    """Run one step with progress and a clean Ctrl-C, write its report and the index, print its result."""
    with output.quiet_stdout(as_json), Bar() as bar:
        workspace = Workspace(ws)
        try:
            with Cancel().on_interrupt() as cancel:
                outcome = STEPS[name].function()(workspace, progress=bar, cancel=cancel, **options)
        except Pb2hlError as error:
            heavy("report").tell_failure(
                workspace, f"check-{options['stage']}" if name == "check" else name, error, mask=mask
            )
            raise
        path = heavy("report").present(workspace, outcome, mask=mask)
    output.result(outcome, as_json, str(path))


@app.command()
def inventory(ws: Ws, json: Json = False, mask: Mask = False) -> None:
    """Read the export: which product, which objects, what each column holds, what will not move."""
    run_step("inventory", ws, json, mask)


@app.command()
def match(ws: Ws, json: Json = False, mask: Mask = False) -> None:
    """Propose duplicate contacts and companies of one domain, into sheets/duplicates.csv and sheets/companies.csv."""
    run_step("match", ws, json, mask)


@app.command()
def mapping(ws: Ws, json: Json = False, mask: Mask = False) -> None:
    """Propose where columns, stages, picklists, tags and owners go, into sheets/."""
    run_step("mapping", ws, json, mask)


@app.command()
def check(
    ws: Ws,
    json: Json = False,
    mask: Mask = False,
    stage: Annotated[str, typer.Option(help="before (staged tables) or after (what was read back).")] = "before",
    suite: Annotated[Path | None, typer.Option(help="Run this suite only.")] = None,
    data_docs: Annotated[bool, typer.Option("--data-docs", help="Also build Great Expectations' own pages.")] = False,
) -> None:
    """Run the Great Expectations suites."""
    if stage not in {"before", "after"}:
        raise ConfigError(f"--stage {stage} is unknown", hint="--stage before, or --stage after")
    run_step("check", ws, json, mask, stage=stage, suite=suite, data_docs=data_docs)


@app.command()
def doctor(
    ws: Ws,
    json: Json = False,
    probe: Annotated[
        bool, typer.Option("--probe", help="Try the write scopes; pin uncertain behaviour on one scratch contact.")
    ] = False,
    yes: Yes = False,
) -> None:
    """Look at the location before anything is written: token, scopes, settings, users, workflows, allowance."""
    if probe:
        output.confirm("Create and remove one scratch contact?", yes)
    run_step("doctor", ws, json, probe=probe)


@app.command()
def schema(
    ws: Ws,
    json: Json = False,
    mask: Mask = False,
    apply: Annotated[bool, typer.Option("--apply", help="Make it in the location (needs approvals).")] = False,
    yes: Yes = False,
) -> None:
    """Show the schema diff of the location; with --apply make what is missing."""
    if apply:
        output.confirm("Create fields, tags, pipelines and calendar in the location?", yes)
    run_step("schema", ws, json, mask, apply=apply)


@app.command()
def sample(
    ws: Ws,
    json: Json = False,
    mask: Mask = False,
    size: Annotated[int, typer.Option(min=1, max=500, help="How many records, 100-500.")] = 200,
    yes: Yes = False,
) -> None:
    """Load a linked sample for real, read it back, and diff it field by field."""
    output.confirm(f"Load a sample of about {size} records into the location?", yes)
    run_step("sample", ws, json, mask, size=size)


@app.command()
def load(ws: Ws, json: Json = False, mask: Mask = False, yes: Yes = False) -> None:
    """Load everything that is not loaded yet; run again it goes on, and never sends anything twice."""
    output.confirm("Load all remaining records into the location?", yes)
    run_step("load", ws, json, mask)


@app.command()
def delta(
    ws: Ws,
    json: Json = False,
    mask: Mask = False,
    export: Annotated[Path | None, typer.Option(help="The later export.")] = None,
    approve_all: Annotated[
        bool, typer.Option("--approve-all", help="Take every default for what the later export has more; needs --by.")
    ] = False,
    by: Annotated[str, typer.Option(help="NAME for --approve-all.")] = "",
    yes: Yes = False,
) -> None:
    """Bring over what changed in Perfect Books since the first export, without overwriting people's edits."""
    if approve_all and not by:
        raise ConfigError("--approve-all needs a name to put on record", hint='--approve-all --by "Jane Roe"')
    if by and not approve_all:
        raise ConfigError("--by belongs to --approve-all", hint="add --approve-all, or leave --by out")
    if export is not None:
        output.confirm("Write the changes of the later export to the location?", yes)
    try:
        run_step("delta", ws, json, mask, export=export, approve_all=by)
    except GateClosed:
        with output.quiet_stdout(json):
            heavy("report").write_all(Workspace(ws), mask=mask)
        raise


@app.command()
def audit(
    ws: Ws,
    json: Json = False,
    mask: Mask = False,
    verify_log: Annotated[bool, typer.Option("--verify-log", help="Only verify the audit log's hash chain.")] = False,
    export_log: Annotated[Path | None, typer.Option(help="Write the audit log to this .csv or .jsonl file.")] = None,
    head: Annotated[str, typer.Option(help="With --verify-log: the log's end as a report told it.")] = "",
) -> None:
    """Read everything back and compare it with what was expected; then run the suites of the after stage."""
    if verify_log or export_log or head:
        run_step("log", ws, json, verify=verify_log, export=export_log, head=head)
        return
    run_step("audit", ws, json, mask)


@app.command()
def rollback(
    ws: Ws,
    json: Json = False,
    mask: Mask = False,
    run: Annotated[str, typer.Option(help="Only this run (see status).")] = "",
    object: Annotated[
        list[str] | None, typer.Option(help="Only what this object became, such as contacts; repeat it for more.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would be undone; write nothing.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Also what people changed since.")] = False,
    yes: Yes = False,
) -> None:
    """Undo: delete what was created, restore what was updated, keep and report what people touched since."""
    if not dry_run:
        output.confirm("Remove from the location what this migration created?", yes)
    run_step("rollback", ws, json, mask, run=run or None, objects=tuple(object or ()), dry_run=dry_run, force=force)
