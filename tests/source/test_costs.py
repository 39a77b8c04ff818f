"""What an export may cost is bounded in bytes and time, told, and takes nothing else along."""

from __future__ import annotations

import io
import json
import os
import signal
import sqlite3
import time
import zipfile
from dataclasses import replace

import pytest

from pb2hl.errors import Cancelled, ExportError
from pb2hl.limits import LIMITS, MIB
from pb2hl.source import guarded, read_export
from pb2hl.source.delimited import read_delimited
from pb2hl.source.html_tables import read_html
from pb2hl.source.tables import unique_headings

CONTENT_TYPES = '<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Override PartName="/xl/workbook.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/></Types>'
RELATIONS = '<?xml version="1.0"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="r1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="xl/workbook.xml"/></Relationships>'
BOOK = '<?xml version="1.0"?><workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><sheets><sheet name="S" sheetId="1" r:id="r1"/></sheets></workbook>'
BOOK_RELATIONS = '<?xml version="1.0"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="r1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet" Target="worksheets/sheet1.xml"/><Relationship Id="r2" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/sharedStrings" Target="sharedStrings.xml"/></Relationships>'
MAIN = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'


def workbook(path, sheet: str, strings: str = "") -> None:
    """A minimal .xlsx whose one sheet has the rows `sheet`."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", CONTENT_TYPES)
        archive.writestr("_rels/.rels", RELATIONS)
        archive.writestr("xl/workbook.xml", BOOK)
        archive.writestr("xl/_rels/workbook.xml.rels", BOOK_RELATIONS)
        archive.writestr("xl/worksheets/sheet1.xml", f"<worksheet {MAIN}><sheetData>{sheet}</sheetData></worksheet>")
        archive.writestr("xl/sharedStrings.xml", f"<sst {MAIN}>{strings}</sst>")


@pytest.fixture
def folder(tmp_path):
    """An export with one honest table; a hostile file is put beside it."""
    place = tmp_path / "export"
    place.mkdir()
    (place / "contacts.csv").write_text("id,name\n1,Ann\n")
    return place


def read(folder, **limits):
    export = read_export(folder, into=folder.parent / "into", limits=replace(LIMITS, **limits))
    assert [table.file for table in export.tables if table.file == "contacts.csv"], "the honest table is always read"
    return export


def why(export, name: str) -> str:
    return dict(export.unread)[name]


@pytest.mark.parametrize("address", ["r=XFD1048576", "r='XFD1048576'", 'r = "XFD1048576"'])
def test_a_far_cell_is_told_however_it_is_written(folder, address):
    """A cell whose box no memory holds ends no process of ours, and the next file is read."""
    workbook(folder / "far.xlsx", f'<row r="1"><c r="A1"><v>1</v></c><c {address}><v>1</v></c></row>')
    workbook(
        folder / "good.xlsx",
        '<row r="1"><c r="A1" t="inlineStr"><is><t>id</t></is></c></row><row r="2"><c r="A2"><v>7</v></c></row>',
    )
    export = read(folder)
    assert {table.file for table in export.tables} == {"contacts.csv", "good.xlsx"}
    assert any(told.file == "far.xlsx" for told in export.problems)


def test_a_reader_that_aborts_is_told(folder, monkeypatch):
    """Native code that ends its process (here: by a look that misses the far cell) is a problem with a remedy."""
    workbook(folder / "far.xlsx", '<row r="1"><c r="A1"><v>1</v></c><c r="&#88;FD1048576"><v>1</v></c></row>')
    monkeypatch.setattr(
        guarded,
        "_COMMAND",
        [*guarded._COMMAND[:-2], "-c", "import os, sys; print(1, flush=True); sys.stdin.readline(); os.abort()"],
    )
    guarded._end()
    told = why(read(folder), "far.xlsx")
    guarded._end()
    assert "ends the program that reads it (SIGABRT)" in told and "save it again or as CSV" in told


def test_cells_that_share_one_long_string_are_bounded(folder):
    """A small workbook that expands a thousandfold is stopped by what its cells expand to, with the setting named."""
    rows = "".join(f'<row r="{n}"><c r="A{n}" t="s"><v>0</v></c></row>' for n in range(1, 2001))
    workbook(folder / "shared.xlsx", rows, f"<si><t>{'x' * 5_000_000}</t></si>")
    told = why(read(folder, memory_mib=300), "shared.xlsx")
    assert "takes more than 300 MiB of memory" in told and "memory_mib under [limits] in migration.toml" in told


def test_views_that_double_and_views_without_end_leave_the_other_tables(folder):
    """Each view is left out with its reason; tables beside it are read."""
    with sqlite3.connect(folder / "crm.db") as connection:
        connection.executescript("create table deals(id, name); insert into deals values (1, 'x'); create table t0(a);")
        connection.execute("insert into t0 values (?)", ("y" * 8000,))
        for n in range(1, 17):
            connection.execute(f"create view t{n} as select a from t{n - 1} union all select a from t{n - 1}")
        connection.execute(
            "create view idle as with recursive t(n) as (select 1 union all select n + 1 from t) select n from t where n < 0"
        )
    connection.close()
    export = read(folder, memory_mib=400, seconds=8)
    left = {told.sheet: told.message for told in export.problems if told.code == "sqlite_table"}
    assert "seconds under [limits]" in left["idle"] and "memory_mib under [limits]" in left["t14"]
    assert {"deals", "t0", "t1"} <= {table.sheet for table in export.tables}


def test_a_text_that_doubles_inside_one_cell_is_refused(folder):
    """A view that SQLite cannot even prepare within bounds ends the reading of its file, and is told."""
    with sqlite3.connect(folder / "crm.db") as connection:
        connection.executescript(
            "create table deals(id, name); insert into deals values (1, 'x'); create view v0 as select 'xxxxxxxxxx' a;"
        )
        for n in range(1, 31):
            connection.execute(f"create view v{n} as select a || a as a from v{n - 1}")
    connection.close()
    assert "takes more than" in why(read(folder, memory_mib=100, seconds=4), "crm.db")


def test_a_table_of_a_million_headings_is_refused_before_it_is_built(folder):
    """Headings beyond any table are counted, not read; quoted commas are no headings."""
    (folder / "wide.csv").write_text(",".join(f"h{n}" for n in range(1_000_000)) + "\n")
    (folder / "prose.csv").write_text('id,body\n1,"' + "a, " * 30_000 + '"\n')
    export = read(folder)
    assert "1,000,000 columns" in why(export, "wide.csv") and "columns under [limits]" in why(export, "wide.csv")
    assert "prose.csv" in {table.file for table in export.tables}


def test_repeated_names_cost_no_more_than_others():
    """Two hundred thousand equal headings are numbered in one walk."""
    began = time.process_time()
    many = unique_headings(["name"] * 200_000)
    equal = time.process_time() - began
    began = time.process_time()
    unique_headings([f"name {n}" for n in range(200_000)])
    assert equal < 20 * (time.process_time() - began) + 1
    assert many[:3] == ["name", "name (2)", "name (3)"] and len(set(many)) == 200_000


def test_one_name_many_times_in_a_zip(tmp_path):
    """Equal names of a zip are numbered; a list of files that is itself a flood is refused before it is read."""
    body = io.BytesIO()
    with zipfile.ZipFile(body, "w") as archive, pytest.warns(UserWarning):
        for _ in range(3000):
            archive.writestr("files/a.txt", b"x")
        archive.writestr("contacts.csv", "id,name\n1,a\n")
    (tmp_path / "many.zip").write_bytes(body.getvalue())
    export = read_export(tmp_path / "many.zip", into=tmp_path / "into", limits=LIMITS)
    assert len(export.files) == 3000 and "files/a (3000).txt" in set(export.files)
    with pytest.raises(ExportError, match="lists files on"):
        read_export(tmp_path / "many.zip", into=tmp_path / "into", limits=replace(LIMITS, entries=100))


def test_tables_within_tables_are_each_read_once():
    """Nested tables cost in proportion to their size, and what an inner one holds is not repeated by the outer ones."""

    def nested(depth: int) -> bytes:
        row = "<tr><td>a</td><td>b</td></tr>"
        return ("<html><body>" + f"<table>{row}{row}<tr><td>" * depth + "</td></tr></table>" * depth).encode()

    costs = []
    for depth in (100, 400):
        began = time.process_time()
        grids = read_html(nested(depth), LIMITS)
        costs.append(time.process_time() - began)
        assert len(grids) == depth and all(len(grid.frame) == 3 for _, grid in grids)
    assert costs[1] < 12 * costs[0] + 0.5


@pytest.mark.slow
def test_a_record_of_many_keys_that_hold_lists_is_bounded(folder):
    """A JSON record whose keys are each a list of records is a flood of tables, and told as one."""
    record = {f"key{n}": [{"id": n, "title": "x", "body": "y", "at": "z"}] for n in range(50_000)}
    (folder / "keys.json").write_text(json.dumps([{"id": 1, **record}]))
    (folder / "flat.json").write_text(json.dumps([{"id": 1, **{f"k{n}": n for n in range(100_000)}}]))
    export = read(folder)
    assert "tables under [limits]" in why(export, "keys.json")
    [flat] = [table for table in export.tables if table.file == "flat.json"]
    assert len(flat.headings) == LIMITS.columns and "too_many_columns" in {told.code for told in flat.problems}


def test_packed_blanks_are_an_empty_file(tmp_path):
    """Much that is nothing is read as nothing."""
    with zipfile.ZipFile(tmp_path / "x.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("contacts.csv", "id,name\n1,a\n")
        archive.writestr("blank.json", b" " * (64 * MIB))
    export = read_export(tmp_path / "x.zip", into=tmp_path / "into")
    assert [table.file for table in export.tables] == ["contacts.csv"]
    assert [told.code for told in export.problems if told.file == "blank.json"] == ["empty"]


def test_a_child_that_is_killed_is_told_and_replaced(folder, monkeypatch):
    """However the child ends, the file is told and the next one is read by a new child."""
    (folder / "deals.json").write_text('[{"id": 1, "name": "x"}]')
    assert len(read(folder).tables) == 2
    victim = guarded._CHILD[0]
    ask = guarded._Child.ask

    def ask_and_die(self, request):
        os.kill(self.vitals.pid, signal.SIGSTOP)
        ask(self, request)
        os.kill(self.vitals.pid, signal.SIGKILL)

    monkeypatch.setattr(guarded._Child, "ask", ask_and_die)
    assert "ends the program that reads it" in why(read(folder), "deals.json")
    monkeypatch.undo()
    assert len(read(folder).tables) == 2 and guarded._CHILD[0] is not victim


def test_reading_stops_when_it_is_cancelled(folder):
    """A person's stop ends the child at once, whatever it is doing."""
    from pb2hl.source.guarded import Foreign, read_foreign

    path = folder / "deals.json"
    path.write_text('[{"id": 1}]')

    def stop() -> None:
        raise Cancelled("stopped")

    (folder / "big.json").write_text(json.dumps([{"id": n} for n in range(200_000)]))
    with pytest.raises(Cancelled):
        read_foreign(Foreign("big.json", folder / "big.json", 1), folder, LIMITS, stop)
    assert not guarded._CHILD


def test_what_the_child_reads_is_what_we_would_read(folder):
    """A table that came through the child has the same cells, rows, headings and problems as one read here."""
    from pb2hl.source import json_tables

    body = json.dumps([{"id": 1, "a": None, "b": "x\x00y", "tags": ["é", "😀"]}, {"id": "2", "c": "\ud83d\ude00"}])
    (folder / "deals.json").write_text(body)
    [_, there] = read(folder).tables
    [here] = json_tables.read_json(body.encode(), "deals.json", LIMITS)
    assert there.headings == here.headings and there.frame.equals(here.frame) and (there.rows == here.rows).all()
    assert there.frame.dtypes.equals(here.frame.dtypes) and list(there.frame.columns) == list(here.frame.columns)


def test_a_long_quoted_cell_is_no_flood_of_columns():
    """Delimiters inside quotes of the first line count for nothing."""
    grid = read_delimited(('id,"' + "," * 20_000 + '"\n1,2\n').encode(), "x.csv", LIMITS)
    assert grid.frame.shape == (2, 2)
