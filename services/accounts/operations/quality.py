"""Judging customer data in rounds, and writing what is told of an account."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final, Literal
from uuid import UUID

from core import audit
from core.audit import Actor
from core.crypto.vault import Vault, mask_email
from core.db import WriteSession, statement
from core.texts import is_line
from services.accounts import catalogue
from services.accounts.catalogue import Level
from services.accounts.errors import CustomerShared, DetailsChanged, EmailWrong, HouseholdWrong
from services.accounts.queries import AccountId, last_account
from services.accounts.queries.finding import may_with_customer, staff_account
from services.accounts.queries.quality import EQUIPMENT, details
from services.accounts.roles import StaffPermission
from services.accounts.rules import customer_owner

SLICE: Final = 5_000
"""Accounts that one transaction judges."""
KEPT: Final = timedelta(days=400)
EMAIL: Final = re.compile(r"[^@\s]{1,64}@[^@\s.]{1,63}(\.[^@\s.]{1,63}){1,8}")
MOST_EMAIL: Final = 254
MOST_HOUSEHOLD: Final = 99
ContactBy = Literal["phone", "sms", "wechat", "email"]


@dataclass(frozen=True, slots=True)
class Told:
    """What somebody says of an account. None takes back what was said; an `email` of None leaves it as it is."""

    email: str | None
    removes_email: bool
    contact_by: ContactBy | None
    household_size: int | None
    equipment: Mapping[str, bool | None]


def judge_next(session: WriteSession, *, today: date) -> bool:
    """Judge the next accounts of the day's round; False when it is at its end, or somebody else is at it.

    The first of a day forgets days of more than 400 days ago.
    """
    begun = session.sql(
        "insert into quality_round (day, next_from) values (:day, 1) on conflict (day) do nothing", day=today
    ).rowcount
    if begun:
        session.sql("delete from unit_quality where day < :day", day=today - KEPT)
        session.sql("delete from quality_round where day < :day", day=today - KEPT)
    first: int | None = session.sql(
        "select next_from from quality_round where day = :day and next_from is not null for update skip locked",
        day=today,
    ).scalar_one_or_none()
    if first is None:
        return False
    last = first + SLICE - 1
    session.sql(
        statement(__package__, "quality_slice.sql"),
        first=first,
        last=last,
        today=today,
        level1=catalogue.mask(level=Level.LOCKED),
        level2=catalogue.mask(level=Level.EXPECTED),
        timely=catalogue.TIMELY,
    )
    has_more = last < last_account(session)
    session.sql(
        "update quality_round set next_from = :next where day = :day", next=last + 1 if has_more else None, day=today
    )
    return has_more


def tell_details(
    session: WriteSession,
    *,
    vault: Vault,
    account_id: AccountId,
    told: Told,
    by: Literal["customer", "staff"],
    actor: Actor,
    today: date,
    now: datetime,
    seen: str | None = None,
) -> None:
    """Write what is told of an account as of now. Raises EmailWrong and HouseholdWrong.

    `seen`: the version of the details that the form showed; raises DetailsChanged when they have another by now.

    The caller has decided that the account's owner tells it, or staff who may. The audit log keeps which fields
    changed, never what they say.
    """
    session.sql("select id from account where id = :id for no key update", id=account_id)
    before = details(session, account_id=account_id)
    if seen is not None and seen != before.version:
        raise DetailsChanged
    if told.household_size is not None and not 1 <= told.household_size <= MOST_HOUSEHOLD:
        raise HouseholdWrong
    has_new_email = _keep_email(session, vault=vault, account_id=account_id, told=told)
    session.sql(
        """insert into account_profile (account_id, contact_by, household_size, has_ev_charger, has_heat_pump,
             has_solar, has_storage, has_generator, confirmed_at, confirmed_by)
           values (:id, :contact_by, :household_size, :ev_charger, :heat_pump, :solar, :storage, :generator, :now, :by)
           on conflict (account_id) do update set contact_by = excluded.contact_by,
             household_size = excluded.household_size, has_ev_charger = excluded.has_ev_charger,
             has_heat_pump = excluded.has_heat_pump, has_solar = excluded.has_solar,
             has_storage = excluded.has_storage, has_generator = excluded.has_generator,
             confirmed_at = excluded.confirmed_at, confirmed_by = excluded.confirmed_by""",
        id=account_id,
        contact_by=told.contact_by,
        household_size=told.household_size,
        **{code: told.equipment.get(code) for code in EQUIPMENT},
        now=now,
        by=by,
    )
    after = details(session, account_id=account_id)
    changed = [code for code in EQUIPMENT if before.equipment[code] is not after.equipment[code]]
    changed += ["contact_by"] if before.contact_by != after.contact_by else []
    changed += ["household_size"] if before.household_size != after.household_size else []
    changed += ["email"] if has_new_email else []
    session.sql(statement(__package__, "account_regap.sql"), id=account_id, today=today)
    audit.record(
        session,
        actor=actor,
        act="accounts.details_told",
        subject=f"account:{account_id}",
        after={"fields": [*sorted(changed)], "by": by},
    )


def fill_gaps(
    session: WriteSession,
    *,
    vault: Vault,
    account_no: str,
    told: Told,
    staff_id: UUID,
    actor: Actor,
    today: date,
    now: datetime,
    seen: str | None = None,
) -> bool:
    """Write what a member of staff was told of an account; False where they may not, or where there is no such one.

    Raises EmailWrong, HouseholdWrong, DetailsChanged as `tell_details` does, and CustomerShared for the address of a
    customer with accounts where one may not.
    """
    may = StaffPermission.ACCOUNTS_EDIT
    found = staff_account(session, account_no=account_no, staff_id=staff_id, permission=may, now=now)
    if found is None:
        return False
    changes_address = told.removes_email or told.email is not None
    if changes_address and not may_with_customer(
        session, customer_id=found.customer_id, staff_id=staff_id, permission=may, now=now
    ):
        raise CustomerShared
    tell_details(
        session, vault=vault, account_id=found.id, told=told, by="staff", actor=actor, today=today, now=now, seen=seen
    )
    return True


def _keep_email(session: WriteSession, *, vault: Vault, account_id: AccountId, told: Told) -> bool:
    """Write or take away the holder's address; whether anything changed."""
    holder = session.sql(
        """select c.id, c.customer_no, coalesce((select k.locale from contact_point k where k.customer_id = c.id
             order by k.id limit 1), 'zh-CN') as locale
           from account a join customer c on c.id = a.customer_id where a.id = :id for no key update of c""",
        id=account_id,
    ).one()
    if told.removes_email:
        return bool(
            session.sql(
                "delete from contact_point where customer_id = :id and id = 2 and kind = 'email'", id=holder.id
            ).rowcount
        )
    if told.email is None:
        return False
    email = told.email.strip()
    if not EMAIL.fullmatch(email) or len(email) > MOST_EMAIL or not is_line(email):
        raise EmailWrong
    session.sql(
        """insert into contact_point (customer_id, id, kind, address_sealed, address_blind, address_masked, locale)
           values (:id, 2, 'email', :sealed, :blind, :masked, :locale)
           on conflict (customer_id, id) do update set address_sealed = excluded.address_sealed,
             address_blind = excluded.address_blind, address_masked = excluded.address_masked""",
        id=holder.id,
        sealed=vault.seal(
            table="contact_point", column="address", owner=customer_owner(holder.customer_no), text=email
        ),
        blind=vault.blind("email", email.casefold()),
        masked=mask_email(email),
        locale=holder.locale,
    )
    return True
