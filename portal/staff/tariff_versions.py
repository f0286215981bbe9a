"""One version of a tariff: what it says, what a use costs by it, how it differs from another, asking for approval."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Form, Path, Query, Request
from fastapi.responses import Response

from core.db import WriteSession
from core.periods import business_date
from portal.pages import go, text_of
from portal.staff import tariff_views
from portal.staff.once import once
from portal.staff.pages import CheckedForm, FreshCode, StaffReader, show
from portal.staff.tariff_trying import UseForm, priced
from portal.staff.tariffs import TARIFFS, Editor, Reader, address_of, found_tariff, found_version, may_edit
from services.accounts.roles import StaffPermission
from services.casework import queries as requests
from services.casework.errors import ReasonMissing, RequestOpen
from services.tariffs import operations, queries
from services.tariffs.errors import BeginsInPast, UseInvalid, VersionChanged, VersionFixed, VersionsOverlap
from services.tariffs.queries import PriceCell, Tariff, VersionState, VersionView
from web.runtime import Runtime, RuntimeDep
from web.session import Now, Write

router = APIRouter(include_in_schema=False)

VERSION: Final = TARIFFS + "/{code}/{version_no}"
CONFLICT: Final = 409
MOST_OTHERS: Final = 100

No = Annotated[int, Path(ge=1, le=2**31 - 1)]
Revision = Annotated[int, Form(alias="version", ge=0, le=2**31 - 1)]


@router.get(VERSION)
def version_page(
    request: Request,
    runtime: RuntimeDep,
    reader: Reader,
    write: Write,
    now: Now,
    code: str,
    version_no: No,
    done: str = "",
) -> Response:
    """What it says, in words, as a picture and as the document."""
    return _page(request, runtime, reader, write, code, version_no, {}, now=now, done=done)


@router.post(VERSION + "/propose", dependencies=[CheckedForm, FreshCode])
@once
def propose(
    request: Request,
    runtime: RuntimeDep,
    reader: Editor,
    write: Write,
    now: Now,
    code: str,
    version_no: No,
    revision: Revision,
    reason: Annotated[str, Form(max_length=1000)] = "",
    is_correction: Annotated[bool, Form()] = False,  # noqa: FBT002 -- a checkbox
) -> Response:
    """Ask somebody else to approve it."""
    version = found_version(write, code, version_no)
    try:
        with write.begin_nested():
            operations.propose(
                write,
                version_id=version.id,
                revision=revision,
                reason=reason,
                is_correction=is_correction,
                by=reader.staff_id,
                zone=runtime.settings.zone,
                actor=reader.actor,
                now=now,
            )
    except (VersionChanged, VersionFixed, VersionsOverlap, BeginsInPast, ReasonMissing, RequestOpen) as refusal:
        wrong = {"reason": text_of(request, refusal)}
        return _page(request, runtime, reader, write, code, version_no, wrong, now=now, typed=reason)
    return go(f"{address_of(version)}?done=asked")


@router.post(VERSION + "/withdraw", dependencies=[CheckedForm])
def withdraw(
    request: Request,
    runtime: RuntimeDep,
    reader: Editor,
    write: Write,
    now: Now,
    code: str,
    version_no: No,
    revision: Revision,
) -> Response:
    """Give a draft up, or what is proposed."""
    version = found_version(write, code, version_no)
    try:
        operations.withdraw(write, version_id=version.id, revision=revision, actor=reader.actor, now=now)
    except (VersionChanged, VersionFixed) as refusal:
        wrong = {"reason": text_of(request, refusal)}
        return _page(request, runtime, reader, write, code, version_no, wrong, now=now)
    return go(f"{TARIFFS}/{version.tariff_code}")


@router.get(VERSION + "/try")
def try_page(
    request: Request,
    runtime: RuntimeDep,
    reader: Reader,
    write: Write,
    now: Now,
    code: str,
    version_no: No,
    typed: Annotated[UseForm, Depends()],
) -> Response:
    """What a typed use costs by it, line by line and why."""
    version = found_version(write, code, version_no)
    tariff = queries.tariff_of(write, version_id=version.id)
    found, faults = priced(tariff, typed) if typed.is_filled else (None, ())
    return show(
        request,
        "staff/tariff_try.html",
        reader,
        here=f"{address_of(version)}/try",
        tariff=found_tariff(write, runtime, code, now=now),
        version=version,
        parsed=tariff,
        typed=typed,
        kwh=typed.by_period(tariff),
        kw=typed.by_demand_period(tariff),
        priced=found,
        places={
            "rate": _places(line.rate for line in found.lines),
            "amount": _places(line.amount for line in found.lines),
        }
        if found
        else {},
        faults=faults,
        today=business_date(now, runtime.settings.zone),
    )


@router.get(VERSION + "/compare")
def compare_page(
    request: Request,
    runtime: RuntimeDep,
    reader: Reader,
    write: Write,
    now: Now,
    code: str,
    version_no: No,
    against: Annotated[int | None, Query(ge=1, le=2**31 - 1)] = None,
) -> Response:
    """What it says differently from another version: as prices, as hours, and at which places of the document."""
    version = found_version(write, code, version_no)
    others = _others(write, version)
    other = found_version(write, code, against) if against else _usual(others, version)
    comparison = None
    if other is not None:
        comparison = queries.compare_versions(write, old_id=other.id, new_id=version.id)
    return show(
        request,
        "staff/tariff_compare.html",
        reader,
        here=f"{address_of(version)}/compare{f'?against={against}' if against else ''}",
        tariff=found_tariff(write, runtime, code, now=now),
        version=version,
        other=other,
        others=others,
        compared=comparison,
        clock=tariff_views.clock,
        months=tariff_views.runs,
        today=business_date(now, runtime.settings.zone),
    )


def _others(session: WriteSession, version: VersionView) -> list[VersionView]:
    found = queries.versions_page(session, code=version.tariff_code, limit=MOST_OTHERS)
    return [each for each in found if each.id != version.id]


def _usual(others: list[VersionView], version: VersionView) -> VersionView | None:
    """The one before it, or else any other."""
    before = [each for each in others if each.version_no < version.version_no]
    return next(iter(before or others), None)


def _page(
    request: Request,
    runtime: Runtime,
    reader: StaffReader,
    session: WriteSession,
    code: str,
    version_no: int,
    wrong: dict[str, str],
    *,
    now: datetime,
    done: str = "",
    typed: str = "",
) -> Response:
    today = business_date(now, runtime.settings.zone)
    tariff, version = found_tariff(session, runtime, code, now=now), found_version(session, code, version_no)
    parsed = queries.tariff_of(session, version_id=version.id)
    month = max(version.valid_from, today).replace(day=1)
    return show(
        request,
        "staff/tariff_version.html",
        reader,
        here=address_of(version),
        tariff=tariff,
        version=version,
        parsed=parsed,
        prices=_prices(parsed, month),
        month=month,
        strips=tariff_views.strips(parsed),
        document=tariff_views.as_json(parsed),
        others=bool(_others(session, version)),
        waiting=requests.waiting_about(
            session, subject=f"tariff_version:{version.id}", seen_by=reader.staff_id, now=now
        ),
        today=today,
        is_past=version.valid_from < today,
        leaves_gap=version.state is not VersionState.WITHDRAWN and queries.leaves_gap(session, version=version),
        done=done,
        wrong=wrong,
        typed={"reason": typed},
        may_edit=may_edit(reader),
        may_dry_run=reader.may(StaffPermission.ACCOUNTS_VIEW),
    )


@dataclass(frozen=True)
class _Row:
    """What a kWh costs in one period, by tier."""

    period: str
    costs: tuple[Decimal, ...]


@dataclass(frozen=True)
class _Prices:
    """What a kWh costs in a month; `tiers` as any of the periods has them."""

    tiers: tuple[PriceCell, ...]
    periods: tuple[_Row, ...]


def _prices(parsed: Tariff, month: date) -> _Prices | None:
    """What a kWh costs in a month, by period and tier; None where it has no prices then."""
    try:
        cells = queries.price_table(parsed, month=month.month)
    except UseInvalid:
        return None
    rows: dict[str, list[PriceCell]] = {}
    for cell in cells:
        rows.setdefault(cell.period, []).append(cell)
    if not rows:
        return None
    periods = tuple(_Row(period, tuple(cell.price for cell in found)) for period, found in rows.items())
    return _Prices(tuple(next(iter(rows.values()))), periods)


def _places(numbers: Iterable[Decimal | None]) -> int:
    """As many decimals as the longest of a column has, at least two."""
    exponents = [each.normalize().as_tuple().exponent for each in numbers if each is not None]
    return max([2, *(-each for each in exponents if isinstance(each, int))])
