"""`pb2hl check`: what it exits with, and that its verdict keeps writes out of the location."""

from __future__ import annotations

import json

import pytest

NOT_NULL = "expect_column_values_to_not_be_null"


def suite(folder, name, *rules, **meta):
    path = folder / f"{name}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"meta": meta, "expectations": list(rules)}))
    return path


def test_exit_codes_of_a_suite(pb2hl, made, tmp_path):
    """0 when nothing critical fails, 1 for critical data and broken rules, 2 for a file that is no suite; the rows are named."""
    _, ws = made
    pb2hl("inventory", ws)
    rule = {"type": NOT_NULL, "kwargs": {"column": "owner"}}
    warned = pb2hl(
        "check", ws, "--suite", suite(tmp_path, "a", {**rule, "severity": "warning"}, object="contacts"), "--json"
    )
    assert warned.code == 0 and warned.json["counts"]["data_failed"] == 1
    failed = pb2hl("check", ws, "--suite", suite(tmp_path, "b", rule, object="contacts"))
    assert failed.code == 1 and "contacts.csv row 3" in failed.out
    assert pb2hl("check", ws, "--suite", suite(tmp_path, "c", {"type": "expect_magic"}, object="contacts")).code == 1
    (tmp_path / "d.json").write_text('{"expectations": [], "expectations": []}')
    for path in (tmp_path / "d.json", tmp_path / "nowhere.json"):
        assert pb2hl("check", ws, "--suite", path).code == 2


@pytest.mark.slow
def test_a_critical_failure_keeps_writes_out(pb2hl, schema_made):
    """Exit 3 at every step that writes, naming the rows; once it is mended and checked again, the way is open."""
    sandbox, ws = schema_made
    mine = suite(
        ws / "expectations" / "before", "mine", {"type": NOT_NULL, "kwargs": {"column": "owner"}}, object="contacts"
    )
    assert pb2hl("check", ws).code == 1
    for command in (("schema", ws, "--apply", "--yes"), ("sample", ws, "--yes")):
        said = pb2hl(*command)
        assert said.code == 3 and "contacts.csv row 3" in said.err and "pb2hl check" in said.err
    assert not sandbox.state.dump()["contacts"]
    assert pb2hl("status", ws, "--json").json["next_step"] != "report"
    mine.unlink()
    assert pb2hl("check", ws).code == 0 and pb2hl("sample", ws, "--yes").code == 0
