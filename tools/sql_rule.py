"""The SQL rule: whose tables a statement touches, and whether it may.

A domain writes its own tables only. It reads another's in a file of its `reads/`, and only when the other lies below.
Statements in Python stay with the tables of their own domain: what joins domains is seen in the folder.
"""

import ast
import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from tools.findings import Finding, Module, Tree
from tools.sql_text import Function, NotSql, Touched, functions, loud_words, parse, touched

LAYERS: Final = "ADR 0001"
RULE: Final = "sql"
DML: Final = re.compile(
    r"\s*(--[^\n]*\n\s*)*(select|insert\s+into|update|delete\s+from|with|truncate|merge\s+into)\b", re.IGNORECASE
)
INDEX: Final = re.compile(r"\b(?:pk|uq|ix|ex)_[a-z0-9_]+")
SERVED: Final = re.compile(r"\bserve[ds]?\b|\breads? (the )?whole\b", re.IGNORECASE)
MAKES: Final = re.compile(r"\bcreate\s+(or\s+replace\s+)?(table|function|view)\b", re.IGNORECASE)
MAKERS: Final = frozenset({"core.staging.stage", "core.staging.make"})
HOLE: Final = "null"

CARRIERS: Final = {"outbox"}
"""Tables of core that functions in the database may write: facts ride along in the statement that makes them."""

GIVEN: Final = {"alembic_version": "core"}
"""Tables that no migration of ours makes, and whose they count as."""

COMPOSED: Final = {
    "core/staging.py": "takes refused rows out of a staging table whose name it is given",
    "core/rotation.py": "walks over every sealed column, whose names the models give",
}
"""Files with statements that are put together at run time, each with its reason."""


@dataclass(frozen=True)
class Text:
    """One statement (or several) somewhere in the repository."""

    path: str
    line: int
    sql: str
    is_file: bool


class House:
    """Who owns which table, and which domains lie below which."""

    def __init__(self, tree: Tree) -> None:
        self._tree = tree
        self.problems: list[Finding] = []
        self.functions: dict[str, tuple[str, Function]] = {}

    @cached_property
    def order(self) -> list[set[str]]:
        """Groups of domains, low to high, core first, what lies above the services last."""
        contracts = tomllib.loads(self._tree.read("pyproject.toml"))["tool"]["importlinter"]["contracts"]
        layers = next(contract["layers"] for contract in contracts if contract["name"].startswith("2 "))
        domains = [{name.strip(" ()") for name in layer.split("|")} for layer in reversed(layers)]
        return [{"core"}, *domains, {"notifications"}, {"web"}, {"routers", "portal", "jobs"}, {"app"}]

    def is_below(self, lower: str, upper: str) -> bool:
        """Tell whether `upper` may know `lower`."""
        ranks = {name: rank for rank, group in enumerate(self.order) for name in group}
        return ranks.get(lower, len(ranks)) < ranks.get(upper, -1)

    @cached_property
    def owners(self) -> dict[str, str]:
        """Table that is there in the end -> domain (or layer), from the migrations' file names."""
        owners = dict(GIVEN)
        for text, owner in self.migrations():
            try:
                statements = parse(text.sql)
                made = functions(text.sql)
            except NotSql as error:
                self.problems.append(Finding(text.path, text.line, RULE, f"PostgreSQL says: {error}", LAYERS))
                continue
            does = touched(statements)
            for table in does.makes:
                owners.setdefault(table, owner)
            for table in does.drops:
                owners.pop(table, None)
            for function in made:
                self.functions[function.name] = (owner, function)
        return owners

    def migrations(self) -> Iterator[tuple[Text, str]]:
        """Texts of migrations that make things, with the domain that their files name."""
        for module in self._tree.modules:
            if module.path.startswith("migrations/versions/"):
                owner = re.sub(r"^\d+_", "", module.path.rsplit("/", 1)[-1]).removesuffix(".py").split("_")[0]
                for node in _strings(module):
                    if isinstance(node, ast.Constant) and MAKES.search(str(node.value)):
                        yield Text(module.path, node.lineno, str(node.value), is_file=True), owner
        for path in self._tree.paths(".sql", ("migrations/sql",)):
            yield (
                Text(path, 1, self._tree.read(path), is_file=True),
                path.rsplit("/", 1)[-1].split("_")[0].split(".")[0],
            )

    @cached_property
    def staged(self) -> set[str]:
        """Names of temporary tables, made by SQL or by `stage` and `make` of `core.staging`."""
        found: set[str] = set()
        for module in self._tree.modules:
            constants = _constants(module)
            for node in ast.walk(module.tree):
                if isinstance(node, ast.Call) and module.qualified(node.func) in MAKERS:
                    names = [_text(word.value, constants) for word in node.keywords if word.arg == "table"]
                    found |= {name for name in names if name is not None}
        for text in statements(self._tree):
            try:
                found |= touched(parse(text.sql)).temporary
            except NotSql:
                continue
        return found


def _docstrings(module: Module) -> set[int]:
    found: set[int] = set()
    for node in ast.walk(module.tree):
        body = getattr(node, "body", None)
        if isinstance(body, list):
            found |= {
                id(each.value) for each in body if isinstance(each, ast.Expr) and isinstance(each.value, ast.Constant)
            }
    return found


def _strings(module: Module) -> Iterator[ast.Constant | ast.JoinedStr]:
    docstrings = _docstrings(module)
    inside: set[int] = set()
    for node in ast.walk(module.tree):
        if isinstance(node, ast.JoinedStr):
            inside |= {id(value) for value in node.values}
            yield node
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings | inside:
            yield node


def _constants(module: Module) -> dict[str, str]:
    found: dict[str, str] = {}
    for node in module.tree.body:
        targets = (
            node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
        )
        value = getattr(node, "value", None)
        if value is not None and targets and isinstance(targets[0], ast.Name):
            text = _text(value, found)
            if text is not None:
                found[targets[0].id] = text
    return found


def _text(node: ast.expr, constants: dict[str, str]) -> str | None:
    """The text of an expression; unknown parts are null."""
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else None
    if isinstance(node, ast.Name):
        return constants.get(node.id)
    if isinstance(node, ast.JoinedStr):
        parts = [
            _text(value.value if isinstance(value, ast.FormattedValue) else value, constants) for value in node.values
        ]
        return "".join(HOLE if part is None else part for part in parts)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        left, right = _text(node.left, constants), _text(node.right, constants)
        return None if left is None or right is None else left + right
    return None


def _is_run(node: ast.Call) -> bool:
    """Tell whether a call runs SQL: `session.sql(...)`, `sa.text(...)`, `connection.execute(...)`."""
    return isinstance(node.func, ast.Attribute) and node.func.attr in {"sql", "text", "execute"} and bool(node.args)


def statements(tree: Tree) -> Iterator[Text]:
    """Every statement of the product, in files and in Python."""
    for path in tree.paths(".sql", ("services", "notifications", "web", "core")):
        yield Text(path, 1, tree.read(path), is_file=True)
    for module in tree.modules:
        if module.is_in("app", "routers", "portal", "jobs", "web", "notifications", "services", "core"):
            yield from _in_python(module)


def _in_python(module: Module) -> Iterator[Text]:
    constants = _constants(module)
    run: set[int] = set()
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Call) and _is_run(node):
            run.add(id(node.args[0]))
    for node in _strings(module):
        text = _text(node, constants)
        if text is None or not DML.match(text):
            continue
        if id(node) in run or _parses(text):
            yield Text(module.path, node.lineno, text, is_file=False)


def _parses(text: str) -> bool:
    try:
        return bool(parse(text))
    except NotSql:
        return False


def place(path: str) -> str:
    """The domain, or the layer, that a file belongs to."""
    parts = path.split("/")
    return parts[1] if parts[0] == "services" else parts[0]


def check(tree: Tree) -> list[Finding]:
    """Every statement that touches what it may not, or is not written as ours are."""
    house = House(tree)
    owners = house.owners
    found = list(house.problems)
    for text in statements(tree):
        found += _judge(house, owners, text)
    for text, owner in house.migrations():
        found += [Finding(text.path, text.line, RULE, f"{word}: SQL is lower case", LAYERS) for word in _loud(text)]
        found += _judge_functions(house, owners, text, owner)
    return found + list(_models(tree, owners))


def _loud(text: Text) -> list[str]:
    try:
        return loud_words(text.sql)[:1]
    except Exception:  # noqa: BLE001 -- what cannot be scanned was reported where it could not be parsed
        return []


def _judge(house: House, owners: dict[str, str], text: Text) -> Iterator[Finding]:
    home = place(text.path)

    def broken(reason: str) -> Finding:
        return Finding(text.path, text.line, RULE, reason, LAYERS)

    try:
        does = touched(parse(text.sql))
    except NotSql as error:
        if text.path not in COMPOSED:
            yield broken(f"PostgreSQL says: {error}")
        return
    for word in _loud(text):
        yield broken(f"{word}: SQL is lower case")
    if home in {"routers", "portal", "jobs", "app"}:
        yield broken("an edge asks queries and operations; it holds no SQL")
    if text.is_file:
        yield from (broken(reason) for reason in _comment(text, reads=does.reads & owners.keys()))
    yield from (broken(reason) for reason in _rights(house, owners, text, does))


def _rights(house: House, owners: dict[str, str], text: Text, does: Touched) -> Iterator[str]:
    home = place(text.path)
    for table in sorted(does.reads | does.writes):
        owner = owners.get(table)
        if owner is None:
            if table not in house.staged:
                yield f"no migration makes {table}, and nothing stages it"
        elif owner == home:
            continue
        elif table in does.writes:
            yield f"{home} writes {table}, which belongs to {owner}: ask its operations"
        elif not text.is_file:
            yield f"{home} reads {table} of {owner} in Python: ask {owner}.queries, or use reads/*.sql"
        elif not house.is_below(owner, home):
            yield f"{home} reads {table} of {owner}, which does not lie below it"
    for name in sorted(does.calls & house.functions.keys()):
        owner, function = house.functions[name]
        if owner != home and function.is_volatile and function.touched.writes:
            yield f"{home} calls {name}, which writes tables of {owner}: ask its operations"


def _judge_functions(house: House, owners: dict[str, str], text: Text, owner: str) -> Iterator[Finding]:
    try:
        made = functions(text.sql)
    except NotSql:
        return
    for function in made:
        for table in sorted(function.touched.writes - CARRIERS):
            if table in owners and owners[table] != owner:
                reason = f"{function.name} of {owner} writes {table} of {owners[table]}"
                yield Finding(text.path, text.line, RULE, reason, LAYERS)
        for table in sorted(function.touched.reads):
            if table in owners and owners[table] != owner and not house.is_below(owners[table], owner):
                reason = f"{function.name} of {owner} reads {table} of {owners[table]}, which does not lie below it"
                yield Finding(text.path, text.line, RULE, reason, LAYERS)


def _comment(text: Text, *, reads: set[str]) -> Iterator[str]:
    lines = text.sql.splitlines()
    head: list[str] = []
    for line in lines:
        if not line.startswith("--"):
            break
        head.append(line)
    if not head:
        yield "a file of SQL begins with a comment: what it answers, and which index serves it"
    elif reads and not (SERVED.search(" ".join(head)) or INDEX.search(" ".join(head))):
        yield f"the comment does not say which index serves reading {', '.join(sorted(reads))}"


def _models(tree: Tree, owners: dict[str, str]) -> Iterator[Finding]:
    """A model stands in the domain whose migration makes its table."""
    for module in tree.modules:
        if not module.is_in("services", "notifications", "core"):
            continue
        for node in ast.walk(module.tree):
            if not (isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)):
                continue
            if node.targets[0].id != "__tablename__" or not isinstance(node.value, ast.Constant):
                continue
            table, home = str(node.value.value), place(module.path)
            if owners.get(table) != home:
                reason = f"table {table} is made by the migration of {owners.get(table)}, its model stands in {home}"
                yield Finding(module.path, node.lineno, RULE, reason, LAYERS)
