"""The commands around the steps: init, trust, approve, status, report, run, sandbox, demo."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from pb2hl import __version__
from pb2hl.cli.app import Json, Mask, Ws, Yes, batch_name, heavy
from pb2hl.errors import ChecksFailed, ConfigError
from pb2hl.register import INVENTORY, gates


def _version(asked: bool) -> None:
    if asked:
        typer.echo(f"pb2hl {__version__}")
        raise typer.Exit


def root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Move data and schema from Perfect Books into HighLevel: reviewed, proved and undoable."""


def init(
    ws: Ws,
    export: Annotated[Path, typer.Option(help="The export: a folder, a .zip or a file.")],
    location: Annotated[str, typer.Option(help="The id of the HighLevel location (sub-account).")],
    base_url: Annotated[str, typer.Option(help="HighLevel (as it is), or a sandbox.")] = "",
    country: Annotated[str, typer.Option(help="ISO 3166-1 alpha-2, for phones and addresses without one.")] = "CA",
    timezone: Annotated[str, typer.Option(help="IANA zone of times without one.")] = "America/Toronto",
    currency: Annotated[str, typer.Option(help="ISO 4217, for amounts without one.")] = "CAD",
    fallback_owner: Annotated[str, typer.Option(help="E-mail of the HighLevel user who gets what has no owner.")] = "",
    source: Annotated[
        str, typer.Option(help="A name for this Perfect Books account, if there are several.")
    ] = "perfect-books",
    json: Json = False,
) -> None:
    """Make a workspace for one migration."""
    heavy("workspace").existing_export(export)
    if ws.resolve() == export.resolve():
        raise ConfigError(f"{ws} is the export itself", hint="name another folder for the workspace")
    settings = {
        "export": str(export.resolve()),
        "location": location,
        "country": country,
        "timezone": timezone,
        "currency": currency,
        "fallback_owner": fallback_owner,
        "source": source,
    }
    if base_url:
        settings["base_url"] = base_url
    room, output = heavy("workspace"), heavy("cli.output")
    workspace = room.Workspace.create(ws, room.parse_config(settings, "the command line"))
    if json:
        output.data({"workspace": str(workspace.path), "status": "done", "next_step": INVENTORY.id})
        return
    typer.echo(f"Workspace {workspace.path} is ready; its settings are in migration.toml.")
    typer.echo(f"Next: pb2hl {INVENTORY.id} {ws}")


def trust(
    base_url: Annotated[str, typer.Argument(help="The address, as it stands in migration.toml.")], json: Json = False
) -> None:
    """Say that a server other than HighLevel may have the token; on record for you, outside of every workspace."""
    origin = heavy("highlevel.doors").trust(base_url)
    if json:
        heavy("cli.output").data({"status": "done", "trusted": origin})
    else:
        typer.echo(f"The token may now be sent to {origin}.")


def approve(
    ws: Ws,
    gate: Annotated[str, typer.Argument(help=f"One of: {', '.join(gates())}.")],
    by: Annotated[str, typer.Option(help="Who approves.")],
    force: Annotated[
        bool, typer.Option("--force", help="Approve although something is undecided; it goes on record.")
    ] = False,
    note: Annotated[str, typer.Option(help="Anything to put on record with it.")] = "",
    json: Json = False,
    mask: Mask = False,
) -> None:
    """Approve a gate. The approval names the hash of what is approved and lapses when that changes."""
    output = heavy("cli.output")
    with output.quiet_stdout(json):
        workspace = heavy("workspace").Workspace(ws)
        approval = heavy("steps.gates.gates").approve(workspace, gate, who=by, force=force, note=note)
        heavy("report").write_index(workspace, mask=mask)
    body = {"gate": gate, "hash": approval.subject_hash, "by": approval.who, "at": approval.at}
    if json:
        output.data(body)
    else:
        typer.echo(f"{gate} approved by {approval.who} at {approval.at}: {approval.subject_hash}")


def status(ws: Ws, json: Json = False) -> None:
    """Gates, counts by object and outcome, what is in doubt, requests used today, the next step."""
    output = heavy("cli.output")
    with output.quiet_stdout(json):
        workspace = heavy("workspace").Workspace(ws)
        outcome = heavy("steps.overview.status").status(workspace)
        if not json:  # for people: with what is to be reviewed before, and the whole command
            outcome = replace(outcome, next_step=heavy("report.status").state_of(workspace).following)
    output.result(outcome, json)


def write_reports(ws: Ws, json: Json = False, mask: Mask = False) -> None:
    """Write every report again from what the steps left, and the index."""
    output = heavy("cli.output")
    with output.quiet_stdout(json), heavy("progress").Bar() as bar:
        paths = heavy("report").write_all(heavy("workspace").Workspace(ws), mask=mask, progress=bar)
    if json:
        output.data({"status": "done", "reports": [str(path) for path in paths]})
    else:
        for path in paths:
            typer.echo(str(path))


def run(
    ws: Ws,
    from_: Annotated[str, typer.Option("--from", help="First step.")] = "",
    to: Annotated[str, typer.Option("--to", help="Last step.")] = "",
    approve_all: Annotated[
        bool, typer.Option("--approve-all", help="Never ask; everything recorded as given by NAME.")
    ] = False,
    by: Annotated[str, typer.Option(help="NAME for --approve-all.")] = "",
    yes: Yes = False,
    json: Json = False,
    mask: Mask = False,
) -> None:
    """Run the notebooks one after the other into WS/runs/; started again after a crash it goes on where it was."""
    who = batch_name(approve_all, by)
    output = heavy("cli.output")
    workspace = heavy("workspace").Workspace(ws)
    runner = heavy("runner")
    plan = runner.steps_between(from_, to)
    if not who and runner.writes(plan):
        output.confirm("Run the steps that write to the location as well?", yes)
    with output.quiet_stdout(json), heavy("progress").Bar() as bar:
        done = runner.run(workspace, plan, who=who, restart=bool(from_), mask=mask, progress=bar)
    if json:
        output.data(done)
    else:
        typer.echo(f"Done: {', '.join(done['steps'])}.")
        typer.echo(f"Reports: {done['index']}")
    if done["status"] != "done":
        heavy("cli.output").say(f"Not everything that the export asks for is there: {done['headline']}", err=True)
        raise typer.Exit(ChecksFailed.exit_code)


def sandbox(
    port: Annotated[int, typer.Option(help="Port on the loopback; 0 takes a free one.")] = 0,
    scenario: Annotated[Path | None, typer.Option(help="TOML or JSON: settings, users, records, faults.")] = None,
    state: Annotated[Path | None, typer.Option(help="Keep the location's records in this file.")] = None,
) -> None:
    """Serve the rehearsal HighLevel as a real HTTP server on the loopback."""
    from pb2hl.sandbox import serve

    serve("127.0.0.1", port, scenario, state)


def demo(
    folder: Annotated[Path, typer.Argument(metavar="[DIR]", help="Where to make the demo's workspace.")] = Path("demo"),
    reports: Annotated[Path | None, typer.Option(help="Also copy the reports here.")] = None,
    mask: Mask = False,
) -> None:
    """Migrate the shipped example into a sandbox, end to end, through the notebooks."""
    from pb2hl.demo import demo as run_demo

    index = run_demo(folder, reports=reports, mask=mask, say=typer.echo)
    typer.echo("Look at these three:")
    typer.echo(f"  the client's report     {index}")
    typer.echo(f"  a part, field by field  {index.with_name('sample.html')}")
    typer.echo(f"  the notebooks yourself  pb2hl lab {folder}")


def ledger(
    ws: Ws,
    by: Annotated[str, typer.Option(help="Who does it; it goes on record.")],
    rebuild: Annotated[
        bool,
        typer.Option(
            "--rebuild", help="Make it anew from the markers of the location's records; writes nothing there."
        ),
    ] = False,
    to: Annotated[str, typer.Option(help="Move it: postgresql://user@host/database, or sqlite.")] = "",
    json: Json = False,
) -> None:
    """Make the ledger anew from the location, or move it into another database."""
    if rebuild == bool(to):
        raise ConfigError(
            "say what is to be done with the ledger", hint="--rebuild, or --to postgresql://…, or --to sqlite"
        )
    output = heavy("cli.output")
    with output.quiet_stdout(json), heavy("progress").Bar() as bar:
        workspace = heavy("workspace").Workspace(ws)
        if rebuild:
            found = heavy("steps.delta.rebuild").rebuild(workspace, who=by, progress=bar)
            body = {"status": "incomplete" if found["unknown"] or found["unclear"] else "done", **found}
        else:
            body = {"status": "done", "operations": heavy("steps.shared.ledgers").move(workspace, to, who=by)}
    if json:
        output.data(body)
    else:
        typer.echo(", ".join(f"{name}: {value}" for name, value in body.items()))
        if body.get("unknown"):
            typer.echo(
                "Unknown are records that no plan of this workspace holds, such as those of a later export that another copy brought "
                "over: go on in that one. Nothing is written from here, so that nothing is made twice."
            )
        if body.get("unclear"):
            typer.echo(
                "Unclear are operations that nobody could look up now: run it again, or the step that was cut off."
            )
    if body["status"] == "incomplete":
        raise typer.Exit(ChecksFailed.exit_code)


def lab(ws: Ws) -> None:
    """Open JupyterLab on the workspace, with its own copies of the notebooks."""
    code = heavy("lab").lab(heavy("workspace").Workspace(ws))
    if code:
        raise typer.Exit(code)


COMMANDS: dict[str, Callable[..., None]] = {
    "init": init,
    "status": status,
    "approve": approve,
    "report": write_reports,
    "run": run,
    "lab": lab,
    "demo": demo,
    "sandbox": sandbox,
    "trust": trust,
    "ledger": ledger,
}
"""The commands of this module by name."""
