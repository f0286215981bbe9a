"""What every check says, and the files that it looks at."""

import ast
import os
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final

PRODUCT: Final = ("app", "routers", "portal", "jobs", "web", "notifications", "services", "core", "migrations")
OURS: Final = (*PRODUCT, "sandbox", "tools", "benchmarks", "tests")
EDGES: Final = ("app", "routers", "portal", "jobs", "web")


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """One broken rule: where, why it matters, and the decision that it guards."""

    path: str
    line: int
    rule: str
    reason: str
    adr: str

    def __str__(self) -> str:
        """One line, as editors understand it."""
        return f"{self.path}:{self.line}: {self.rule}: {self.reason} ({self.adr})"


@dataclass(frozen=True)
class Module:
    """One Python file."""

    path: str
    source: str

    @cached_property
    def tree(self) -> ast.Module:
        """Its syntax tree."""
        return ast.parse(self.source, self.path)

    @cached_property
    def names(self) -> dict[str, str]:
        """Imported name -> what it stands for, wherever in the file it is imported."""
        found: dict[str, str] = {}
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                for alias in node.names:
                    first = alias.name.split(".")[0]
                    found[alias.asname or first] = alias.name if alias.asname else first
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                for alias in node.names:
                    found[alias.asname or alias.name] = f"{node.module}.{alias.name}"
        return found

    @property
    def package(self) -> str:
        """The top-level folder."""
        return self.path.split("/", 1)[0]

    @property
    def domain(self) -> str | None:
        """The domain that the file belongs to."""
        parts = self.path.split("/")
        return parts[1] if parts[0] == "services" and len(parts) > 2 else None  # noqa: PLR2004 -- services/<domain>/...

    def is_in(self, *places: str) -> bool:
        """Tell whether the file is one of `places`, or below one of them."""
        return any(self.path == place or self.path.startswith(place.removesuffix("/") + "/") for place in places)

    def qualified(self, node: ast.expr) -> str | None:
        """The dotted name that an expression stands for, through the file's imports."""
        if isinstance(node, ast.Name):
            return self.names.get(node.id, node.id)
        if isinstance(node, ast.Attribute):
            left = self.qualified(node.value)
            return None if left is None else f"{left}.{node.attr}"
        return None


class Tree:
    """The checked files of one checkout (or of a planted copy of one)."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def paths(self, suffix: str, folders: tuple[str, ...] = OURS) -> Iterator[str]:
        """Files that end in `suffix`, below `folders`, by name."""
        for folder in folders:
            for parent, below, files in os.walk(self.root / folder):
                below[:] = sorted(name for name in below if not name.startswith((".", "__pycache__")))
                relative = Path(parent).relative_to(self.root).as_posix()
                yield from (f"{relative}/{name}" for name in sorted(files) if name.endswith(suffix))

    def read(self, path: str) -> str:
        """One file's text."""
        return (self.root / path).read_text(encoding="utf-8")

    @cached_property
    def modules(self) -> list[Module]:
        """Every Python file of ours."""
        return [Module(path, self.read(path)) for path in self.paths(".py")]
