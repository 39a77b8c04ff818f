"""The whole plan: schema, determinism, closure of references, accounting, estimate, store, sample."""

from __future__ import annotations

import importlib
import re
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pb2hl.operations import RECORD_TARGETS, SCHEMA_TARGETS, Kind, Target, references
from pb2hl.plan import Operations, PlanInputs, Sources, read, sample
from pb2hl.plan.inputs.rows import rows
from tests.plan.frames import SALES, Built, Field, Mapped, at, frame, inputs, place


def many(number: int) -> PlanInputs:
    """An export of `number` contacts with deals, notes, tasks and appointments."""
    people = [
        {
            "id": str(n),
            "first_name": f"P{n}",
            "email": f"p{n}@b.example",
            "company_source_id": str(n % 7),
            "owner": str(n % 3),
            "created_at": at("2020-01-01"),
        }
        for n in range(number)
    ]
    companies = [{"id": str(n), "name": f"Co {n}"} for n in range(7)]
    deals = [
        {
            "id": str(n),
            "name": f"D{n}",
            "contact_id": [str(n)],
            "pipeline": "Sales",
            "stage": ("New", "Won", "Lost")[n % 3],
            "amount": 5.0,
        }
        for n in range(0, number, 2)
    ]
    notes = [{"id": str(n), "body": "text", "contact_id": str(n)} for n in range(number)]
    tasks = [
        {"id": str(n), "title": "t", "contact_id": str(n), "due_at": at("2020-02-01")} for n in range(0, number, 3)
    ]
    rare = [
        {
            "id": "1",
            "title": "once",
            "contact_id": str(number - 1),
            "start_at": at("2020-02-01 10:00"),
            "end_at": at("2020-02-01 11:00"),
        }
    ]
    tables = {
        name: frame(*rows)
        for name, rows in (
            ("contacts", people),
            ("companies", companies),
            ("deals", deals),
            ("notes", notes),
            ("tasks", tasks),
            ("appointments", rare),
        )
    }
    return inputs(tables, mapping=Mapped(stages=SALES, owners={"0": "U0", "1": "U1", "2": ""}))


def test_the_same_inputs_give_the_same_plan():
    """A plan is a pure function: ids, payloads and order repeat."""
    assert list(Built(many(40)).plan.operations) == list(Built(many(40)).plan.operations)


def test_every_reference_points_to_an_operation():
    """No operation waits for one that no plan has, and no id is used twice."""
    built = Built(many(60))
    every = [*built.schema.operations, *built.plan.operations]
    ids = [op.op_id for op in every]
    assert len(ids) == len(set(ids))
    assert {item for op in every for item in references(op.payload)} <= set(ids)


def test_a_plan_survives_the_disk(tmp_path):
    """What is read back in batches is what was planned."""
    plan = Built(many(40)).plan
    plan.operations.write(tmp_path)
    assert list(read(tmp_path)) == list(plan.operations) == list(Operations.load(tmp_path))
    assert {op.target for op in read(tmp_path, [Target.TASK])} == {Target.TASK}


def test_a_plan_that_shrank_leaves_no_old_operations(tmp_path):
    """Files of targets that a new plan does not have are removed."""
    Built(many(40)).plan.operations.write(tmp_path)
    Built(inputs({"contacts": frame({"id": "1", "email": "a@b.example"})})).plan.operations.write(tmp_path)
    assert {op.target for op in read(tmp_path)} == {Target.CONTACT, Target.BUSINESS, Target.LINK}


def test_links_cost_one_request_per_fifty_contacts():
    """The estimate groups links by business, as they are sent."""
    people = frame(*({"id": str(n), "email": f"p{n}@b.example", "company_source_id": "9"} for n in range(120)))
    built = Built(inputs({"contacts": people, "companies": frame({"id": "9", "name": "Acme"})}))
    assert built.plan.estimate.requests["link"] == 3 and built.plan.estimate.requests["contact"] == 120


def test_the_sample_covers_everything_and_is_closed():
    """Every kind of record, field, stage and owner, with all that they depend on, in about the size asked for."""
    plan = Built(many(400)).plan
    chosen = sample(plan.operations, 150)
    picked = [op for op in plan.operations if op.op_id in chosen]
    known = {op.op_id for op in plan.operations}
    assert {item for op in picked for item in op.depends_on if item in known} <= chosen
    assert {op.target for op in picked} == {op.target for op in plan.operations}
    stages = {str(op.payload["pipelineStageId"]) for op in plan.operations if op.target is Target.OPPORTUNITY}
    assert stages == {str(op.payload["pipelineStageId"]) for op in picked if op.target is Target.OPPORTUNITY}
    records = sum(op.target in RECORD_TARGETS for op in picked)
    assert 150 <= records <= 170 and chosen == sample(plan.operations, 150)


def test_a_small_plan_is_its_own_sample():
    """Fewer records than a sample: all of them."""
    plan = Built(many(10)).plan
    assert sample(plan.operations) == {op.op_id for op in plan.operations}


def test_existing_fields_are_used_or_left_alone():
    """Same name and type: used. Another type or missing options: a field beside it, never an alteration."""
    existing = (
        {"id": "F1", "name": "size", "fieldKey": "contact.size", "dataType": "SINGLE_OPTIONS", "model": "contact", "options": ["S", "M"]},
        {"id": "F2", "name": "Score", "fieldKey": "contact.score", "dataType": "TEXT", "model": "contact", "options": []},
        {"id": "F3", "name": "Tier", "fieldKey": "contact.tier", "dataType": "SINGLE_OPTIONS", "model": "contact", "options": ["A"]},
    )  # fmt: skip
    mapping = Mapped(
        fields={
            "contacts": [
                Field("custom.Size", "Size", "SINGLE_OPTIONS", ("s",)),
                Field("custom.Score", "Score", "NUMERICAL"),
                Field("custom.Tier", "Tier", "SINGLE_OPTIONS", ("A", "B")),
            ]
        }
    )
    row = {"id": "1", "email": "a@b.example", "custom.Size": "s", "custom.Score": 3.0, "custom.Tier": "B"}
    built = Built(inputs({"contacts": frame(row)}, mapping=mapping, destination=place(fields={"contact": existing})))
    fields = {op.payload["name"]: op for op in built.schema.operations if op.target is Target.FIELD}
    assert (fields["Size"].kind, fields["Size"].existing_id) == (Kind.SKIP, "F1")
    assert fields["Score (Perfect Books)"].kind is fields["Tier (Perfect Books)"].kind is Kind.CREATE
    values = built.custom(built.one(Target.CONTACT))
    assert values["size"] == "S", "options are sent as the location spells them"
    assert not any(op.kind is Kind.UPDATE for op in built.schema.operations)


def test_pipelines_keep_order_and_probability():
    """Stages in their order with their chances in percent; an existing pipeline that lacks one is left alone."""
    declared = frame(
        {"pipeline": "Sales", "stage": "Won", "position": 2.0, "probability": 1.0},
        {"pipeline": "Sales", "stage": "New", "position": 1.0, "probability": 0.1},
        {"pipeline": "Sales", "stage": "Lost", "position": 3.0, "probability": 0.0},
    )
    built = Built(inputs({"pipelines": declared}))
    (pipeline,) = [op for op in built.schema.operations if op.target is Target.PIPELINE]
    assert [(s["name"], s["position"], s["stageWinProbability"]) for s in pipeline.payload["stages"]] == [
        ("New", 0, 10),
        ("Won", 1, 100),
        ("Lost", 2, 0),
    ]
    there = place(pipelines=({"id": "P", "name": "sales", "stages": [{"id": "s1", "name": "New"}]},))
    (pipeline,) = [
        op
        for op in Built(inputs({"pipelines": declared}, destination=there)).schema.operations
        if op.target is Target.PIPELINE
    ]
    assert pipeline.kind is Kind.CREATE and pipeline.payload["name"] == "Sales (Perfect Books)"


def test_schema_ids_do_not_change_when_things_exist():
    """A field made by the schema step is the same operation when the location is read again."""
    given = {"contacts": frame({"id": "1", "email": "a@b.example"})}
    first = Built(inputs(given))
    made = [
        {
            "id": "F",
            "name": "Perfect Books ID",
            "fieldKey": "contact.x",
            "dataType": "TEXT",
            "model": "contact",
            "options": [],
        }
    ]
    again = Built(inputs(given, destination=place(fields={"contact": made})))
    ids = [
        {
            op.op_id
            for op in built.schema.operations
            if op.payload.get("name") == "Perfect Books ID" and op.payload.get("model")
        }
        for built in (first, again)
    ]
    assert ids[0] == ids[1]


def test_schema_plans_hold_schema_only():
    """The two plans share no target."""
    built = Built(many(10))
    assert {op.target for op in built.schema.operations} <= set(SCHEMA_TARGETS)
    assert not {op.target for op in built.plan.operations} & set(SCHEMA_TARGETS)


def test_every_source_cell_is_accounted_for():
    """Filled source cells and buckets balance: blanks, ignored columns, unconverted cells and merged rows included."""
    rows = frame(
        {
            "id": "1",
            "email": "a@b.example",
            "phone": None,
            "raw.Id": "1",
            "raw.Mail": "A@b.example",
            "raw.Tel": "call me",
            "raw.Shoe": "42",
        },
        {"id": "2", "email": None, "phone": None, "raw.Id": "2", "raw.Mail": "N/A", "raw.Tel": "", "raw.Shoe": ""},
        {
            "id": "3",
            "email": "a@b.example",
            "phone": None,
            "raw.Id": "3",
            "raw.Mail": "a@b.example",
            "raw.Tel": "",
            "raw.Shoe": "7",
        },
    )
    columns = pd.DataFrame(
        [
            {"object": "contacts", "heading": h, "staged_column": c}
            for h, c in (("Id", "id"), ("Mail", "email"), ("Tel", "phone"), ("Shoe", ""))
        ]
    )
    lost = pd.DataFrame([{"object": "contacts", "source_id": "1", "field": "phone", "text": "call me", "reason": "no"}])
    survivors = {"contacts": {"1": "1", "2": "2", "3": "1"}}
    merged = {"contacts": rows[rows["source_id"] != "3"].assign(merged_ids=[["1", "3"], ["2"]])}
    built = Built(inputs({"contacts": rows}, columns=columns, not_converted=lost, survivors=survivors, merged=merged))
    balance = built.plan.tables["lineage_balance"]
    assert (balance["filled"] == balance["accounted"]).all() and balance["filled"].sum() == 9
    found = built.plan.tables["lineage_summary"].groupby(["heading", "bucket"])["cells"].sum()
    assert found["Mail", "merged into"] == 1 and found["Mail", "landed normalised"] == 2
    assert found["Tel", "moved elsewhere"] == 1 and found["Shoe", "skipped by decision"] == 1


def test_sources_say_what_the_export_said():
    """The diff gets the text as exported beside the value sent."""
    columns = pd.DataFrame([{"object": "contacts", "heading": "Mail", "staged_column": "email"}])
    given = inputs(
        {"contacts": frame({"id": "1", "email": "a@b.example", "raw.Mail": " A@B.example"})}, columns=columns
    )
    built = Built(given)
    table = Sources.of(given).table(built.of(Target.CONTACT))
    (row,) = table[table["field"] == "email"].to_dict("records")
    assert (row["source_value"], row["sent"]) == (" A@B.example", "a@b.example")


def test_sources_of_merged_and_computed_values():
    """A merged record names the row each value came from, a custom field its column, and what no cell holds says what does."""
    columns = pd.DataFrame(
        [("contacts", "No", "id"), ("contacts", "Town", "city"), ("contacts", "Mail", "email"), ("contacts", "Shoe", "custom.Shoe")],
        columns=["object", "heading", "staged_column"],
    )  # fmt: skip
    cells = [
        {"id": "1", "email": "a@b.example", "city": None, "custom.Shoe": "42", "raw.No": "1", "raw.Mail": "A@b.example", "raw.Shoe": " 42"},
        {"id": "2", "email": "z@b.example", "city": "Ottawa", "raw.No": "2", "raw.Mail": "z@b.example", "raw.Town": "OTTAWA"},
    ]  # fmt: skip
    rows = frame(*cells)
    unshown = '[{"source_id": "2", "field": "email", "value": "z@b.example"}]'
    merged = rows.head(1).assign(merged_ids=[["1", "2"]], city="Ottawa", unshown=unshown)
    given = inputs({"contacts": rows}, columns=columns, survivors={"contacts": {"2": "1"}}, merged={"contacts": merged})
    built = Built(given)
    table = Sources.of(given).table(built.of(Target.CONTACT)).set_index("field")
    told = {name: tuple(table.loc[name, ["source_columns", "source_value"]]) for name in table.index}
    assert told["email"] == ("Mail", "A@b.example") and told["city"] == ("Town (row 2)", "OTTAWA")
    assert told["customFields.Perfect Books ID"] == ("No, No (row 2)", "No: 1\nNo: 2")
    assert told["customFields.Other Emails"][1] == "Mail: A@b.example\nMail: z@b.example"
    assert told["customFields.Perfect Books Merged"] == ("Mail (row 2)", "z@b.example")


TEXT = st.one_of(st.none(), st.text(max_size=12), st.sampled_from(["1", "2", "a@b.example", "{{ref:x}}", "N/A"]))


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(
        st.fixed_dictionaries(
            {
                "first_name": TEXT,
                "email": TEXT,
                "phone": TEXT,
                "owner": TEXT,
                "contact": TEXT,
                "stage": TEXT,
                "body": TEXT,
            }
        ),
        min_size=1,
        max_size=6,
    ),
    st.booleans(),
)
def test_any_export_gives_a_whole_plan(rows, allowed):
    """Whatever the cells hold: unique ids, no reference into the void, every deal, note and task planned."""
    numbered = list(enumerate(rows, 1))
    contacts = frame(
        *({"id": str(n), **{k: row[k] for k in ("first_name", "email", "phone", "owner")}} for n, row in numbered)
    )
    deals = frame(
        *(
            {
                "id": str(n),
                "name": row["body"],
                "contact_id": [row["contact"]] if row["contact"] else None,
                "pipeline": "Sales",
                "stage": row["stage"],
            }
            for n, row in numbered
        )
    )
    notes = frame(
        *(
            {"id": str(n), "body": row["body"], "contact_id": row["contact"], "deal_id": row["contact"]}
            for n, row in numbered
        )
    )
    tasks = frame(*({"id": str(n), "title": row["body"], "company_id": row["contact"]} for n, row in numbered))
    settings_ = {"allow_duplicate_contact": allowed, "allow_duplicate_opportunity": allowed}
    built = Built(
        inputs(
            {"contacts": contacts, "deals": deals, "notes": notes, "tasks": tasks},
            destination=place(settings=settings_),
        )
    )
    every = [*built.schema.operations, *built.plan.operations]
    ids = {op.op_id for op in every}
    assert len(ids) == len(every) and {item for op in every for item in op.depends_on} <= ids
    for target, object_ in (
        (Target.OPPORTUNITY, "deals"),
        (Target.NOTE, "notes"),
        (Target.TASK, "tasks"),
        (Target.CONTACT, "contacts"),
    ):
        assert len([op for op in built.of(target) if op.object == object_]) == len(rows)
    if not allowed:
        for name in ("email", "phone"):
            values = [op.payload[name] for op in built.of(Target.CONTACT) if name in op.payload]
            assert len(values) == len(set(values))


@pytest.mark.parametrize("column", ["more_emails", "email_2"])
def test_further_addresses_are_kept(column):
    """Every address of a cell that HighLevel cannot hold goes to one field."""
    value = ["x@b.example", "y@b.example"] if column == "more_emails" else "x@b.example"
    built = Built(inputs({"contacts": frame({"id": "1", "email": "a@b.example", column: value})}))
    assert built.custom(built.one(Target.CONTACT))["Other Emails"].splitlines() == (
        value if isinstance(value, list) else [value]
    )


def test_the_table_of_questions_names_what_there_is():
    """Every module and name that docs/architecture.md gives as an answer exists."""
    text = (Path(__file__).parents[2] / "docs" / "architecture.md").read_text(encoding="utf-8")
    answers = re.findall(r"^\|[^|]+\| `(pb2hl[\w.]+):([\w.]+)` \|$", text, re.MULTILINE)
    assert len(answers) >= 9
    for module, name in answers:
        found: object = importlib.import_module(module)
        for part in name.split("."):
            found = getattr(found, part)


@pytest.mark.parametrize("zone", [None, "UTC", "America/Toronto"])
def test_moments_of_rows_are_those_of_the_table(zone):
    """Dates and times come out of a table as its own values, zone, gaps and microseconds included."""
    moments = pd.Series(
        pd.to_datetime(["2021-03-04 09:30:00.000250", None, "1875-01-01"], format="ISO8601").tz_localize(zone)
    )
    for unit in ("ms", "us"):
        column = moments.dt.as_unit(unit)
        got = [row["at"] for row in rows(pd.DataFrame({"at": column}))]
        assert got == pa.array(column, from_pandas=True).to_pylist()
        assert [one and one.utcoffset() for one in got] == [
            None if one is pd.NaT else one.utcoffset() for one in column
        ]
