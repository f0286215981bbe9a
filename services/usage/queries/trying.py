"""Dry runs over many accounts: the comparison of a range set-based where both sides compile, and what was found."""

import enum
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from core.db import ReadSession, statement, to_json, view
from core.money import Money
from services.accounts.queries import programs, staffing
from services.accounts.roles import StaffPermission
from services.tariffs.queries import Fault, Tariff, versions
from services.usage.models import DryRunState
from services.usage.queries.comparing import (
    LARGEST,
    MOST_ACCOUNTS,
    UNKNOWN,
    compare,
    drafted,
    versions_met,
    whole_month,
)
from services.usage.queries.demands import DRAFT
from services.usage.queries.views import ClassTotal, Difference, DryRun, Reason, Unpriced
from services.usage.rules.compiled import Compiled, Uncompiled, compiled, cycle_days
from services.usage.rules.pricing_sql import totals_statement

MOST_NAMED: Final = 50
"""Accounts without a price that an answer names; a file has all."""
SEES: Final = (StaffPermission.ACCOUNTS_VIEW, StaffPermission.TARIFFS_VIEW)


class Asker(enum.StrEnum):
    """Who asks for dry runs."""

    STAFF = "staff"
    PROGRAM = "program"


@dataclass(frozen=True, slots=True)
class TriedRun:
    """A dry run over many accounts. `accounts` of `of_accounts` were looked at; those are as many as there were then.

    `result` when it is ready: what all of them come to, with the largest changes and up to `MOST_NAMED` of the accounts
    without a price; `reasons` count all of these.
    """

    id: UUID
    tariff_code: str
    version_no: int
    month: date
    unit_ids: tuple[int, ...]
    state: DryRunState
    accounts: int
    of_accounts: int
    reasons: tuple[Reason, ...]
    asked_at: datetime
    expires_at: datetime
    result: DryRun | None

    @property
    def unpriced(self) -> int:
        """Accounts that are in no total."""
        return sum(each.accounts for each in self.reasons)


def is_large(session: ReadSession, *, tariff_code: str, unit_ids: Sequence[int], month: date) -> bool:
    """Whether more accounts of some units and below are on a tariff than are compared at once."""
    return on_tariff(session, tariff_code=tariff_code, unit_ids=unit_ids, month=month, most=MOST_ACCOUNTS + 1) > (
        MOST_ACCOUNTS
    )


def on_tariff(session: ReadSession, *, tariff_code: str, unit_ids: Sequence[int], month: date, most: int) -> int:
    """How many accounts of some units and below have use of a month on a tariff, counted up to `most`."""
    found: int = session.sql(
        statement(__package__, "on_tariff_more.sql"), code=tariff_code, unit_ids=list(unit_ids), month=month, most=most
    ).scalar_one()
    return found


def may_see(session: ReadSession, *, asker: Asker, asker_id: UUID, unit_ids: Sequence[int], now: datetime) -> bool:
    """Whether who asked may still see accounts and tariffs in all of these units, and hence below them."""
    if asker is Asker.PROGRAM:
        return set(programs.program_reach(session, client=asker_id).units).issuperset(unit_ids)
    held = (staffing.held_units(session, staff_id=asker_id, permission=each, now=now) for each in SEES)
    return all(units.issuperset(unit_ids) for units in held)


@dataclass(frozen=True, slots=True)
class AskedRun:
    """A dry run as a list of them names it."""

    id: UUID
    month: date
    state: DryRunState
    accounts: int
    of_accounts: int
    asked_at: datetime


def asked_runs(
    session: ReadSession, *, staff_id: UUID, tariff_code: str, version_no: int, now: datetime
) -> list[AskedRun]:
    """What somebody had of a version tried on many accounts within the last day, the latest first."""
    rows = session.sql(
        """select id, month, state, accounts, of_accounts, asked_at from dry_run
           where staff_id = :staff_id and tariff_code = :code and version_no = :version_no and expires_at > :now
           order by asked_at desc, id desc""",
        staff_id=staff_id,
        code=tariff_code,
        version_no=version_no,
        now=now,
    )
    return [view(AskedRun, row) for row in rows]


def tried_run(session: ReadSession, *, run_id: UUID, asker: Asker, asker_id: UUID, now: datetime) -> TriedRun | None:
    """One's own dry run while its day lasts and one may see its units; None for any other."""
    row = session.sql(
        """select id, staff_id, service_client_id, tariff_code, version_no, month, unit_ids, state, accounts,
             of_accounts, asked_at, expires_at
           from dry_run where id = :id and expires_at > :now""",
        id=run_id,
        now=now,
    ).one_or_none()
    if row is None or asker_id != (row.staff_id if asker is Asker.STAFF else row.service_client_id):
        return None
    if not may_see(session, asker=asker, asker_id=asker_id, unit_ids=row.unit_ids, now=now):
        return None
    is_ready = row.state == DryRunState.READY
    reasons = session.sql(statement(__package__, "dry_run_reasons.sql"), run_id=run_id).all() if is_ready else []
    return TriedRun(
        id=row.id,
        tariff_code=row.tariff_code,
        version_no=row.version_no,
        month=row.month,
        unit_ids=tuple(row.unit_ids),
        state=DryRunState(row.state),
        accounts=row.accounts,
        of_accounts=row.of_accounts,
        reasons=tuple(view(Reason, each) for each in reasons),
        asked_at=row.asked_at,
        expires_at=row.expires_at,
        result=_result(session, row) if is_ready else None,
    )


def _result(session: ReadSession, row: Any) -> DryRun:
    given: dict[str, Any] = {"run_id": row.id, "unit_ids": list(row.unit_ids)}
    return DryRun(
        tariff_code=row.tariff_code,
        version_no=row.version_no,
        month=row.month,
        accounts=row.accounts,
        is_all=True,
        unpriced=tuple(
            Unpriced(
                each.account_id,
                each.account_no,
                each.account_class,
                each.is_by_tried,
                tuple(Fault(fault["path"], fault["code"]) for fault in each.faults),
            )
            for each in session.sql(statement(__package__, "dry_run_unpriced.sql"), **given, most=MOST_NAMED)
        ),
        by_class=tuple(
            ClassTotal(
                account_class=each.account_class,
                accounts=each.accounts,
                up=each.up,
                down=each.down,
                equal=each.equal,
                before=Money(each.before_minor, each.currency),
                after=Money(each.after_minor, each.currency),
            )
            for each in session.sql(statement(__package__, "dry_run_classes.sql"), run_id=row.id)
        ),
        largest=tuple(
            Difference(
                each.account_id,
                each.account_no,
                each.account_class,
                Money(each.before_minor, each.currency),
                Money(each.after_minor, each.currency),
            )
            for each in session.sql(statement(__package__, "dry_run_largest.sql"), **given, most=LARGEST)
        ),
    )


def compare_many(
    session: ReadSession, *, rows: Sequence[Any], tariff_code: str, tariff: Tariff, month: date, zone: ZoneInfo
) -> list[Difference | Unpriced]:
    """The same as `compare`, set-based where the versions and the tried one compile; the engine has the rest."""
    by_sql = {
        each.account_id: each
        for each in _by_sql(session, rows, tariff_code=tariff_code, tariff=tariff, month=month, zone=zone)
    }
    left = [row for row in rows if row.id not in by_sql]
    if not left:
        return [*by_sql.values()]
    by_engine = compare(session, rows=left, tariff_code=tariff_code, tariff=tariff, month=month, zone=zone)
    return [*by_sql.values(), *by_engine]


def _by_sql(
    session: ReadSession, rows: Sequence[Any], *, tariff_code: str, tariff: Tariff, month: date, zone: ZoneInfo
) -> list[Difference]:
    of_month = versions(session, code=tariff_code, period=whole_month(month))
    names: dict[int, tuple[str, ...]] = {each.id: each.periods for each in of_month}
    present = versions_met(session, rows=rows)
    made = {
        version_id: found
        for version_id, each in present.items()
        if version_id in names and (found := _compiled(each, month, names[version_id])) is not None
    }
    tried = _compiled(tariff, month, tuple(tariff.periods))
    if tried is None or not made:
        return []
    ids = [row.id for row in rows]
    spans = {
        each.account_id: each
        for each in session.sql(
            statement(__package__, "dry_run_spans.sql"), account_ids=ids, month=month, known=[*made]
        )
    }
    if not spans:
        return []
    before = _totals(session, made, tariff_code, month, account_ids=[*spans])
    used = drafted(session, [*spans], tariff, month, zone)
    parts = [
        _part(span, month, energies, len(tariff.periods))
        for span in spans.values()
        if not (energies := used.get((span.account_id, month, DRAFT), {})).get(UNKNOWN)
    ]
    after = _totals(session, {DRAFT: tried}, tariff_code, month, account_ids=[*spans], parts=parts)
    return [
        Difference(
            row.id,
            row.account_no,
            row.account_class,
            Money(before[row.id][0], tariff.currency),
            Money(after[row.id][0], tariff.currency),
        )
        for row in rows
        if row.id in after and row.id in before and before[row.id][1] == spans[row.id].parts
    ]


def _compiled(tariff: Tariff, month: date, periods: tuple[str, ...]) -> Compiled | None:
    try:
        return compiled(tariff, month=month.month, periods=periods)
    except Uncompiled:
        return None


def _part(span: Any, month: date, energies: Mapping[int, int], periods: int) -> dict[str, object]:
    """An account's month in one, as the statement reads parts; its use by the periods of what is tried."""
    return {
        "account_id": span.account_id,
        "month": month.isoformat(),
        "part": 1,
        "version_id": DRAFT,
        "first_day": span.first_day.isoformat(),
        "end_day": span.end_day.isoformat(),
        "energy": sum(energies.values()),
        "export_energy": span.export_energy,
        "energies": [energies.get(at, 0) for at in range(1, periods + 1)],
    }


def _totals(
    session: ReadSession,
    made: Mapping[int, Compiled],
    code: str,
    month: date,
    *,
    account_ids: Sequence[int],
    parts: Sequence[Mapping[str, object]] | None = None,
) -> dict[int, tuple[int, int]]:
    """By account, what its parts that the statements price come to, and how many these are."""
    found: dict[int, tuple[int, int]] = {}
    source: dict[str, object] = {"account_ids": list(account_ids)} if parts is None else {"parts": to_json(list(parts))}
    for shape in dict.fromkeys(each.shape for each in made.values()):
        of_shape = {version_id: each for version_id, each in made.items() if each.shape == shape}
        begin, end = cycle_days(shape, month)
        given: dict[str, object] = {
            "version_ids": [*of_shape],
            "codes": [code] * len(of_shape),
            "numbers": [number for each in of_shape.values() for number in each.numbers],
            "month": month,
            "first": min(account_ids),
            "last": max(account_ids),
            **source,
        }
        cycle = {"cycle_first": begin, "cycle_end": end} if shape.tiers > 1 else {}
        is_yearly = shape.cycle == "year"
        runs = [(False, given | cycle if is_yearly else given)]
        if not is_yearly and parts is None:
            runs.append((True, given | cycle))
        for is_later, asked in runs:
            text = totals_statement(shape, is_later=is_later, is_drafted=parts is not None)
            for row in session.connection().execute(text, asked):
                total, count = found.get(row.account_id, (0, 0))
                found[row.account_id] = total + row.total_minor, count + row.parts
    return found
