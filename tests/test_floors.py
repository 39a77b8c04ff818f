"""Imports go down the floors of docs/architecture.md, never up and never in a circle."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

PACKAGE = Path(__file__).parent.parent / "pb2hl"
FLOORS = {
    5: {"analyst", "cli", "fleet", "runner", "lab", "kernel", "notebook", "review", "report", "sandbox", "demo", "saved", "lab_files", "__main__"},
    4: {"steps"},
    3: {"plan", "apply", "diff"},
    2: {"profile", "matching", "mapper", "suites"},
    1: {"source", "highlevel", "ledger", "fetch"},
    0: {
        "errors", "model", "operations", "results", "sheets", "workspace", "policies", "whole", "lean", "resources", "progress", "phases", "clock", "values", "content", "markers",
        "recurrence", "register", "limits",
        "field_map", "field_types",
    },
}  # fmt: skip
FLOOR_OF = {name: floor for floor, names in FLOORS.items() for name in names}


def modules() -> dict[str, Path]:
    """Every module of the package by dotted name."""
    found = {}
    for path in PACKAGE.rglob("*.py"):
        parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


@cache
def nodes_of(path: Path) -> tuple[ast.AST, ...]:
    """Every node of a file's syntax tree, the module itself first."""
    return tuple(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))


def imports(path: Path, known: set[str], *, top_level_only: bool = False) -> set[str]:
    """The modules of the package that the file imports."""
    nodes = nodes_of(path)[0].body if top_level_only else nodes_of(path)
    found = set()
    for node in nodes:
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names if alias.name.split(".")[0] == "pb2hl"}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            if node.module and node.module.split(".")[0] == "pb2hl":
                for alias in node.names:
                    deep = f"{node.module}.{alias.name}"
                    found.add(deep if deep in known else node.module)
    return found


def room(module: str) -> str:
    """The room of a dotted module name: its first part below the package."""
    return module.split(".")[1] if "." in module else ""


def test_every_room_has_a_floor():
    """A new room says on which floor it is."""
    assert {room(name) for name in modules()} - {""} <= set(FLOOR_OF)


def test_imports_go_down():
    """No module imports from a floor above its own."""
    found = modules()
    climbs = [
        f"{name} (floor {FLOOR_OF[room(name)]}) imports {other} (floor {FLOOR_OF[room(other)]})"
        for name, path in found.items()
        if room(name)
        for other in imports(path, set(found))
        if room(other) and FLOOR_OF[room(other)] > FLOOR_OF[room(name)]
    ]
    assert not climbs, "\n".join(climbs)


def test_only_faces_know_the_sandbox():
    """What the package does against the sandbox it does against HighLevel: nothing but its faces knows the sandbox."""
    found = modules()
    wrong = [
        f"{name} imports {other}"
        for name, path in found.items()
        for other in imports(path, set(found))
        if (room(other) == "sandbox" and room(name) not in {"sandbox", "cli", "demo"})
        or (room(name) == "sandbox" and room(other) not in {"sandbox", ""} and FLOOR_OF[room(other)] > 0)
    ]
    assert not wrong, "\n".join(wrong)


def folder(module: str) -> str:
    """The folder of a dotted module name: `pb2hl.steps.load.sample` → `steps.load`, `pb2hl.ledger.port` → `ledger`."""
    parts = module.split(".")
    if parts[1] == "highlevel":  # still one room
        return parts[1]
    return ".".join(parts[1:3]) if len(parts) > 3 else ".".join(parts[1:2])


def test_no_circle_between_folders():
    """Folders import each other one way: no two of them need each other, by any path."""
    found = modules()
    doors = {name for name, path in found.items() if path.name == "__init__.py"}
    graph: dict[str, set[str]] = {}
    for name, path in found.items():
        if name not in doors:
            inner = {folder(other) for other in imports(path, set(found)) - doors}
            graph.setdefault(folder(name), set()).update(inner - {folder(name)})
    state: dict[str, int] = {}

    def visit(name: str, trail: tuple[str, ...]) -> None:
        assert state.get(name) != 1, " → ".join((*trail, name))
        if state.get(name) == 2:
            return
        state[name] = 1
        for other in graph.get(name, ()):
            visit(other, (*trail, name))
        state[name] = 2

    for name in graph:
        visit(name, ())


def test_no_cycles():
    """No module imports itself by any path."""
    found = modules()
    graph = {name: imports(path, set(found)) - {name} for name, path in found.items()}
    state: dict[str, int] = {}

    def visit(name: str, trail: tuple[str, ...]) -> None:
        assert state.get(name) != 1, " → ".join((*trail, name))
        if state.get(name) == 2:
            return
        state[name] = 1
        for other in graph.get(name, ()):
            visit(other, (*trail, name))
        state[name] = 2

    for name in graph:
        visit(name, ())


def test_modules_are_rooms_one_knows():
    """No module is longer than 400 lines."""
    long = {
        name: n for name, path in modules().items() if (n := len(path.read_text(encoding="utf-8").splitlines())) > 400
    }
    assert not long


def test_public_things_are_documented():
    """Every public module, class and function has a docstring."""
    bare = []
    for name, path in modules().items():
        tree = nodes_of(path)[0]
        if tree.body and not ast.get_docstring(tree):
            bare.append(name)
        for node in tree.body:
            defines = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
            if defines and not node.name.startswith("_") and not ast.get_docstring(node):
                bare.append(f"{name}.{node.name}")
    assert not bare, "\n".join(bare)


def functions() -> dict[str, ast.FunctionDef | ast.AsyncFunctionDef]:
    """Every function and method of the package by file and line."""
    return {
        f"{path.relative_to(PACKAGE.parent)}:{node.lineno} {node.name}": node
        for path in modules().values()
        for node in nodes_of(path)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }


def test_functions_are_short():
    """No function is longer than forty lines."""
    lines = {name: (node.end_lineno or 0) - node.lineno + 1 for name, node in functions().items()}
    assert lines and not {name: count for name, count in lines.items() if count > 40}


def test_functions_take_few_parameters():
    """No function takes more than six parameters by position, but for the parts of an operation's id; the options of a command are
    written by name."""
    told = {}
    for name, node in functions().items():
        count = len([arg for arg in (*node.args.posonlyargs, *node.args.args) if arg.arg not in ("self", "cls")])
        if count > 6 and not name.startswith("pb2hl/cli/") and node.name != "operation_id":
            told[name] = count
    assert not told
