"""Versions of tariffs that programs try on real accounts: few are answered at once, many by a job."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Body
from fastapi.responses import JSONResponse, Response

from routers.backoffice.dry_run_schemas import DryRunAnswer, DryRunAsked, TariffDryRun
from routers.backoffice.tariffs import KEYED, Code, Number, version_of
from services.accounts.queries import programs
from services.tariffs import operations as tariff_operations
from services.tariffs import queries
from services.tariffs.errors import TariffInvalid, VersionUnknown
from services.usage import operations
from services.usage import queries as usage
from services.usage.errors import DryRunsMany, DryRunUnknown
from services.usage.queries import Asker, TriedRun
from web.idempotency import KeyedIfSent, once
from web.problems import problems
from web.problems.common import InvalidFields, KeyMissing, ScopeMissing
from web.runtime import RuntimeDep
from web.service import ServiceCaller, TariffsReader
from web.session import Now, Write

router = APIRouter(prefix="/api/v1/backoffice", tags=["back office"])

ACCEPTED = 202


@router.post(
    "/tariffs/{code}/versions/{version_no}/dry-run",
    response_model=DryRunAnswer,
    responses={
        **problems(ScopeMissing, VersionUnknown, TariffInvalid, InvalidFields, DryRunsMany, *KEYED),
        ACCEPTED: {"model": TariffDryRun, "description": "More than 2,000 accounts: ask for it by its id."},
    },
    operation_id="dry_run_office_version",
)
def dry_run_office_version(
    code: Code,
    version_no: Number,
    asked: Annotated[DryRunAsked, Body()],
    caller: TariffsReader,
    keyed: KeyedIfSent,
    runtime: RuntimeDep,
    write: Write,
    now: Now,
) -> Response:
    """What a month of accounts on a tariff costs, and what it would by a version of it, or by a document in its place.

    All accounts of the program's units. More than 2,000 take a while: an Idempotency-Key is needed, and the answer is a
    202 with the dry run's id, kept for a day.
    """
    version, zone = version_of(write, code=code, version_no=version_no), runtime.settings.zone
    tariff, document = queries.tariff_of(write, version_id=version.id), asked.document
    if document is not None:
        tariff = tariff_operations.validate(document, currency=tariff.currency, zone=zone)
    where: dict[str, Any] = {
        "tariff_code": version.tariff_code,
        "unit_ids": programs.given_units(write, client=caller.id),
        "month": asked.first_day,
    }
    if not usage.is_large(write, **where):
        run = usage.dry_run(write, version_no=version.version_no, tariff=tariff, zone=zone, **where)
        return JSONResponse(DryRunAnswer.of(run).model_dump(mode="json", by_alias=True))
    if keyed is None:
        raise KeyMissing

    def work() -> TariffDryRun:
        run_id = operations.ask_dry_run(
            write,
            asker=Asker.PROGRAM,
            asker_id=caller.id,
            version_no=version.version_no,
            document=document or queries.document_of(write, version_id=version.id),
            now=now,
            **where,
        )
        return TariffDryRun.of(_run(write, caller, run_id, now=now))

    return once(write, keyed, work, status=ACCEPTED)


@router.get(
    "/tariff-dry-runs/{run_id}",
    responses=problems(ScopeMissing, DryRunUnknown, InvalidFields),
    operation_id="show_office_dry_run",
)
def show_office_dry_run(run_id: UUID, caller: TariffsReader, write: Write, now: Now) -> TariffDryRun:
    """How far a dry run over many accounts is, and what it came to: of the program that asked, for a day."""
    return TariffDryRun.of(_run(write, caller, run_id, now=now))


def _run(session: Write, caller: ServiceCaller, run_id: UUID, *, now: Now) -> TriedRun:
    found = usage.tried_run(session, run_id=run_id, asker=Asker.PROGRAM, asker_id=caller.id, now=now)
    if found is None:
        raise DryRunUnknown
    return found
