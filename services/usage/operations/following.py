"""What makes usage anew: readings that came, versions and days of tariffs that changed, agreements and holders."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from functools import partial
from typing import Final
from zoneinfo import ZoneInfo

from core import aside
from core.aside import Piece
from core.db import WriteSession, statement
from core.outbox import Delivery
from core.periods import Period
from services.accounts import operations as accounts
from services.accounts.events import EntitlementsChanged
from services.accounts.queries import last_account
from services.metering import operations as metering
from services.tariffs.events import SlotPricesChanged, TariffDaysChanged, TariffPublished
from services.tariffs.queries import versions
from services.usage.operations.aggregating import Written, aggregate
from services.usage.operations.dropping import drop_entitled, drop_moved, drop_reread

CLAIM: Final = 500
"""Months of accounts in one transaction: about 1.4 million quarter-hours where all their days changed."""
SLICE: Final = 2_000
"""Accounts that one transaction looks through for what is outdated."""
EVERY: Final = timedelta(days=1)
"""A walk over all accounts begins no sooner after another."""
AGGREGATE: Final = "usage.aggregate"
"""Set aside by account, its `part` being the month."""
COMPARE: Final = "usage.compare"
"""Set aside by account, its `part` being days on which agreements or holders begin or end."""


def follow_readings(session: WriteSession, *, zone: ZoneInfo) -> Written | None:
    """Aggregate the next days that readings touched, and the months of these alone; None when none waits.

    The claim ends with the transaction: whoever is killed has done nothing, and whoever comes next does the same.
    """
    changes = metering.claim_changes(session, most=CLAIM)
    if not changes:
        return None
    days: dict[date, dict[int, int]] = defaultdict(dict)
    for change in changes:
        days[change.month][change.account_id] = change.days
    metering.changes_done(session, changes)
    return _aggregated(session, days, zone=zone)


def note_days_changed(session: WriteSession, _delivery: Delivery, event: TariffDaysChanged) -> None:
    """Days of a version have other periods: they are made anew for the accounts on its tariff, in slices."""
    changed: dict[date, int] = defaultdict(int)
    for day in map(date.fromisoformat, event.days):
        changed[day.replace(day=1)] |= 1 << day.day - 1
    for month, days in sorted(changed.items()):
        _note_stale(session, event.version_id, month, days)


def note_slot_prices_changed(session: WriteSession, _delivery: Delivery, event: SlotPricesChanged) -> None:
    """Prices of intervals came or were corrected: what months cost by them is dropped, in slices, and priced anew."""
    for month in sorted(map(date.fromisoformat, event.months)):
        for version in versions(session, code=event.tariff_code, period=Period.month(month.year, month.month)):
            _note_stale(session, version.id, month, 0)


def note_published(session: WriteSession, _delivery: Delivery, event: TariffPublished) -> None:
    """Another version holds: months since then of the accounts on its tariff are compared with it, in slices."""
    _note_stale(session, event.version_id, date.fromisoformat(event.valid_from).replace(day=1), None)


def _note_stale(session: WriteSession, version_id: int, month: date, days: int | None) -> None:
    """What is noted already, and not begun, is worked on once for both; what is under way comes to its end first."""
    session.sql(
        """insert into usage_stale as s (version_id, month, days) values (:version, :month, :days)
           on conflict (version_id, month, (days is null)) where next_from = 1
           do update set days = s.days | excluded.days""",
        version=version_id,
        month=month,
        days=days,
    )


def note_entitlements_changed(session: WriteSession, _delivery: Delivery, event: EntitlementsChanged) -> None:
    """What stored costs rest on is otherwise: exactly the parts whose first day it touches are to be priced anew.

    Until they are they have no cost: a wrong one is never shown.
    """
    drop_entitled(
        session,
        account_ids=event.account_ids,
        since=event.since,
        until=event.until or [None] * len(event.since),
    )


def follow_versions(session: WriteSession, *, zone: ZoneInfo) -> Written | None:
    """The next slice of accounts on a version that changed, or whose days or prices did; None when nothing is left.

    Whichever was worked on longest ago comes first, so that one that changes all the time keeps none from its end.
    """
    row = session.sql(
        """select id, version_id, month, next_from, days from usage_stale s
           where next_from > 1 or not exists (
             select from usage_stale o where o.version_id = s.version_id and o.month = s.month and o.next_from > 1
               and (o.days is null) = (s.days is null))
           order by turn, id limit 1 for update skip locked"""
    ).one_or_none()
    if row is None:
        return None
    found = session.sql(
        statement(__package__, "on_version.sql"),
        version_id=row.version_id,
        next=row.next_from,
        month=row.month,
        is_of_month=row.days is not None,
        most=SLICE,
    )
    account_ids = list(found.scalars())
    if row.days is None:
        written = _compared(session, dict.fromkeys(account_ids, ()), since=row.month, zone=zone)
    else:
        written = _aggregated(session, {row.month: dict.fromkeys(account_ids, row.days)}, zone=zone)
    if len(account_ids) == SLICE:
        session.sql(
            "update usage_stale set next_from = :next, turn = clock_timestamp() where id = :id",
            next=account_ids[-1] + 1,
            id=row.id,
        )
    else:
        session.sql("delete from usage_stale where id = :id", id=row.id)
    return written


def follow_agreements(session: WriteSession, *, zone: ZoneInfo) -> Written | None:
    """The next accounts whose agreements or holders changed, and no others; None when none waits."""
    changes = accounts.take_holding_changes(session, most=SLICE)
    if not changes:
        return None
    return _compared(session, {change.account_id: change.days for change in changes}, zone=zone)


def look_through(session: WriteSession, *, now: datetime, zone: ZoneInfo) -> Written | None:
    """A slice of the walk over all accounts that finds what nobody told; None while one of this day is at its end.

    It is asked for a slice each minute, however many accounts there are: what is told is followed at once by others.
    """
    session.sql(
        """insert into usage_round as r (kind, begun_at, next_from) values ('compare', :now, 1)
           on conflict (kind) do update set begun_at = :now, next_from = 1
           where r.next_from is null and r.begun_at <= :since""",
        now=now,
        since=now - EVERY,
    )
    first = session.sql(
        "select next_from from usage_round where kind = 'compare' and next_from is not null for update skip locked"
    ).scalar_one_or_none()
    if first is None:
        return None
    last = first + SLICE - 1
    written = _compared(session, dict.fromkeys(range(first, last + 1), ()), zone=zone)
    session.sql(
        "update usage_round set next_from = :next where kind = 'compare'",
        next=last + 1 if last < last_account(session) else None,
    )
    return written


def follow_again(session: WriteSession, *, zone: ZoneInfo) -> Written | None:
    """Try once more what failed, as much as is due together; None when nothing is."""
    for work, make in ((AGGREGATE, _whole_months), (COMPARE, _make_compared)):
        if aside.again(session, work=work, do=partial(make, session, zone=zone)):
            return Written()
    return None


def _aggregated(session: WriteSession, days: Mapping[date, Mapping[int, int]], *, zone: ZoneInfo) -> Written:
    """Make days of months of accounts anew; where there are none, drop what intervals cost there.

    Accounts at which this fails are set aside, and tried again by whole months.
    """

    def make(pieces: Sequence[Piece]) -> Written:
        some: dict[date, dict[int, int]] = defaultdict(dict)
        unread = []
        for piece in pieces:
            month = date.fromisoformat(piece.part)
            if changed := days[month][piece.owner]:
                some[month][piece.owner] = changed
            else:
                unread.append((piece.owner, month))
        drop_reread(session, unread)
        return aggregate(session, days=some, zone=zone)

    pieces = [Piece(account_id, month.isoformat()) for month, of_month in days.items() for account_id in of_month]
    return aside.attempt(session, work=AGGREGATE, pieces=pieces, do=make) or Written()


def _whole_months(session: WriteSession, pieces: Sequence[Piece], *, zone: ZoneInfo) -> Written:
    months: dict[date, list[int]] = defaultdict(list)
    for piece in pieces:
        months[date.fromisoformat(piece.part)].append(piece.owner)
    return aggregate(session, months=months, zone=zone)


def _compared(
    session: WriteSession, days: Mapping[int, Sequence[date]], *, since: date = date.min, zone: ZoneInfo
) -> Written:
    """Make months anew that are not what agreements, versions and holders make of them, and those of `days`.

    `since`: the first month that is looked at; of accounts with days, that of the first. Accounts at which this fails
    are set aside.
    """
    pieces = [Piece(account_id, ",".join(day.isoformat() for day in of_it)) for account_id, of_it in days.items()]
    make = partial(_make_compared, session, since=since, zone=zone)
    return aside.attempt(session, work=COMPARE, pieces=pieces, do=make) or Written()


def _make_compared(
    session: WriteSession, pieces: Sequence[Piece], *, since: date = date.min, zone: ZoneInfo
) -> Written:
    days = {piece.owner: [date.fromisoformat(day) for day in piece.part.split(",") if day] for piece in pieces}
    named = [(account_id, day) for account_id, of_it in days.items() for day in of_it]
    found = session.sql(
        statement(__package__, "outdated.sql"),
        account_ids=[*days],
        since=[of_it[0].replace(day=1) if of_it else since for of_it in days.values()],
        of_accounts=[account_id for account_id, _ in named],
        days=[day for _, day in named],
    )
    months: dict[date, list[int]] = defaultdict(list)
    for row in found:
        months[row.month].append(row.account_id)
    written = aggregate(session, months=months, zone=zone, held=days)
    drop_moved(session, [*days])
    return written
