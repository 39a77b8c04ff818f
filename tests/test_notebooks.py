"""The notebooks: thin, clean, parameterised."""

from __future__ import annotations

import ast

import nbformat
import pytest

from pb2hl import open_workspace
from pb2hl.errors import ConfigError
from pb2hl.register import EXPLORE, FLEET, notebooks
from pb2hl.resources import resource

FILES = [EXPLORE, *(step.notebook for step in notebooks()), FLEET]


def read(name: str):
    """The notebook `name` as shipped."""
    return nbformat.read(resource("notebooks") / name, as_version=4)


def test_one_notebook_a_step():
    """The folder holds the eleven notebooks of the register, the one that explores, the one of a fleet, and no other."""
    assert sorted(path.name for path in resource("notebooks").glob("*.ipynb")) == FILES
    assert len(FILES) == 13


@pytest.mark.parametrize("name", FILES)
def test_committed_without_outputs(name):
    """No output, no execution count and no papermill metadata is committed."""
    notebook = read(name)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert all(not cell.outputs and cell.execution_count is None for cell in code)
    assert "papermill" not in notebook.metadata


@pytest.mark.parametrize("name", FILES)
def test_thin(name):
    """A notebook holds calls only: no function, class, loop or branch, and one parameters cell."""
    notebook = read(name)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    tree = ast.parse("\n".join(cell.source for cell in code))
    logic = (
        ast.FunctionDef,
        ast.AsyncFunctionDef,
        ast.ClassDef,
        ast.Lambda,
        ast.For,
        ast.While,
        ast.If,
        ast.ListComp,
        ast.Try,
    )
    assert not [node for node in ast.walk(tree) if isinstance(node, logic)]
    assert sum("parameters" in cell.metadata.get("tags", []) for cell in code) == 1
    assert notebook.cells[0].source.startswith("# ")


def test_a_folder_that_is_no_workspace(tmp_path):
    """By hand the notebook starts in its own folder: the message names the cell to edit, not another workspace to make."""
    with pytest.raises(ConfigError, match="is no workspace") as caught:
        open_workspace(str(tmp_path))
    assert "set `workspace` in the first cell" in caught.value.hint
