"""Editing a draft: the form of what documents usually say, the document as text, and all that is wrong with either."""

import json
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from functools import partial
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import Response

from core.db import WriteSession
from core.periods import business_date, day_of
from portal.pages import go, speak, text_of
from portal.staff import tariff_form, tariff_views
from portal.staff.pages import CheckedForm, StaffReader, show
from portal.staff.tariff_form import TariffForm
from portal.staff.tariff_versions import CONFLICT, VERSION, No, Revision
from portal.staff.tariffs import Editor, address_of, found_tariff, found_version
from services.tariffs import operations, queries
from services.tariffs.errors import Fault, TariffInvalid, VersionChanged, VersionDatesWrong, VersionFixed
from services.tariffs.queries import VersionView
from web import tariff_json
from web.runtime import Runtime, RuntimeDep
from web.session import Now, Write

router = APIRouter(include_in_schema=False)

LONGEST: Final = 400_000
"""Characters of a document as text."""


@router.get(VERSION + "/edit")
def edit_page(
    request: Request, runtime: RuntimeDep, reader: Editor, write: Write, now: Now, code: str, version_no: No
) -> Response:
    """The draft in the form and as text."""
    version = found_version(write, code, version_no)
    if version.state != "draft":
        return go(address_of(version))
    return _Editing(request, runtime, reader, write, version, now).page()


@router.post(VERSION + "/edit", dependencies=[CheckedForm])
def edit(
    request: Request,
    runtime: RuntimeDep,
    reader: Editor,
    write: Write,
    now: Now,
    code: str,
    version_no: No,
    revision: Revision,
    typed: Annotated[TariffForm, Depends()],
    valid_from: Annotated[str, Form(max_length=32)] = "",
    valid_to: Annotated[str, Form(max_length=32)] = "",
    note: Annotated[str, Form(max_length=1000)] = "",
) -> Response:
    """Keep what the form says; parts that it has no fields for stay as they are."""
    version = found_version(write, code, version_no)
    editing = _Editing(request, runtime, reader, write, version, now, revision)
    known = queries.document_of(write, version_id=version.id)
    dates = {"valid_from": valid_from, "valid_to": valid_to, "note": note}
    return editing.keep(tariff_form.document_of(known, typed), dates, typed=typed)


@router.post(VERSION + "/text", dependencies=[CheckedForm])
def edit_text(
    request: Request,
    runtime: RuntimeDep,
    reader: Editor,
    write: Write,
    now: Now,
    code: str,
    version_no: No,
    revision: Revision,
    document: Annotated[str, Form(max_length=LONGEST)] = "",
) -> Response:
    """Keep a document that was written or pasted as a whole."""
    version = found_version(write, code, version_no)
    editing = _Editing(request, runtime, reader, write, version, now, revision)
    try:
        said = tariff_json.loaded(document)
    except ValueError as error:
        return editing.page(text=document, wrong={"document": _no_json(request, error)})
    return editing.keep(said, editing.dates(), text=document)


@router.post(VERSION + "/urdb", dependencies=[CheckedForm])
def edit_urdb(
    request: Request,
    runtime: RuntimeDep,
    reader: Editor,
    write: Write,
    now: Now,
    code: str,
    version_no: No,
    revision: Revision,
    rate: Annotated[str, Form(max_length=LONGEST)] = "",
) -> Response:
    """Keep the document that a pasted rate of the U.S. Utility Rate Database means; its hours are the supplier's."""
    version = found_version(write, code, version_no)
    editing = _Editing(request, runtime, reader, write, version, now, revision)
    _ = speak(request)
    try:
        said = tariff_json.loaded(rate, exact=True)
    except ValueError as error:
        return editing.page(rate=rate, wrong={"rate": _no_json(request, error)})
    rates = said.get("items", [said]) if isinstance(said, dict) else said
    if not isinstance(rates, list) or len(rates) != 1 or not isinstance(rates[0], dict):
        return editing.page(rate=rate, wrong={"rate": _("Paste one rate: a draft has one document.")})
    try:
        document = queries.from_urdb(rates[0], time_zone=runtime.settings.zone.key)
    except TariffInvalid as refusal:
        return editing.page(rate=rate, faults=refusal.faults, wrong=editing.wrong(refusal.faults, field="rate"))
    return editing.keep(document, editing.dates(), rate=rate)


def _no_json(request: Request, error: Exception) -> str:
    _ = speak(request)
    if isinstance(error, tariff_json.NameTwice):
        return _("%(name)s: this name stands twice in one object.") % {"name": error.name}
    place = f" ({error.lineno}:{error.colno})" if isinstance(error, json.JSONDecodeError) else ""
    return _("This is no JSON.") + place


class _Editing:
    """A draft that somebody edits."""

    def __init__(
        self,
        request: Request,
        runtime: Runtime,
        reader: StaffReader,
        session: WriteSession,
        version: VersionView,
        now: datetime,
        revision: int | None = None,
    ) -> None:
        self._request = request
        self._runtime = runtime
        self._reader = reader
        self._session = session
        self._version = version
        self._revision = version.revision if revision is None else revision
        self._now = now

    def dates(self) -> dict[str, str]:
        """Validity and note as they are kept."""
        version = self._version
        return {
            "valid_from": version.valid_from.isoformat(),
            "valid_to": "" if version.valid_to is None else version.valid_to.isoformat(),
            "note": version.note,
        }

    def keep(
        self,
        document: Any,
        dates: dict[str, str],
        *,
        typed: TariffForm | None = None,
        text: str | None = None,
        rate: str = "",
    ) -> Response:
        """Keep a document, or show what is wrong with it beside what was typed."""
        again = partial(self.page, dates=dates, typed=typed, text=text, rate=rate)
        try:
            valid_from, valid_to = day_of(dates["valid_from"].strip()), _day(dates["valid_to"])
            with self._session.begin_nested():
                kept = operations.edit(
                    self._session,
                    version_id=self._version.id,
                    revision=self._revision,
                    valid_from=valid_from,
                    valid_to=valid_to,
                    document=document,
                    note=dates["note"],
                    zone=self._runtime.settings.zone,
                    actor=self._reader.actor,
                    now=self._now,
                )
        except TariffInvalid as refusal:
            wrong = self.wrong(
                refusal.faults, field="rate" if rate else "document", document=document if typed else None
            )
            return again(faults=refusal.faults, wrong=wrong)
        except VersionChanged:
            return again(is_stale=True)
        except ValueError:
            return again(wrong={"valid_from": text_of(self._request, VersionDatesWrong())})
        except VersionDatesWrong as refusal:
            return again(wrong={"valid_from": text_of(self._request, refusal)})
        except VersionFixed:
            return go(address_of(self._version))
        return go(f"{address_of(kept)}?done=kept")

    def page(
        self,
        *,
        dates: dict[str, str] | None = None,
        typed: TariffForm | None = None,
        text: str | None = None,
        rate: str = "",
        faults: Sequence[Fault] = (),
        wrong: dict[str, str] | None = None,
        is_stale: bool = False,
    ) -> Response:
        """The page, with what was typed or else what is kept."""
        known = queries.document_of(self._session, version_id=self._version.id)
        return show(
            self._request,
            "staff/tariff_edit.html",
            self._reader,
            status=CONFLICT if is_stale else None,
            here=f"{address_of(self._version)}/edit",
            tariff=found_tariff(self._session, self._runtime, self._version.tariff_code, now=self._now),
            version=self._version,
            revision=self._version.revision,
            dates=dates or self.dates(),
            typed=typed or tariff_form.form_of(known),
            held=tariff_form.as_text(known),
            document=tariff_views.as_json(queries.tariff_of(self._session, version_id=self._version.id))
            if text is None
            else text,
            rate=rate,
            faults=faults,
            is_stale=is_stale,
            today=business_date(self._now, self._runtime.settings.zone),
            wrong=wrong or {},
        )

    def wrong(
        self, faults: Sequence[Fault], *, field: str, document: Mapping[str, Any] | None = None
    ) -> dict[str, str]:
        """The first fault of each field of the form of `document`; what it has no field for is told at `field`."""
        wrong: dict[str, str] = {}
        for fault in faults:
            name = (document and tariff_form.field_of(fault.path, document)) or field
            wrong.setdefault(name, f"{fault.path}: {tariff_views.fault_words(speak(self._request), fault)}")
        return wrong


def _day(typed: str) -> date | None:
    return day_of(typed.strip()) if typed.strip() else None
