"""The demo supplier: invented people and meters, two years of bills; the same on every machine for the same day.

Everything goes through the importer that a real supplier uses.
"""

from dataclasses import dataclass
from datetime import date
from typing import Final

from app.demo.bills import bills_of
from app.demo.readings import meter_of
from app.demo.suppliers import CNY, EUR, Household, Supplier

SUPPLIERS: Final = {"cny": CNY, "eur": EUR}
MONTHS: Final = 24


@dataclass(frozen=True)
class Files:
    """Rows of the files of a demo supplier; those of readings are made one by one by `readings`."""

    units: list[dict[str, object]]
    accounts: list[dict[str, object]]
    entitlements: list[dict[str, object]]
    bills: list[dict[str, object]]


def files_of(supplier: Supplier, *, latest: date, currency: str) -> Files:
    """The supplier's files when the latest bills were issued on the day `latest`, earlier ones on that of theirs."""
    return Files(
        units=[dict(zip(("code", "parent_code", "kind", "name"), unit, strict=True)) for unit in supplier.units],
        accounts=[_account(supplier, household) for household in supplier.households],
        entitlements=[each for household in supplier.households for each in _entitlements(household, latest=latest)],
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
        "meter_no": meter_of(supplier, household),
        "tariff_code": household.tariff,
        "agreement_from": "2020-01-01",
        "is_prepaid": household.is_prepaid,
    }


def _entitlements(household: Household, *, latest: date) -> list[dict[str, object]]:
    """What the household's tariff asks of it, since before the first bill."""
    said = {
        "persons": household.persons,
        "contract_kw": household.contract_kw,
        "transformer_kva": household.transformer_kva,
    }
    return [
        {
            "account_no": household.account_no,
            "kind": kind,
            "value": value,
            "valid_from": f"{latest.year - 2}-01-01",
            "valid_to": f"{latest.year + 2}-01-01",
            "document": f"DEMO-{household.account_no}",
        }
        for kind, value in said.items()
        if value is not None
    ]
