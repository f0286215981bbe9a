"""The form of a tariff and its document say the same, and nothing of either is lost."""

from dataclasses import replace
from typing import Any, Final

import pytest

from app.demo import tariffs
from portal.staff.tariff_form import SPARE, as_text, document_of, field_of, form_of, months_of, months_text
from portal.staff.tariff_views import strips
from services.tariffs.queries import parse

DEMO: Final = {each.code: each.document for each in (*tariffs.CNY, *tariffs.EUR)}
RICH: Final[dict[str, Any]] = {
    **DEMO["COM-TOU"],
    "energy": {
        "lines": "period_plus_adders",
        "components": [{"name": "purchase", "price": "0.41", "floats": True}],
        "ratios": {"peak": "1.7", "flat": "1"},
        "windows": [{"period": "peak", "from": "10:00", "to": "12:00", "priority": 3}],
        "default_period": "flat",
    },
    "tiers": {"cycle": "month", "seasons": [{"months": [*range(1, 13)], "bounds": ["200"]}], "adders": ["0", "0.1"]},
    "taxes": [{"rate": "0.13", "on": "net"}],
    "late_fee": {"rate": "0.001"},
}


@pytest.mark.parametrize("document", [*DEMO.values(), RICH], ids=lambda each: str(each["id"]))
def test_a_form_that_is_sent_as_it_was_shown_changes_nothing(document: dict[str, Any]) -> None:
    assert document_of(document, form_of(document)) == document


def test_what_the_form_has_no_fields_for_stays_and_is_told() -> None:
    assert as_text(RICH) == {"energy", "windows", "tiers", "tax"}
    typed = replace(form_of(RICH), export_price="0.39", tax_rate="0.09", cycle="", price_period=["all"], price=["1"])
    changed = document_of(RICH, typed)
    assert changed == {**RICH, "export": {"price": "0.39"}}


def test_what_was_typed_becomes_the_document_and_empty_rows_are_nothing() -> None:
    typed = replace(
        form_of({}),
        lines="period_plus_adders",
        price_period=["peak", "", "valley"],
        price=[" 1.0867 ", "", "0.3139"],
        window_period=["peak", "", ""],
        window_from=["8:00", "", ""],
        window_to=["12:00", "", ""],
        window_months=["7-9，12", "", ""],
        window_days=["weekend holiday", "", ""],
        default_period="valley",
        cycle="month",
        bounds="200、400",
        adders="0 0.05 0.30",
        min_persons="5",
        extra_kwh="100",
        fixed_code=["standing", ""],
        fixed_amount=["0.45", ""],
        fixed_per=["day", "month"],
        power_factor="0.90",
        late_fee="0.002",
        late_fee_next_year="0.003",
        late_fee_minimum="1",
    )
    assert (len(typed.prices), len(typed.windows), len(typed.fixed)) == (2 + SPARE, 1 + SPARE, 1 + SPARE)
    made = document_of({"id": "NEW", "currency": "CNY", "time_zone": "Asia/Shanghai"}, typed)
    assert made["energy"] == {
        "lines": "period_plus_adders",
        "prices": {"peak": "1.0867", "valley": "0.3139"},
        "windows": [
            {
                "period": "peak",
                "from": "08:00",
                "to": "12:00",
                "months": [7, 8, 9, 12],
                "days": ["weekend", "holiday"],
            }
        ],
        "default_period": "valley",
    }
    assert made["tiers"] == {"cycle": "month", "bounds_per_month": ["200", "400"], "adders": ["0", "0.05", "0.30"]}
    assert made["household"] == {"min_persons": 5, "extra_kwh_per_month": "100", "mode": "first_only"}
    assert made["late_fee"] == {"rate": "0.002", "rate_prev_year": "0.003", "minimum": "1"}
    assert made["fixed"] == [{"code": "standing", "amount": "0.45", "per": "day"}]
    assert parse(made).document.power_factor is not None


@pytest.mark.parametrize("text", ["7-9, 12", "1", "1-12", ""])
def test_months_are_read_as_they_are_shown(text: str) -> None:
    assert months_text(months_of(text)) == text


def test_months_that_are_none_are_left_for_the_rules_to_refuse() -> None:
    assert months_of("July, 2-") == ["July", "2-"]
    assert months_of("1-99999999999") == ["1-99999999999"]
    assert months_of("11-2, 5") == ["11-2", 5], "nobody knows whether it is winter or a slip"


def test_a_period_that_is_typed_twice_is_left_for_the_rules_to_refuse() -> None:
    typed = replace(form_of({}), price_period=["peak", "peak"], price=["1.0867", "0.5"])
    assert document_of({}, typed)["energy"]["prices"] == {"peak": "1.0867", "peak (twice)": "0.5"}


@pytest.mark.parametrize(
    ("path", "field"),
    [
        ("$.energy.prices.peak", "price-1"),
        ("$.energy.prices.night", "price_period-1"),
        ("$.energy.windows[3].from", "window_from-4"),
        ("$.energy.windows[3].months[0]", "window_months-4"),
        ("$.energy.windows[3]", "window_period-4"),
        ("$.per_kwh[1].rate", "fund_rate-2"),
        ("$.tiers.adders[0]", "adders"),
        ("$.demand.over_ratio", "over_ratio"),
        ("$.late_fee.rate", "late_fee"),
        ("$.taxes[0].rate", ""),
    ],
)
def test_a_fault_stands_at_the_field_that_it_is_about(path: str, field: str) -> None:
    assert field_of(path, {"energy": {"prices": {"peak": "1"}}}) == field


def test_the_picture_of_a_year_shows_each_kind_of_day_that_differs() -> None:
    document = {
        **DEMO["COM-TOU"],
        "energy": {
            "lines": "period_plus_adders",
            "prices": {"peak": "2", "flat": "1"},
            "windows": [
                {"period": "flat", "from": "00:00", "to": "24:00", "days": ["weekend"]},
                {"period": "peak", "from": "10:00", "to": "12:30", "months": [6, 7, 8]},
            ],
            "default_period": "flat",
        },
    }
    workdays, weekends = strips(parse(document))
    assert (workdays.kind, weekends.kind) == ("workday", "weekend")
    assert [(row.first, row.last) for row in workdays.rows] == [(1, 5), (6, 8), (9, 12)]
    assert [(each.period, each.start, each.end) for each in workdays.rows[1].spans] == [
        ("flat", "00:00", "10:00"),
        ("peak", "10:00", "12:30"),
        ("flat", "12:30", "24:00"),
    ]
    assert [(row.first, row.last, len(row.spans)) for row in weekends.rows] == [(1, 12, 1)]
