"""What lies in a folder beside the tables, and must not be taken for one."""

from __future__ import annotations

from pb2hl.limits import LIMITS
from pb2hl.source.containers import open_container


def test_a_workspace_inside_the_export_is_left_out(tmp_path):
    """`pb2hl init export/ws --export export`: the workspace's own sheets are never read as the export's tables."""
    (tmp_path / "contacts.csv").write_text("id,email\n1,a@a.example\n", encoding="utf-8")
    for name in ("migration.toml", "sheets/duplicates.csv", "staged/contacts.parquet"):
        path = tmp_path / "ws" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x", encoding="utf-8")
    items, problems = open_container(tmp_path, LIMITS, tmp_path)
    assert [item.name for item in items] == ["contacts.csv"]
    assert [(problem.code, problem.file) for problem in problems] == [("workspace", "ws")]
