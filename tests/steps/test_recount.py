"""The zero-loss accounting against a count that shares no code with it: the csv module, openpyxl and sqlite3 read the raw files."""

from __future__ import annotations

import csv
import json
import sqlite3
from collections import Counter
from pathlib import Path

import pytest
from openpyxl import Workbook, load_workbook

from pb2hl.sheets import write_sheet
from pb2hl.steps.check.recount import staged_against_export
from pb2hl.steps.prepare.inventory import inventory
from pb2hl.workspace import Workspace, parse_config
from tests.e2e.drive import Arrived, step, workspace
from tests.steps import small

CONTACTS = [
    ["Contact ID", "Full Name", "Email", "Phone", "Company ID", "Owner", "Tags", "Shoe Size", "Secret", "Member", "Created"],
    ["1", "Lee, Ann", "ann@a.example; ann@home.example", "613-555-0101 ext 4", "C1", "1", "vip; fair", "42", "hush-1", "Y", "2024-01-05"],
    ["2", "Bob Ray", "bob@b.example", "N/A", "C9", "nobody", "", "-", "hush-2", "N", "2024-01-13"],
    ["2", "Bob Ray", "bob@b.example", "N/A", "C9", "nobody", "", "-", "hush-2", "N", "2024-01-13"],
    ["3", "Ann Lee", "ann@a.example", "613-555-0101", "C1", "1", "vip", "43", "hush-3", "", "2024-01-14"],
    ["", "", "", "", "", "", "", "", "", "", ""],
    ["", "Cy Fox", "cy@c.example", "not a phone", "C1", "2", "fair", "forty", "hush-4", "Y", "not a date"],
    ["4", "Dee Dot", "dee.example", "613-555-0104", "", "2", "fair", "41", "hush-5", "N", "2024-02-29"],
    ["4", "Another Person", "other@o.example", "613-555-0105", "C2", "1", "", "40", "hush-6", "N", "2024-03-01"],
    ["5", "Eve " + "E" * 300, "eve@e.example", "613-555-0106", "C2", "1", "t" * 30, "39", "x" * 9000, "Y", "2024-03-02"],
    ["Total", "", "", "", "", "", "", "205", "", "", ""],
]  # fmt: skip
DEALS = [
    ["Deal ID", "Deal Name", "Contact ID", "Pipeline", "Stage", "Status", "Amount", "Owner"],
    ["D1", "Wheel", "1", "Sales", "Offer", "open", "$1,200.50", "1"],
    ["D2", "Cart", "77", "Sales", "New", "open", "300", "2"],
    ["D3", "Axle", "1", "Sales", "New", "open", "fivish", "1"],
    ["D4", "", "4", "", "", "won", "10", "nobody"],
]  # fmt: skip
NOTES = [
    ["Note ID", "Body", "Contact ID", "Company ID", "Mood"],
    ["N1", "<p>Hello <script>alert(1)</script></p>", "1", "", "good"],
    ["N2", "Orphan", "99", "", ""],
    ["N3", "B" * 30_000, "", "C1", "bad"],
]  # fmt: skip
COMPANIES = [
    ["Company ID", "Company Name", "Website", "City"],
    ["C1", "Mill Ltd", "https://mill.example", "Ottawa"],
    ["C2", "Mill Limited", "https://www.mill.example", "Hull"],
]  # fmt: skip
USERS = [["User ID", "Name", "Email", "Active"], ["1", "Anna Vogel", "anna@agency.example", "Y"], ["2", "Bo Lang", "bo@agency.example", "Y"]]  # fmt: skip
TABLES = {"contacts": CONTACTS, "deals": DEALS, "notes": NOTES, "companies": COMPANIES, "users": USERS}

DAMAGED = "old.xlsx"
"""A file that cannot be read; going on without it is a decision."""

Cells = Counter[tuple[str, str]]


def of_csv(path: Path) -> Cells:
    """Filled cells by object and heading, as the csv module reads them."""
    found: Cells = Counter()
    for file in path.glob("*.csv"):
        if file.stem in TABLES:
            with open(file, newline="", encoding="utf-8") as text:
                heading, *lines = csv.reader(text)
            found.update(
                (file.stem, name) for line in lines for name, cell in zip(heading, line, strict=True) if cell.strip()
            )
    return found


def of_workbook(path: Path) -> Cells:
    """The same as openpyxl reads a workbook."""
    found: Cells = Counter()
    for page in load_workbook(path, read_only=True):
        if page.title in TABLES:
            heading, *lines = page.iter_rows(values_only=True)
            found.update((page.title, name) for line in lines for name, cell in zip(heading, line, strict=True) if str(cell or "").strip())  # fmt: skip
    return found


def of_database(path: Path) -> Cells:
    """The same as sqlite3 counts a database."""
    with sqlite3.connect(path) as db:
        return Counter({
            (name, heading): db.execute(f"SELECT COUNT(*) FROM \"{name}\" WHERE TRIM(COALESCE(\"{heading}\", '')) <> ''").fetchone()[0]
            for name, rows in TABLES.items() for heading in rows[0]
        })  # fmt: skip


def as_csv(folder: Path) -> Path:
    """The tables as CSV, with a table nobody recognises, a damaged workbook and a picture beside them."""
    folder.mkdir()
    for name, rows in {**TABLES, "tides": [["moon", "height"], ["full", "3"]]}.items():
        with open(folder / f"{name}.csv", "w", newline="", encoding="utf-8") as out:
            csv.writer(out).writerows(rows)
    (folder / DAMAGED).write_bytes(b"PK\x03\x04 cut off")
    (folder / "logo.png").write_bytes(b"\x89PNG")
    return folder


def as_workbook(path: Path) -> Path:
    """The tables as one workbook."""
    book = Workbook()
    book.remove(book.active)
    for name, rows in TABLES.items():
        page = book.create_sheet(name)
        for row in rows:
            page.append([cell or None for cell in row])
    book.save(path)
    return path


def as_database(path: Path) -> Path:
    """The tables as a database."""
    with sqlite3.connect(path) as db:
        for name, (heading, *rows) in TABLES.items():
            db.execute(f'CREATE TABLE "{name}" ({", ".join(chr(34) + item + chr(34) for item in heading)})')
            db.executemany(f'INSERT INTO "{name}" VALUES ({", ".join("?" * len(heading))})', rows)
    return path


KINDS = {"csv": (as_csv, of_csv, "x"), "workbook": (as_workbook, of_workbook, "x.xlsx"), "database": (as_database, of_database, "x.sqlite")}  # fmt: skip


def accounted(audit) -> Cells:
    """Cells of the audit's accounting by object and heading."""
    found: Cells = Counter()
    for row in audit.tables["accounting"].itertuples(index=False):
        found[row.object, row.heading] += int(row.cells)
    return found


def check(audit, counted: Cells) -> None:
    """Every object's cells are all accounted for, column by column but for lines that are no records, which stand as `(row)`."""
    held = accounted(audit)
    assert not len(audit.tables["unbalanced"]), audit.tables["unbalanced"].to_csv()
    assert (audit.tables["accounting"]["cells"] > 0).all()
    for object_ in TABLES:
        mine = {name: count for (one, name), count in counted.items() if one == object_ and count}
        theirs = {name: count for (one, name), count in held.items() if one == object_ and name != "(row)"}
        assert sum(mine.values()) == sum(theirs.values()) + held[object_, "(row)"], (object_, mine, theirs)
        off = {name: (mine.get(name, 0), theirs.get(name, 0)) for name in {*mine, *theirs}}
        assert all(0 <= ours - found <= held[object_, "(row)"] for ours, found in off.values()), (object_, off)


def ignore(ws, column: str) -> None:
    """Somebody decides to leave a column behind."""
    sheet = ws.sheet("fields", ("object", "column", "decision"))
    sheet.loc[sheet["column"] == column, "decision"] = "ignore"
    write_sheet(ws.sheets / "fields.csv", sheet)


def buckets(audit, object_: str, heading: str) -> Counter[str]:
    """Cells of a column by bucket."""
    rows = audit.tables["accounting"].query("object == @object_ and heading == @heading")
    return Counter(dict(rows.groupby("bucket")["cells"].sum().astype(int)))


TOLD = ("not a phone", "forty", "not a date", "dee.example", "C9", "nobody", "77", "fivish", "good", "bad", "Orphan", "99", "ann@home.example",
        "E" * 300, "B" * 30_000, "t" * 30)  # fmt: skip
"""What of the export has no place of its own, and is somewhere in the location all the same."""


def everything_is_there(audit, found: Arrived) -> None:
    """What the accounting calls landed or moved is in the location: its odd values by text, its fields by number."""
    text = json.dumps(found.dump, ensure_ascii=False)
    assert [item[:20] for item in TOLD if item not in text] == []
    assert "hush-4" not in text and buckets(audit, "contacts", "Secret")["skipped by decision"] == 6
    held = {
        ("contacts", "Shoe Size"): sum(bool(c["custom"].get("Shoe Size")) for c in found.contacts),
        ("contacts", "Tags"): sum(bool(c.get("tags")) for c in found.contacts),
        ("contacts", "Owner"): 5 + sum(c["custom"].get("Perfect Books Owner") == "nobody" for c in found.contacts),
        ("deals", "Stage"): 2,
        ("notes", "Body"): len(found.marked("notes", "PB:notes:")),
        ("companies", "City"): sum(bool(b.get("city")) for b in found.businesses),
    }
    landed = {key: sum(n for b, n in buckets(audit, *key).items() if b.startswith("landed")) for key in held}
    blank = {("contacts", "Shoe Size"): 1}
    assert {key: n - blank.get(key, 0) for key, n in landed.items()} == held


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_an_export_with_every_trouble(kind, rehearse, tmp_path, monkeypatch):
    """After the load, after a delta and after a rollback every cell of the raw files is in one bucket, and in the true one."""
    make, count, name = KINDS[kind]
    sandbox = rehearse(users=small.USERS, search_lag_s=0)
    monkeypatch.setenv("HIGHLEVEL_TOKEN", sandbox.token)
    export = make(tmp_path / name)
    ws = workspace(
        tmp_path / "ws",
        export,
        sandbox,
        fallback_owner="anna@agency.example",
        leave_out=[DAMAGED] if kind == "csv" else [],
    )
    step(ws, "inventory")
    ignore(ws, "Secret")
    small.migrate(ws)
    audit = step(ws, "audit")
    check(audit, count(export))
    assert set(buckets(audit, "contacts", "Secret")) <= {"skipped by decision", "merged into"}
    everything_is_there(audit, Arrived.of(sandbox))
    later = make(tmp_path / f"later{Path(name).suffix}") if kind != "csv" else make(tmp_path / "later")
    step(ws, "delta", export=later, approve_all="Jane")
    again = step(ws, "audit")
    check(again, count(later))
    step(ws, "rollback")
    undone = step(ws, "audit")
    check(undone, count(later))
    left = undone.tables["accounting"].query("object not in ('users',) and where != 'read as blank'")
    assert set(left["bucket"]) <= {"skipped by decision", "merged into", "refused", "no record"}, left.to_csv()


def test_rows_of_a_folded_table_that_name_no_record_are_read_and_listed(tmp_path):
    """Addresses of nobody, in a table that became columns of the contacts, count among the cells read as among those listed."""
    export = tmp_path / "export"
    export.mkdir()
    (export / "contacts.csv").write_text("id,first_name,last_name\n1,Ann,Able\n2,Bo,Best\n3,Cy,Cole\n")
    (export / "emails.csv").write_text(
        "id,contact_id,email\nm1,1,ann@a.example\nm2,9,ghost@g.example\nm3,2,bo@b.example\n"
    )
    ws = Workspace.create(tmp_path / "ws", parse_config({"export": str(export), "location": "loc"}))
    inventory(ws)
    cells = staged_against_export(ws).set_index(["object", "heading"])
    assert ws.table("dropped")["reason"].tolist() == ["no record of the export is meant"]
    assert cells["expected"].tolist() == cells["found"].tolist()
    assert cells["expected"].to_dict() == {
        ("contacts", "id"): 4, ("contacts", "first_name"): 3, ("contacts", "last_name"): 3, ("contacts", "email"): 3, ("contacts", "contact_id"): 1,
    }  # fmt: skip
