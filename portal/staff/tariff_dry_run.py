"""A version tried on real accounts: what their month would have cost by it, beside what it cost by what they have."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Final, Literal
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response

from core.db import ReadSession
from core.money import Money
from core.periods import business_date
from portal.staff.pages import StaffReader, check, show
from portal.staff.tariff_versions import VERSION, No
from portal.staff.tariffs import Reader, address_of, found_tariff, found_version
from services.accounts.queries import staffing
from services.accounts.queries.staffing import UnitView
from services.accounts.roles import StaffPermission
from services.tariffs import queries
from services.tariffs.queries import VersionView
from services.usage import queries as usage
from services.usage.queries import ClassTotal, DryRun, Unpriced
from web.problems.common import NotFound
from web.runtime import RuntimeDep
from web.session import Now, Write

router = APIRouter(include_in_schema=False)

MONTHS: Final = 13
"""Months that are offered: the one that runs, and a year before it."""
SAMPLE: Final = 200
"""Accounts of a sample: enough to see the direction, at once."""
MOST: Final = 2_000
MOST_UNITS: Final = 500
MOST_NAMED: Final = 50
"""Accounts without a price that are named; all of them are counted by reason."""


@dataclass(frozen=True)
class DryRunForm:
    """What is to be compared, as it was chosen."""

    unit: Annotated[str, Query(max_length=64)] = ""
    month: Annotated[str, Query(max_length=7)] = ""
    of: Literal["sample", "all"] = "sample"


@dataclass(frozen=True)
class Reason:
    """Why some accounts have no price: by which of the two, at which place of their use, and how many."""

    is_by_tried: bool
    path: str
    code: str
    accounts: int


@router.get(VERSION + "/dry-run")
def dry_run_page(
    request: Request,
    runtime: RuntimeDep,
    reader: Reader,
    write: Write,
    now: Now,
    code: str,
    version_no: No,
    typed: Annotated[DryRunForm, Depends()],
) -> Response:
    """Choose accounts and a month; with them chosen, what changes for whom. Takes the right to see these accounts."""
    check(reader, StaffPermission.ACCOUNTS_VIEW)
    version = found_version(write, code, version_no)
    units = _units(write, reader, now)
    today = business_date(now, runtime.settings.zone)
    months = {f"{month:%Y-%m}": month for month in _months(today)}
    month = months.get(typed.month) if typed.month else months[list(months)[1]]
    unit = next((each for each in units if each.code == typed.unit), None)
    if month is None or (typed.unit and unit is None):
        raise NotFound
    found = None
    if unit is not None:
        found = usage.dry_run(
            write,
            tariff_code=version.tariff_code,
            version_no=version.version_no,
            tariff=queries.tariff_of(write, version_id=version.id),
            unit_ids=[unit.id],
            month=month,
            zone=runtime.settings.zone,
            most=SAMPLE if typed.of == "sample" else MOST,
        )
    return show(
        request,
        "staff/tariff_dry_run.html",
        reader,
        here=_here(version, typed),
        tariff=found_tariff(write, runtime, code, now=now),
        version=version,
        today=today,
        typed=typed,
        unit=unit,
        units=units,
        months=months,
        month=month,
        run=found,
        total=_total(found) if found else None,
        reasons=_reasons(found.unpriced) if found else [],
        sample=SAMPLE,
        most=MOST,
        most_named=MOST_NAMED,
        share=_share,
    )


def _here(version: VersionView, typed: DryRunForm) -> str:
    asked = {"unit": typed.unit, "month": typed.month, "of": typed.of} if typed.unit else {}
    return f"{address_of(version)}/dry-run{f'?{urlencode(asked)}' if asked else ''}"


def _units(session: ReadSession, reader: StaffReader, now: datetime) -> list[UnitView]:
    """Where the reader may see tariffs and accounts both."""
    seen, priced = (
        staffing.staff_units(session, staff_id=reader.staff_id, permission=permission, now=now, limit=MOST_UNITS)
        for permission in (StaffPermission.ACCOUNTS_VIEW, StaffPermission.TARIFFS_VIEW)
    )
    known = {each.id for each in priced}
    return [each for each in seen if each.id in known]


def _months(today: date) -> list[date]:
    """The month that runs and those before it, the latest first."""
    last = today.year * 12 + today.month - 1
    return [date(at // 12, at % 12 + 1, 1) for at in range(last, last - MONTHS, -1)]


def _total(run: DryRun) -> ClassTotal | None:
    """All classes in one; None where no account has a price. A tariff's versions are all in its currency."""
    if not run.by_class:
        return None
    currency = run.by_class[0].after.currency
    return ClassTotal(
        account_class="",
        accounts=sum(each.accounts for each in run.by_class),
        up=sum(each.up for each in run.by_class),
        down=sum(each.down for each in run.by_class),
        equal=sum(each.equal for each in run.by_class),
        before=sum((each.before for each in run.by_class), Money.zero(currency)),
        after=sum((each.after for each in run.by_class), Money.zero(currency)),
    )


def _reasons(unpriced: Sequence[Unpriced]) -> list[Reason]:
    """Why there is no price, the most frequent first; of several faults the first is told."""
    counted = Counter(
        (each.is_by_tried, each.faults[0].path if each.faults else "", each.faults[0].code if each.faults else "")
        for each in unpriced
    )
    return [Reason(*why, accounts) for why, accounts in sorted(counted.items(), key=lambda each: (-each[1], each[0]))]


def _share(before: Money, after: Money) -> Decimal | None:
    """By how many percent something changes; None where there was nothing."""
    if before.minor == 0:
        return None
    return round(Decimal(100 * (after.minor - before.minor)) / before.minor, 2)
