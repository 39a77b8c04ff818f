"""Attachments: into the contact's file field, else into the media library with a link in a note; never over 25 MB."""

from __future__ import annotations

import mimetypes
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from html import escape
from pathlib import PurePosixPath
from typing import Any

from pb2hl import field_map, markers
from pb2hl.highlevel.records.files import FIELD_TYPES
from pb2hl.model import CUSTOM_PREFIX, OBJECTS
from pb2hl.operations import MOST_FILE_BYTES, Kind, Operation, Target
from pb2hl.plan.fields.findings import Bucket
from pb2hl.plan.inputs.inputs import ExportFile
from pb2hl.plan.inputs.rows import Row, local_iso, rows, text
from pb2hl.plan.location.identity import Identity
from pb2hl.plan.shared.context import Context

OBJECT = "attachments"
MEDIA_REFUSES = frozenset({"webp"})


@dataclass(frozen=True)
class Way:
    """How one attachment goes: `field` (contact's file field), `media` (library and link) or `skip`, and why."""

    how: str
    file: Mapping[str, Any] = field(default_factory=dict)
    why: str = ""


@dataclass(frozen=True)
class Files:
    """The export's files by the names that tables use for them: path, other slashes, other case, or bare name."""

    by_name: Mapping[str, ExportFile]

    def find(self, *names: str) -> ExportFile | None:
        """The first file that one of `names` means."""
        for name in names:
            for key in (_path(name), _path(name).casefold(), PurePosixPath(_path(name)).name.casefold()):
                found = self._index.get(key)
                if key and found is not None:
                    return found
        return None

    @cached_property
    def _index(self) -> dict[str, ExportFile | None]:
        index: dict[str, ExportFile | None] = {}
        for name, file in self.by_name.items():
            bare = PurePosixPath(_path(name)).name.casefold()
            index[bare] = None if bare in index and index[bare] != file else file
        for name, file in self.by_name.items():
            index[_path(name)] = index[_path(name).casefold()] = file
        return index


def _path(name: str) -> str:
    return "/".join(piece for piece in name.strip().replace("\\", "/").split("/") if piece not in ("", ".", ".."))


def file_part(file: ExportFile, name: str, mime: str = "") -> dict[str, str]:
    """The `$file` of a payload for a local file; its digest tells a later export's other bytes from the same."""
    mime = mime or mimetypes.guess_type(name)[0] or "application/octet-stream"
    return {"path": file.path, "name": name, "mime": mime, **({"sha256": file.sha256} if file.sha256 else {})}


@dataclass(frozen=True)
class Attachments:
    """Plans the attachments table; knows which notes get links."""

    ctx: Context
    files: Files
    identity: Identity

    def media(self) -> Iterator[Operation]:
        """Uploads to the media library, and skips with their reason."""
        for row in self.ctx.rows(OBJECT, "uploaded_at"):
            way = self._ways[row["source_id"]]
            if way.how == "media":
                self._note(row, way)
                name = media_name(self.ctx, OBJECT, row["source_id"], way.file["name"])
                payload = {"$file": way.file, "name": name}
                yield self.ctx.operation(Kind.UPLOAD, Target.MEDIA, OBJECT, row["source_id"], payload, marker=name)
            elif way.how == "skip":
                yield self.ctx.operation(Kind.SKIP, Target.MEDIA, OBJECT, row["source_id"], reason=way.why)

    def contact_files(self) -> Iterator[Operation]:
        """Uploads into the file field of contacts."""
        planned = self.ctx.fields.get("contacts", markers.FILES_FIELD)
        for row in self.ctx.rows(OBJECT, "uploaded_at"):
            way = self._ways[row["source_id"]]
            if way.how != "field" or planned is None:
                continue
            contact = self.ctx.contacts.find(text(row, "contact_id")).source_id
            person = self.identity.people.get(contact)
            url = {
                "contactId": self.ctx.ref(Target.CONTACT, "contacts", contact),
                "fieldId": self.ctx.field_ref(planned),
            }
            payload = {"$url": url, "$file": way.file}
            self._note(row, way)
            yield self.ctx.operation(
                Kind.UPLOAD,
                Target.FILE,
                OBJECT,
                row["source_id"],
                payload,
                marker=f"{row['source_id']} {way.file['name']}",
                existing_id=person.existing_id if person else "",
            )

    def _note(self, row: Row, way: Way) -> None:
        """Note the cells of a file that is sent: what names and finds it, what it hangs on, and what no file can carry."""
        draft, used = self.ctx.draft(OBJECT, row), self._used[row["source_id"]]
        draft.note(field_map.FILE.place, *used)
        if way.how == "field":
            draft.note(field_map.HOST.place, "contact_id")
        elif self.ctx.notes.find(text(row, "note_id")):
            draft.note(field_map.NOTE_LINK.place, "note_id", *_BESIDE_LINK)
        beside = [spec.name for spec in OBJECTS[OBJECT].fields]  # what is noted as sent above stays so
        beside += [name for name in row if name.startswith(CUSTOM_PREFIX)]
        draft.note(field_map.ARCHIVE.place, *beside, bucket=Bucket.REPORTED)

    @cached_property
    def _used(self) -> dict[str, tuple[str, ...]]:
        return {}

    def link_of(self, row: Row) -> str:
        """The link for a note of its own: files in the library that belong to no note."""
        way = self._ways[row["source_id"]]
        note = self.ctx.notes.find(text(row, "note_id"))
        return "" if way.how != "media" or note else self._link(row["source_id"], way)

    def links_in(self, note_id: str) -> str:
        """Links to the files of a note, for the end of its body."""
        return "".join(
            self._link(one, self._ways[one], facts)
            for one, facts in self._of_note.get(note_id, ())
            if self._ways[one].how == "media"
        )

    def _link(self, source_id: str, way: Way, facts: str = "") -> str:
        op_id = self.ctx.op_id(Target.MEDIA, OBJECT, source_id)
        name, beside = escape(way.file["name"], quote=False), escape(facts, quote=False)
        return f'<p>Attachment: <a href="{{{{ref:{op_id}:url}}}}">{name}</a>{beside}</p>'

    @cached_property
    def _of_note(self) -> dict[str, list[tuple[str, str]]]:
        """Note → its files: (source id, what the link says of upload and parents)."""
        found: dict[str, list[tuple[str, str]]] = {}
        for row in rows(self.ctx.table(OBJECT), ("source_id", "note_id", *_BESIDE_LINK)):
            note = self.ctx.notes.find(text(row, "note_id"))
            if note:
                found.setdefault(note.source_id, []).append((row["source_id"], self._beside_link(row)))
        return found

    def _beside_link(self, row: Row) -> str:
        """` (uploaded 2021-03-04T09:30:00-05:00, company Acme (9))`: what a file in a note says beside its name."""
        facts = (
            [f"uploaded {local_iso(row['uploaded_at'], self.ctx.zone)}"] if row.get("uploaded_at") is not None else []
        )
        for word, index in (("contact", self.ctx.contacts), ("company", self.ctx.companies), ("deal", self.ctx.deals)):
            if given := text(row, f"{word}_id"):
                one = index.find(given).source_id
                names = {"contact": self.ctx.contact_labels, "company": self.ctx.company_names}.get(word, {})
                facts.append(f"{word} {names.get(one, '')} ({one or given})".replace("  ", " "))
        return f" ({', '.join(facts)})" if facts else ""

    @cached_property
    def _ways(self) -> dict[str, Way]:
        return {
            row["source_id"]: self._reported(row, self._way(row)) for row in rows(self.ctx.table(OBJECT), numbered=True)
        }

    def _way(self, row: Row) -> Way:
        inside = text(row, "content")
        file = self.files.find(*(item for item in (inside, text(row, "path"), text(row, "file_name")) if item))
        address = text(row, "url")
        size = file.size if file else row.get("size")
        self._used[row["source_id"]] = _naming(row, file is not None)
        name = text(row, "file_name") or PurePosixPath(_path(text(row, "path") or address.split("?")[0])).name
        name = PurePosixPath(_path(name)).name or f"attachment-{row['source_id']}"
        name = _with_extension(name, text(row, "mime_type"), inside) if inside else name
        extension = PurePosixPath(name).suffix.lstrip(".").casefold()
        if size is not None and float(size) > MOST_FILE_BYTES:
            return Way("skip", why=f"{name} has {float(size) / 1024**2:.1f} MB, over the 25 MB that are sent")
        if file is None and not address.casefold().startswith(("http://", "https://")):
            return Way("skip", why=f"{text(row, 'path') or name or 'the file'} is not in the export")
        mime = text(row, "mime_type") or mimetypes.guess_type(name)[0] or "application/octet-stream"
        part = file_part(file, name, mime) if file else {"url": address, "name": name, "mime": mime}
        if self._on_contact(row) and extension in FIELD_TYPES:
            return Way("field", part)
        if extension in MEDIA_REFUSES:
            return Way("skip", why=f"HighLevel's media library takes no .{extension}")
        return Way("media", part)

    def _on_contact(self, row: Row) -> bool:
        others = self.ctx.notes.find(text(row, "note_id")) or self.ctx.deals.find(text(row, "deal_id"))
        return bool(self.ctx.contacts.find(text(row, "contact_id"))) and not others

    def _reported(self, row: Row, way: Way) -> Way:
        source_id = row["source_id"]
        if way.how == "skip":
            self.ctx.findings.cell(OBJECT, source_id, "*", Bucket.REFUSED, way.why)
            self.ctx.findings.problem(
                "file_not_sent", OBJECT, way.why, source_id=source_id, treatment="listed; nothing is sent"
            )
        elif way.how == "media":
            self.ctx.findings.loss(OBJECT, "file", "media library, linked in a note", "no file field takes it")
        return way


_BESIDE_LINK = ("contact_id", "company_id", "deal_id", "uploaded_at")


def _naming(row: Row, inside: bool) -> tuple[str, ...]:
    """The columns that a file's bytes, name and type come from; an address counts only where the export has no such file."""
    named = ("file_name", "mime_type", *(("content", "path") if inside else ("url",)))
    return named if inside or text(row, "file_name") else (*named, "path")


def _with_extension(name: str, mime: str, inside: str) -> str:
    """The name of a file that stood in a cell, with the extension that its type or its bytes tell where it has none."""
    return (
        name if PurePosixPath(name).suffix else name + (mimetypes.guess_extension(mime) or PurePosixPath(inside).suffix)
    )


def media_name(ctx: Context, object_: str, source_id: str, name: str, part: str = "") -> str:
    """A name in the media library that no other operation uses; it ends as the file's own name does."""
    key = ctx.op_id(Target.MEDIA, object_, source_id, part)[:12]
    stem, dot, extension = name.rpartition(".")
    return f"{(stem or extension)[:80]}-{key}{dot}{extension if stem else ''}".rstrip(".")
