"""Hostile and broken exports through the command line: read with the damage told, or refused with the reason; never a crash."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import sqlite3
import zipfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import openpyxl
import pytest

from tests.cli.terminal import CONTACTS, Terminal


def _zip(path: Path, *entries: tuple[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as out:
        for name, body in entries:
            out.writestr(name, body)
    return path


def _files(folder: Path, **files: bytes | str) -> Path:
    for name, body in files.items():
        path = folder / name.replace("__", ".")
        path.write_bytes(body if isinstance(body, bytes) else body.encode())
    return folder


def _bomb(folder: Path) -> Path:
    return _zip(folder / "e.zip", ("contacts.csv", CONTACTS.encode()), ("big.csv", b"0" * (40 << 20)))


def _bomb_inside(folder: Path) -> Path:
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w", zipfile.ZIP_DEFLATED) as out:
        out.writestr("big.csv", b"0" * (40 << 20))
    return _zip(folder / "e.zip", ("contacts.csv", CONTACTS.encode()), ("inner.zip", inner.getvalue()))


def _climbing(folder: Path) -> Path:
    return _zip(
        folder / "e.zip", ("contacts.csv", CONTACTS.encode()), ("../../evil.csv", b"id\n1\n"), ("/evil.csv", b"id\n1\n")
    )


def _links(folder: Path) -> Path:
    os.symlink("/etc/passwd", folder / "notes.csv")
    os.mkfifo(folder / "deals.csv")
    return _files(folder, contacts__csv=CONTACTS)


def _half_a_workbook(folder: Path) -> Path:
    """A workbook of two sheets; the second refers to an entity that nobody declared."""
    book = openpyxl.Workbook()
    book.active.title = "contacts"
    for row in csv.reader(CONTACTS.splitlines()):
        book["contacts"].append(row)
    for row in (("id", "title", "amount"), (1, "a", 5)):
        (book["deals"] if "deals" in book.sheetnames else book.create_sheet("deals")).append(row)
    book.save(folder / "crm.xlsx")
    held = zipfile.ZipFile(folder / "crm.xlsx")
    parts = {name: held.read(name) for name in held.namelist()}
    last = max(name for name in parts if name.startswith("xl/worksheets/sheet"))
    parts[last] = (
        parts[last]
        .replace(b"<row ", b"&gone;<row ", 1)
        .replace(b"<v>", b"<v>&gone;", 1)
        .replace(b"<t>", b"<t>&gone;", 1)
    )
    _zip(folder / "crm.xlsx", *parts.items())
    return _files(folder, companies__csv="id,name\n1,Acme\n")


def _database(folder: Path, *statements: str) -> Path:
    with closing(sqlite3.connect(folder / "crm.sqlite")) as connection:
        for statement in ("CREATE TABLE companies(id, name)", "INSERT INTO companies VALUES (1, 'Acme')", *statements):
            connection.execute(statement)
        connection.commit()
    return _files(folder, contacts__csv=CONTACTS)


def _endless_view(folder: Path) -> Path:
    endless = "WITH RECURSIVE t(id, title) AS (SELECT 1, 'x' UNION ALL SELECT id + 1, title FROM t) SELECT * FROM t"
    return _database(folder, f"CREATE VIEW deals AS {endless}")


def _strange_view(folder: Path) -> Path:
    return _database(folder, "CREATE VIEW deals AS SELECT 1 AS id, load_extension('x') AS title")


def _russian_doll(folder: Path) -> Path:
    content = b"id,title,amount\n1,a,5\n"
    for level in range(5):
        held = io.BytesIO()
        with zipfile.ZipFile(held, "w") as out:
            out.writestr("in.zip" if level else "deals.csv", content)
        content = held.getvalue()
    return _files(folder, contacts__csv=CONTACTS, e__zip=content)


def _wide(folder: Path) -> Path:
    head = ",".join(f"c{n}" for n in range(4500))
    wide = f"id,first_name,email,{head}\n1,Ann,ann@a.example,{',' * 4499}\n"
    return _files(folder, contacts__csv=wide, companies__csv="id,name\n1,Acme\n")


READ: dict[str, tuple[Callable[[Path], Path], str]] = {
    "NUL bytes": (lambda d: _files(d, contacts__csv=CONTACTS.replace("Ann", "A\0nn")), "NUL"),
    "a megabyte cell": (lambda d: _files(d, contacts__csv=CONTACTS + f'3,"{"x" * 3_000_000}",Z,z@z.example,,,\n'), ""),
    "one id twice": (lambda d: _files(d, contacts__csv=CONTACTS + "1,Zed,Zap,zed@z.example,,,\n"), "1"),
    "cyclic parents": (lambda d: _files(d, companies__csv="id,name,parent_id\nA,Alpha,B\nB,Beta,A\n"), ""),
    "absurd dates": (
        lambda d: _files(d, tasks__csv="id,title,due_at\n1,x,9999-12-31\n2,y,0000-00-00\n3,z,1e309\n4,w,31/02/2021\n"),
        "tasks.csv",
    ),
    "headings only": (lambda d: _files(d, contacts__csv="id,first_name,last_name,email\n"), ""),
    "broken encodings": (lambda d: _files(d, contacts__csv=b"\xff\xfe" + CONTACTS.encode("utf-16-le")[:-1]), ""),
}
DAMAGED: dict[str, tuple[Callable[[Path], Path], str]] = {
    "thousands of columns": (_wide, "columns"),
    "climbing names": (_climbing, "climbs out"),
    "links and pipes": (_links, "plain file"),
    "a sheet with a broken entity": (_half_a_workbook, "sheet deals: "),
    "an endless view": (_endless_view, "sheet deals: "),
    "a broken table of a database": (_strange_view, "sheet deals: "),
    "a bank statement": (lambda d: _files(d, contacts__csv=CONTACTS, deals__ofx="OFXHEADER:100\n"), "bank statement"),
    "a packed table": (
        lambda d: _files(d, contacts__csv=CONTACTS, deals__csv__gz=b"\x1f\x8b\x08" + b"x" * 40),
        "packed",
    ),
    "half a JSON file": (
        lambda d: _files(d, contacts__csv=CONTACTS, deals__json='[{"id": 1, "title": "a", "amount": 5}, {"id": 2, "ti'),
        "whole JSON",
    ),
    "zips within zips within zips": (_russian_doll, "is a zip within"),
    "a bomb inside": (_bomb_inside, "inner.zip"),
    "a damaged workbook": (lambda d: _files(d, contacts__csv=CONTACTS, deals__xlsx=b"PK\x03\x04no"), "damaged"),
    "cut-off JSON": (lambda d: _files(d, contacts__csv=CONTACTS, deals__json='[{"id": 1,'), "deals.json"),
    "deep JSON": (lambda d: _files(d, contacts__csv=CONTACTS, deals__json="[" * 100_000), "deals.json"),
}
REFUSED: dict[str, tuple[Callable[[Path], Path], str]] = {
    "a zip bomb": (_bomb, "unpacked_mib"),
    "a cut-off zip": (lambda d: _files(d, e__zip=b"PK\x03\x04" + b"x" * 99) / "e.zip", "damaged"),
    "a damaged database": (lambda d: _files(d, e__sqlite=b"SQLite format 3\0" + b"x" * 5000) / "e.sqlite", "damaged"),
    "only junk": (lambda d: _files(d, readme__txt="hello", a__bin=b"\0\1\2" * 99, x__png=b"\x89PNG"), "no table"),
    "an empty folder": (lambda d: d, "no table"),
    "an empty file": (lambda d: _files(d, contacts__csv=""), "no table"),
    "only a damaged workbook": (lambda d: _files(d, contacts__xlsx=b"nothing"), "contacts.xlsx"),
    "the bookstore": (lambda d: _files(d, stock__csv="ISBN,Title,Author,Price,Stock\n9780141439518,P,A,1,2\n"), "bookstore"),
}  # fmt: skip


@pytest.fixture
def inventory(capsys, tmp_path):
    """`inventory(make)`: init and inventory of the export that `make` writes; what was said, and nothing new outside."""

    def look(make):
        folder = tmp_path / "export"
        folder.mkdir()
        path, pb2hl = make(folder), Terminal(capsys)
        ws = tmp_path / "ws"
        assert pb2hl("init", ws, "--export", path, "--location", "x", "--base-url", "http://127.0.0.1:9").code == 0
        if make in (_bomb, _bomb_inside):  # a machine whose owner lets no export unpack into more
            config = ws / "migration.toml"
            config.write_text(config.read_text().replace("unpacked_mib = 0", "unpacked_mib = 8"))
        if make is _endless_view:
            config = ws / "migration.toml"
            config.write_text(re.sub(r"(?m)^seconds = .*", "seconds = 1.0", config.read_text()))
        said = pb2hl("inventory", ws, "--json")
        assert sorted(item.name for item in tmp_path.iterdir()) == ["export", "ws"]
        return said

    def again(**decided: list[str]):
        config = tmp_path / "ws" / "migration.toml"
        lines = [
            line for line in config.read_text().splitlines() if not line.startswith(("leave_out", "take_readable"))
        ]
        config.write_text("\n".join([*(f"{name} = {json.dumps(files)}" for name, files in decided.items()), *lines]))
        return Terminal(capsys)("inventory", tmp_path / "ws", "--json")

    look.again = again
    return look


@pytest.mark.parametrize("case", READ)
def test_what_can_be_read_is_read(inventory, case):
    """Exit 0, with the damage among the problems."""
    make, told = READ[case]
    said = inventory(make)
    assert said.code == 0, said
    assert told in json.dumps(said.json["problems"], ensure_ascii=False), said.json["problems"]


@pytest.mark.parametrize(
    "case", [pytest.param(case, marks=pytest.mark.slow) if case == "thousands of columns" else case for case in DAMAGED]
)
def test_what_is_damaged_ends_the_inventory_as_failed(inventory, case):
    """Exit 1: the rest is told, the file that could not be read is critical, and nothing comes next."""
    make, told = DAMAGED[case]
    said = inventory(make)
    assert said.code == 1 and said.json["status"] == "failed" and not said.json["next_step"], said
    critical = [item for item in said.json["problems"] if item["severity"] == "critical"]
    assert told.removeprefix("sheet ").removesuffix(": ") in json.dumps(critical, ensure_ascii=False), said.json[
        "problems"
    ]
    assert all("leave_out" in item["treatment"] for item in critical)


@pytest.mark.parametrize(
    "case", [pytest.param(case, marks=pytest.mark.slow) if case == "thousands of columns" else case for case in DAMAGED]
)
def test_a_decision_opens_the_way_past_what_is_damaged(inventory, case):
    """The file named in `leave_out` is left out, or in `take_readable`, where that is offered, taken as far as it goes: exit 0, told."""
    critical = [item for item in inventory(DAMAGED[case][0]).json["problems"] if item["severity"] == "critical"]
    files = sorted({item["file"] for item in critical})
    offered = {item["file"] for item in critical if "take_readable" in item["treatment"]}
    for decided in ({"leave_out": files}, {"take_readable": sorted(offered), "leave_out": sorted({*files} - offered)}):
        said = inventory.again(**decided)
        told = {item["severity"] for item in said.json["problems"] if "by decision" in item["treatment"]}
        assert said.code == 0 and "critical" not in {item["severity"] for item in said.json["problems"]}, (
            decided,
            said,
        )
        assert told == {"warning" if decided.get("take_readable") else "info"} | (
            {"info"} if decided["leave_out"] else set()
        )


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_read_is_refused(inventory, case):
    """Exit 2, with the reason and what to do."""
    make, told = REFUSED[case]
    said = inventory(make)
    assert said.code == 2 and said.json["hint"], said
    assert told in said.err


def test_nothing_in_an_export_acts_on_the_terminal(capsys, tmp_path):
    """Escape sequences in names of files, headings and cells are printed as what they spell, as text and as JSON."""
    folder = tmp_path / "export"
    folder.mkdir()
    evil = "\x1b]0;owned\x07\x1b[31m\u202e"
    (folder / f"{evil}strange.csv").write_text("a,b\n1,2\n", encoding="utf-8")
    (folder / "contacts.csv").write_text(
        CONTACTS.replace("Shoe Size", f"Shoe {evil}") + f"1,{evil}Zed,Z,z@z.example,,,\n"
    )
    pb2hl, ws = Terminal(capsys), tmp_path / "ws"
    assert pb2hl("init", ws, "--export", folder, "--location", "x", "--base-url", "http://127.0.0.1:9").code == 0
    for options in ((), ("--json",)):
        said = pb2hl("inventory", ws, *options)
        assert said.code == 0 and "strange.csv" in said.out
        assert not set("\x1b\x07\u202e") & set(said.out + said.err)
