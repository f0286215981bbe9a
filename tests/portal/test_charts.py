"""Bars by the server: as high as what they stand for, within their places, on an axis of round numbers."""

import re
from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.charts import HEIGHT, MOST, Column, drawn
from tests.portal.test_words import spoken

energies = st.decimals(0, 10**6, places=3)
columns = st.lists(
    st.builds(
        Column,
        label=st.just("1"),
        values=st.tuples(energies, energies, energies),
        out=energies,
        was=st.none() | energies,
    ),
    min_size=1,
    max_size=MOST,
)


@given(columns)
def test_each_part_is_as_high_as_what_it_stands_for_and_in_its_place(given_columns: list[Column]) -> None:
    chart = drawn(given_columns)
    values = [mark.value for mark in chart.marks]
    per_kwh = HEIGHT / (values[-1] - values[0])
    assert values == sorted(values)
    assert Decimal(0) in values
    assert len({upper - lower for lower, upper in pairwise(values)}) == 1
    assert len(values) <= 7
    for column, bar in zip(given_columns, chart.bars, strict=True):
        assert bar.slot_x <= bar.x
        assert bar.x + bar.width <= bar.slot_x + bar.slot_width + Decimal("0.01")
        heights = {part.series: part.height for part in bar.parts}
        for series, value in enumerate(column.values):
            assert abs(heights.get(series, Decimal(0)) - value * per_kwh) <= Decimal("0.2")
        assert abs(heights.get(None, Decimal(0)) - column.out * per_kwh) <= Decimal("0.2")
        assert all(part.y >= 0 and part.y + part.height <= HEIGHT for part in bar.parts)


def test_nothing_used_is_a_chart_with_an_axis() -> None:
    chart = drawn([Column("1", (Decimal(0),))])
    assert [mark.value for mark in chart.marks] == [0, 1]
    assert chart.bars[0].parts == ()


def test_more_bars_than_can_be_told_apart_are_not_drawn() -> None:
    with pytest.raises(ValueError, match="at most 60"):
        drawn([Column("1", (Decimal(1),))] * (MOST + 1))


@pytest.mark.parametrize("count", [12, 23, 24, 25, 28, 31])
def test_a_telephone_has_room_for_the_labels(count: int) -> None:
    bars = drawn([Column(str(place), (Decimal(1),)) for place in range(count)]).bars
    assert 4 <= sum(bar.on_narrow for bar in bars) <= 8
    assert 8 <= sum(bar.on_wide for bar in bars) <= 16


def test_what_tells_periods_apart_is_more_than_colour_and_each_bar_says_what_it_is() -> None:
    chart = drawn(
        [
            Column("1", (Decimal("2.5"), Decimal(1)), was=Decimal(3)),
            Column("2", (Decimal(0), Decimal(0)), missing=Decimal(1)),
            Column("3", (Decimal(1), Decimal(0)), out=Decimal(2), is_estimated=True),
        ]
    )
    told = [("1 Nov: 3.5 kWh", ["Peak 2.5", "Valley 1"]), ("2 Nov: missing", []), ("3 Nov: 1 kWh", ["Peak 1"])]
    page = spoken("charts.html", "en")
    drawing = str(page.bars(chart, "c", "In all 4.5 kWh", ["peak", "valley"], told, "kWh", "Touch a bar", "Last year"))
    filled = set(re.findall(r'class="part"[^>]*fill="url\(#(look\d)\)"', drawing))
    assert filled == {"look2", "look4", "look7"}
    patterns = str(page.patterns())
    shapes = {look: re.search(rf'<pattern id="{look}".*?</pattern>', patterns, re.DOTALL) for look in filled}
    assert len({re.sub(r"look\d", "", shape[0]) for shape in shapes.values() if shape}) == len(filled)
    assert re.findall(r'tabindex="0" aria-label="([^"]*)"', drawing) == [
        "1 Nov: 3.5 kWh, Peak 2.5, Valley 1",
        "2 Nov: missing",
        "3 Nov: 1 kWh, Peak 1",
    ]
    for name in ("Peak", "Valley", "Fed into the grid", "Partly estimated", "Readings missing", "Last year"):
        assert f"{name}</li>" in drawing
    assert drawing.count('fill="url(#gap)"/></svg>') == 1
    assert drawing.count('<rect class="gap"') == 1
