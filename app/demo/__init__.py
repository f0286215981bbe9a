"""The demo supplier: invented people and meters, two years of bills; the same on every machine for the same day.

Everything goes through the importer that a real supplier uses.
"""

from dataclasses import dataclass
from datetime import date
from typing import Final

from app.demo.bills import bills_of
from app.demo.suppliers import CNY, EUR, Household, Supplier

SUPPLIERS: Final = {"cny": CNY, "eur": EUR}
MONTHS: Final = 24


@dataclass(frozen=True)
class Files:
    """Rows of the three files of a demo supplier."""

    units: list[dict[str, object]]
    accounts: list[dict[str, object]]
    bills: list[dict[str, object]]


def files_of(supplier: Supplier, *, latest: date, currency: str) -> Files:
    """The supplier's files when the latest bills were issued on the day `latest`, earlier ones on that of theirs."""
    return Files(
        units=[dict(zip(("code", "parent_code", "kind", "name"), unit, strict=True)) for unit in supplier.units],
        accounts=[_account(supplier, household) for household in supplier.households],
        bills=[
            bill
            for number, household in enumerate(supplier.households)
            for bill in bills_of(household, number=number, latest=latest, months=MONTHS, currency=currency)
        ],
    )


def _account(supplier: Supplier, household: Household) -> dict[str, object]:
    return {
        "account_no": household.account_no,
        "unit_code": household.unit,
        "customer_no": household.customer_no,
        "customer_kind": "person" if household.account_class == "residential" else "business",
        "name": household.name,
        "phone": household.phone,
        "locale": household.locale,
        "class": household.account_class,
        "state": household.state,
        "district": household.district,
        "street": household.street,
        "building": household.building,
        "door": household.door,
        "meter_no": f"{supplier.meter_prefix}{household.account_no[-6:]}",
        "tariff_code": household.tariff,
        "agreement_from": "2020-01-01",
        "is_prepaid": household.is_prepaid,
    }
