"""Attachments whose bytes change under the same id and name: the new file arrives, the old one goes, notes show the new one."""

from __future__ import annotations

import hashlib

import pytest

from pb2hl.results import Status
from tests.e2e.drive import Arrived, step, workspace
from tests.steps import small

ATTACHMENTS = [
    {"Attachment ID": "F1", "File Name": "offer.pdf", "Path": "files/offer.pdf", "Contact ID": "11", "Deal ID": ""},
    {"Attachment ID": "F2", "File Name": "plan.pdf", "Path": "files/plan.pdf", "Contact ID": "11", "Deal ID": ""},
    {"Attachment ID": "F3", "File Name": "terms.pdf", "Path": "files/terms.pdf", "Contact ID": "", "Deal ID": "D1"},
]


def export(folder, **contents: bytes):
    """The small export with attachments of these contents."""
    path = small.write(folder, {**small.tables(), "attachments": ATTACHMENTS})
    (path / "files").mkdir()
    for name in ("offer", "plan", "terms"):
        (path / "files" / f"{name}.pdf").write_bytes(contents.get(name, b"%PDF-1.4 first " + name.encode()))
    return path


def digests(found: Arrived, email: str) -> dict[str, list[str]]:
    """File names of the contact's file field with the digests of what they hold."""
    held: dict[str, list[str]] = {}
    for value in found.contact(email)["custom"].values():
        for item in value.values() if isinstance(value, dict) else ():
            held.setdefault(item["meta"]["originalname"], []).append(item["meta"]["sha256"])
    return held


def sha(content: bytes) -> str:
    """SHA-256 in hex."""
    return hashlib.sha256(content).hexdigest()


@pytest.mark.slow
def test_changed_bytes_replace_the_old_file(sandbox, tmp_path, monkeypatch):
    """One file in a contact's field and one in the library change: one version of each is there, the unchanged one stays."""
    monkeypatch.setenv("HIGHLEVEL_TOKEN", sandbox.token)
    ws = workspace(tmp_path / "ws", export(tmp_path / "one"), sandbox)
    small.migrate(ws)
    again = step(ws, "delta", export=export(tmp_path / "same"))
    assert again.status is Status.NOTHING_TO_DO, again.tables["new"].to_csv()
    new = {"offer": b"%PDF-1.4 second offer", "terms": b"%PDF-1.4 second terms"}
    result = step(ws, "delta", export=export(tmp_path / "two", **new))
    found = Arrived.of(sandbox)
    assert digests(found, "ada@mill.example") == {
        "offer.pdf": [sha(new["offer"])],
        "plan.pdf": [sha(b"%PDF-1.4 first plan")],
    }
    (media,) = found.dump["media"].values()
    assert any(media["url"] in note["body"] for note in found.dump["notes"].values()), (
        "the note shows the file that is there"
    )
    assert "file_replaced" in {problem.code for problem in result.problems}
    audit = step(ws, "audit")
    assert audit.status is Status.DONE, [str(problem) for problem in audit.problems]
    assert step(ws, "delta", export=tmp_path / "two").status is Status.NOTHING_TO_DO
