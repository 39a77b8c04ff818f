"""Bodies of notes, tasks and appointments as HighLevel takes them; images inside them go to the media library."""

from __future__ import annotations

import hashlib
import mimetypes
import re
from collections.abc import Iterator
from dataclasses import dataclass

from pb2hl import content
from pb2hl.content import Content, InlineImage
from pb2hl.operations import MOST_FILE_BYTES, Kind, Operation, Target
from pb2hl.plan.fields.findings import Bucket
from pb2hl.plan.inputs.inputs import ExportFile
from pb2hl.plan.inputs.rows import rows, text
from pb2hl.plan.records.attachments import Files, file_part, media_name
from pb2hl.plan.shared.context import Context
from pb2hl.plan.shared.draft import Draft
from pb2hl.whole import write_bytes

WITH_IMAGES = ("notes", "activities")
_MAY_HOLD_IMAGES = re.compile(r"<img|!\[|\\pict", re.IGNORECASE)


@dataclass(frozen=True)
class Bodies:
    """Converts bodies and plans the uploads of the images they hold."""

    ctx: Context
    files: Files

    def html(self, draft: Draft, source: tuple[str, str], body: str, column: str = "body") -> str:
        """`body` as clean HTML, its images replaced by links to the uploads. `source`: (object, source id)."""
        object_, source_id = source
        if not body:
            return ""
        converted = content.convert(body)
        self._report_losses(draft, object_, column, converted)
        found = {
            number: self._address(object_, source_id, number, image) for number, image in enumerate(converted.images)
        }
        return converted.render(
            {number: address for number, address in found.items() if address and object_ in WITH_IMAGES}
        )

    def text(self, draft: Draft, source: tuple[str, str], body: str, column: str = "body") -> str:
        """`body` as plain text, for tasks and appointments. `source`: (object, source id)."""
        if not body:
            return ""
        converted = content.convert(body)
        self._report_losses(draft, source[0], column, converted)
        if converted.images:
            self.ctx.findings.loss(
                source[0],
                "image",
                "nowhere (reported)",
                "tasks and appointments hold plain text",
                len(converted.images),
            )
        return converted.text.strip()

    def media(self) -> Iterator[Operation]:
        """One upload an image inside a body that can be had."""
        for object_ in WITH_IMAGES:
            for row in rows(self.ctx.table(object_), ("source_id", "body")):
                body = text(row, "body")
                if not _MAY_HOLD_IMAGES.search(body):
                    continue
                for number, image in enumerate(content.convert(body).images):
                    yield from self._upload(object_, row["source_id"], number, image)

    def _upload(self, object_: str, source_id: str, number: int, image: InlineImage) -> Iterator[Operation]:
        part = self._file(source_id, number, image)
        if part is None:
            self.ctx.findings.problem(
                "image_missing",
                object_,
                "images inside bodies are not in the export, or too big",
                source_id=source_id,
                treatment="their text stays in the note",
            )
            return
        name = media_name(self.ctx, object_, source_id, part["name"], f"image{number}")
        yield self.ctx.operation(
            Kind.UPLOAD,
            Target.MEDIA,
            object_,
            source_id,
            {"$file": part, "name": name},
            part=f"image{number}",
            marker=name,
        )

    def _address(self, object_: str, source_id: str, number: int, image: InlineImage) -> str:
        if self._file(source_id, number, image) is None:
            return ""
        return f"{{{{ref:{self.ctx.op_id(Target.MEDIA, object_, source_id, f'image{number}')}:url}}}}"

    def _file(self, source_id: str, number: int, image: InlineImage) -> dict[str, str] | None:
        if image.kind == "data":
            return self._written(image)
        mime = image.mime or "application/octet-stream"
        if image.kind == "url":
            return {"url": image.ref, "name": image.name, "mime": mime}
        found = self.files.find(image.ref)
        if found is None or found.size > MOST_FILE_BYTES:
            return None
        return file_part(found, image.name, image.mime)

    def _written(self, image: InlineImage) -> dict[str, str] | None:
        """A data: image as a file under its content hash."""
        folder, data = self.ctx.inputs.inline_files, image.content or b""
        if folder is None or not data or len(data) > MOST_FILE_BYTES:
            return None
        path = folder / f"{hashlib.sha256(data).hexdigest()[:32]}{mimetypes.guess_extension(image.mime) or ''}"
        if not path.exists():
            write_bytes(path, data)
        return file_part(ExportFile(str(path), len(data), hashlib.sha256(data).hexdigest()), image.name, image.mime)

    def _report_losses(self, draft: Draft, object_: str, column: str, converted: Content) -> None:
        for what in converted.removed:
            self.ctx.findings.loss(object_, column, "nowhere (reported)", f"removed from bodies: {what}")
        if converted.removed:
            draft.note("unsafe HTML removed", column, bucket=Bucket.NORMALISED)
