"""Rows of the supplier's programs by API: the columns, the judging and the effects of files (import-formats.md).

A program writes to the units that it was given, and all below: any other row is a reject. That others have what a row
names is told in one wording, and of so many rows an hour. Files are the supplier's own, and may name every unit.
"""

import hashlib
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Annotated, Any, Final

import sqlalchemy as sa
from fastapi import APIRouter, Depends, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response

from core import intake
from core.db import WriteSession, is_undone
from core.idempotency import InFlight, KeyReused
from core.intake import Loader, RunTaken
from core.records import Layout, Reject, Row, Unreadable, record_of, values_of
from routers.backoffice.schemas import PushResult
from services.accounts import operations as accounts
from services.accounts.errors import PushesLimited, UnitsMissing
from services.accounts.operations import AccountsLoader, EntitlementsLoader, UnitsLoader
from services.accounts.queries.programs import has_units
from services.billing.operations import BillingModesLoader, BillsLoader
from services.metering.operations import ReadingsLoader, ReadingSource, RegisterReadingsLoader, Sender, limits_of
from services.tariffs.operations import SlotPricesLoader
from web import metrics
from web.idempotency import Keyed, KeyedByProgram, once
from web.problems import answer, problems
from web.problems.common import InvalidFields, KeyMissing, ScopeMissing, TooManyRows
from web.row_faults import OF_OTHERS, fault
from web.runtime import Runtime, RuntimeDep
from web.service import AccountsWriter, BillsWriter, ReadingsWriter, ServiceCaller, TariffsWriter, UnitsWriter
from web.session import Now, Write

router = APIRouter(prefix="/api/v1/backoffice", tags=["back office"])

MOST_ROWS: Final = 500
"""So many rows of ordinary length fit into the bytes that a body may have."""
ITEMS: Final = "items"
OK: Final = 200
TRIES: Final = 3
Rows = list[Row | Reject]


def _rows_of(layout: Layout) -> Callable[[Request], Awaitable[Rows]]:
    async def rows(request: Request) -> Rows:
        """The rows of a body; what cannot be read of one is its reject, as in a file."""
        try:
            found = record_of((await request.body()).decode())
        except Unreadable as error:
            raise _invalid("json_type", "body") from error
        items = _items_of(found)
        if len(items) > MOST_ROWS:
            raise TooManyRows(most=MOST_ROWS)
        return [_row(layout, number, item) for number, item in enumerate(items, 1)]

    return rows


def _items_of(body: object) -> list[object]:
    """The rows of a body. Raises RequestValidationError with the place of what is wrong, as for every other body."""
    if not isinstance(body, dict):
        raise _invalid("model_type", "body")
    if ITEMS not in body:
        raise _invalid("missing", "body", ITEMS)
    if body.keys() != {ITEMS}:
        raise _invalid("extra_forbidden", "body", "*")
    items = body[ITEMS]
    if not isinstance(items, list):
        raise _invalid("list_type", "body", ITEMS)
    if not items:
        raise _invalid("too_short", "body", ITEMS)
    return items


def _invalid(kind: str, *place: str) -> RequestValidationError:
    return RequestValidationError([{"type": kind, "loc": place}])


def _row(layout: Layout, number: int, item: object) -> Row | Reject:
    try:
        return Row(number, values_of(layout, item))
    except Unreadable as error:
        return Reject(number, error.field, error.reason)


def _body(layout: Layout, example: dict[str, Any]) -> dict[str, Any]:
    """What the document says of a body; each row is judged by itself: columns are described, not demanded."""
    needed, others = sorted(layout.required), sorted(set(layout.columns) - layout.required)
    columns = f"Needed: {', '.join(needed)}. Optional: {', '.join(others)}."
    row = {"description": f"An object with the columns of the file of this kind. {columns}"}
    schema = {
        "type": "object",
        "properties": {ITEMS: {"type": "array", "minItems": 1, "maxItems": MOST_ROWS, "items": row}},
        "required": [ITEMS],
        "additionalProperties": False,
    }
    content = {"application/json": {"schema": schema, "example": {ITEMS: [example]}}}
    return {"requestBody": {"required": True, "content": content}}


TOLD: Final = problems(
    ScopeMissing, UnitsMissing, PushesLimited, InvalidFields, TooManyRows, RunTaken, KeyMissing, KeyReused, InFlight
)


@router.post(
    "/units",
    response_model=PushResult,
    responses=TOLD,
    openapi_extra=_body(UnitsLoader.layout, {"code": "JD", "kind": "province", "name": "江东供电公司"}),
    operation_id="push_units",
)
def push_units(
    rows: Annotated[Rows, Depends(_rows_of(UnitsLoader.layout))],
    caller: UnitsWriter,
    keyed: KeyedByProgram,
    write: Write,
    now: Now,
) -> Response:
    """Add and rename units. What is known and unchanged is not written; rejected rows do not stop the others."""
    return _push(UnitsLoader(program=caller.id), rows, caller, keyed, write, now)


@router.post(
    "/accounts",
    response_model=PushResult,
    responses=TOLD,
    openapi_extra=_body(
        AccountsLoader.layout,
        {
            "account_no": "3201000001",
            "unit_code": "JD0101",
            "customer_no": "C3201000001",
            "customer_kind": "person",
            "name": "林晓梅",
            "class": "residential",
            "district": "桥北区",
            "street": "柳荫路",
            "meter_no": "0132000001",
        },
    ),
    operation_id="push_accounts",
)
def push_accounts(
    rows: Annotated[Rows, Depends(_rows_of(AccountsLoader.layout))],
    caller: AccountsWriter,
    keyed: KeyedByProgram,
    runtime: RuntimeDep,
    write: Write,
    now: Now,
) -> Response:
    """Add and change accounts with holder, premises, meter and agreement; another `customer_no` changes the holder."""
    settings = runtime.settings
    loader = AccountsLoader(
        runtime.vault,
        currency=settings.supplier_currency,
        phone_region=settings.supplier_phone_region,
        locales=settings.locales,
        zone=settings.zone,
        program=caller.id,
    )
    return _push(loader, rows, caller, keyed, write, now)


@router.post(
    "/bills",
    response_model=PushResult,
    responses=TOLD,
    openapi_extra=_body(
        BillsLoader.layout,
        {
            "account_no": "3201000001",
            "bill_no": "2026053201000001",
            "period_first": "2026-05-01",
            "period_end": "2026-06-01",
            "issue_date": "2026-06-03",
            "due_date": "2026-06-25",
            "energy_kwh": 230.5,
            "amount_minor": 12606,
            "state": "open",
            "lines": [{"code": "energy", "amount_minor": 12606}],
        },
    ),
    operation_id="push_bills",
)
def push_bills(
    rows: Annotated[Rows, Depends(_rows_of(BillsLoader.layout))],
    caller: BillsWriter,
    keyed: KeyedByProgram,
    runtime: RuntimeDep,
    write: Write,
    now: Now,
) -> Response:
    """Add and amend bills; the ledger follows in the same transaction."""
    loader = BillsLoader(zone=runtime.settings.zone, now=now, program=caller.id)
    return _push(loader, rows, caller, keyed, write, now)


@router.post(
    "/billing-modes",
    response_model=PushResult,
    responses=TOLD,
    openapi_extra=_body(
        BillingModesLoader.layout, {"account_no": "3201000001", "billing": "native", "native_from": "2027-01-01"}
    ),
    operation_id="push_billing_modes",
)
def push_billing_modes(
    rows: Annotated[Rows, Depends(_rows_of(BillingModesLoader.layout))],
    caller: AccountsWriter,
    keyed: KeyedByProgram,
    write: Write,
    now: Now,
) -> Response:
    """Say which accounts are billed here from a day on; bills of later periods are refused from then on."""
    return _push(BillingModesLoader(now=now, program=caller.id), rows, caller, keyed, write, now)


@router.post(
    "/readings",
    response_model=PushResult,
    responses=TOLD,
    openapi_extra=_body(
        ReadingsLoader.layout,
        {"meter_no": "0132000001", "start": "2026-05-01T00:15:00+08:00", "minutes": 15, "kwh": 0.125},
    ),
    operation_id="push_readings",
)
def push_readings(
    rows: Annotated[Rows, Depends(_rows_of(ReadingsLoader.layout))],
    caller: ReadingsWriter,
    keyed: KeyedByProgram,
    runtime: RuntimeDep,
    write: Write,
    now: Now,
) -> Response:
    """Add and correct readings of meters in intervals. What nobody believes waits, and is told among the rejects."""
    return _push(ReadingsLoader(_sender(runtime, caller, now)), rows, caller, keyed, write, now)


@router.post(
    "/register-readings",
    response_model=PushResult,
    responses=TOLD,
    openapi_extra=_body(
        RegisterReadingsLoader.layout,
        {"meter_no": "0132000001", "register": "total", "read_at": "2026-05-01", "value": 99871.5, "digits": 5},
    ),
    operation_id="push_register_readings",
)
def push_register_readings(
    rows: Annotated[Rows, Depends(_rows_of(RegisterReadingsLoader.layout))],
    caller: ReadingsWriter,
    keyed: KeyedByProgram,
    runtime: RuntimeDep,
    write: Write,
    now: Now,
) -> Response:
    """Add and correct what registers of meters showed. What nobody believes waits, and is told among the rejects."""
    return _push(RegisterReadingsLoader(_sender(runtime, caller, now)), rows, caller, keyed, write, now)


@router.post(
    "/entitlements",
    response_model=PushResult,
    responses=TOLD,
    openapi_extra=_body(
        EntitlementsLoader.layout,
        {
            "account_no": "3201000001",
            "kind": "persons",
            "value": 5,
            "valid_from": "2027-01-01",
            "document": "HK-2026-114",
        },
    ),
    operation_id="push_entitlements",
)
def push_entitlements(
    rows: Annotated[Rows, Depends(_rows_of(EntitlementsLoader.layout))],
    caller: AccountsWriter,
    keyed: KeyedByProgram,
    runtime: RuntimeDep,
    write: Write,
    now: Now,
) -> Response:
    """Say what tariffs ask of accounts: people, flags, contract demand, transformers, each with its dates."""
    loader = EntitlementsLoader(renewals=runtime.settings.renewal_months, now=now, program=caller.id)
    return _push(loader, rows, caller, keyed, write, now)


@router.post(
    "/slot-prices",
    response_model=PushResult,
    responses=TOLD,
    openapi_extra=_body(
        SlotPricesLoader.layout,
        {"tariff_code": "AGILE", "start": "2026-05-01T00:30:00+08:00", "minutes": 30, "rate_minor": 17.42},
    ),
    operation_id="push_slot_prices",
)
def push_slot_prices(
    rows: Annotated[Rows, Depends(_rows_of(SlotPricesLoader.layout))],
    caller: TariffsWriter,
    keyed: KeyedByProgram,
    runtime: RuntimeDep,
    write: Write,
    now: Now,
) -> Response:
    """Say what a kWh costs in each interval. Another price for a known one corrects it: its month is priced anew."""
    return _push(SlotPricesLoader(zone=runtime.settings.zone), rows, caller, keyed, write, now)


def _sender(runtime: Runtime, caller: ServiceCaller, now: datetime) -> Sender:
    settings = runtime.settings
    return Sender(ReadingSource.PROGRAM, caller.actor, settings.zone, now, limits_of(settings), program=caller.id)


def _push(loader: Loader, rows: Rows, caller: ServiceCaller, keyed: Keyed, write: Write, now: Now) -> Response:
    if not has_units(write, client=caller.id):
        raise UnitsMissing

    def work() -> PushResult:
        accounts.check_pushes(write, client=caller.id, now=now)
        digest = hashlib.sha256(keyed.key.request_hash).digest()
        pushed = intake.push(write, loader=loader, rows=rows, digest=digest, actor=caller.actor)
        of_others = [each.row_no for each in pushed.rejects if fault(each.reason).code == OF_OTHERS]
        accounts.count_of_others(write, client=caller.id, rows=of_others, now=now)
        return PushResult.of(pushed)

    try:
        return again(lambda: once(write, keyed, work, status=OK), write)
    except PushesLimited as refusal:
        # Answered and not raised: what is noted of it must stay.
        told = accounts.note_pushes_limited(write, client=caller.id, actor=caller.actor, now=now)
        metrics.refused(refusal.code)
        return answer(refusal.of_first(told), locale=keyed.locale, request_id=keyed.request_id)


def again(push: Callable[[], Response], session: WriteSession) -> Response:
    """Push, and push again when the database took it back for the sake of another in the same rows: a few times."""
    for _ in range(TRIES - 1):
        try:
            with session.begin_nested():
                return push()
        except sa.exc.DBAPIError as error:
            if not is_undone(error):
                raise
    with session.begin_nested():
        return push()
