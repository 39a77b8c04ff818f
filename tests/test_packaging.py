"""What the package says of itself to installers is true: what it imports, where it runs, which versions it is pinned to."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tarfile
import tomllib
from functools import cache
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
DEBIAN_12 = "3.11.2"
"""The Python of the oldest system that the README names."""

USED_WITHOUT_IMPORT = {
    "jupyterlab": "`make lab` and `pb2hl lab` start it",
    "ipywidgets": "what anywidget's widgets and the notebooks' bars are drawn by",
    "httptools": "uvicorn's parser",
    "sniffio": "httpcore asks it which event loop runs",
    "python-multipart": "starlette reads uploads with it",
    "tzdata": "zoneinfo's zones where the system has none",
    "ipykernel": "the notebooks' kernel",
    "axe-playwright-python": "the browser tests read its script",
    "build": "makes the source distribution below",
    "mypy": "run by .ci/run",
    "pandas-stubs": "mypy reads it",
    "nbstripout": "the pre-commit hook",
    "ruff": "run by .ci/run",
    "pytest-xdist": "pytest -n",
    "playwright": "axe-playwright-python drives it",
    "cyclonedx-bom": "`make release`",
    "pip-audit": ".ci/run",
    "uv": ".ci/installations",
}
"""Declared, and named in no import: why each is there."""

POSIX_ONLY = {"fcntl", "grp", "posix", "pty", "pwd", "resource", "syslog", "termios", "tty", "uvloop"}
"""Modules that Windows lacks."""


@cache
def imported(*folders: str) -> dict[str, Path]:
    """The top-level modules that the Python files below `folders` import, each with a file that does."""
    found: dict[str, Path] = {}
    for path in (path for folder in folders for path in (ROOT / folder).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
                names = [node.module]
            found |= {name.split(".")[0]: path for name in names}
    return found


def foreign(*folders: str) -> dict[str, Path]:
    """Those that neither Python nor this project brings."""
    ours = {"pb2hl", "tests", "benchmarks", "examples"}
    ours |= {path.stem for folder in ("tests", "benchmarks", "docs") for path in (ROOT / folder).rglob("*.py")}
    return {name: path for name, path in imported(*folders).items() if name not in sys.stdlib_module_names | ours}


def declared(*extras: str) -> dict[str, Requirement]:
    """What pyproject.toml asks for, by canonical name, with `extras`."""
    lines = [*PROJECT["dependencies"], *(line for name in extras for line in PROJECT["optional-dependencies"][name])]
    return {canonicalize_name(requirement.name): requirement for requirement in map(Requirement, lines)}


@cache
def distributions() -> dict[str, set[str]]:
    """The canonical names of the installed distributions that bring each top-level module."""
    return {
        name: {canonicalize_name(one) for one in names} for name, names in metadata.packages_distributions().items()
    }


def pins() -> dict[str, str]:
    """constraints.txt: canonical name to version."""
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").split()
    return {canonicalize_name(name): version for name, _, version in (line.partition("==") for line in lines)}


def test_what_the_package_imports_is_declared():
    """Nothing is imported that only comes along with something else; extras are imported by what they are for."""
    bring, known = distributions(), declared(*PROJECT["optional-dependencies"])
    undeclared = {
        name: str(path.relative_to(ROOT))
        for name, path in foreign("pb2hl").items()
        if not bring.get(name, {canonicalize_name(name)}) & set(known)
    }
    assert undeclared == {}


def test_what_tests_and_examples_import_is_declared():
    """A source distribution's own tests find what they need in the test extra."""
    bring, known = distributions(), declared("test")
    undeclared = {
        name: str(path.relative_to(ROOT))
        for name, path in foreign("tests", "examples").items()
        if not bring.get(name, {canonicalize_name(name)}) & set(known)
    }
    assert undeclared == {}


def test_what_is_declared_is_used():
    """Every dependency is imported somewhere, or it is said here what it is for."""
    bring = distributions()
    used = {dist for name in foreign("pb2hl", "tests", "examples", "benchmarks") for dist in bring.get(name, {name})}
    used |= {canonicalize_name(name) for name in foreign("benchmarks")}
    used |= {"btrees", "zope-index", "duckdb"}  # brought for dedupe and splink, with versions that those do not bound
    unused = set(declared("test", "release", "bench")) - used - set(USED_WITHOUT_IMPORT)
    assert unused == set()


def test_pins_are_a_plain_list():
    """constraints.txt holds names and versions, no host, option or marker; each distribution once."""
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    assert [line for line in lines if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*==[0-9A-Za-z.+!]+", line)] == []
    assert len(pins()) == len(lines)


def test_pins_fit_what_is_declared():
    """Every dependency is pinned, to a version that pyproject.toml allows, and each names its lowest version."""
    known, wanted = pins(), declared("test", "release")
    wrong = [str(one) for name, one in wanted.items() if not one.specifier.contains(known.get(name, "0"))]
    assert wrong == []
    unbounded = [name for name, one in wanted.items() if not any(item.operator == ">=" for item in one.specifier)]
    assert unbounded == []


def test_pins_fit_debians_python():
    """No pinned version asks for a newer Python than Debian 12 has: the two README commands work there."""
    newer = []
    for name, version in pins().items():
        try:
            installed = metadata.distribution(name)
        except metadata.PackageNotFoundError:
            continue  # of another system, or not part of this installation
        asked = installed.metadata.get("Requires-Python") or ""
        if installed.version == version and not SpecifierSet(asked).contains(DEBIAN_12):
            newer.append(f"{name}=={version} needs {asked}")
    assert newer == []


def test_imports_without_what_windows_lacks():
    """Every module of the package is imported although POSIX-only modules cannot be."""
    code = f"""
import builtins, importlib, pkgutil
real = builtins.__import__
def guarded(name, globals=None, *rest, **named):
    if name.split(".")[0] in {POSIX_ONLY!r} and str((globals or {{}}).get("__name__", "")).startswith("pb2hl"):
        raise ModuleNotFoundError(name + " is not on Windows", name=name)
    return real(name, globals, *rest, **named)
builtins.__import__ = guarded
import pb2hl
for module in pkgutil.walk_packages(pb2hl.__path__, "pb2hl."):
    if not module.name.endswith("__main__"):
        importlib.import_module(module.name)
print("all")
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT)
    assert done.stdout.strip() == "all", done.stderr[-2000:]


def test_metadata_names_systems_and_pythons():
    """README and metadata name the systems and the Pythons; the lowest is the one that installers are told."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert all(word in readme for word in ("Linux", "macOS", "Windows", "python3-venv"))
    named = {line.rpartition(" ")[2] for line in PROJECT["classifiers"] if ":: 3." in line}
    assert named == {"3.11", "3.12", "3.13", "3.14"}
    assert PROJECT["requires-python"] == ">=3.11"


def test_the_changelog_tells_this_release():
    """The newest section of the changelog is the version that the package says it is."""
    import pb2hl

    newest = re.search(r"^## (\S+)", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), flags=re.MULTILINE)
    assert newest and newest.group(1) == pb2hl.__version__


@pytest.mark.slow
def test_the_source_distribution_tests_itself(tmp_path):
    """A source distribution, unpacked elsewhere, runs its own tests and holds every file that they read."""
    subprocess.run(
        [sys.executable, "-m", "build", "--sdist", "--outdir", str(tmp_path), str(ROOT)],
        check=True,
        capture_output=True,
    )
    (archive,) = tmp_path.glob("*.tar.gz")
    with tarfile.open(archive) as tar:
        tar.extractall(tmp_path / "unpacked", filter="data")
    (root,) = (tmp_path / "unpacked").iterdir()
    few = [
        "tests/test_package.py",
        "tests/test_packaging.py",
        "tests/test_floors.py",
        "tests/test_workspace.py",
        "tests/values",
    ]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-m", "not slow", *few],
        cwd=root,
        env={"PATH": str(Path(sys.executable).parent), "PYTHONPATH": str(root)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout[-3000:]
