"""Dry runs over many accounts: asked for, compared piece by piece by a job, kept for a day, for whoever asked.

A piece is one transaction under the lock of the run's row: whoever is killed leaves the pieces that are whole, and
whoever comes next goes on behind them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

import structlog

from core import ids, locks
from core.db import WriteSession, statement, to_json
from services.tariffs.queries import Tariff, parse
from services.usage.errors import DryRunsMany
from services.usage.models import DryRunState
from services.usage.queries.apart import MOST_ALONE, compare_apart, has_failed
from services.usage.queries.trying import Asker, compare_many, may_see, on_tariff
from services.usage.queries.views import Difference, Unpriced

log = structlog.get_logger(__name__)

PIECE: Final = 1_000
"""Accounts of one transaction."""
MOST_AT_ONCE: Final = 2
MOST_KEPT: Final = 20
KEEP: Final = timedelta(days=1)
MOST_FAILURES: Final = 5
PUT_OFF_S: Final = 15
"""Seconds until the first further try; twice as long each time."""
MOST_COUNTED: Final = 2**31 - 1

_CLAIM: Final = """
select id, staff_id, service_client_id, tariff_code, document, month, unit_ids, behind
from dry_run where state = 'asked' and due_at <= now() and expires_at > :now
order by due_at, id limit 1 for update skip locked
"""
_COMPARED: Final = """
update dry_run set behind = :behind, accounts = accounts + :accounts, failures = 0, state = :state,
  due_at = case when :state = 'asked' then now() end,
  expires_at = case when :state = 'asked' then expires_at else :expires_at end
where id = :id
"""
_KEEP: Final = """
insert into dry_run_account (run_id, account_id, before_minor, after_minor, currency, is_by_tried, faults)
select :run_id, r.account_id, r.before_minor, r.after_minor, r.currency, r.is_by_tried, r.faults
from jsonb_to_recordset(cast(:rows as jsonb)) r (account_id bigint, before_minor bigint, after_minor bigint,
  currency text, is_by_tried boolean, faults jsonb)
"""


@dataclass(frozen=True, slots=True)
class ClaimedRun:
    """A dry run whose row this transaction holds."""

    id: UUID
    asker: Asker
    asker_id: UUID
    tariff_code: str
    document: Mapping[str, Any]
    month: date
    unit_ids: Sequence[int]
    behind: int


def ask_dry_run(
    session: WriteSession,
    *,
    asker: Asker,
    asker_id: UUID,
    tariff_code: str,
    version_no: int,
    document: Mapping[str, Any],
    unit_ids: Sequence[int],
    month: date,
    now: datetime,
) -> UUID:
    """Have a document tried on all accounts of some units and below that are on a tariff.

    Raises DryRunsMany for who has asked for too many already. Whether they may see these units was asked before.
    """
    locks.lock(session, key=f"usage.dry_runs|{asker_id}")
    kept = session.sql(
        """select count(*) as kept, count(*) filter (where state = 'asked') as open from dry_run
           where coalesce(staff_id, service_client_id) = :asker and expires_at > :now""",
        asker=asker_id,
        now=now,
    ).one()
    if kept.open >= MOST_AT_ONCE or kept.kept >= MOST_KEPT:
        raise DryRunsMany(open=MOST_AT_ONCE, kept=MOST_KEPT)
    run_id = ids.uuid7()
    session.sql(
        """insert into dry_run (id, staff_id, service_client_id, tariff_code, version_no, document, month, unit_ids,
             state, of_accounts, asked_at, due_at, expires_at)
           values (:id, :staff_id, :client_id, :code, :version_no, cast(:document as jsonb), :month, :unit_ids,
             'asked', :of_accounts, :now, now(), :until)""",
        id=run_id,
        staff_id=asker_id if asker is Asker.STAFF else None,
        client_id=asker_id if asker is Asker.PROGRAM else None,
        code=tariff_code,
        version_no=version_no,
        document=to_json(dict(document)),
        month=month,
        unit_ids=list(unit_ids),
        of_accounts=on_tariff(session, tariff_code=tariff_code, unit_ids=unit_ids, month=month, most=MOST_COUNTED),
        now=now,
        until=now + KEEP,
    )
    return run_id


def claim_dry_run(session: WriteSession, *, now: datetime) -> ClaimedRun | None:
    """The run that has waited longest for its next piece; None without one, and when others are at it."""
    row = session.sql(_CLAIM, now=now).one_or_none()
    if row is None:
        return None
    return ClaimedRun(
        row.id,
        Asker.PROGRAM if row.staff_id is None else Asker.STAFF,
        row.service_client_id or row.staff_id,
        row.tariff_code,
        row.document,
        row.month,
        row.unit_ids,
        row.behind,
    )


def compare_piece(session: WriteSession, *, run: ClaimedRun, zone: ZoneInfo, now: datetime) -> int:
    """Compare the next accounts; answers how many. Who may see the units no more gets nothing.

    An account that cannot be compared for a reason that nobody foresaw is kept without a price; the others go on.
    """
    if not may_see(session, asker=run.asker, asker_id=run.asker_id, unit_ids=run.unit_ids, now=now):
        _end(session, run_id=run.id, state=DryRunState.REFUSED)
        return 0
    found = session.sql(
        statement(__package__, "on_tariff_next.sql"),
        code=run.tariff_code,
        unit_ids=list(run.unit_ids),
        month=run.month,
        behind=run.behind,
        most=PIECE,
    ).all()
    rows = [row for row in found if row.version_ids]
    compare = partial(_compare, session, run, tariff=parse(run.document, months=()), zone=zone)
    compared = compare_apart(session, rows=rows, compare=compare, most=MOST_ALONE)
    if failed := [each for each in compared if has_failed(each)]:
        _keep(session, run, failed)
        log.warning("dry_run_accounts_failed", run_id=str(run.id), accounts=[each.account_id for each in failed])
    session.sql(
        _COMPARED,
        id=run.id,
        behind=found[-1].id if found else run.behind,
        accounts=len(rows),
        state=DryRunState.ASKED.value if len(found) == PIECE else DryRunState.READY.value,
        expires_at=now + KEEP,
    )
    return len(rows)


def put_dry_run_off(session: WriteSession, *, run_id: UUID) -> bool:
    """Try again later what failed, and leave it be after the fifth time in a row; tells whether it was left."""
    row = session.sql(
        """update dry_run set failures = failures + 1,
             due_at = now() + make_interval(secs => :base * power(2, failures))
           where id = :id and state = 'asked' returning failures""",
        id=run_id,
        base=PUT_OFF_S,
    ).one_or_none()
    if row is None or row.failures < MOST_FAILURES:
        return False
    _end(session, run_id=run_id, state=DryRunState.FAILED)
    return True


def purge_dry_runs(session: WriteSession, *, now: datetime, most: int) -> int:
    """Forget dry runs whose day is over, up to `most` of their accounts at once; returns how many rows."""
    gone: int = session.sql(
        """delete from dry_run_account where (run_id, account_id) in (
             select a.run_id, a.account_id from dry_run r join dry_run_account a on a.run_id = r.id
             where r.expires_at <= :now limit :most)""",
        now=now,
        most=most,
    ).rowcount
    if gone == most:
        return gone
    ended: int = session.sql(
        """delete from dry_run where id in (
             select r.id from dry_run r
             where r.expires_at <= :now and not exists (select from dry_run_account a where a.run_id = r.id)
             order by r.expires_at limit :most for update skip locked)""",
        now=now,
        most=most - gone,
    ).rowcount
    return gone + ended


def _compare(
    session: WriteSession, run: ClaimedRun, rows: Sequence[Any], *, tariff: Tariff, zone: ZoneInfo
) -> list[Difference | Unpriced]:
    """Compare accounts, and keep what was found."""
    compared = compare_many(session, rows=rows, tariff_code=run.tariff_code, tariff=tariff, month=run.month, zone=zone)
    _keep(session, run, compared)
    return compared


def _keep(session: WriteSession, run: ClaimedRun, compared: Sequence[Difference | Unpriced]) -> None:
    session.sql(_KEEP, run_id=run.id, rows=to_json([_kept(each) for each in compared]))


def _kept(compared: Difference | Unpriced) -> dict[str, object]:
    if isinstance(compared, Unpriced):
        return {
            "account_id": compared.account_id,
            "is_by_tried": compared.is_by_tried,
            "faults": [{"path": fault.path, "code": fault.code} for fault in compared.faults],
        }
    return {
        "account_id": compared.account_id,
        "before_minor": compared.before.minor,
        "after_minor": compared.after.minor,
        "currency": compared.after.currency,
    }


def _end(session: WriteSession, *, run_id: UUID, state: DryRunState) -> None:
    session.sql("delete from dry_run_account where run_id = :id", id=run_id)
    session.sql("update dry_run set state = :state, due_at = null where id = :id", id=run_id, state=state.value)
