"""The worked cases come out to the minor unit, line by line and digit by digit."""

import json

import pytest

from services.tariffs.queries import dump, price
from tests.services.tariffs.cases import BILLS, CASES, FILE, tariff_of, told, use_of
from tests.support.shared import shared


@pytest.mark.parametrize("name", [*BILLS, "P11"])
def test_a_worked_bill_comes_out_to_the_last_digit(name: str) -> None:
    case = CASES[name]
    priced = price(tariff_of(case), use_of(case["input"]))
    assert (told(priced), priced.total_minor) == (case["expect"]["lines"], case["expect"]["total_minor"])


@pytest.mark.parametrize("name", CASES)
def test_a_parsed_document_is_given_back_with_its_very_digits(name: str) -> None:
    assert dump(tariff_of(CASES[name])) == CASES[name]["tariff"]


def test_the_cases_here_are_those_that_were_given() -> None:
    given = shared("tariffs/cases.json")
    assert json.loads(given.read_text(encoding="utf-8")) == json.loads(FILE.read_text(encoding="utf-8"))
