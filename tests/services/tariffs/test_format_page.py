"""The page of the format: its examples come out as they say, and it leaves out no field, no fault and no reason."""

import inspect
import json
import re
from pathlib import Path
from typing import Final

import pytest
from pydantic import BaseModel

from app.commands.meter_files import measured_in
from services.tariffs.errors import REMEDIES
from services.tariffs.rules import demand, document, pricing
from web import tariff_cases

ROOT: Final = Path(__file__).parents[3]
PAGE: Final = (ROOT / "docs/reference/tariff-format.md").read_text(encoding="utf-8")
EXAMPLES: Final = [json.loads(block) for block in re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)]
WORDS: Final = set(re.findall(r"`([a-z_0-9]+)`", PAGE))
SHAPES: Final = [
    shape
    for module in (document, tariff_cases)
    for shape in vars(module).values()
    if isinstance(shape, type) and issubclass(shape, BaseModel) and shape.__module__ == module.__name__
]


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: str(example["id"]))
def test_an_example_of_the_page_comes_out_as_it_says(example: dict[str, object]) -> None:
    result = tariff_cases.result(example, at=0, measure=measured_in(ROOT))
    assert result == {"id": example["id"], **example["expect"]}  # type: ignore[dict-item] # JSON of the page


def test_the_page_names_every_field_of_the_format() -> None:
    fields = {field.alias or name for shape in SHAPES for name, field in shape.model_fields.items()}
    assert len(EXAMPLES) >= 6
    assert len(fields) > 60
    assert fields - WORDS == set()


def test_the_page_says_what_to_do_about_every_fault() -> None:
    said = dict(
        re.findall(r"^\| `(\w+)` \| (.+) \|$", PAGE.partition("## Faults")[2].partition("## Sources")[0], re.MULTILINE)
    )
    assert said == REMEDIES


def test_the_page_names_every_reason_of_a_line() -> None:
    table = PAGE.partition("## Why a line is there")[2].partition("## `wattline")[0]
    reasons = set(re.findall(r"`(\w+)`", "".join(row.split("|")[1] for row in table.splitlines() if "|" in row)))
    source = inspect.getsource(pricing) + inspect.getsource(demand)
    assert {reason for reason in reasons if f'"{reason}"' not in source} == set()
    given = set(re.findall(r'"([a-z_]+)", (?:\{|facts|why|tier\.facts)', source))
    assert given == reasons
