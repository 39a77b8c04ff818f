"""The reference pages, written from the code: commands, settings, sheets, public functions, messages. Nothing here is kept by hand."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import get_args

import typer
from pydantic.fields import FieldInfo

import pb2hl
from pb2hl.cli.main import application
from pb2hl.mapper.knowledge.sheet_layout import DECISIONS, EDITABLE, SHEETS
from pb2hl.register import STEPS
from pb2hl.workspace import Config

PACKAGE = Path(pb2hl.__file__).parent


def write(folder: Path) -> None:
    """Write every reference page into `folder`."""
    folder.mkdir(exist_ok=True)
    pages = {
        "commands": commands(),
        "settings": settings(),
        "sheets": sheets(),
        "functions": functions(),
        "messages": messages(),
    }
    for name, lines in pages.items():
        text = "\n".join(lines) + "\n"
        path = folder / f"{name}.md"
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")


def _cell(text: object) -> str:
    return " ".join(str(text).split()).replace("|", "\\|").replace("<", "&lt;")


def _table(head: tuple[str, ...], rows: Iterator[tuple[object, ...]]) -> Iterator[str]:
    yield "| " + " | ".join(head) + " |"
    yield "|" + "---|" * len(head)
    for row in rows:
        yield "| " + " | ".join(map(_cell, row)) + " |"
    yield ""


def commands() -> Iterator[str]:
    """Every command of the command line with its arguments and options."""
    yield "# The command line\n"
    yield "`pb2hl COMMAND --help` says the same. Every command takes `--json`. Exit codes: 0 done, 1 checks failed or something is missing, 2 wrong usage or input, 3 a gate is not approved, 4 HighLevel refused or is unreachable.\n"
    group = typer.main.get_command(application())
    for name, command in sorted(group.commands.items()):  # type: ignore[attr-defined]
        if command.hidden:
            continue
        yield f"## pb2hl {name}\n"
        yield f"{_cell(command.help or command.short_help or '')}\n"
        rows = (
            (", ".join(f"`{word}`" for word in (*item.opts, *item.secondary_opts)) if item.opts and item.opts[0].startswith("-") else f"`{item.name}`", getattr(item, "help", "") or "")
            for item in command.params
            if item.name != "help"
        )  # fmt: skip
        yield from _table(("argument or option", "what it does"), rows)


def _is_section(field: FieldInfo) -> bool:
    """Whether a setting is a section of migration.toml, with settings of its own."""
    return hasattr(field.annotation, "__pydantic_fields__")


def settings() -> Iterator[str]:
    """Every setting of migration.toml with its default and what it may be."""
    yield "# migration.toml\n"
    yield "`pb2hl init` writes it; edits count at the next step. The token is never kept in it. A batch run takes the policies as they stand, on record.\n"
    sections = {
        "": Config,
        **{name: field.annotation for name, field in Config.model_fields.items() if _is_section(field)},
    }
    for name, model in sections.items():
        yield f"## {f'[{name}]' if name else 'At the top'}\n"
        yield f"{_cell(inspect.getdoc(model) or '')}\n"
        fields = getattr(model, "model_fields", None) or model.__pydantic_fields__
        plain = {key: field for key, field in fields.items() if not _is_section(field)}
        yield from _table(
            ("setting", "default", "allowed", "decides"),
            (
                (
                    f"`{key}`",
                    "" if field.is_required() else repr(field.default),
                    _allowed(field),
                    field.description or "",
                )
                for key, field in plain.items()
            ),
        )


def _allowed(field: object) -> str:
    words = get_args(field.annotation)  # type: ignore[attr-defined]
    if words and all(isinstance(word, str) for word in words):
        return ", ".join(f"`{word}`" for word in words)
    limits = [f"{item}" for item in field.metadata]  # type: ignore[attr-defined]
    return ", ".join(limits) or getattr(field.annotation, "__name__", str(field.annotation))  # type: ignore[attr-defined]


def sheets() -> Iterator[str]:
    """Every mapping sheet with its columns, what may be edited and the decisions it knows."""
    yield "# The review sheets\n"
    yield "Small CSV files in `sheets/` hold every decision; a notebook, a spreadsheet or git may edit them. An empty `decision` is undecided.\n"
    for name, columns in SHEETS.items():
        yield f"## {name}.csv\n"
        editable = EDITABLE[name]
        yield from _table(
            ("column", "may be edited"), ((f"`{column}`", "yes" if column in editable else "") for column in columns)
        )
        if DECISIONS.get(name):
            yield "Decisions: " + ", ".join(f"`{word}`" for word in DECISIONS[name]) + ".\n"


def functions() -> Iterator[str]:
    """What `import pb2hl` gives, from the docstrings."""
    yield "# Public functions\n"
    yield "Everything a notebook needs is imported from `pb2hl` itself.\n"
    for name in pb2hl.__all__:
        found = getattr(pb2hl, name)
        try:
            signature = f"({', '.join(str(p).split(':')[0].split('=')[0] for p in inspect.signature(found).parameters.values() if p.name != 'self')})"
        except (TypeError, ValueError):
            signature = ""
        options = STEPS[name].options if name in STEPS else ()
        yield f"## {name}\n"
        yield f"```text\npb2hl.{name}{signature}\n```\n"
        yield f"{_plain(inspect.getdoc(found) or '', bool(options))}\n"
        if options:
            yield from _table(("option", "what it does"), ((f"`{option.name}`", option.help) for option in options))


def _plain(text: str, first: bool) -> str:
    paragraphs = text.split("\n\n")
    return "\n\n".join(
        " ".join(part.split()).replace("<", "&lt;") for part in (paragraphs[:1] if first else paragraphs)
    )


def messages() -> Iterator[str]:
    """Every message that a mistake or a refusal ends with, and what to do about it, as the code has them."""
    yield "# Troubleshooting by message\n"
    yield "Search this page for words of the message; `…` stands for what it names in your case.\n"
    found: dict[str, set[tuple[str, str]]] = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.args:
                hint = next((word.value for word in node.keywords if word.arg == "hint"), None)
                if hint is not None and (message := _text(node.args[0])).strip("… "):
                    found.setdefault(node.func.id, set()).add((message, _text(hint)))
    for kind, pairs in sorted(found.items()):
        yield f"## {kind}\n"
        yield from _table(("message", "what to do"), iter(sorted(pairs)))


@cache
def _constants() -> dict[str, str]:
    """Texts that modules of the package give a name in capitals, such as that of the token's variable."""
    trees = (ast.parse(path.read_text(encoding="utf-8")) for path in PACKAGE.rglob("*.py"))
    given = (node for tree in trees for node in tree.body if isinstance(node, ast.Assign))
    return {
        node.targets[0].id: node.value.value
        for node in given
        if isinstance(node.targets[0], ast.Name) and node.targets[0].id.isupper()
        if isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
    }


def _text(node: ast.expr) -> str:
    """A string of the code as a reader meets it, `…` for what is filled in."""
    if isinstance(node, ast.Constant):
        return str(node.value)
    if isinstance(node, ast.JoinedStr):
        return "".join(map(_text, node.values))
    if isinstance(node, ast.FormattedValue):
        return _text(node.value)
    if isinstance(node, ast.Name):
        return _constants().get(node.id, "…")
    if isinstance(node, ast.BinOp):
        return _text(node.left) + _text(node.right)
    return "…"
