"""The memory of a watch: one file, read back or told as damaged."""

from __future__ import annotations

import pytest

from pb2hl.errors import Damaged
from pb2hl.steps.delta.diary import Diary
from pb2hl.workspace import Config, Workspace


@pytest.mark.parametrize("body", ['{"folders": []}', '{"folders": {"%s": {"exports": {"a": {"fate": "x"}}}}}',
                                  '{"folders": {"%s": {"exports": {"a": {"fate": "seen", "unknown": 1}}}}}', '{"folders": {"%s": 3}}'])  # fmt: skip
def test_a_memory_of_another_shape_is_damaged(tmp_path, body):
    """A watch whose memory holds something else says so, and how to go on."""
    ws = Workspace.create(tmp_path / "ws", Config(export="x", location="L", timezone="UTC"))
    (ws.path / "watch.json").write_text(body.replace("%s", str(tmp_path.resolve())))
    with pytest.raises(Damaged, match=r"watch\.json is damaged") as told:
        Diary(ws, tmp_path)
    assert "delete" in told.value.hint
