"""Reads of tariffs and their versions. What is published never changes: its parsed document is kept in the process."""

import threading
from collections import OrderedDict
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final, NewType
from uuid import UUID

from core.db import ReadSession, statement, view
from core.periods import Period
from services.tariffs.errors import VersionUnknown
from services.tariffs.models import TariffClass, VersionState
from services.tariffs.rules.comparing import Comparison, compare
from services.tariffs.rules.tariff import Tariff, parse

VersionId = NewType("VersionId", int)

MOST_KEPT: Final = 256
"""Parsed versions of a process: a supplier has some dozen tariffs with some versions each."""
MOST_COUNTED: Final = 10_000


@dataclass(frozen=True, slots=True)
class TariffView:
    """A tariff as lists show it. `in_force_no` is the version of the day that was asked for, `next_no` the one after.

    `drafts` counts versions that are drafts or proposed.
    """

    code: str
    name: str
    tariff_class: TariffClass
    currency: str
    in_force_no: int | None
    in_force_from: date | None
    next_no: int | None
    next_from: date | None
    drafts: int


@dataclass(frozen=True, slots=True)
class VersionView:
    """A version without its document. It holds from `valid_from` up to, not including, `valid_to` (None: open).

    `periods` are the price periods in the order by which `tariff_day` counts them, from 1. `revision` changes with
    every change of a draft. One that was replaced on the very day on which it began never held (`is_void`).
    """

    id: VersionId
    tariff_code: str
    version_no: int
    valid_from: date
    valid_to: date | None
    state: VersionState
    periods: tuple[str, ...]
    note: str
    revision: int
    is_correction: bool
    request_id: UUID | None
    created_at: datetime
    changed_at: datetime
    published_at: datetime | None

    @property
    def is_void(self) -> bool:
        """Whether it never held on any day."""
        return self.valid_to == self.valid_from


def tariffs(session: ReadSession, *, on: date, limit: int, after: str = "") -> list[TariffView]:
    """Up to `limit` tariffs by code, behind one, with the versions that hold `on` a day and next."""
    rows = session.sql(statement(__package__, "tariffs_page.sql"), on=on, limit=limit, after=after)
    return [view(TariffView, row, tariff_class=TariffClass(row.tariff_class)) for row in rows]


def tariff_named(session: ReadSession, *, code: str, on: date) -> TariffView | None:
    """One tariff by its code."""
    row = session.sql(statement(__package__, "tariff_of.sql"), code=code, on=on).one_or_none()
    return None if row is None else view(TariffView, row, tariff_class=TariffClass(row.tariff_class))


def versions_page(session: ReadSession, *, code: str, limit: int, before_no: int | None = None) -> list[VersionView]:
    """Up to `limit` versions of a tariff in every state, the newest number first, below a number."""
    rows = session.sql(statement(__package__, "versions_page.sql"), code=code, limit=limit, before_no=before_no)
    return [_version(row) for row in rows]


def version(session: ReadSession, *, code: str, version_no: int) -> VersionView | None:
    """One version by its number, in whatever state."""
    row = session.sql(statement(__package__, "version_of.sql"), code=code, version_no=version_no).one_or_none()
    return None if row is None else _version(row)


def version_by_id(session: ReadSession, *, version_id: int) -> VersionView:
    """One version by its id, in whatever state. Raises VersionUnknown."""
    row = session.sql(statement(__package__, "version_by_id.sql"), id=version_id).one_or_none()
    if row is None:
        raise VersionUnknown
    return _version(row)


def version_on(session: ReadSession, *, code: str, on: date) -> VersionView | None:
    """The published version of a tariff that holds on a day; None where none does."""
    found = versions(session, code=code, period=Period(on, date.fromordinal(on.toordinal() + 1)))
    return found[0] if found else None


def versions(session: ReadSession, *, code: str, period: Period) -> list[VersionView]:
    """The published versions of a tariff that hold on any day of a period, in the order in which they do."""
    rows = session.sql(statement(__package__, "versions_in_force.sql"), code=code, first=period.first, end=period.end)
    return [_version(row) for row in rows]


def leaves_gap(session: ReadSession, *, version: VersionView) -> bool:
    """Whether nothing is published for the day on which a version ends: it ends the one before it, which is not back.

    For a draft: once it is published as it is. Served by ix_tariff_version_published.
    """
    if version.valid_to is None or version.is_void:
        return False
    return not session.sql(
        """select exists (select from tariff_version
             where tariff_code = :code and state = 'published' and valid_from > :valid_from
               and daterange(valid_from, valid_to) @> cast(:valid_to as date))""",
        code=version.tariff_code,
        valid_from=version.valid_from,
        valid_to=version.valid_to,
    ).scalar_one()


def gaps(session: ReadSession, *, limit: int) -> list[tuple[str, date]]:
    """Tariffs of which no version is published from a day on, for which agreements name them; the earliest first."""
    rows = session.sql(statement(__package__, "gaps.sql"), limit=limit)
    return [(row.tariff_code, row.nothing_from) for row in rows]


def document_of(session: ReadSession, *, version_id: VersionId) -> dict[str, Any]:
    """A version's document as JSON. Raises VersionUnknown."""
    found = session.sql("select document from tariff_version where id = :id", id=version_id).scalar_one_or_none()
    if found is None:
        raise VersionUnknown
    document: dict[str, Any] = found
    return document


def tariff_of(session: ReadSession, *, version_id: VersionId) -> Tariff:
    """What a version says, ready to price by; each document is parsed once in a process. Raises VersionUnknown."""
    digest = session.sql(
        "select sha256(convert_to(document::text, 'UTF8')) from tariff_version where id = :id", id=version_id
    ).scalar_one_or_none()
    if digest is None:
        raise VersionUnknown
    if (known := _parsed.get(bytes(digest))) is not None:
        return known
    tariff = parse(document_of(session, version_id=version_id), months=())
    _parsed.put(bytes(digest), tariff)
    return tariff


def compare_versions(session: ReadSession, *, old_id: VersionId, new_id: VersionId) -> Comparison:
    """What two versions say differently: field by field, and as prices and hours. Raises VersionUnknown."""
    return compare(tariff_of(session, version_id=old_id), tariff_of(session, version_id=new_id))


def unknown_codes(session: ReadSession, *, limit: int) -> list[tuple[str, int]]:
    """Codes that agreements name and no tariff has, each with its agreements, those with most first.

    Agreements are counted up to MOST_COUNTED: that they are many is enough to know.
    """
    rows = session.sql(statement(__package__, "unknown_codes.sql"), limit=limit, counted=MOST_COUNTED)
    return [(row.tariff_code, row.agreements) for row in rows]


class _Parsed:
    """Parsed documents by digest: a version's id means another one in another database, or in one put back."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._kept: OrderedDict[bytes, Tariff] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, digest: bytes) -> Tariff | None:
        with self._lock:
            found = self._kept.get(digest)
            if found is not None:
                self._kept.move_to_end(digest)
            return found

    def put(self, digest: bytes, tariff: Tariff) -> None:
        with self._lock:
            self._kept[digest] = tariff
            self._kept.move_to_end(digest)
            while len(self._kept) > self._most:
                self._kept.popitem(last=False)


_parsed: Final = _Parsed(MOST_KEPT)


def _version(row: Any) -> VersionView:
    return view(VersionView, row, state=VersionState(row.state), periods=tuple(row.periods))
