"""What two versions say differently: field by field, and as prices and hours."""

from decimal import Decimal
from typing import Any, Final

from services.tariffs.queries import compare, parse, price_table

TOU: Final[dict[str, Any]] = {
    "id": "gz",
    "currency": "CNY",
    "time_zone": "Asia/Shanghai",
    "energy": {
        "lines": "period_plus_adders",
        "prices": {"peak": "0.99", "flat": "0.58", "valley": "0.22"},
        "windows": [
            {"period": "valley", "from": "00:00", "to": "08:00"},
            {"period": "peak", "from": "10:00", "to": "12:00"},
        ],
        "default_period": "flat",
    },
    "tiers": {
        "cycle": "month",
        "seasons": [
            {"months": [5, 6, 7, 8, 9, 10], "bounds": ["260"]},
            {"months": [11, 12, 1, 2, 3, 4], "bounds": ["200"]},
        ],
        "adders": ["0", "0.05"],
    },
    "per_kwh": [{"code": "fund_water", "rate": "0.0042"}, {"code": "fund_green", "rate": "0.019"}],
}


def changed(**parts: Any) -> dict[str, Any]:
    return {**TOU, **{name: {**TOU[name], **part} if isinstance(part, dict) else part for name, part in parts.items()}}


def test_a_document_differs_in_nothing_from_itself() -> None:
    same = compare(parse(TOU), parse(TOU))
    assert (same.fields, same.prices, same.hours) == ((), (), ())


def test_a_price_that_rises_is_told_once_per_tier_for_the_months_in_which_it_does() -> None:
    dearer = changed(energy={"prices": {"peak": "1.01", "flat": "0.58", "valley": "0.22"}})
    found = compare(parse(TOU), parse(dearer))
    assert [(each.path, each.old, each.new) for each in found.fields] == [("$.energy.prices.peak", "0.99", "1.01")]
    told = [
        (each.period, each.tier, each.months, each.old and each.old.price, each.new and each.new.price)
        for each in found.prices
    ]
    summer, winter = (5, 6, 7, 8, 9, 10), (1, 2, 3, 4, 11, 12)
    assert sorted(told, key=str) == sorted(
        [
            ("peak", tier, months, Decimal(was), Decimal(becomes))
            for tier, was, becomes in ((1, "0.99", "1.01"), (2, "1.04", "1.06"))
            for months in (summer, winter)
        ],
        key=str,
    )


def test_a_limit_that_moves_changes_the_tiers_beside_it_in_its_season_alone() -> None:
    seasons = [{"months": [5, 6, 7, 8, 9, 10], "bounds": ["300"]}, TOU["tiers"]["seasons"][1]]
    found = compare(parse(TOU), parse(changed(tiers={"seasons": seasons})))
    assert {each.months for each in found.prices} == {(5, 6, 7, 8, 9, 10)}
    assert {(each.tier, each.new and each.new.above, each.new and each.new.upto) for each in found.prices} == {
        (1, Decimal(0), Decimal(300)),
        (2, Decimal(300), None),
    }


def test_entries_of_lists_are_matched_by_their_code_wherever_they_stand() -> None:
    funds = [{"code": "fund_green", "rate": "0.019"}, {"code": "fund_water", "rate": "0.005"}]
    found = compare(parse(TOU), parse(changed(per_kwh=funds)))
    assert [(each.path, each.old, each.new) for each in found.fields] == [
        ("$.per_kwh[fund_water].rate", "0.0042", "0.005")
    ]


def test_hours_that_move_are_told_as_spans_of_the_day() -> None:
    windows = [TOU["energy"]["windows"][0], {"period": "peak", "from": "10:00", "to": "13:00", "days": ["workday"]}]
    found = compare(parse(TOU), parse(changed(energy={"windows": windows})))
    assert found.prices == ()
    assert {each.day_class: each.months for each in found.hours} == {
        kind: tuple(range(1, 13)) for kind in ("workday", "weekend", "holiday")
    }
    workday = next(each for each in found.hours if each.day_class == "workday")
    assert workday.old == ((0, 32, "valley"), (32, 40, "flat"), (40, 48, "peak"), (48, 96, "flat"))
    assert workday.new == ((0, 32, "valley"), (32, 40, "flat"), (40, 52, "peak"), (52, 96, "flat"))


def test_a_tariff_without_tiers_has_one_price_a_period() -> None:
    plain = parse({name: part for name, part in TOU.items() if name != "tiers"})
    assert [(cell.period, cell.tier, cell.upto) for cell in price_table(plain, month=1)] == [
        ("peak", 1, None),
        ("flat", 1, None),
        ("valley", 1, None),
    ]


def test_a_month_has_the_one_price_of_its_season_where_lines_are_per_tier() -> None:
    wet = {"period": "wet", "from": "00:00", "to": "24:00", "months": [5, 6, 7]}
    energy = {"lines": "per_tier", "prices": {"dry": "0.45", "wet": "0.36"}, "windows": [wet], "default_period": "dry"}
    seasons = [
        {"months": [5, 6, 7], "bounds": [], "adders": ["0"]},
        {"months": [1, 2, 3, 4, 8, 9, 10, 11, 12], "bounds": ["170"]},
    ]
    tariff = parse({**TOU, "energy": energy, "tiers": {"cycle": "month", "seasons": seasons, "adders": ["0", "0.05"]}})
    assert [(cell.period, cell.upto, cell.price) for cell in price_table(tariff, month=6)] == [
        ("wet", None, Decimal("0.36")),
    ]
    assert [(cell.period, cell.upto, cell.price) for cell in price_table(tariff, month=8)] == [
        ("dry", Decimal(170), Decimal("0.45")),
        ("dry", None, Decimal("0.50")),
    ]
