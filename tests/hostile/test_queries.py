"""What is asked of lists, and how long a text may be that anything searches through."""

import ast
import importlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import pytest
from fastapi.dependencies.models import Dependant

from tests.access.requests import ASKING, headers_of, scene
from tests.support.document import DOCUMENT, ROUTES
from tests.support.thorough import share
from tests.support.town import Town

PARSER: Final[Any] = importlib.import_module("re._parser")
ROOT: Final = Path(__file__).parents[2]
OURS: Final = ("app", "core", "jobs", "notifications", "portal", "routers", "services", "web")
HOSTILE: Final = (
    "' OR 1=1--",
    "'; drop table audit; --",
    '") or ""="',
    "\\",
    "%",
    "_%_",
    "password_hash",
    "*",
    "owner.openid",
    "1 union select secret_hash from service_client_secret",
    "$$; select pg_sleep(9); $$",
    ":id",
    "%(id)s",
    "{{7*7}}",
    "-1",
    "9" * 400,
    "1e309",
    "nan",
    "null",
    "[]",
    "１２",
    "\U0001f600",
    "\u202e",
    "a" * 2000 + "!",
    "2026-13-45",
    "0001-01-01",
    "9999-12-31",
    "..%2f..",
)
"""Texts of SQL, of names of columns, of templates, and numbers and days that are none."""


def asked_of(dependant: Dependant) -> Iterator[str]:
    yield from (field.alias for field in dependant.query_params)
    for other in dependant.dependencies:
        yield from asked_of(other)


LISTS: Final = sorted(
    (f"GET {route.path}", name)
    for route in ROUTES
    if "GET" in (route.methods or ()) and not route.path.startswith(("/api/", "/callb"))
    for name in set(asked_of(route.dependant))
)


@pytest.mark.parametrize(("operation", "name"), LISTS)
def test_no_filter_page_or_search_is_anything_but_a_text(town: Town, operation: str, name: str) -> None:
    made = scene(town, operation, "owner", "own")
    path = ASKING[operation](made).path.partition("?")[0]
    for value in share(f"{operation} {name}", HOSTILE, parts=4):
        town.client.cookies.clear()
        answer = town.client.get(f"{path}?{name}={quote(value)}", headers=headers_of(made), follow_redirects=False)
        assert answer.status_code in {200, 303, 400, 404, 413, 422}, (value, answer.status_code)
        assert "psycopg" not in answer.text


def texts(schema: Any, seen: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], dict[str, Any]]]:
    """Every text of a schema, references followed."""
    if isinstance(schema, list):
        for each in schema:
            yield from texts(each, seen)
    if not isinstance(schema, dict):
        return
    reference = schema.get("$ref")
    if isinstance(reference, str):
        name = reference.rpartition("/")[2]
        if name not in seen:
            yield from texts(DOCUMENT["components"]["schemas"][name], (*seen, name))
    if schema.get("type") == "string" and not {"enum", "const"} & schema.keys():
        yield seen, schema
    for name, inner in schema.items():
        if name not in {"example", "examples", "discriminator"}:
            yield from texts(inner, (*seen, name) if isinstance(inner, dict) else seen)


def is_bounded(schema: dict[str, Any]) -> bool:
    """Whether a text has an end: by its length, its kind, or a pattern that says one."""
    pattern = re.sub(r"\[(?:\\.|[^\]])*\]", "x", schema.get("pattern", "*"))
    return (
        "maxLength" in schema
        or schema.get("format") in {"uuid", "date", "date-time"}
        or not re.search(r"[*+]|\{\d+,\}", pattern)
    )


def test_every_text_that_the_api_takes_has_an_end() -> None:
    """What is matched is short: no pattern has more than that to go through."""
    endless = [
        (method, path, *place)
        for path, methods in DOCUMENT["paths"].items()
        for method, operation in methods.items()
        for media, content in [
            *((None, each["schema"]) for each in operation.get("parameters", [])),
            *((media, each["schema"]) for media, each in operation.get("requestBody", {}).get("content", {}).items()),
        ]
        if media != "text/xml" and not (media or "").startswith("image/")  # no text: the guard bounds its bytes
        for place, schema in texts(content)
        if not is_bounded(schema)
    ]
    assert endless == []


def patterns() -> Iterator[tuple[str, str]]:
    """Every regular expression of the product: what is compiled, matched, or given to a model as a pattern."""
    for folder in OURS:
        for path in sorted((ROOT / folder).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if not isinstance(node, ast.Call):
                    continue
                is_re = isinstance(node.func, ast.Attribute) and isinstance(node.func.value, ast.Name)
                given = [each.value for each in node.keywords if each.arg == "pattern"]
                if is_re and node.func.value.id == "re":  # type: ignore[attr-defined] # said by `is_re`
                    given += node.args[:1]
                for value in given:
                    if isinstance(value, ast.Constant) and isinstance(value.value, str):
                        yield f"{path.relative_to(ROOT)}:{node.lineno}", value.value


def climbs(pattern: str) -> bool:
    """Whether a repetition without end stands in another: then a text of n characters may be read in 2^n ways."""

    def nested(tree: Any, *, is_inside: bool) -> bool:
        for kind, value in tree:
            is_endless = str(kind) in {"MAX_REPEAT", "MIN_REPEAT"} and value[1] >= PARSER.MAXREPEAT
            if is_endless and is_inside:
                return True
            for inner in _inside(value):
                if nested(inner, is_inside=is_inside or is_endless):
                    return True
        return False

    return nested(PARSER.parse(pattern), is_inside=False)


def _inside(value: Any) -> Iterator[Any]:
    if isinstance(value, PARSER.SubPattern):
        yield value
    elif isinstance(value, tuple | list):
        for each in value:
            yield from _inside(each)


def test_no_regular_expression_can_be_made_to_climb() -> None:
    found = list(patterns())
    assert len(found) > 30, "the search for patterns finds none"
    assert [(place, pattern) for place, pattern in found if climbs(pattern)] == []


@pytest.mark.parametrize("pattern", [r"(a+)+$", r"^(?:[a-z]*\d*)*$", r"((x|y+)z?)*"])
def test_a_pattern_that_climbs_is_noticed(pattern: str) -> None:
    assert climbs(pattern)
