"""Whoever judges the prices of the product shares nothing with it."""

import ast
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]
JUDGE: Final = ROOT / "tests/services/tariffs/independent.py"
NOTATION: Final = {"typing"}
"""Says types and does nothing."""


def imported(path: Path) -> set[str]:
    """Top-level names of the modules that a file imports."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add("." if node.level else (node.module or "").split(".")[0])
    return found


def test_the_judge_of_prices_imports_nothing_of_ours_and_nothing_that_the_engine_imports() -> None:
    engine = {name for path in (ROOT / "services/tariffs").rglob("*.py") for name in imported(path)}
    assert {"services", "decimal"} <= engine
    assert imported(JUDGE) - NOTATION == {"fractions"}
    assert not (imported(JUDGE) - NOTATION) & engine
