"""Exports of every container come out as the same raw tables, and hostile ones are refused or reported."""

from __future__ import annotations

import io
import json
import os
import sqlite3
import stat
import zipfile
from contextlib import closing
from dataclasses import replace

import openpyxl
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pb2hl.errors import ExportError, Severity
from pb2hl.source import LIMITS, read_export
from pb2hl.source.delimited import fast, read_delimited, tolerant
from pb2hl.source.headings import tabulate


def read(path, tmp_path, **limits):
    return read_export(path, into=tmp_path / "into", limits=replace(LIMITS, **limits))


def rows(table) -> list[list[str]]:
    return table.frame.to_numpy().tolist()


def csv_table(body: bytes | str):
    raw = body.encode() if isinstance(body, str) else body
    return tabulate(read_delimited(raw, "x.csv", LIMITS), "x.csv", "", LIMITS)


PLAIN = [["1", 'Jane, "J"', "a\nb"], ["2", "Zoë", ""]]
HEADINGS = ["id", "name", "note"]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "cp1252"])
def test_delimiters_and_encodings(delimiter, encoding):
    """Every delimiter in every encoding gives the same cells."""
    frame = pd.DataFrame(PLAIN, columns=HEADINGS)
    table = csv_table(frame.to_csv(index=False, sep=delimiter).encode(encoding))
    assert table.headings == HEADINGS and rows(table) == PLAIN and table.rows.tolist() == [2, 3]


def test_all_containers_agree(tmp_path):
    """CSV, XLSX, JSON, JSON Lines and SQLite of one table are the same table."""
    frame = pd.DataFrame([["1", "Jane", "x"], ["2", "Zoë", ""]], columns=HEADINGS)
    folder = tmp_path / "export"
    folder.mkdir()
    frame.to_csv(folder / "a.csv", index=False)
    frame.to_excel(folder / "b.xlsx", index=False)
    frame.to_json(folder / "c.json", orient="records", force_ascii=False)
    frame.to_json(folder / "d.jsonl", orient="records", lines=True)
    with sqlite3.connect(folder / "e.db") as connection:
        frame.to_sql("people", connection, index=False)
    tables = read(folder, tmp_path).tables
    assert len(tables) == 5
    for table in tables:
        assert (table.headings, rows(table)) == (HEADINGS, frame.to_numpy().tolist())


cells = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=12).map(str.strip)


@given(st.lists(st.tuples(cells, cells, cells), min_size=1, max_size=12), st.sampled_from([",", ";", "\t", "|"]))
@settings(max_examples=120, deadline=None)
def test_fast_and_tolerant_paths_agree(body, delimiter):
    """A regular file reads the same both ways; the quick way declines what it is not sure of."""
    frame = pd.DataFrame([("k" + a, b, c) for a, b, c in body], columns=HEADINGS)
    text = frame.to_csv(index=False, sep=delimiter, lineterminator="\n")
    slow = tolerant(text, delimiter, "x", LIMITS)
    quick = fast(text, delimiter)
    assert slow.frame.to_numpy().tolist()[1:] == frame.to_numpy().tolist()
    if quick is not None:
        assert quick.frame.to_numpy().tolist() == slow.frame.to_numpy().tolist()


@given(
    st.lists(
        st.dictionaries(st.sampled_from(["id", "name", "x y", "ключ"]), st.text(max_size=10), min_size=1),
        min_size=1,
        max_size=8,
    )
)
@settings(max_examples=60, deadline=None)
def test_json_texts_survive(records):
    """Every text of every record is in the table."""
    from pb2hl.source.json_tables import read_json

    [table] = read_json(json.dumps(records).encode(), "x.json", LIMITS)
    for record, row in zip(records, table.frame.to_dict("records"), strict=True):
        assert {k: v.replace("\x00", "") for k, v in record.items()} == {k: row[k] for k in record}


@given(st.binary(max_size=400))
@settings(max_examples=150, deadline=None)
def test_any_bytes_are_read_or_refused(raw):
    """No bytes crash the reader of delimited text."""
    csv_table(raw)


def test_unclosed_quotes_swallow_nothing():
    """A quote that is never closed costs its own row nothing but a warning."""
    table = csv_table('id,name\n1,"unclosed\n2,b\n3,"c"\n4,d\n')
    assert [row[0] for row in rows(table)] == ["1", "2", "3", "4"]
    assert "unclosed_quote" in {told.code for told in table.problems}


def test_many_unclosed_quotes_take_no_time():
    """A file of nothing but stray quotes is read in linear time."""
    table = csv_table("id,name\n" + '1,"a\n' * 30_000)
    assert len(table.frame) == 30_000


def test_quoted_line_breaks_keep_their_record():
    """A note of several lines with quotes and delimiters stays one cell; rows count as a spreadsheet counts."""
    table = csv_table('id,note\n1,"Dear ""Jo"",\nsecond, line\n\nlast"\n2,x\n')
    assert rows(table) == [["1", 'Dear "Jo",\nsecond, line\n\nlast'], ["2", "x"]]
    assert table.rows.tolist() == [2, 3]


def test_addresses_of_several_lines_below_title_lines_are_one_cell():
    """Where most lines are pieces of quoted cells, the records tell the file's width, not the lines."""
    rows_ = "".join(f'Firm {n},555-010{n % 10},"{n} Main St\nAustin TX"\n' for n in range(30))
    table = csv_table(f'Report\n\nName,Phone,Address\n{rows_}"Tuesday, Nov 03, 2026"\n')
    assert [row[2] for row in rows(table)[:30]] == [f"{n} Main St\nAustin TX" for n in range(30)]
    assert "unclosed_quote" not in {told.code for told in table.problems}


@pytest.mark.parametrize(
    "line", ["* new since May", "† moved away", '"Tuesday, Nov 03, 2026 09:15 AM GMT-6 - Accrual Basis"']
)
def test_remarks_and_stamps_below_a_table_are_no_records(line):
    """What a person or a program wrote below a table is listed as its footer; a name in the last row stays."""
    head = "Name,Phone,City\nAnn Able,555-0101,Waco\nBob Best,555-0102,Waco\nCy Cole,555-0103,Waco\n"
    assert [row[0] for row in rows(csv_table(f"{head}\n{line},,\n"))] == ["Ann Able", "Bob Best", "Cy Cole"]
    assert rows(csv_table(f"{head}Di Dunn,,\n"))[-1][0] == "Di Dunn"


def test_title_lines_blank_rows_and_totals():
    """Only records are rows; what surrounds them is listed with its row number."""
    table = csv_table("Contacts of Acme\n\nid;name;amount\n1;a;5\n\n2;b;6\nTotal;;11\n")
    assert rows(table) == [["1", "a", "5"], ["2", "b", "6"]] and table.rows.tolist() == [4, 6]
    assert [(item.row, item.reason) for item in table.dropped] == [(1, "title"), (7, "totals")]


@pytest.mark.parametrize(
    "line", ["Anzahl Kunden: 3;;;", "3 klienter;;;", "Nombre de clients : 3;;;", "Liczba;3;;", "件数: 3;;;", "Members in this list = 3;;;"]
)  # fmt: skip
def test_a_line_that_counts_the_rows_is_none(line):
    """What says how many rows stand above it, in whatever language, is no record; another number or a name is one."""
    head = "id;name;city;phone\n1;a;b;c\n2;d;e;f\n3;g;h;i\n"
    table = csv_table(f"{head}{line}\n")
    assert len(rows(table)) == 3 and table.dropped[-1].reason == "footer"
    assert len(rows(csv_table(f"{head}{line.replace('3', '7')}\n"))) == 4


@pytest.mark.parametrize("last", ["Antall: 2;;;5;", ";Total candidates: 2;;5;", "Počet: 2;;;5,00;"])
def test_a_line_that_counts_what_stands_above_may_have_sums(last):
    """How many they are, in whatever words, and a sum below a column: the line names nobody."""
    table = csv_table(f"id;name;city;price;mail\n1;a;x;2;a@b.co\n2;b;y;3;b@b.co\n{last}\n")
    assert len(table.frame) == 2 and [(item.row, item.reason) for item in table.dropped] == [(4, "totals")]


def test_a_company_called_total_is_no_totals_row():
    """A full row that begins with the word is a record."""
    assert len(rows(csv_table("name,city,phone\nAcme,Ottawa,1\nTotal,Paris,2\n"))) == 2


def test_merged_headings_name_repeated_columns():
    """Two rows of headings become one; equal names below are told apart by the group above."""
    table = csv_table(",Billing,,Shipping,\nID,Street,City,Street,City\n1,a,b,c,9\n2,e,f,g,9\n")
    assert table.headings == ["ID", "Billing Street", "Billing City", "Shipping Street", "Shipping City"]


def test_repeated_and_blank_headings():
    """Two columns of one name are both kept."""
    table = csv_table("id,Email,Email,\n1,a@x.co,b@x.co,z\n")
    assert table.headings == ["id", "Email", "Email (2)", "Column 4"]


def test_no_headings_at_all():
    """A table that begins with a record gets made-up headings, and says so."""
    table = csv_table("1,jane@x.com,2020-01-01\n2,joe@x.com,2020-01-02\n3,jim@x.com,2020-02-02\n")
    assert table.headings == ["Column 1", "Column 2", "Column 3"] and len(table.frame) == 3
    assert "no_headings" in {told.code for told in table.problems}


@pytest.mark.parametrize("body", [b"", b"\n\n", b"\x00\x00\x00", b"\xef\xbb\xbf"])
def test_empty_files_are_no_tables(body):
    """Nothing comes of nothing."""
    assert csv_table(body) is None


def test_header_only_and_nul_bytes():
    """Headings without rows are a table; NUL bytes are taken out and told."""
    assert len(csv_table("id,name\n").frame) == 0
    table = csv_table(b"id,name\n1,a\x00b\n")
    assert rows(table) == [["1", "ab"]] and "nul_bytes" in {told.code for told in table.problems}


def test_thousands_of_columns_and_megabyte_cells():
    """Size is bounded and told."""
    wide = csv_table(",".join(f"c{i}" for i in range(5000)) + "\n" + ",".join(["x"] * 5000) + "\n")
    assert len(wide.headings) == LIMITS.columns and "too_many_columns" in {told.code for told in wide.problems}
    assert len(rows(csv_table("id,a\n1," + "x" * 2_000_000 + "\n"))[0][1]) == 2_000_000


def test_nested_records_are_flattened_without_loss(tmp_path):
    """Addresses, owners, phones, custom fields and linked contacts become columns of their own."""
    record = {
        "id": 1, "address": {"city": "Bonn"}, "owner": {"name": "Jo", "email": "jo@x.co"}, "emails": ["a@b.c"],
        "phones": [{"type": "Mobile", "number": "12"}, {"type": "work", "number": "13"}], "amount": 1.50,
        "customFields": [{"name": "Size", "value": 38}], "contacts": [{"contactId": 5, "isPrimary": False}, {"contactId": 6, "isPrimary": True}],
        "steps": [{"type": "wait", "delay": {"days": 1}}],
    }  # fmt: skip
    (tmp_path / "deals.json").write_text(json.dumps({"data": {"items": [record]}}).replace("1.5,", "1.50,"))
    row = read(tmp_path / "deals.json", tmp_path).tables[0].frame.iloc[0].to_dict()
    assert row["address.city"] == "Bonn" and row["owner.email"] == "jo@x.co" and row["phones.mobile"] == "12"
    assert (
        row["customFields.Size"] == "38" and json.loads(row["contacts.contactId"]) == [6, 5] and row["amount"] == "1.50"
    )
    assert json.loads(row["steps"]) == record["steps"] and json.loads(row["emails"]) == ["a@b.c"]


def test_truncated_json_gives_its_whole_records(tmp_path):
    """A file that breaks off is told, and what is whole is read."""
    (tmp_path / "contacts.json").write_text('[{"id": 1, "name": "a"}, {"id": 2, "na')
    export = read(tmp_path / "contacts.json", tmp_path)
    assert len(export.tables[0].frame) == 1 and "truncated_json" in {told.code for told in export.problems}


def test_deep_json_is_refused(tmp_path):
    """Nesting beyond reason is an attack."""
    (tmp_path / "x.json").write_text("[" * 100_000)
    with pytest.raises(ExportError):
        read(tmp_path / "x.json", tmp_path)


def test_spreadsheets_keep_ids_dates_and_zeros(tmp_path):
    """Floats that are ids lose their point, texts keep their zeros, dates are ISO, formulas without a value are told."""
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "Contacts"
    for row in (
        ["Contacts"],
        [],
        ["ID", "Zip", "Phone", "Since", "F"],
        [1001.0, "00123", 6135550123.0, pd.Timestamp("2020-01-02 09:30"), "=1+1"],
        [1002, "00124", None, pd.Timestamp("2020-01-03"), 1.5],
    ):
        sheet.append(row)
    book.create_sheet("Empty")
    book.save(tmp_path / "book.xlsx")
    export = read(tmp_path / "book.xlsx", tmp_path)
    [table] = export.tables
    assert table.sheet == "Contacts" and rows(table)[0][:4] == ["1001", "00123", "6135550123", "2020-01-02 09:30:00"]
    assert "formula_without_value" in {told.code for told in export.problems}


@pytest.mark.parametrize("state", ["hidden", "veryHidden"])
def test_a_hidden_sheet_is_read_and_told(tmp_path, state):
    """What nobody sees in the workbook is read like the rest, and named: it may be an old copy."""
    book = openpyxl.Workbook()
    book.active.title = "Contacts"
    for sheet in (book.active, book.create_sheet("Old")):
        sheet.append(["id", "name"])
        sheet.append([1, "Ann Able"])
    book["Old"].sheet_state = state
    book.save(tmp_path / "book.xlsx")
    export = read(tmp_path / "book.xlsx", tmp_path)
    assert [table.sheet for table in export.tables] == ["Contacts", "Old"]
    assert [told.sheet for told in export.problems if told.code == "hidden_sheet"] == ["Old"]


def test_a_cell_far_away_is_no_memory_bomb(tmp_path):
    """A sheet whose box would not fit in memory is refused before it is unpacked."""
    book = openpyxl.Workbook()
    book.active.append(["id", "name"])
    book.active["XFD1048576"] = "x"
    book.save(tmp_path / "bomb.xlsx")
    with pytest.raises(ExportError, match="column 16384"):
        read(tmp_path / "bomb.xlsx", tmp_path)


def test_protected_and_damaged_books_are_refused(tmp_path):
    """The reason is said in words."""
    (tmp_path / "p.xlsx").write_bytes(
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600 + "EncryptedPackage".encode("utf-16-le")
    )
    with pytest.raises(ExportError, match="password"):
        read(tmp_path / "p.xlsx", tmp_path)
    (tmp_path / "d.xlsx").write_bytes(b"PK\x03\x04" + os.urandom(500))
    with pytest.raises(ExportError, match="damaged"):
        read(tmp_path / "d.xlsx", tmp_path)


def zipped(path, entries: dict[str, bytes], **more) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, body in entries.items():
            archive.writestr(name, body)


def test_zip_names_cannot_leave_the_export(tmp_path):
    """Paths that climb, absolute ones, drives and links are left out and told; nothing is written anywhere."""
    path = tmp_path / "export.zip"
    zipped(
        path,
        {
            "contacts.csv": b"id,name\n1,a\n",
            "../evil.csv": b"id,a\n",
            "/abs.csv": b"id,a\n",
            "C:\\x.csv": b"id,a\n",
            "files/A b.pdf": b"pdf",
        },
    )
    with zipfile.ZipFile(path, "a") as archive:
        link = zipfile.ZipInfo("link.csv")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(link, "/etc/passwd")
    before = sorted(str(item) for item in tmp_path.rglob("*"))
    export = read(path, tmp_path)
    assert [table.file for table in export.tables] == ["contacts.csv"]
    assert sum(told.code == "unsafe_name" for told in export.problems) == 4
    assert sorted(str(item) for item in tmp_path.rglob("*")) == before
    assert export.files.find("FILES\\a B.PDF") == "files/A b.pdf" and export.files.find("A b.pdf") == "files/A b.pdf"
    assert export.files.copy("files/A b.pdf").read_bytes() == b"pdf"
    assert export.files.copy("files/A b.pdf").parent == tmp_path / "into"


def test_zip_bombs_and_cut_off_zips_are_refused(tmp_path):
    """Total, count and damage each have their reason; how well a single file packs is none."""
    zipped(tmp_path / "bomb.zip", {"contacts.csv": b"id,name\n1,a\n", "files/drawing.dwg": b"0" * 30_000_000})
    export = read(tmp_path / "bomb.zip", tmp_path)
    assert len(export.tables) == 1 and export.files.size("files/drawing.dwg") == 30_000_000
    alone = read(tmp_path / "bomb.zip", tmp_path, file_mib=20)
    [left] = [told for told in alone.problems if told.code == "large_entry"]
    assert len(alone.tables) == 1 and left.file == "files/drawing.dwg" and "file_mib" in left.treatment
    zipped(tmp_path / "many.zip", {f"{i}.csv": b"id\n1\n" for i in range(30)})
    with pytest.raises(ExportError, match="30 files"):
        read(tmp_path / "many.zip", tmp_path, entries=20)
    with pytest.raises(ExportError, match=r"unpacks into .*\n.*unpacked_mib under .limits. in migration.toml"):
        read(tmp_path / "bomb.zip", tmp_path, unpacked_mib=1)
    (tmp_path / "cut.zip").write_bytes((tmp_path / "many.zip").read_bytes()[:600])
    with pytest.raises(ExportError, match="damaged"):
        read(tmp_path / "cut.zip", tmp_path)


def test_zips_within_zips_are_opened(tmp_path):
    """So many levels are read, the next is told; a zip among attachments is an attachment."""
    content = b""
    for level in range(5):
        held = io.BytesIO()
        inside = {f"contacts{level}.csv": b"id,name\n1,a\n", "files/plan.zip": b"PK\x03\x04"}
        zipped(held, inside | ({"in.zip": content} if content else {}))
        content = held.getvalue()
    (tmp_path / "outer.zip").write_bytes(content)
    export = read(tmp_path / "outer.zip", tmp_path)
    assert [table.file.count("in.zip/") for table in export.tables] == [0, 1, 2, 3]
    told = [item for item in export.problems if item.code == "nested_zip"]
    assert [(item.file, item.severity) for item in told] == [("in.zip/in.zip/in.zip/in.zip", Severity.CRITICAL)]


def test_links_of_a_folder_do_not_lead_out(tmp_path):
    """A link to a file elsewhere is left out and told."""
    folder = tmp_path / "export"
    folder.mkdir()
    (folder / "contacts.csv").write_text("id,name\n1,a\n")
    (tmp_path / "secret.csv").write_text("id,name\n2,b\n")
    (folder / "deals.csv").symlink_to(tmp_path / "secret.csv")
    export = read(folder, tmp_path)
    assert [table.file for table in export.tables] == ["contacts.csv"] and "link" in {
        told.code for told in export.problems
    }


def test_hostile_sqlite_views_end(tmp_path):
    """A view without end is left out; the tables beside it are read; nothing is written."""
    with sqlite3.connect(tmp_path / "x.db") as connection:
        connection.executescript(
            "create table contacts(id, name); insert into contacts values (1, 'a');"
            "create view bomb as with recursive t(n) as (select 1 union all select n + 1 from t) select n from t;"
            "create view big as select zeroblob(1000000000) as b;"
        )
    export = read(tmp_path / "x.db", tmp_path, seconds=2, rows=100_000)
    assert [table.sheet for table in export.tables] == ["contacts"]
    assert sum(told.code == "sqlite_table" for told in export.problems) == 2


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("mode", ["wal", "delete"])
def test_a_database_in_use_is_read_with_its_log(tmp_path, mode, packed):
    """Rows that stand only in the write-ahead log are read, those of an unfinished transaction are not, from a folder and a zip."""
    folder = tmp_path / "export"
    folder.mkdir()
    with closing(sqlite3.connect(tmp_path / "crm.db")) as connection:
        connection.execute(f"pragma journal_mode={mode}")
        connection.execute("pragma cache_size=1")
        connection.execute("create table contacts(id, name)")
        connection.execute("insert into contacts values (1, 'a')")
        connection.commit()
        if mode == "delete":
            connection.executemany("insert into contacts values (?, ?)", [(n, "x" * 3000) for n in range(50)])
        for path in tmp_path.glob("crm.db*"):
            (folder / path.name).write_bytes(path.read_bytes())
    assert len(list(folder.iterdir())) > 1, "the log lies beside it"
    if packed:
        zipped(tmp_path / "e.zip", {path.name: path.read_bytes() for path in folder.iterdir()})
    export = read(tmp_path / "e.zip" if packed else folder, tmp_path)
    assert [list(table.frame["id"]) for table in export.tables] == [["1"]]
    assert "sqlite_log" in {told.code for told in export.problems}


def test_junk_beside_tables_is_listed(tmp_path):
    """Binary junk that calls itself CSV is unreadable, an HTML page that calls itself XLS is a table."""
    (tmp_path / "junk.csv").write_bytes(bytes(range(256)) * 20)
    (tmp_path / "old.xls").write_text(
        "<html><table><tr><th>id</th><th>n</th></tr><tr><td>1</td><td>x</td></tr></table></html>"
    )
    export = read(tmp_path, tmp_path)
    assert [table.headings for table in export.tables] == [["id", "n"]]
    assert [file for file, _ in export.unread] == ["junk.csv"]


def test_nothing_readable_is_an_error_with_every_reason(tmp_path):
    """All files are named at once."""
    (tmp_path / "a.csv").write_bytes(b"")
    (tmp_path / "b.xlsx").write_bytes(b"PK\x03\x04rubbish")
    with pytest.raises(ExportError) as told:
        read(tmp_path, tmp_path)
    assert {item.file for item in told.value.problems} == {"a.csv", "b.xlsx"}


def test_an_unquoted_delimiter_is_put_back_where_only_one_way_fits():
    """`Acme, Inc` without quotes is one cell again; what fits in several ways is kept and told."""
    body = "id,name,city,email\n1,Acme, Inc,Ottawa,a@x.co\n2,Zed,Bonn,z@x.co\n3,Yot,Rome,y@x.co\n"
    table = csv_table(body)
    assert table.headings == ["id", "name", "city", "email"] and rows(table)[0] == [
        "1",
        "Acme, Inc",
        "Ottawa",
        "a@x.co",
    ]
    assert "rejoined" in {told.code for told in table.problems}
    unclear = csv_table(body.replace("Acme, Inc", "Acme,Inc"))
    assert rows(unclear)[0] == ["1", "Acme", "Inc", "Ottawa", "a@x.co"]
    assert "ragged" in {told.code for told in unclear.problems}


def test_a_nested_object_that_is_sometimes_null_leaves_no_blank_column(tmp_path):
    """`address: null` beside `address: {city}` is the same field."""
    (tmp_path / "contacts.json").write_text(
        '[{"id": 1, "address": {"city": "Bonn"}}, {"id": 2, "address": null, "x": null}]'
    )
    assert read(tmp_path / "contacts.json", tmp_path).tables[0].headings == ["id", "address.city", "x"]


TEXTS = {
    "a place in every row": ("Name;City", "Ann;Paris, France", 2),
    "a sentence in every row": ("ID;Note;Who", "1;Talked about price, ref 5.;x@y.example", 3),
    "notes over two lines": ("ID;Note;Who", '1;"Talked about price, ref 5.\nLikes it, so far.";x@y.example', 3),
    "quoted notes": ("ID\tNote", '1\t"Price, date; terms"', 2),
    "lists between bars": ("Name|Tags", "Ann|a;b", 2),
    "amounts with decimal commas": ("Deal;Amount", "Roof;1200,50", 2),
    "semicolons in texts": ("Name,Note", "Ann,see; this", 2),
}


@pytest.mark.parametrize("headings, row, width", TEXTS.values(), ids=TEXTS)
def test_a_sign_that_stands_in_texts_is_no_delimiter(headings, row, width):
    """What cuts the headings cuts the rows, however regularly another sign stands in the texts of every row."""
    table = csv_table(headings + "\n" + f"{row}\n" * 40)
    assert len(table.headings) == width and len(table.frame) == 40
