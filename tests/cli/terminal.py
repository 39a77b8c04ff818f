"""The command line as a person has it: arguments in; exit code, stdout and stderr out."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from pb2hl.cli import main

CONTACTS = """id,first_name,last_name,email,phone,owner,Shoe Size
1,Ann,Lee,ann@a.example,613-555-0101,alice@rehearsal.example,42
2,Bob,Ray,bob@b.example,613-555-0102,,43
"""
DEALS = """id,name,contact_id,pipeline,stage,amount,status
1,Roof,1,Sales,New,100,open
"""


@dataclass(frozen=True)
class Said:
    """What a command answered."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Stdout, which holds nothing but JSON."""
        return json.loads(self.out)


class Terminal:
    """Runs commands in this process."""

    def __init__(self, capsys: pytest.CaptureFixture[str]):
        self._capsys = capsys

    def __call__(self, *arguments: object) -> Said:
        self._capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main([str(argument) for argument in arguments])
        out, err = self._capsys.readouterr()
        assert "Traceback" not in out + err
        return Said(ended.value.code or 0, out, err)


def export(folder: Path) -> Path:
    """Two contacts and a deal."""
    folder.mkdir()
    (folder / "contacts.csv").write_text(CONTACTS, encoding="utf-8")
    (folder / "deals.csv").write_text(DEALS, encoding="utf-8")
    return folder
