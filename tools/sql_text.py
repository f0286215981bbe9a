"""PostgreSQL's own parser, asked what a statement touches."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

import pglast
from pglast import ast as pg
from pglast import enums
from pglast.parser import ParseError, scan

BIND: Final = re.compile(r"(?<![:\w\\]):(\w+)(?!:)")
"""A `:name` parameter, by SQLAlchemy's own definition."""


class NotSql(ValueError):
    """PostgreSQL does not understand the text."""


@dataclass
class Touched:
    """What statements do to tables and which functions they call."""

    reads: set[str] = field(default_factory=set)
    writes: set[str] = field(default_factory=set)
    makes: set[str] = field(default_factory=set)
    drops: set[str] = field(default_factory=set)
    temporary: set[str] = field(default_factory=set)
    calls: set[str] = field(default_factory=set)

    def add(self, other: "Touched") -> None:
        """Join what another statement does."""
        self.reads |= other.reads
        self.writes |= other.writes
        self.makes |= other.makes
        self.drops |= other.drops
        self.temporary |= other.temporary
        self.calls |= other.calls


@dataclass(frozen=True)
class Function:
    """A function that a migration makes."""

    name: str
    is_volatile: bool
    touched: Touched


def without_binds(text: str) -> str:
    """The text with a null of no type in the place of each `:name`."""
    numbers: dict[str, int] = {}
    return BIND.sub(lambda match: f"${numbers.setdefault(match[1], len(numbers) + 1)}", text)


def parse(text: str) -> tuple[pg.RawStmt, ...]:
    """The statements of a text with `:name` parameters; raises NotSql."""
    try:
        return tuple(pglast.parse_sql(without_binds(text)))
    except ParseError as error:
        raise NotSql(str(error.args[0])) from error


def loud_words(text: str) -> list[str]:
    """Keywords that are not in lower case."""
    prepared = without_binds(text)
    source = prepared.encode()
    found: list[str] = []
    for token in scan(prepared):
        word = source[token.start : token.end + 1].decode()
        if token.kind != "NO_KEYWORD" and word != word.lower():
            found.append(word)
    return found


def _nodes(node: Any) -> Iterator[Any]:
    """Every node below one; the parser declares each of their fields optional, which no statement is."""
    if isinstance(node, pg.Node):
        yield node
        for name in node:
            yield from _nodes(getattr(node, name))
    elif isinstance(node, tuple | list):
        for each in node:
            yield from _nodes(each)


def touched(statements: tuple[pg.RawStmt, ...]) -> Touched:
    """What they read, write, make and call. Names of `with` queries are no tables."""
    result = Touched()
    for statement in statements:
        result.add(_touched(statement))
    return result


def _is(node: Any, kind: Any) -> bool:
    """`isinstance` that leaves the node untyped."""
    return isinstance(node, kind)


def _touched(statement: pg.Node) -> Touched:
    result = Touched()
    nodes = list(_nodes(statement))
    queries = {node.ctename for node in nodes if _is(node, pg.CommonTableExpr)}
    targets: set[int] = set()
    for node in nodes:
        for target in _written(node):
            targets.add(id(target))
            result.writes.add(target.relname)
        made = _made(node)
        if made is not None:
            targets.add(id(made))
            (result.temporary if made.relpersistence == "t" else result.makes).add(made.relname)
        if _is(node, pg.DropStmt) and node.removeType == enums.ObjectType.OBJECT_TABLE:
            result.drops |= {name[-1].sval for name in node.objects}
        if _is(node, pg.LockingClause):  # `for update of b` names an alias
            targets |= {id(locked) for locked in node.lockedRels or ()}
        if _is(node, pg.FuncCall):
            result.calls.add(node.funcname[-1].sval)
    for node in nodes:
        if _is(node, pg.RangeVar) and id(node) not in targets and not _is_system(node):
            result.reads |= {node.relname} - queries
    return result


def _written(node: Any) -> list[Any]:
    if _is(node, pg.InsertStmt | pg.UpdateStmt | pg.DeleteStmt | pg.MergeStmt):
        return [node.relation]
    if _is(node, pg.TruncateStmt):
        return list(node.relations)
    if _is(node, pg.CopyStmt) and node.is_from:
        return [node.relation]
    return []


def _made(node: Any) -> Any:
    if _is(node, pg.CreateStmt):
        return node.relation
    if _is(node, pg.ViewStmt):
        return node.view
    if _is(node, pg.CreateTableAsStmt):
        return node.into.rel
    return None


def _is_system(node: Any) -> bool:
    return node.schemaname in {"pg_catalog", "information_schema"} or node.relname.startswith("pg_")


def functions(text: str) -> list[Function]:
    """The functions that a text makes, with what their bodies do."""
    found: list[Function] = []
    source = text.encode()
    raw: Any
    for raw in parse(text):
        statement = raw.stmt
        if not _is(statement, pg.CreateFunctionStmt):
            continue
        options = {option.defname: option.arg for option in statement.options or ()}
        volatility = options["volatility"].sval if "volatility" in options else "volatile"
        end = raw.stmt_location + raw.stmt_len if raw.stmt_len else len(source)
        written = source[raw.stmt_location : end].decode()
        found.append(
            Function(statement.funcname[-1].sval, volatility == "volatile", _body(statement, options, written))
        )
    return found


def _body(statement: Any, options: dict[str, Any], written: str) -> Touched:
    if statement.sql_body is not None:
        result = Touched()
        for node in _nodes(statement.sql_body):
            if isinstance(node, pg.SelectStmt | pg.InsertStmt | pg.UpdateStmt | pg.DeleteStmt):
                result.add(_touched(node))
        return result
    language = options["language"].sval if "language" in options else "sql"
    if language == "sql":
        return touched(parse(options["as"][0].sval))
    result = Touched()
    for query in _queries(pglast.parse_plpgsql(written)):
        result.add(touched(parse(query)))
    return result


def _queries(node: Any) -> Iterator[str]:
    """Whole statements in a PL/pgSQL function; conditions and assignments are selects without the word."""
    if isinstance(node, dict):
        expression = node.get("PLpgSQL_expr")
        if isinstance(expression, dict) and "query" in expression:
            mode = expression.get("parseMode", 0)
            if mode == 0:
                yield expression["query"]
            elif mode == 2:  # noqa: PLR2004 -- RAW_PARSE_PLPGSQL_EXPR
                yield f"select {expression['query']}"
        for value in node.values():
            yield from _queries(value)
    elif isinstance(node, list):
        for value in node:
            yield from _queries(value)
