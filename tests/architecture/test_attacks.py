"""The table of attacks: every row says something, every test that it names exists, and its bounds are the code's."""

import ast
import re
from pathlib import Path
from typing import Final

import pytest

from core.config import Settings
from portal.staff import search
from services.accounts.operations import delegation, grants, programs, serving
from services.identity import rules
from services.identity.operations.clients import WRONG_TRIES
from services.identity.rules import Limit
from services.payments.operations import quotes

ROOT: Final = Path(__file__).parents[2]
PAGE: Final = (ROOT / "docs/operating/attacks.md").read_text(encoding="utf-8")
NAMED: Final = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")
LAST: Final = "tests"

PER_HOUR: Final = Settings.model_fields["staff_searches_per_hour"].default
SEARCHES: Final = Limit(PER_HOUR, PER_HOUR * serving.SEARCH_HOURS)


def rows() -> list[list[str]]:
    """Rows of the tables whose last column names tests."""
    found: list[list[str]] = []
    is_told = False
    for line in PAGE.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")] if line.startswith("|") else []
        if not cells:
            is_told = False
        elif cells[-1] == LAST:
            is_told = True
        elif is_told and not set(line) <= set("|-"):
            found.append(cells)
    return found


def test_no_row_of_the_attacks_is_without_its_defence_and_its_test() -> None:
    assert len(rows()) > 60
    assert [cells for cells in rows() if not all(cells) or not NAMED.search(cells[-1])] == []


def test_every_test_that_the_attacks_name_exists() -> None:
    known: dict[str, set[str]] = {}
    for path, _ in NAMED.findall(PAGE):
        if path not in known:
            tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
            known[path] = {node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}
    assert [f"{path}::{name}" for path, name in NAMED.findall(PAGE) if name not in known[path]] == []


def said(limit: Limit) -> str:
    return f"{limit.per_hour} an hour, {limit.per_day} a day"


BOUNDS: Final = {
    "proof that an account is one's own": (
        f"{grants.TRIES} wrong a day",
        f"{grants.TRIES} wrong a day",
        f"{said(grants.TRIES_OF_NETWORK)}, right ones too",
    ),
    "what somebody else owes": (
        f"{quotes.WRONG_BY_USER} wrong and {quotes.RIGHT_BY_USER} right a day",
        f"{quotes.WRONG_BY_ACCOUNT} wrong a day",
        f"{quotes.WRONG_BY_ADDRESS} wrong a day; {said(quotes.ASKED_BY_NETWORK)}, right ones too",
    ),
    "code for signing in": (
        f"telephone: {said(rules.PHONE_LIMIT)}, {rules.MAX_TRIES} tries each; device: {said(rules.DEVICE_LIMIT)}",
        "-",
        said(rules.ADDRESS_LIMIT),
    ),
    "invitation to pay or view": (
        f"{delegation.INVITES_A_DAY} a day",
        f"{delegation.MOST_PEOPLE} people in all",
        "-",
    ),
    "secret of a program": ("-", "-", f"{said(WRONG_TRIES)}, wrong ones"),
    "sign-in of staff": (
        f"{rules.FREE_FAILURES} wrong codes, then waits up to an hour",
        "-",
        f"{said(rules.STAFF_ADDRESS_LIMIT)}, refused ones",
    ),
    "what is masked, in clear": (f"member of staff: {said(serving.REVEALS)}", "-", "-"),
    "what others have, named by a program": (f"program: {said(programs.TOLD_OF_OTHERS)}", "-", "-"),
    "search of staff, each page of what it finds": (
        f"member of staff: {said(SEARCHES)} (`WATTLINE_STAFF_SEARCHES_PER_HOUR`)",
        "-",
        "-",
    ),
}


def test_the_page_says_how_many_accounts_searches_show_at_most() -> None:
    shown = [f"{each * search.PAGE:,}" for each in (SEARCHES.per_hour, SEARCHES.per_day)]
    assert f"{search.PAGE} accounts a page: {shown[0]} an hour and {shown[1]} a day at the very most" in PAGE


@pytest.mark.parametrize("tried", BOUNDS)
def test_the_bounds_of_the_page_are_those_of_the_code(tried: str) -> None:
    assert f"| {' | '.join((tried, *BOUNDS[tried]))} |" in PAGE
