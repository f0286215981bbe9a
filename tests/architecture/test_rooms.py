"""Every room of the house is one of the agreed, and says what it is."""

import ast
from pathlib import Path

import pytest

from tools import sql_rule
from tools.findings import Tree

ROOT = Path(__file__).parents[2]

BUSINESS = ("account_no", "bill", "payment", "tariff", "meter", "premises", "outage", "arrears", "customer number")
"""Words that a docstring of core does without."""

LAYERS = ("app", "routers", "portal", "jobs", "web", "notifications", "services", "core", "sandbox")


def modules(package: str) -> set[str]:
    """Names of the modules and packages directly in one folder."""
    found = {path.stem for path in (ROOT / package).glob("*.py")} - {"__init__"}
    return found | {path.parent.name for path in (ROOT / package).glob("*/__init__.py")}


def domains() -> list[str]:
    return sorted(path.parent.name for path in (ROOT / "services").glob("*/__init__.py"))


def tables_of(path: Path) -> list[str]:
    return [
        str(node.value.value)
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Assign)
        and isinstance(node.targets[0], ast.Name)
        and node.targets[0].id == "__tablename__"
        and isinstance(node.value, ast.Constant)
    ]


@pytest.mark.parametrize(
    "path", sorted({*(ROOT / "core").rglob("*.py")} - {ROOT / "core" / "__init__.py"}), ids=lambda path: path.stem
)
def test_core_speaks_no_word_of_the_business(path: Path) -> None:
    said = (ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or "").lower()
    assert said
    assert [word for word in BUSINESS if word in said] == []


def test_every_declared_table_has_a_migration_and_the_other_way_round() -> None:
    house = sql_rule.House(Tree(ROOT))
    declared = {
        table
        for folder in ("core", "services", "notifications")
        for path in (ROOT / folder).rglob("*.py")
        for table in tables_of(path)
    }
    views = {"entry"}
    assert declared == house.owners.keys() - views - sql_rule.GIVEN.keys()


@pytest.mark.parametrize("domain", domains())
def test_a_domain_says_what_it_owns_and_is_imported_for_nothing(domain: str) -> None:
    tree = ast.parse((ROOT / "services" / domain / "__init__.py").read_text(encoding="utf-8"))
    docstring = ast.get_docstring(tree) or ""
    assert len(docstring.splitlines()) > 1, "what it owns, which events it publishes, what it must never do"
    assert len(tree.body) == 1, "a domain's __init__ holds its docstring only"


@pytest.mark.parametrize("layer", LAYERS)
def test_a_layer_says_what_it_is(layer: str) -> None:
    assert ast.get_docstring(ast.parse((ROOT / layer / "__init__.py").read_text(encoding="utf-8")))


def test_no_top_level_package_stands_outside_the_order() -> None:
    found = {path.parent.name for path in ROOT.glob("*/__init__.py")}
    assert found == {*LAYERS, "migrations", "tests", "tools", "benchmarks"}


def test_a_domain_is_made_of_the_agreed_files() -> None:
    agreed = {
        "models", "errors", "events", "ports", "rules", "queries", "operations", "flows", "providers", "chart",
        "feed", "finding", "grouping", "imports", "placing", "programs", "refunds", "roles", "staffing", "catalogue",
        "quality", "measures", "formats", "registers", "estimates", "photos",
    }  # fmt: skip
    strange = {f"{domain}/{name}" for domain in domains() for name in modules(f"services/{domain}") - agreed}
    assert strange == set()
