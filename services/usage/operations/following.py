"""What makes usage anew: readings that came, days of tariffs that changed, agreements and versions that differ now."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from core.db import WriteSession, statement
from core.outbox import Delivery
from core.periods import Period
from services.accounts import queries as accounts
from services.accounts.events import EntitlementsChanged
from services.metering import operations as metering
from services.tariffs.events import SlotPricesChanged, TariffDaysChanged, TariffPublished
from services.tariffs.queries import versions
from services.usage.operations.aggregating import Written, aggregate
from services.usage.operations.dropping import drop_entitled, drop_moved

CLAIM: Final = 500
"""Months of accounts in one transaction: about 1.4 million quarter-hours where all their days changed."""
SLICE: Final = 2_000
"""Accounts that one transaction looks through for what is outdated."""
EVERY: Final = timedelta(hours=1)


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
    written = aggregate(session, days=days, zone=zone)
    metering.changes_done(session, changes)
    return written


def note_days_changed(session: WriteSession, _delivery: Delivery, event: TariffDaysChanged) -> None:
    """Days of a version have other periods: months that stand on them are looked up and made anew, in slices."""
    for month in sorted({date.fromisoformat(day).replace(day=1) for day in event.days}):
        _note_stale(session, event.version_id, month)


def note_slot_prices_changed(session: WriteSession, _delivery: Delivery, event: SlotPricesChanged) -> None:
    """Prices of intervals came or were corrected: what months cost by them is dropped, in slices, and priced anew."""
    for month in sorted(map(date.fromisoformat, event.months)):
        for version in versions(session, code=event.tariff_code, period=Period.month(month.year, month.month)):
            _note_stale(session, version.id, month)


def _note_stale(session: WriteSession, version_id: int, month: date) -> None:
    session.sql(
        """insert into usage_stale (version_id, month, next_from) values (:version, :month, 1)
           on conflict (version_id, month) do update set next_from = 1""",
        version=version_id,
        month=month,
    )


def note_published(session: WriteSession, _delivery: Delivery, _event: TariffPublished) -> None:
    """Another version holds: the walk over all accounts begins again, at once."""
    session.sql(
        """insert into usage_round (kind, begun_at, next_from) values ('compare', now(), 1)
           on conflict (kind) do update set begun_at = now(), next_from = 1"""
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


def follow_days(session: WriteSession, *, zone: ZoneInfo) -> Written | None:
    """The next slice of accounts on a version whose days or prices changed; None when nothing is left to do.

    Where each interval has its own price, what that month costs is dropped, and is to be priced anew.
    """
    row = session.sql(
        """select version_id, month, next_from from usage_stale order by version_id, month
           limit 1 for update skip locked"""
    ).one_or_none()
    if row is None:
        return None
    last = row.next_from + SLICE - 1
    found = session.sql(
        """select distinct account_id from usage_month
           where account_id between :first and :last and month = :month and version_id = :version""",
        first=row.next_from,
        last=last,
        month=row.month,
        version=row.version_id,
    ).scalars()
    written = aggregate(session, months={row.month: list(found)}, zone=zone)
    if last < accounts.last_account(session):
        session.sql(
            "update usage_stale set next_from = :next where version_id = :version and month = :month",
            next=last + 1,
            version=row.version_id,
            month=row.month,
        )
    else:
        session.sql(
            "delete from usage_stale where version_id = :version and month = :month",
            version=row.version_id,
            month=row.month,
        )
    return written


def follow_agreements(session: WriteSession, *, now: datetime, zone: ZoneInfo) -> Written | None:
    """The next slice of the walk that compares months with agreements and versions; None when it is at its end.

    A walk begins `EVERY` hour, and at once when a version is published. On its way it notes what has no cost.
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
    found = session.sql(statement(__package__, "outdated.sql"), first=first, last=last)
    months = _by_month((row.account_id, row.month) for row in found)
    written = aggregate(session, months=months, zone=zone, held=range(first, last + 1))
    drop_moved(session, first=first, last=last)
    session.sql(
        "update usage_round set next_from = :next where kind = 'compare'",
        next=last + 1 if last < accounts.last_account(session) else None,
    )
    return written


def _by_month(pairs: Iterable[tuple[int, date]]) -> dict[date, list[int]]:
    found: dict[date, list[int]] = defaultdict(list)
    for account_id, month in pairs:
        found[month].append(account_id)
    return found
