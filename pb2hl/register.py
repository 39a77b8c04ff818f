"""The register of steps: each step once, as data; whoever names a step reads it here.

A new step touches its own module, its notebook and this register: command line, runner, reports, index, status and log follow.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Option:
    """One option of a step's command: `--name` with dashes, its kind, and the function's parameter where that is called otherwise."""

    name: str
    help: str
    kind: Any = bool
    default: Any = False
    choices: tuple[str, ...] = ()
    least: int | None = None
    most: int | None = None
    parameter: str = ""


@dataclass(frozen=True, slots=True)
class Chapter:
    """One report: its file, title, the question it answers, the gate behind it, and the saved result it is drawn from."""

    file: str
    title: str
    question: str
    gate: str = ""
    result: str = ""
    sums_up: bool = False
    """Whether the index tells its outcome in words at its head."""


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a migration. Its function stands in the module of its name in its room below `pb2hl.steps`."""

    id: str
    room: str = ""
    """Folder below `pb2hl.steps`; "" for a step that a face does by itself."""
    help: str = ""
    """What its command does, in a sentence; "" keeps it off the command line."""
    options: tuple[Option, ...] = ()
    command_of: str = ""
    """The step whose command runs this one instead, as soon as one of `options` is given."""
    masks: bool = True
    """Whether its report can be masked."""
    asks: str = ""
    """What the command asks before it writes to HighLevel; options are named in braces."""
    asks_with: str = ""
    """The option without which nothing is written, and nothing asked."""
    asks_without: str = ""
    """The option with which nothing is written, and nothing asked."""
    batch: bool = False
    """Whether the command takes `--approve-all --by NAME`."""
    notebook: str = ""
    writes: bool = False
    """Whether its notebook writes to HighLevel."""
    undoes: bool = False
    """Whether it takes back what others wrote; a run of all notebooks leaves it out."""
    proves: bool = False
    """Whether it proves what was written before it."""
    leaves: str = ""
    """The name of its saved result, where it is not the step's own; options are named in braces."""
    sheets: tuple[str, ...] = ()
    """The sheets that a person reviews after it."""
    revises: tuple[str, ...] = ()
    """Earlier steps whose reports it may change when it stops at a gate."""
    gate: str = ""
    """The approval that a person gives after it."""
    gate_of_sheets: bool = False
    """Whether the approval names the sheets, not the step's result."""
    approved_by: str = ""
    """The gate whose approval also settles what this step waits for."""
    decides: bool = False
    """Whether a person decides in its notebook (`approved_by`, `take_defaults`)."""
    defaults: tuple[str, ...] = ()
    """`module:function` of what a batch run decides under its name: each takes the workspace and the name."""
    apply: str = ""
    """The option that carries out what was approved."""
    optional: bool = False
    """Whether a migration can be complete without it."""
    must_pass: bool = False
    """Whether nothing comes next until its result is no failure."""
    resumes: bool = False
    """Whether running it again settles operations in doubt."""
    chapters: tuple[Chapter, ...] = ()

    def function(self) -> Callable[..., Any]:
        """The step itself, imported only now: the register costs nothing to read."""
        return getattr(import_module(f"pb2hl.steps.{self.room}.{self.id}"), self.id)

    def result(self, **options: Any) -> str:
        """The name under which it saves its result, run with `options`."""
        given = {option.name: option.default for option in self.options} | options
        return (self.leaves or self.id).format(**given)

    @property
    def approval(self) -> str:
        """What to do at its gate, as a command without the workspace."""
        return f"approve {self.gate}"

    @property
    def application(self) -> str:
        """The command that carries out what was approved."""
        return f"{self.id} --{self.apply}"

    @property
    def next(self) -> str:
        """The step that comes after it on the way to a proven migration; "" after the last."""
        ids = [step.id for step in STEPS.values() if not step.optional or step.id == self.id]
        return next(iter(ids[ids.index(self.id) + 1 :]), "")

    def take_defaults(self, ws: Any, who: str) -> None:
        """Decide everything that a batch run decides after this step, recorded as given by `who`."""
        for default in self.defaults:
            module, _, name = default.partition(":")
            getattr(import_module(module), name)(ws, who)


INVENTORY = Step(
    "inventory",
    "prepare",
    "Read the export: which product, which objects, what each column holds, what will not move.",
    notebook="01_inventory.ipynb",
    must_pass=True,
    chapters=(
        Chapter("inventory", "Inventory", "What does the export hold, and what of it will not move as it is?", sums_up=True),
    ),
)  # fmt: skip
MATCH = Step(
    "match",
    "prepare",
    "Propose duplicate contacts and companies of one domain, into sheets/duplicates.csv and sheets/companies.csv.",
    notebook="02_match.ipynb",
    sheets=("duplicates", "companies"),
    decides=True,
    approved_by="mapping",
    defaults=("pb2hl.matching:accept_all",),
    chapters=(
        Chapter("duplicates", "Duplicates", "Who is in the export more than once?"),
        Chapter("companies", "Companies", "Which rows are one company, and who belongs to whom?"),
    ),
)
MAPPING = Step(
    "mapping",
    "prepare",
    "Propose where columns, stages, picklists, tags and owners go, into sheets/.",
    notebook="03_mapping.ipynb",
    sheets=("fields", "stages", "owners", "tags", "picklists"),
    decides=True,
    gate="mapping",
    gate_of_sheets=True,
    defaults=("pb2hl.mapper:accept_all", "pb2hl.steps.gates.gates:take_mapping_policies"),
    chapters=(
        Chapter("mapping", "Mapping", "Which column, stage and tag becomes what in HighLevel?", "mapping"),
        Chapter("owners", "Owners", "Who owns the records, and which user of HighLevel takes them?", "mapping"),
    ),
)
CHECK = Step(
    "check",
    "check",
    "Run the Great Expectations suites.",
    (
        Option("stage", "before (staged tables) or after (what was read back).", str, "before", ("before", "after")),
        Option("suite", "Run this suite only.", Path, None),
        Option("data_docs", "Also build Great Expectations' own pages."),
    ),
    notebook="04_check.ipynb",
    leaves="check-{stage}",
    must_pass=True,
    chapters=(Chapter("checks-before", "Checks before the load", "Is the data fit to be moved?", result="check-before"),),
)  # fmt: skip
DOCTOR = Step(
    "doctor",
    "prepare",
    "Look at the location before anything is written: token, scopes, settings, users, workflows, allowance.",
    (Option("probe", "Try the write scopes; pin uncertain behaviour on one scratch contact."),),
    asks="Create and remove one scratch contact?",
    asks_with="probe",
    masks=False,
    optional=True,
)
SCHEMA = Step(
    "schema",
    "load",
    "Show the schema diff of the location; with --apply make what is missing.",
    (Option("apply", "Make it in the location (needs approvals)."),),
    asks="Create fields, tags, pipelines and calendar in the location?",
    asks_with="apply",
    notebook="05_schema.ipynb",
    writes=True,
    sheets=("schema",),
    decides=True,
    gate="schema",
    apply="apply",
    defaults=("pb2hl.steps.gates.gates:take_schema_policies",),
    chapters=(Chapter("schema", "Schema", "What must be made in HighLevel before records can land?", "schema"),),
)
SAMPLE = Step(
    "sample",
    "load",
    "Load a linked sample for real, read it back, and diff it field by field.",
    (Option("size", "How many records, 100-500.", int, 200, least=1, most=500),),
    asks="Load a sample of about {size} records into the location?",
    notebook="06_sample.ipynb",
    writes=True,
    decides=True,
    gate="sample",
    chapters=(Chapter("sample", "Sample", "Does a small part arrive exactly as it should?", "sample"),),
)
LOAD = Step(
    "load",
    "load",
    "Load everything that is not loaded yet; run again it goes on, and never sends anything twice.",
    asks="Load all remaining records into the location?",
    notebook="07_load.ipynb",
    writes=True,
    resumes=True,
    chapters=(Chapter("load", "Load", "What was sent, and what did HighLevel answer?", sums_up=True),),
)
DELTA = Step(
    "delta",
    "delta",
    "Bring over what changed in Perfect Books since the first export, without overwriting people's edits.",
    (Option("export", "The later export.", Path, None),),
    asks="Write the changes of the later export to the location?",
    asks_with="export",
    batch=True,
    notebook="08_delta.ipynb",
    writes=True,
    sheets=("conflicts",),
    revises=("match", "mapping", "schema"),
    optional=True,
    chapters=(Chapter("delta", "Delta", "What changed in the source since, and does it clash with work done in HighLevel?"),),
)  # fmt: skip
PREVIEW = Step(
    "preview",
    "delta",
    "Show what a later export would change, by name, and the requests it takes; nothing is written to HighLevel.",
    (Option("export", "The later export.", Path, None),),
    sheets=("conflicts",),
    optional=True,
    chapters=(Chapter("preview", "Preview of a later export", "What would the delta do?"),),
)
WATCH = Step(
    "watch",
    "delta",
    "Wait in a folder for later exports and bring each over while the delta window is open, under the approvals that stand.",
    (
        Option("folder", "Where later exports appear: zips, files or folders.", Path, None),
        Option("hours", "How long the window lasts from its start; else policy.delta_window_hours.", int, None, least=1, most=720),
        Option("every", "How often to look: 30s, 15m, 1h.", str, "15m"),
    ),
    asks="Write the changes of every export that appears there to the location?",
    asks_with="folder",
    revises=("delta",),
    optional=True,
    chapters=(Chapter("watch", "Live window", "What came while the window was open, and what is left?"),),
)  # fmt: skip
AUDIT = Step(
    "audit",
    "audit",
    "Read everything back and compare it with what was expected; then run the suites of the after stage.",
    notebook="09_audit.ipynb",
    proves=True,
    chapters=(
        Chapter("audit", "Audit", "Did every record and every value arrive?", sums_up=True),
        Chapter("checks-after", "Checks after the load", "Does what arrived keep the rules?", result="check-after", sums_up=True),
    ),
)  # fmt: skip
REPAIR = Step(
    "repair",
    "audit",
    "Send again what is missing: records of ours that somebody deleted, and what HighLevel refused, with what hangs on them.",
    (Option("by", "Who asks for it, for the record.", str, "", parameter="who"),),
    asks="Send to the location again what is missing or was refused?",
    optional=True,
)
ROLLBACK = Step(
    "rollback",
    "rollback",
    "Undo: delete what was created, restore what was updated, keep and report what people touched since.",
    (
        Option("run", "Only this run (see status).", str, None),
        Option("object", "Only what this object became, such as contacts; repeat it for more.", list, (), parameter="objects"),
        Option("dry_run", "Show what would be undone; write nothing."),
        Option("force", "Also what people changed since."),
    ),
    asks="Remove from the location what this migration created?",
    asks_without="dry_run",
    notebook="10_rollback.ipynb",
    writes=True,
    undoes=True,
    optional=True,
    chapters=(Chapter("rollback", "Rollback", "What was taken back?"),),
)  # fmt: skip
LOG = Step(
    "log",
    "overview",
    options=(
        Option("verify_log", "Only verify the audit log's hash chain.", parameter="verify"),
        Option("export_log", "Write the audit log to this .csv or .jsonl file.", Path, None, parameter="export"),
        Option("head", "With --verify-log: the log's end as a report told it.", str, ""),
    ),
    command_of="audit",
    masks=False,
    optional=True,
)
REPORT = Step("report", notebook="11_report.ipynb", optional=True)

STEPS: dict[str, Step] = {
    step.id: step
    for step in (
        INVENTORY, MATCH, MAPPING, CHECK, DOCTOR, SCHEMA, SAMPLE, LOAD, PREVIEW, DELTA, WATCH, AUDIT, REPAIR, ROLLBACK, LOG, REPORT,
    )
}  # fmt: skip
"""Every step by its id, in the order of a migration."""


def bring_over(export: str) -> str:
    """The delta of an export, as a command without its workspace."""
    return f"{DELTA.id} --export {shlex.quote(export)}"


EXPLORE = "00_explore.ipynb"
"""The notebook that only looks; it belongs to no step."""
FLEET = "12_fleet.ipynb"
"""The notebook over many locations; it belongs to no step, and to no workspace."""


def notebooks() -> tuple[Step, ...]:
    """The steps that have a notebook, in order."""
    return tuple(step for step in STEPS.values() if step.notebook)


def gates() -> dict[str, Step]:
    """The steps after which a person approves something, by the gate's name, in order."""
    return {step.gate: step for step in STEPS.values() if step.gate}


def chapters() -> dict[Chapter, Step]:
    """Every report in its order, with the step it belongs to."""
    return {chapter: step for step in STEPS.values() for chapter in step.chapters}


def result_of(chapter: Chapter) -> str:
    """The saved result that `chapter` is drawn from."""
    return chapter.result or chapters()[chapter].result()


def results() -> tuple[str, ...]:
    """The names of all saved results that have a report, in the order of a migration."""
    return tuple(dict.fromkeys(result_of(chapter) for chapter in chapters()))


def results_of(steps: Callable[[Step], bool]) -> tuple[str, ...]:
    """The names of the saved results with a report of those steps that `steps` picks."""
    return tuple(dict.fromkeys(result_of(chapter) for chapter, step in chapters().items() if steps(step)))


def step_of(result: str) -> str:
    """The id of the step whose function left the saved `result`, as far as its name tells: `check-after` → `check`."""
    return result if result in STEPS else result.partition("-")[0]


def chapters_of(result: str) -> tuple[Chapter, ...]:
    """The chapters drawn from the saved `result`, the main one first; a result without any gets a plain one."""
    found = tuple(chapter for chapter in chapters() if result_of(chapter) == result)
    return found or (Chapter(result, result.replace("-", " ").capitalize(), "", result=result),)
