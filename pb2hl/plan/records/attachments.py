"""Attachments: into the contact's file field, else into the media library with a link in a note; never over 25 MB."""

from __future__ import annotations

import mimetypes
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from html import escape
from pathlib import PurePosixPath
from typing import Any

from pb2hl import markers
from pb2hl.highlevel.records.files import FIELD_TYPES
from pb2hl.operations import MOST_FILE_BYTES, Kind, Operation, Target
from pb2hl.plan.fields.tally import Bucket
from pb2hl.plan.inputs.inputs import ExportFile
from pb2hl.plan.inputs.rows import Row, oldest_first, rows, text
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
        for row in rows(oldest_first(self.ctx.inputs.table(OBJECT), "uploaded_at")):
            way = self._ways[row["source_id"]]
            if way.how == "media":
                name = media_name(self.ctx, OBJECT, row["source_id"], way.file["name"])
                payload = {"$file": way.file, "name": name}
                yield self.ctx.operation(Kind.UPLOAD, Target.MEDIA, OBJECT, row["source_id"], payload, marker=name)
            elif way.how == "skip":
                yield self.ctx.operation(Kind.SKIP, Target.MEDIA, OBJECT, row["source_id"], reason=way.why)

    def contact_files(self) -> Iterator[Operation]:
        """Uploads into the file field of contacts."""
        planned = self.ctx.fields.get("contacts", markers.FILES_FIELD)
        for row in rows(oldest_first(self.ctx.inputs.table(OBJECT), "uploaded_at")):
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
            yield self.ctx.operation(
                Kind.UPLOAD,
                Target.FILE,
                OBJECT,
                row["source_id"],
                payload,
                marker=f"{row['source_id']} {way.file['name']}",
                existing_id=person.existing_id if person else "",
            )

    def link_of(self, row: Row) -> str:
        """The link for a note of its own: files in the library that belong to no note."""
        way = self._ways[row["source_id"]]
        note = self.ctx.notes.find(text(row, "note_id"))
        return "" if way.how != "media" or note else self._link(row["source_id"], way)

    def links_in(self, note_id: str) -> str:
        """Links to the files of a note, for the end of its body."""
        return "".join(
            self._link(one, self._ways[one]) for one in self._of_note.get(note_id, ()) if self._ways[one].how == "media"
        )

    def _link(self, source_id: str, way: Way) -> str:
        op_id = self.ctx.op_id(Target.MEDIA, OBJECT, source_id)
        return f'<p>Attachment: <a href="{{{{ref:{op_id}:url}}}}">{escape(way.file["name"], quote=False)}</a></p>'

    @cached_property
    def _of_note(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for row in rows(self.ctx.inputs.table(OBJECT), ("source_id", "note_id")):
            note = self.ctx.notes.find(text(row, "note_id"))
            if note:
                found.setdefault(note.source_id, []).append(row["source_id"])
        return found

    @cached_property
    def _ways(self) -> dict[str, Way]:
        return {row["source_id"]: self._told(row, self._way(row)) for row in rows(self.ctx.inputs.table(OBJECT))}

    def _way(self, row: Row) -> Way:
        inside = text(row, "content")
        file = self.files.find(*(item for item in (inside, text(row, "path"), text(row, "file_name")) if item))
        address = text(row, "url")
        size = file.size if file else row.get("size")
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

    def _told(self, row: Row, way: Way) -> Way:
        source_id = row["source_id"]
        if way.how == "skip":
            self.ctx.account.cell(OBJECT, source_id, "*", Bucket.REFUSED, way.why)
            self.ctx.account.problem(
                "file_not_sent", OBJECT, way.why, source_id=source_id, treatment="listed; nothing is sent"
            )
        elif way.how == "media":
            self.ctx.account.loss(OBJECT, "file", "media library, linked in a note", "no file field takes it")
        return way


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
