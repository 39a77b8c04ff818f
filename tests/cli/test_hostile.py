"""Hostile and broken exports through the command line: read with the damage told, or refused with the reason; never a crash."""

from __future__ import annotations

import io
import json
import os
import zipfile
from collections.abc import Callable
from pathlib import Path

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


def _wide(folder: Path) -> Path:
    head = ",".join(f"c{n}" for n in range(4500))
    return _files(folder, contacts__csv=f"id,first_name,email,{head}\n1,Ann,ann@a.example,{',' * 4499}\n")


READ: dict[str, tuple[Callable[[Path], Path], str]] = {
    "NUL bytes": (lambda d: _files(d, contacts__csv=CONTACTS.replace("Ann", "A\0nn")), "NUL"),
    "a megabyte cell": (lambda d: _files(d, contacts__csv=CONTACTS + f'3,"{"x" * 3_000_000}",Z,z@z.example,,,\n'), ""),
    "thousands of columns": (_wide, "columns"),
    "climbing names": (_climbing, "climbs out"),
    "links and pipes": (_links, "plain file"),
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
        said = pb2hl("inventory", ws, "--json")
        assert sorted(item.name for item in tmp_path.iterdir()) == ["export", "ws"]
        return said

    return look


@pytest.mark.parametrize(
    "case", [pytest.param(case, marks=pytest.mark.slow) if case == "thousands of columns" else case for case in READ]
)
def test_what_can_be_read_is_read(inventory, case):
    """Exit 0, with the damage among the problems."""
    make, told = READ[case]
    said = inventory(make)
    assert said.code == 0, said
    assert told in json.dumps(said.json["problems"], ensure_ascii=False), said.json["problems"]


@pytest.mark.parametrize("case", DAMAGED)
def test_what_is_damaged_ends_the_inventory_as_failed(inventory, case):
    """Exit 1: the rest is told, the file that could not be read is critical, and nothing comes next."""
    make, told = DAMAGED[case]
    said = inventory(make)
    assert said.code == 1 and said.json["status"] == "failed" and not said.json["next_step"], said
    critical = [item for item in said.json["problems"] if item["severity"] == "critical"]
    assert told in json.dumps(critical, ensure_ascii=False), said.json["problems"]


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
