"""Files in cells: found whatever their encoding, kept once under their digest, and never mistaken for other text."""

from __future__ import annotations

import base64
import hashlib
import json
import sqlite3

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pb2hl.source import RawTable, read_export, take_out
from pb2hl.source.embedded import decode
from pb2hl.source.files import ExportFiles

PDF = b"%PDF-1.4 " + bytes(range(256)) * 4
B64 = base64.b64encode(PDF).decode()


def _out(tmp_path, **columns):
    frame = pd.DataFrame(columns, dtype="str")
    raw = RawTable("files.csv", "", list(columns), frame, np.arange(2, len(frame) + 2))
    return take_out(raw, tmp_path, ExportFiles(tmp_path))


@pytest.mark.parametrize(
    "text",
    [
        B64,
        "data:application/pdf;base64," + B64,
        "data:;base64," + B64[:400] + "\n" + B64[400:],
        base64.urlsafe_b64encode(PDF).decode().rstrip("="),
        "\\x" + PDF.hex(),
        "0x" + PDF.hex().upper(),
        json.dumps(list(PDF)),
        json.dumps({"type": "Buffer", "data": list(PDF)}),
    ],
)
def test_every_encoding(tmp_path, text):
    """Each usual way to write bytes into a cell gives the same file."""
    raw, problems = _out(tmp_path, id=["1", "2"], data=[text, ""])
    name = raw.frame["data"].iat[0]
    assert name == f"embedded/{hashlib.sha256(PDF).hexdigest()}.pdf" and raw.frame["data"].iat[1] == ""
    assert (tmp_path / name).read_bytes() == PDF and not problems


def test_bytes_beside_addresses_and_damage(tmp_path):
    """A column of paths and bytes is parted, and a damaged cell is told with its row and stays as it is."""
    cells = ["files/a.pdf", "data:image/png;base64,iVBORw0KGgo=", "data:application/pdf;base64,@@@@"]
    raw, problems = _out(tmp_path, id=["1", "2", "3"], path=cells)
    assert list(raw.frame["path"]) == [cells[0], "", cells[2]]
    assert list(raw.frame["path (content)"].str[-4:]) == ["", ".png", ""] and raw.headings[-1] == "path (content)"
    assert [(p.code, p.row, p.field, p.count) for p in problems] == [("attachment_damaged", 4, "path", 1)]


@pytest.mark.parametrize(
    "column",
    [
        {"data": ["Contract", "Invoice1"]},
        {"content": ["AVeryLongNameOfAFileWithoutSpaces12345678", "abcdabcdabcdabcdabcdabcdabcd"]},
        {"file id": ["550e8400-e29b-41d4-a716-446655440000"]},
        {"content md5": [hashlib.md5(PDF).hexdigest()]},
        {"data": [hashlib.sha256(PDF).hexdigest()]},
        {"contact ids": ["[12, 15]"]},
        {"bytes": ["1024", "20480000"]},
        {"file": ["files/contract.pdf", "https://x.example/a.pdf"]},
    ],
)
def test_other_text_stays(tmp_path, column):
    """Names, keys, checksums, lists of ids, sizes and paths are no files."""
    raw, problems = _out(tmp_path, **column)
    assert raw.frame.to_dict("list") == column and not problems and not list(tmp_path.iterdir())


def test_large_blobs_are_kept_outside_the_table(tmp_path):
    """A BLOB too big for a table's cell is a file beside it, which an attachments table then names."""
    big = PDF * 200
    with sqlite3.connect(tmp_path / "x.db") as db:
        db.execute("create table attachments (id int, file_name text, mime_type text, contact_id int, data blob)")
        db.execute("insert into attachments values (1, 'a.pdf', 'application/pdf', 1, ?)", (big,))
    export = read_export(tmp_path / "x.db", into=tmp_path / "into")
    raw, _ = take_out(export.tables[0], tmp_path / "into", export.files)
    name = raw.frame["data"].iat[0]
    assert export.files.read(name) == big and (tmp_path / "into" / name).exists()


@given(st.text(max_size=300))
def test_any_text_is_safe_to_try(text):
    """No text of a cell can break the decoding."""
    found = decode(text)
    assert found is None or found.content or found.name
