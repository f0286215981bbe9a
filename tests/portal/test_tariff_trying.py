"""What staff type to try a version is priced as a use, whatever the version asks."""

from typing import Any, Final

from portal.staff.tariff_trying import UseForm, priced
from services.tariffs.queries import parse

PLAIN: Final[dict[str, Any]] = {
    "id": "x",
    "currency": "CNY",
    "time_zone": "Asia/Shanghai",
    "energy": {"lines": "per_tier", "prices": {"all": "0.50"}},
}


def typed(**fields: Any) -> UseForm:
    return UseForm(**{"kwh": ["100"], "kw": [], **fields})


def test_a_fixed_charge_by_days_takes_the_days_of_the_month_that_was_typed() -> None:
    fixed = {"code": "service", "amount": "31", "per": "month", "part_month": "by_days"}
    found, faults = priced(parse({**PLAIN, "fixed": [fixed]}), typed(month="7", days="10"))
    assert found is not None, faults
    assert found.total_minor == 5000 + 1000


def test_each_demand_period_with_a_charge_has_a_demand_of_its_own() -> None:
    tariff = parse(
        {
            **PLAIN,
            "demand_periods": {
                "windows": [{"period": "day", "from": "08:00", "to": "20:00"}],
                "default_period": "night",
            },
            "demand_charges": [{"code": "day_kw", "period": "day", "prices": ["9"]}],
        }
    )
    form = typed(kw=["20"])
    assert form.by_demand_period(tariff) == [("day", "20")]
    found, faults = priced(tariff, form)
    assert found is not None, faults
    assert found.total_minor == 5000 + 18000
    assert [fault.path for fault in priced(tariff, typed())[1]] == ["$.max_demand_by_period.day"]


def test_no_months_of_a_year_are_no_whole_year() -> None:
    yearly = {**PLAIN, "tiers": {"cycle": "year", "bounds_per_month": ["210"], "adders": ["0", "0.10"]}}
    assert [fault.path for fault in priced(parse(yearly), typed(cycle="0"))[1]] == ["$.months_in_cycle"]
