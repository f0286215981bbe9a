"""What an account is entitled to or measured by: written by staff for one account, and told alike whoever writes."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Final

import psycopg
import sqlalchemy as sa

from core import audit, locks, outbox
from core.audit import Actor
from core.db import WriteSession
from core.errors import Json
from services.accounts.errors import EntitlementsOverlap, EntitlementUnknown, EntitlementWrong
from services.accounts.events import EntitlementsChanged
from services.accounts.queries import AccountId
from services.accounts.queries.entitlements import MEASURES, NUMBERS, renewed_until
from services.accounts.rules import FILES_WAIT

MOST_PERSONS: Final = 99
MOST_DOCUMENT: Final = 200
MOST_VALUE: Final = Decimal("999999999.999")
_KIND: Final = re.compile(r"[a-z][a-z0-9_]{0,31}")

Held = tuple[Decimal, date | None]
"""Value and end."""


@dataclass(frozen=True, slots=True)
class Change:
    """An entitlement of an account that became another; `before` is None for a new one."""

    account_id: int
    kind: str
    valid_from: date
    before: Held | None
    after: Held

    @property
    def touched(self) -> tuple[date, date]:
        """From which day on and up to which day the account is entitled otherwise; an open end is `date.max`."""
        end = self.after[1] or date.max
        if self.before is None:
            return self.valid_from, end
        end_before = self.before[1] or date.max
        is_same = self.before[0] == self.after[0]
        return min(end, end_before) if is_same else self.valid_from, max(end, end_before)


def add_entitlement(
    session: WriteSession,
    *,
    account_id: AccountId,
    kind: str,
    value: Decimal,
    valid_from: date,
    valid_to: date | None,
    document: str,
    renewals: Mapping[str, int],
    actor: Actor,
    now: datetime,
) -> int:
    """Write that an account is entitled to something from a day on; answers its number within the account.

    `value` of a flag is 1. Without an end a kind of `renewals` ends after its months. Waits for files. Raises
    EntitlementWrong with the field, EntitlementsOverlap. The caller has made sure that staff may edit the account.
    """
    locks.lock(session, key=FILES_WAIT)
    document = " ".join(document.split())
    _check(kind=kind, value=value, valid_from=valid_from, valid_to=valid_to, document=document)
    end = valid_to or renewed_until(kind, valid_from, renewals=renewals)
    try:
        with session.begin_nested():
            made: int = session.sql(
                """insert into entitlement (account_id, id, customer_id, kind, value, valid_from, valid_to, document,
                     recorded_at)
                   select a.id, coalesce((select max(e.id) from entitlement e where e.account_id = a.id), 0) + 1,
                     a.customer_id, :kind, :value, :valid_from, :valid_to, :document, :now
                   from account a where a.id = :account_id returning id""",
                account_id=account_id,
                kind=kind,
                value=value,
                valid_from=valid_from,
                valid_to=end,
                document=document,
                now=now,
            ).scalar_one()
    except sa.exc.IntegrityError as error:
        if isinstance(error.orig, psycopg.errors.ExclusionViolation | psycopg.errors.UniqueViolation):
            raise EntitlementsOverlap from error
        raise
    tell(session, actor=actor, changes=[Change(account_id, kind, valid_from, None, (value, end))])
    return made


def end_entitlement(
    session: WriteSession,
    *,
    account_id: AccountId,
    entitlement_id: int,
    valid_to: date,
    actor: Actor,
) -> None:
    """Let an entitlement end before a day; on its first day it never held. Waits for files.

    Raises EntitlementUnknown, EntitlementWrong for a day before it begins, EntitlementsOverlap for one so late that
    another of its kind holds already. The caller has made sure that staff may edit the account.
    """
    locks.lock(session, key=FILES_WAIT)
    row = session.sql(
        """select kind, value, valid_from, valid_to from entitlement
           where account_id = :account_id and id = :id for update""",
        account_id=account_id,
        id=entitlement_id,
    ).one_or_none()
    if row is None:
        raise EntitlementUnknown
    if valid_to < row.valid_from:
        raise EntitlementWrong(field="valid_to")
    if valid_to == row.valid_to:
        return
    try:
        with session.begin_nested():
            session.sql(
                "update entitlement set valid_to = :valid_to where account_id = :account_id and id = :id",
                account_id=account_id,
                id=entitlement_id,
                valid_to=valid_to,
            )
    except sa.exc.IntegrityError as error:
        if isinstance(error.orig, psycopg.errors.ExclusionViolation):
            raise EntitlementsOverlap from error
        raise
    change = Change(account_id, row.kind, row.valid_from, (row.value, row.valid_to), (row.value, valid_to))
    tell(session, actor=actor, changes=[change])


def tell(session: WriteSession, *, actor: Actor, changes: Sequence[Change]) -> None:
    """Audit entitlements that changed and tell which accounts are priced otherwise from which day on.

    Of what tells about people the audit log has the dates alone: neither how many they are nor which flag it is.
    """
    if not changes:
        return
    audit.record_staged(
        session,
        actor=actor,
        act="accounts.entitlement_changed",
        changes=[
            (
                f"account:{each.account_id}",
                {} if each.before is None else _told(each, each.before),
                _told(each, each.after),
            )
            for each in changes
        ],
    )
    touched: dict[int, tuple[date, date]] = {}
    for each in changes:
        first, end = each.touched
        known_first, known_end = touched.get(each.account_id, (first, end))
        touched[each.account_id] = min(first, known_first), max(end, known_end)
    outbox.add(
        session,
        EntitlementsChanged(
            account_ids=list(touched),
            since=[first.isoformat() for first, _ in touched.values()],
            until=[None if end == date.max else end.isoformat() for _, end in touched.values()],
        ),
    )


def _told(change: Change, held: Held) -> dict[str, Json]:
    value, valid_to = held
    told: dict[str, Json] = {
        "entitlement": change.kind if change.kind in NUMBERS else "flag",
        "valid_from": change.valid_from.isoformat(),
        "valid_to": None if valid_to is None else valid_to.isoformat(),
    }
    return {**told, "value": f"{value.normalize():f}"} if change.kind in MEASURES else told


def _check(*, kind: str, value: Decimal, valid_from: date, valid_to: date | None, document: str) -> None:
    if not _KIND.fullmatch(kind):
        raise EntitlementWrong(field="kind")
    if not _is_value(kind, value):
        raise EntitlementWrong(field="value")
    if valid_to is not None and valid_to <= valid_from:
        raise EntitlementWrong(field="valid_to")
    if len(document) > MOST_DOCUMENT:
        raise EntitlementWrong(field="document")


def _is_value(kind: str, value: Decimal) -> bool:
    try:
        is_number = value.is_finite() and value == value.quantize(Decimal("0.001")) and 0 < value <= MOST_VALUE
    except InvalidOperation:
        return False
    if kind == "persons":
        return is_number and value == int(value) and value <= MOST_PERSONS
    return is_number if kind in NUMBERS else value == 1
