"""The floors of the house: a package imports only what is below it."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parent.parent / "src" / "millwright"

FLOORS: tuple[frozenset[str], ...] = (
    frozenset({"errors"}),
    frozenset({"whole_file", "spans", "silence", "spreadsheet"}),
    frozenset({"integer_program"}),
    frozenset({"quantity"}),
    frozenset({"money"}),
    frozenset({"catalog"}),
    frozenset({"traffic"}),
    frozenset({"scenario"}),
    frozenset({"perf"}),
    frozenset({"simulate"}),
    frozenset({"measure"}),
    frozenset({"finance", "law", "people", "readiness"}),
    frozenset({"fleet"}),
    frozenset({"plan"}),
    frozenset({"report", "deploy", "sweep"}),
    frozenset({"web"}),
    frozenset({"cli"}),
)
"""Lowest first. Packages on one floor do not know each other."""

HEAVY = ("numba", "scipy", "polars", "pint", "altair", "vl_convert", "pydantic", "fastapi", "nicegui", "sqlalchemy")


def _floor(name: str) -> int:
    return next(number for number, names in enumerate(FLOORS) if name in names)


def _imports(file: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("millwright."):
            found.add(node.module.split(".")[1])
        elif isinstance(node, ast.ImportFrom) and node.module == "millwright":
            found.update(alias.name for alias in node.names if alias.name != "__version__")
        elif isinstance(node, ast.Import):
            found.update(alias.name.split(".")[1] for alias in node.names if alias.name.startswith("millwright."))
    return found


FILES = sorted(
    file for file in PACKAGE.rglob("*.py") if file.parent != PACKAGE or file.stem not in ("__init__", "__main__")
)


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(PACKAGE)))
def test_no_import_goes_up_or_sideways(file: Path) -> None:
    here = file.relative_to(PACKAGE).parts[0].removesuffix(".py")
    name = file.relative_to(PACKAGE)
    for other in _imports(file) - {here}:
        assert _floor(other) < _floor(here), f"{name} imports millwright.{other}, which is not below"


def test_help_loads_nothing_heavy() -> None:
    program = (
        f"import sys\nfrom millwright.cli.main import app\nprint([name for name in {HEAVY!r} if name in sys.modules])"
    )
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.strip()
    assert loaded == "[]"


def test_no_two_test_files_share_a_name() -> None:
    names = [file.name for file in Path(__file__).parent.rglob("*.py") if file.name != "conftest.py"]
    assert sorted(set(names)) == sorted(names), "pytest imports test files by their bare names"
