"""The house stays tidy: core is closed, every table is known, every domain says what it is."""

import ast
import importlib
import re
import subprocess
import tomllib
from collections import Counter
from pathlib import Path

import pytest
from fastapi.routing import APIRoute, iter_route_contexts
from sqlmodel import SQLModel

from app import wiring
from app.main import create_app
from core.config import Settings
from tools import text_rules
from tools.findings import Tree

ROOT = Path(__file__).parents[2]
DOMAINS = sorted(path.name for path in (ROOT / "services").iterdir() if (path / "__init__.py").exists())

CORE = {
    "aside",
    "audit",
    "clock",
    "config",
    "config_entitlements",
    "config_lists",
    "config_readings",
    "crypto",
    "crypto.sealed",
    "crypto.tokens",
    "crypto.vault",
    "db",
    "errors",
    "faults",
    "http",
    "idempotency",
    "ids",
    "inbox",
    "intake",
    "intake.loading",
    "intake.runs",
    "locks",
    "logging",
    "money",
    "outbox",
    "pagination",
    "periods",
    "records",
    "registry",
    "rotation",
    "rounds",
    "staging",
    "texts",
}
"""A module enters when two domains need it and its docstring needs no word of the business. Say why in the commit."""

CORE_TABLES = {
    "audit",
    "claim",
    "idempotency",
    "import_reject",
    "import_run",
    "inbox",
    "key_rotation",
    "outbox",
    "scheduled_round",
    "set_aside",
}
"""Mechanisms that cannot work without rows of their own; nothing else in core owns a table."""


def modules_of(folder: Path) -> set[str]:
    """Dotted names of the modules and packages below a folder."""
    paths = (path.relative_to(folder).with_suffix("") for path in folder.rglob("*.py"))
    return {".".join(path.parts).removesuffix(".__init__") for path in paths} - {"__init__"}


def test_core_is_closed() -> None:
    assert modules_of(ROOT / "core") == CORE


def test_only_mechanisms_of_core_own_tables() -> None:
    owned = {
        str(mapper.local_table)
        for mapper in SQLModel._sa_registry.mappers
        if mapper.class_.__module__.startswith("core.")
    }
    assert owned == CORE_TABLES


def test_every_module_with_tables_is_imported_for_the_metadata() -> None:
    tree = ast.parse((ROOT / "app" / "tables.py").read_text(encoding="utf-8"))
    imported = {alias.name for node in tree.body if isinstance(node, ast.Import) for alias in node.names}
    declaring = {
        ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        for folder in ("services", "notifications", "core", "web")
        for path in (ROOT / folder).rglob("*.py")
        if re.search(r"\btable=True\b", path.read_text(encoding="utf-8"))
    }
    assert imported == declaring


def test_the_declared_domains_are_those_that_say_what_they_are() -> None:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"][
        "contracts"
    ]
    layers = next(contract["layers"] for contract in contracts if contract["name"] == "2 domains")
    declared = {name.strip(" ()") for layer in layers for name in layer.split("|")}
    assert set(DOMAINS) <= declared


@pytest.mark.parametrize("domain", DOMAINS)
def test_a_domain_says_what_it_is(domain: str) -> None:
    said = importlib.import_module(f"services.{domain}").__doc__
    assert said is not None
    assert len(said.split()) > 3


def test_every_address_is_served_by_one_endpoint(settings: Settings) -> None:
    runtime = wiring.build(settings)
    try:
        contexts = list(iter_route_contexts(create_app(runtime).routes))
    finally:
        runtime.db.close()
    routes = [context for context in contexts if isinstance(context.original_route, APIRoute)]
    served = Counter((method, route.path) for route in routes for method in sorted(route.methods or ()))
    assert len(served) > 20
    assert [address for address, count in served.items() if count > 1] == []


def test_no_committed_file_knows_a_machine() -> None:
    assert [str(finding) for finding in text_rules.check(Tree(ROOT))] == []


@pytest.mark.parametrize(
    "line",
    [
        "see /" + "work/main/app",
        'PATH = "/' + 'root/.cache"',
        "cd /" + "home/somebody/wattline",
        "https://art" + "ifactory.example.org/api",
        "--index" + "-url http://x",
    ],
)
def test_a_place_of_one_machine_is_noticed(tmp_path: Path, line: str) -> None:
    (tmp_path / "note.md").write_text(f"# A note\n{line}\n")
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    subprocess.run(["git", "add", "note.md"], cwd=tmp_path, check=True)
    (found,) = text_rules.check(Tree(tmp_path))
    assert (found.path, found.line) == ("note.md", 2)
