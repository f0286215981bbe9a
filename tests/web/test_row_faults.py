"""Every reason for which a row of an import is not taken has a code, words in both languages, and a line in the docs."""

import ast
import re
from pathlib import Path
from typing import Final

import pytest

from web.row_faults import CODES, OTHER, fault

ROOT: Final = Path(__file__).parents[2]
COMMENT: Final = re.compile(r"--.*")
LITERAL: Final = re.compile(r"'((?:[^']|'')*)'")
IN_PYTHON: Final = re.compile(
    r"""Unreadable\("?\w+"?, f?"([^\n]+)"\)|Reject\(\w+, "\w+", "([^"]+)"\)|\(column, f?"([^"]+)"\)|faults\.append\(\("\w+", f?"([^\n]+)"\)\)"""
)


def written() -> set[str]:
    """All that statements and layouts say; a value that stands in it is a 7 here."""
    statements = [path for path in ROOT.glob("services/*/reads/import_*.sql") if "reason" in path.read_text()]
    modules = [ROOT / "core/records.py", *ROOT.glob("services/*/rules.py"), *ROOT.glob("services/*/operations/**/*.py")]
    in_python = {
        re.sub(r"\{.*?\}", "7", next(filter(None, groups)))
        for path in modules
        for groups in IN_PYTHON.findall(path.read_text(encoding="utf-8"))
    }
    formats = [path.read_text(encoding="utf-8") for path in ROOT.glob("services/*/formats/*.py")]
    return in_python.union(
        *(said(path.read_text(encoding="utf-8")) for path in statements), *(reasons(module) for module in formats)
    )


def reasons(module: str) -> set[str]:
    """Texts of a module that say what is wrong with something, wherever they stand."""
    texts = set()
    for node in ast.walk(ast.parse(module)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            texts.add(node.value)
        elif isinstance(node, ast.JoinedStr):
            texts.add("".join(str(each.value) if isinstance(each, ast.Constant) else "7" for each in node.values))
    return {
        text
        for text in texts
        if re.match(r"(is|has|tells|follows|stands|begins|does|lies|cannot|unpacks) \S", text) and text[-1] != " "
    }


def said(statement: str) -> set[str]:
    """Every text of several words; where the statement parts the field from its reason at the first blank, the rest."""
    texts = [each.replace("''", "'") for each in LITERAL.findall(COMMENT.sub("", statement))]
    reasons = {each for each in texts if " " in each.strip()}
    return {each.partition(" ")[2] for each in reasons} if " " in texts else reasons


def test_every_reason_that_is_told_has_a_code_and_no_code_is_idle() -> None:
    told = {reason: fault(reason).code for reason in written()}
    assert [reason for reason, code in told.items() if code == OTHER] == []
    assert set(told.values()) == CODES


def test_every_code_is_in_the_docs() -> None:
    page = (ROOT / "docs/reference/import-formats.md").read_text(encoding="utf-8")
    assert set(re.findall(r"^\| `(\w+)` \|", page.partition("## Why a row is rejected")[2], re.MULTILINE)) == CODES


@pytest.mark.parametrize(
    ("reason", "code", "chinese"),
    [
        ("is no known account", "account_unknown", "没有此户号"),
        ("must be 4 to 32 letters, digits or hyphens", "number_form", "须为 4 至 32 个字母、数字或连字符"),
        ("is none of active, suspended, closed", "none_of", "须为以下之一：active, suspended, closed"),
        ("says what an earlier release said", "other", "says what an earlier release said"),
    ],
)
def test_a_reason_is_told_in_the_readers_language(reason: str, code: str, chinese: str) -> None:
    found = fault(reason)
    assert (found.code, found.told("zh-CN"), found.told("en")) == (code, chinese, reason)
