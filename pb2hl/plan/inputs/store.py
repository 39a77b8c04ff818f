"""Operations on disk and in memory as columns, read back in batches: a plan of millions never sits here as objects."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pb2hl.operations import Kind, Operation, Target
from pb2hl.whole import private_folder, replacing, undamaged

BATCH = 5_000
SCHEMA = pa.schema(
    [
        *((name, pa.string()) for name in ("op_id", "kind", "target", "object", "source_id", "part", "payload")),
        ("depends_on", pa.list_(pa.string())),
        *((name, pa.string()) for name in ("marker", "existing_id", "reason")),
    ]
)
"""One row an operation; `payload` is JSON."""


_JSON = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), check_circular=False)


def encode(operations: Iterable[Operation]) -> pa.RecordBatch:
    """Operations as one record batch."""
    rows = [
        (
            op.op_id, str(op.kind), str(op.target), op.object, op.source_id, op.part,
            _JSON.encode(op.payload), op.depends_on, op.marker, op.existing_id, op.reason,
        )
        for op in operations
    ]  # fmt: skip
    columns: list[tuple[Any, ...]] = list(zip(*rows, strict=True)) or [() for _ in SCHEMA]
    return pa.record_batch(
        [pa.array(column, kind.type) for column, kind in zip(columns, SCHEMA, strict=True)], schema=SCHEMA
    )


def decode(batch: pa.RecordBatch) -> Iterator[Operation]:
    """The operations of a record batch."""
    columns: dict[str, Iterable[Any]] = {name: batch.column(name).to_pylist() for name in SCHEMA.names}
    columns["payload"] = payloads(batch)
    columns["kind"], columns["target"] = (
        map(_KINDS.__getitem__, columns["kind"]),
        map(_TARGETS.__getitem__, columns["target"]),
    )
    columns["depends_on"] = map(tuple, columns["depends_on"])
    yield from map(Operation, *columns.values())


_KINDS, _TARGETS = {str(kind): kind for kind in Kind}, {str(target): target for target in Target}


def payloads(batch: pa.RecordBatch) -> list[dict[str, Any]]:
    """The payloads of a record batch; read as one text, which costs half of reading each by itself."""
    found: list[dict[str, Any]] = json.loads(f"[{','.join(batch.column('payload').to_pylist())}]")
    return found


_PACKING = pa.ipc.IpcWriteOptions(compression="zstd")


def _pack(batch: pa.RecordBatch) -> pa.Buffer:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, batch.schema, options=_PACKING) as writer:
        writer.write_batch(batch)
    return sink.getvalue()


def _unpack(packed: pa.Buffer) -> pa.RecordBatch:
    with pa.ipc.open_stream(packed) as reader:
        return reader.read_next_batch()


@dataclass
class Operations:
    """Operations by target, in the order they were added; kept as packed columns: ids and payloads pack to a fifth."""

    counts: Counter[tuple[Kind, Target]] = field(default_factory=Counter)
    _packed: dict[Target, list[pa.Buffer]] = field(default_factory=dict)
    _open: dict[Target, list[Operation]] = field(default_factory=dict)

    def add(self, operation: Operation) -> None:
        """Put one operation after the others of its target."""
        self.counts[operation.kind, operation.target] += 1
        waiting = self._open.setdefault(operation.target, [])
        waiting.append(operation)
        if len(waiting) >= BATCH:
            self._flush(operation.target)

    def close(self) -> None:
        """Turn what is left into columns."""
        for target in list(self._open):
            self._flush(target)

    def _flush(self, target: Target) -> None:
        waiting = self._open.pop(target, [])
        if waiting:
            self._packed.setdefault(target, []).append(_pack(encode(waiting)))

    def batches(self) -> Iterator[tuple[Target, pa.RecordBatch]]:
        """The operations as columns, a few thousand at a time, without decoding any."""
        for target in Target:
            for packed in self._packed.get(target, ()):
                yield target, _unpack(packed)

    def __iter__(self) -> Iterator[Operation]:
        for _, batch in self.batches():
            yield from decode(batch)

    def pick(self, op_ids: Collection[str]) -> Iterator[Operation]:
        """The operations with these ids, in the same order; the others are never decoded."""
        wanted = pa.array(sorted(op_ids), pa.string())
        for _, batch in self.batches():
            yield from decode(batch.filter(pc.is_in(batch.column("op_id"), wanted)))

    def __len__(self) -> int:
        return sum(self.counts.values())

    @classmethod
    def load(cls, folder: Path) -> Operations:
        """The operations that `write` kept in `folder`, as columns."""
        found = cls()
        for target in Target:
            path = folder / f"{target}.parquet"
            if not path.exists():
                continue
            with undamaged(path), pq.ParquetFile(path) as file:
                for batch in file.iter_batches(batch_size=BATCH):
                    found._packed.setdefault(target, []).append(_pack(batch))
                    found.counts.update((Kind(kind), target) for kind in batch.column("kind").to_pylist())
        return found

    def write(self, folder: Path) -> None:
        """One Parquet file a target, whole or not at all; files of targets that have no operations are removed."""
        private_folder(folder)
        for target in Target:
            path = folder / f"{target}.parquet"
            packed = self._packed.get(target)
            if not packed:
                path.unlink(missing_ok=True)
                continue
            with replacing(path) as temporary, pq.ParquetWriter(temporary, SCHEMA, compression="zstd") as writer:
                for batch in map(_unpack, packed):
                    writer.write_batch(batch)


def last(folder: Path, target: Target) -> Operation | None:
    """The last stored operation of `target`; None when there is none."""
    path = folder / f"{target}.parquet"
    if not path.exists():
        return None
    with undamaged(path), pq.ParquetFile(path) as file:
        *_, group = (None, *range(file.num_row_groups))
        rows = None if group is None else file.read_row_group(group)
        if rows is None or not rows.num_rows:
            return None
        return next(iter(decode(rows.slice(rows.num_rows - 1).to_batches()[0])))


def read(folder: Path, targets: Iterable[Target] = tuple(Target), saying: str = "") -> Iterator[Operation]:
    """The stored operations of `targets`, in the order of `Target`, a batch in memory at a time.

    `saying`: only those in whose payload, as JSON, this property or text stands; the others are never decoded.
    """
    wanted = set(targets)
    for target in Target:
        path = folder / f"{target}.parquet"
        if target in wanted and path.exists():
            with undamaged(path), pq.ParquetFile(path) as file:
                for batch in file.iter_batches(batch_size=BATCH):
                    yield from decode(
                        batch.filter(pc.match_substring(batch.column("payload"), saying)) if saying else batch
                    )
