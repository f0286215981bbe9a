"""A version tried on real accounts: what their month would have cost by it, beside what it cost by what they have."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Final, Literal
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Depends, Form, Query, Request
from fastapi.responses import Response

from core.db import ReadSession, WriteSession
from core.errors import Json
from core.money import Money
from core.periods import business_date
from portal.pages import go, text_of
from portal.staff import files
from portal.staff.once import SentOnce, once
from portal.staff.pages import CheckedForm, StaffReader, check, show
from portal.staff.tariff_versions import CONFLICT, VERSION, No
from portal.staff.tariffs import Reader, address_of, found_tariff, found_version
from services.accounts.queries import staffing
from services.accounts.queries.staffing import UnitView
from services.accounts.roles import StaffPermission
from services.tariffs import queries
from services.tariffs.queries import VersionView
from services.usage import operations
from services.usage import queries as usage
from services.usage.errors import DryRunsMany
from services.usage.queries import Asker, ClassTotal, DryRun, Reason, TriedRun, Unpriced
from web.problems.common import NotFound
from web.runtime import Runtime, RuntimeDep
from web.session import Flows, Now, Write

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
    months = _offered(today)
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
    return _shown(
        request,
        runtime,
        reader,
        write,
        _Looked(version, typed, _here(version, typed), unit, month, found, _reasons(found.unpriced) if found else []),
        now=now,
    )


@router.post(VERSION + "/dry-runs", dependencies=[CheckedForm])
@once
def ask_dry_run(
    request: Request,
    runtime: RuntimeDep,
    reader: Reader,
    write: Write,
    now: Now,
    code: str,
    version_no: No,
    unit: Annotated[str, Form(max_length=64)] = "",
    month: Annotated[str, Form(max_length=7)] = "",
) -> Response:
    """Have it tried on all accounts of a unit, however many: they are compared behind the page that this leads to."""
    check(reader, StaffPermission.ACCOUNTS_VIEW)
    version = found_version(write, code, version_no)
    typed = DryRunForm(unit, month, "all")
    found = next((each for each in _units(write, reader, now) if each.code == unit), None)
    first_day = _offered(business_date(now, runtime.settings.zone)).get(month)
    if found is None or first_day is None:
        raise NotFound
    try:
        run_id = operations.ask_dry_run(
            write,
            asker=Asker.STAFF,
            asker_id=reader.staff_id,
            tariff_code=version.tariff_code,
            version_no=version.version_no,
            document=queries.document_of(write, version_id=version.id),
            unit_ids=[found.id],
            month=first_day,
            now=now,
        )
    except DryRunsMany as refusal:
        looked = _Looked(version, typed, _here(version, typed), found, first_day, None, [])
        wrong = text_of(request, refusal)
        return _shown(request, runtime, reader, write, looked, now=now, refused=wrong)
    return go(f"{address_of(version)}/dry-runs/{run_id}")


@router.get(VERSION + "/dry-runs/{run_id}")
def dry_run_job_page(
    request: Request,
    runtime: RuntimeDep,
    reader: Reader,
    write: Write,
    now: Now,
    code: str,
    version_no: No,
    run_id: UUID,
) -> Response:
    """How far it is, and what it came to; for whoever asked, for a day."""
    check(reader, StaffPermission.ACCOUNTS_VIEW)
    version, run = found_version(write, code, version_no), _run(write, reader, code, version_no, run_id, now=now)
    unit = next((each for each in _units(write, reader, now) if each.id in run.unit_ids), None)
    typed = DryRunForm(unit.code if unit else "", f"{run.month:%Y-%m}", "all")
    here = f"{address_of(version)}/dry-runs/{run.id}"
    looked = _Looked(version, typed, here, unit, run.month, run.result, run.reasons)
    return _shown(request, runtime, reader, write, looked, now=now, job=run)


@router.post(VERSION + "/dry-runs/{run_id}/export", dependencies=[CheckedForm])
def export_dry_run(
    request: Request, runtime: RuntimeDep, db: Flows, now: Now, sent: SentOnce, code: str, version_no: No, run_id: UUID
) -> Response:
    """Have its accounts written to a file."""

    def filters(session: ReadSession, reader: StaffReader) -> dict[str, Json]:
        return {"run_id": str(_run(session, reader, code, version_no, run_id, now=now).id)}

    permission = StaffPermission.ACCOUNTS_VIEW
    return files.ask(
        request, runtime, db, of_list="dry_run", permission=permission, filters=filters, sent=sent, now=now
    )


@dataclass(frozen=True)
class _Looked:
    """What a page of a dry run is about."""

    version: VersionView
    typed: DryRunForm
    here: str
    unit: UnitView | None
    month: date
    run: DryRun | None
    reasons: Sequence[Reason]


def _shown(
    request: Request,
    runtime: Runtime,
    reader: StaffReader,
    session: WriteSession,
    looked: _Looked,
    *,
    now: datetime,
    job: TriedRun | None = None,
    refused: str = "",
) -> Response:
    today = business_date(now, runtime.settings.zone)
    return show(
        request,
        "staff/tariff_dry_run.html",
        reader,
        status=CONFLICT if refused else 200,
        here=looked.here,
        tariff=found_tariff(session, runtime, looked.version.tariff_code, now=now),
        version=looked.version,
        today=today,
        typed=looked.typed,
        unit=looked.unit,
        units=_units(session, reader, now),
        months=_offered(today),
        month=looked.month,
        run=looked.run,
        total=_total(looked.run) if looked.run else None,
        reasons=looked.reasons,
        without=sum(each.accounts for each in looked.reasons),
        job=job,
        asked=usage.asked_runs(
            session,
            staff_id=reader.staff_id,
            tariff_code=looked.version.tariff_code,
            version_no=looked.version.version_no,
            now=now,
        ),
        refused=refused,
        sample=SAMPLE,
        most=MOST,
        most_named=MOST_NAMED,
        share=_share,
    )


def _run(
    session: ReadSession, reader: StaffReader, code: str, version_no: int, run_id: UUID, *, now: datetime
) -> TriedRun:
    """The reader's own dry run of this version; raises NotFound."""
    found = usage.tried_run(session, run_id=run_id, asker=Asker.STAFF, asker_id=reader.staff_id, now=now)
    if found is None or (found.tariff_code, found.version_no) != (code, version_no):
        raise NotFound
    return found


def _offered(today: date) -> dict[str, date]:
    """The months that can be chosen, by how forms name them."""
    return {f"{month:%Y-%m}": month for month in _months(today)}


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
