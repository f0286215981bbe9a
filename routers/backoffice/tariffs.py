"""Tariffs for the supplier's programs: read, checked, drafted and priced by. Two of the staff publish, no program.

A tariff is the whole supplier's, and so are both scopes: in which units a program acts matters for dry runs alone,
which look at accounts.
"""

from typing import Annotated, Any

from fastapi import APIRouter, Body, Path, Query
from fastapi.responses import Response
from pydantic import BeforeValidator, Field

from core.idempotency import InFlight, KeyReused
from core.pagination import MAX_CURSOR, BadCursor
from core.periods import business_date
from routers.backoffice.tariff_schemas import (
    CaseAsked,
    CasePriced,
    DocumentCheck,
    DocumentChecked,
    NewTariff,
    NewVersion,
    OfficeDocument,
    OfficeTariff,
    OfficeTariffPage,
    OfficeVersion,
    OfficeVersionPage,
    TariffCode,
)
from services.tariffs import operations, queries
from services.tariffs.errors import (
    TariffInvalid,
    TariffTaken,
    TariffUnknown,
    TariffWrong,
    UseInvalid,
    VersionDatesWrong,
    VersionUnknown,
)
from services.tariffs.queries import TariffClass, VersionView
from web import tariff_cases
from web.idempotency import KeyedByProgram, once
from web.models import Limit, plain_digits
from web.problems import problems
from web.problems.common import InvalidFields, KeyMissing, ScopeMissing
from web.runtime import RuntimeDep
from web.service import TariffsReader, TariffsWriter
from web.session import Now, Write

router = APIRouter(prefix="/api/v1/backoffice/tariffs", tags=["back office"])

MOST_VERSIONS = 10**6
VersionNo = Annotated[int, BeforeValidator(plain_digits), Field(ge=1, le=MOST_VERSIONS)]
Code = Annotated[TariffCode, Path()]
Number = Annotated[VersionNo, Path()]
Cursor = Annotated[str, Query(max_length=MAX_CURSOR)]
KEYED = (KeyMissing, KeyReused, InFlight)


@router.get(
    "",
    responses=problems(ScopeMissing, BadCursor, InvalidFields),
    operation_id="list_office_tariffs",
)
def list_office_tariffs(
    caller: TariffsReader,
    runtime: RuntimeDep,
    write: Write,
    now: Now,
    cursor: Cursor = "",
    limit: Annotated[Limit, Query()] = 50,
) -> OfficeTariffPage:
    """Tariffs by code, each with the version that holds today and the next one."""
    scope = f"office_tariffs:{caller.id}"
    (after,) = runtime.cursors.behind(cursor, scope=scope, first=[""])
    found = queries.tariffs(write, on=business_date(now, runtime.settings.zone), limit=limit + 1, after=after)
    page, following = runtime.cursors.page(found, limit, scope=scope, position=lambda each: [each.code])
    return OfficeTariffPage(items=[OfficeTariff.of(each) for each in page], next=following)


@router.post(
    "",
    response_model=OfficeTariff,
    status_code=201,
    responses=problems(ScopeMissing, TariffTaken, TariffWrong, InvalidFields, *KEYED),
    operation_id="create_office_tariff",
)
def create_office_tariff(
    wanted: NewTariff, caller: TariffsWriter, keyed: KeyedByProgram, runtime: RuntimeDep, write: Write, now: Now
) -> Response:
    """Add a tariff, without a version yet."""

    def work() -> OfficeTariff:
        code = operations.create_tariff(
            write,
            code=wanted.code,
            name=wanted.name,
            tariff_class=TariffClass(wanted.tariff_class),
            currency=wanted.currency,
            actor=caller.actor,
            now=now,
        )
        made = queries.tariff_named(write, code=code, on=business_date(now, runtime.settings.zone))
        if made is None:
            raise TariffUnknown
        return OfficeTariff.of(made)

    return once(write, keyed, work)


@router.post(
    "/check",
    responses=problems(ScopeMissing, TariffInvalid, InvalidFields),
    operation_id="check_tariff_document",
)
def check_tariff_document(
    asked: Annotated[DocumentCheck, Body()], _: TariffsReader, runtime: RuntimeDep
) -> DocumentChecked:
    """Look for every fault of a document, each with its path; nothing is kept."""
    tariff = operations.validate(asked.document, currency=asked.currency, zone=runtime.settings.zone)
    return DocumentChecked(periods=list(tariff.periods), idle=list(tariff.idle))


@router.get(
    "/{code}/versions",
    responses=problems(ScopeMissing, TariffUnknown, BadCursor, InvalidFields),
    operation_id="list_office_versions",
)
def list_office_versions(
    code: Code,
    caller: TariffsReader,
    runtime: RuntimeDep,
    write: Write,
    now: Now,
    cursor: Cursor = "",
    limit: Annotated[Limit, Query()] = 50,
) -> OfficeVersionPage:
    """A tariff's versions in every state, the newest number first."""
    if queries.tariff_named(write, code=code, on=business_date(now, runtime.settings.zone)) is None:
        raise TariffUnknown
    scope = f"office_versions:{caller.id}:{code}"
    (before_no,) = runtime.cursors.behind(cursor, scope=scope, first=[None])
    found = queries.versions_page(write, code=code, limit=limit + 1, before_no=before_no)
    page, following = runtime.cursors.page(found, limit, scope=scope, position=lambda each: [each.version_no])
    return OfficeVersionPage(items=[OfficeVersion.of(each) for each in page], next=following)


@router.post(
    "/{code}/versions",
    response_model=OfficeVersion,
    status_code=201,
    responses=problems(ScopeMissing, TariffUnknown, TariffInvalid, VersionDatesWrong, InvalidFields, *KEYED),
    operation_id="draft_office_version",
)
def draft_office_version(
    code: Code,
    wanted: NewVersion,
    caller: TariffsWriter,
    keyed: KeyedByProgram,
    runtime: RuntimeDep,
    write: Write,
    now: Now,
) -> Response:
    """Draft a version of a tariff; one of the staff proposes it, and another publishes it."""

    def work() -> OfficeVersion:
        version = operations.draft(
            write,
            code=code,
            valid_from=wanted.valid_from,
            valid_to=wanted.valid_to,
            document=wanted.document,
            note=wanted.note,
            zone=runtime.settings.zone,
            actor=caller.actor,
            now=now,
        )
        return OfficeVersion.of(version)

    return once(write, keyed, work)


@router.get(
    "/{code}/versions/{version_no}",
    responses=problems(ScopeMissing, VersionUnknown, InvalidFields),
    operation_id="show_office_version",
)
def show_office_version(code: Code, version_no: Number, _: TariffsReader, write: Write) -> OfficeDocument:
    """A version with its document."""
    version = version_of(write, code=code, version_no=version_no)
    document = queries.document_of(write, version_id=version.id)
    return OfficeDocument(version=OfficeVersion.of(version), document=document)


@router.post(
    "/{code}/versions/{version_no}/price",
    response_model=CasePriced,
    responses=problems(ScopeMissing, VersionUnknown, UseInvalid, InvalidFields),
    operation_id="price_by_office_version",
)
def price_by_office_version(
    code: Code, version_no: Number, asked: Annotated[CaseAsked, Body()], _: TariffsReader, write: Write
) -> dict[str, Any]:
    """Price a case by a version in whatever state: the answer that `wattline tariff price` prints. Nothing is kept."""
    version = version_of(write, code=code, version_no=version_no)
    return tariff_cases.priced(asked.kind, queries.document_of(write, version_id=version.id), asked.input)


def version_of(write: Write, *, code: str, version_no: int) -> VersionView:
    """The version of a path; raises VersionUnknown."""
    found = queries.version(write, code=code, version_no=version_no)
    if found is None:
        raise VersionUnknown
    return found
