"""Who may act for an account: proof, grant, revocation."""

import enum
import hmac
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final, TypeAlias
from uuid import UUID

from core import audit, ids, locks, outbox
from core.audit import Actor
from core.crypto.vault import Vault
from core.db import WriteSession
from services.accounts.errors import OwnerStays
from services.accounts.events import AccessEnded, AccountLinked
from services.accounts.models import EndedWhy, Role, Scope
from services.accounts.queries import AccountId, AccountRef
from services.accounts.rules import customer_owner, has_character
from services.identity import operations as identity
from services.identity.operations import Limit

TRIES: Final = 5
"""Failed proofs within TRIES_WITHIN, counted per person and per account number."""
TRIES_WITHIN: Final = timedelta(days=1)
TRIES_OF_NETWORK: Final = Limit(100, 300)
"""Proofs right or wrong. Generous, because a mobile carrier puts thousands of customers behind one address."""
KEEP_FAILURES: Final = timedelta(days=30)
"""How long failed tries to link are kept as evidence."""
NO_NAME: Final = " "


@dataclass(frozen=True, slots=True)
class LastBillAmount:
    """Proof by the amount of the latest bill, in minor units."""

    amount_minor: int


@dataclass(frozen=True, slots=True)
class MeterNumber:
    """Proof by the number on a meter of the account."""

    meter_no: str


Evidence: TypeAlias = LastBillAmount | MeterNumber


class LinkOutcome(enum.StrEnum):
    """How a try to link an account ended."""

    LINKED = "linked"
    REFUSED = "refused"
    LIMITED = "limited"


@dataclass(frozen=True, slots=True)
class LinkResult:
    """The account when it was linked; seconds to wait when the limit is reached."""

    outcome: LinkOutcome
    account: AccountRef | None = None
    retry_after_s: int | None = None


@dataclass(frozen=True, slots=True)
class LastBill:
    """The newest bill of an account."""

    account_id: AccountId
    amount_minor: int
    issue_date: date


_FIND: Final = """
select a.id, a.account_no, a.unit_id, a.currency, c.customer_no, c.name_sealed,
  case when a.amounts_shown_until is null and not exists (
    select from access_grant g where g.account_id = a.id and g.role <> 'owner'
      and (a.last_bill_told_at is null or coalesce(least(g.revoked_at, g.valid_to), 'infinity') > a.last_bill_told_at)
  ) then a.last_bill_minor end as secret_minor,
  array(select m.meter_no from meter m where m.account_id = a.id and m.removed_on is null order by m.id) as meters,
  exists (
    select from access_grant g where g.account_id = a.id and g.user_id = :user_id
      and g.ended_why = 'holder_changed' and g.ended_holder_id <> a.customer_id
  ) as is_former
from account a join customer c on c.id = a.customer_id
where a.account_no = :account_no and a.state <> 'closed'
"""
_FAILURES: Final = """
select max(nth) from (
  select (array_agg(failed_at order by failed_at desc))[:tries] as nth from link_failure
  where user_id = :user_id and failed_at > :since
  union all
  select (array_agg(failed_at order by failed_at desc))[:tries] from link_failure
  where account_no = :account_no and failed_at > :since
) failures
"""


def purge_link_failures(session: WriteSession, *, now: datetime, most: int) -> int:
    """Forget up to `most` failed tries to link that are older than 30 days; returns how many."""
    return session.sql(
        "delete from link_failure where id in (select id from link_failure where failed_at < :before limit :most)",
        before=now - KEEP_FAILURES,
        most=most,
    ).rowcount


def link_account(
    session: WriteSession,
    *,
    vault: Vault,
    user_id: UUID,
    account_no: str,
    name_character: str,
    evidence: Evidence,
    actor: Actor,
    now: datetime,
) -> LinkResult:
    """Give a person the owner's grant of an account that they prove to be theirs; once linked, again changes nothing.

    Never raises for a wrong proof: the failure is written and must be committed before it is told. A missing account, a
    wrong proof, an amount that others than owners could see (by a quote, as payer or viewer, as long as no newer bill
    came since), and whoever lost the account with its earlier holder have the same result and the same statements.
    Tries are limited per person, per account number, and per network, from which an actor comes who has an address.
    Publishes AccountLinked.
    """
    for key in sorted((f"link|user|{user_id}", f"link|account|{account_no}")):
        locks.lock(session, key=key)
    wait_s = _wait_s(session, user_id=user_id, account_no=account_no, now=now)
    wait_s = wait_s or _wait_of_network(session, vault=vault, actor=actor, now=now)
    if wait_s is not None:
        return LinkResult(LinkOutcome.LIMITED, retry_after_s=wait_s)
    stand_still(session, account_no=account_no)
    row = session.sql(_FIND, account_no=account_no, user_id=user_id).one_or_none()
    name = NO_NAME
    if row is not None:
        name = vault.open(
            table="customer",
            column="name",
            owner=customer_owner(row.customer_no),
            sealed=bytes(row.name_sealed),
        )
    is_named = has_character(name, name_character)
    is_shown = row is not None and _holds(evidence, secret_minor=row.secret_minor, meters=row.meters)
    if row is None or row.is_former or not (is_named and is_shown):
        session.sql(
            "insert into link_failure (user_id, account_no, failed_at) values (:user_id, :account_no, :now)",
            user_id=user_id,
            account_no=account_no,
            now=now,
        )
        audit.record(
            session,
            actor=actor,
            act="accounts.link_refused",
            subject=f"account_no:{account_no}",
        )
        return LinkResult(LinkOutcome.REFUSED)
    ref = AccountRef(AccountId(row.id), row.account_no, row.unit_id, row.currency)
    if grant_access(
        session,
        user_id=user_id,
        account_id=ref.id,
        role=Role.OWNER,
        actor=actor,
        now=now,
    ):
        outbox.add(session, AccountLinked(account_id=ref.id, user_id=str(user_id)))
    return LinkResult(LinkOutcome.LINKED, ref)


def _wait_s(session: WriteSession, *, user_id: UUID, account_no: str, now: datetime) -> int | None:
    """Seconds until the person may try again, and anybody at this account; None when it is now."""
    blocking: datetime | None = session.sql(
        _FAILURES,
        user_id=user_id,
        account_no=account_no,
        since=now - TRIES_WITHIN,
        tries=TRIES,
    ).scalar_one()
    return None if blocking is None else max(1, int((blocking + TRIES_WITHIN - now).total_seconds()))


def _wait_of_network(session: WriteSession, *, vault: Vault, actor: Actor, now: datetime) -> int | None:
    """Count a try for the actor's network; seconds to wait when it had too many."""
    if actor.address is None:
        return None
    key = identity.network_key(vault, what="accounts.link", address=actor.address)
    return identity.count_lookup(session, key=key, limit=TRIES_OF_NETWORK, now=now)


def stand_still(session: WriteSession, *, account_no: str) -> None:
    """Keep an account's holder until the transaction ends: a change of holder waits, or is seen by what follows."""
    session.sql("select id from account where account_no = :account_no for share", account_no=account_no)


def grant_access(
    session: WriteSession,
    *,
    user_id: UUID,
    account_id: AccountId,
    role: Role,
    actor: Actor,
    now: datetime,
    valid_to: datetime | None = None,
    scope: Scope = Scope.FULL,
    granted_by: UUID | None = None,
) -> bool:
    """Let a person act for an account from `now` on, in place of a grant that they hold; False when it is this one.

    `granted_by` is the owner who gives it: it ends with that owner's own access.
    """
    held = session.sql(
        """select id, role, scope, valid_to, granted_by from access_grant
           where user_id = :user_id and account_id = :account_id and revoked_at is null for update""",
        user_id=user_id,
        account_id=account_id,
    ).one_or_none()
    if held is not None:
        if (held.role, held.scope, held.valid_to, held.granted_by) == (role.value, scope.value, valid_to, granted_by):
            return False
        session.sql(
            "update access_grant set revoked_at = :now, ended_why = 'replaced' where id = :id",
            now=now,
            id=held.id,
        )
    grant_id = session.sql(
        """insert into access_grant (id, user_id, account_id, role, scope, granted_by, valid_from, valid_to)
           values (:id, :user_id, :account_id, :role, :scope, :granted_by, :now, :valid_to)
           on conflict (user_id, account_id) where revoked_at is null do nothing returning id""",
        id=ids.uuid7(),
        user_id=user_id,
        account_id=account_id,
        role=role.value,
        scope=scope.value,
        granted_by=granted_by,
        now=now,
        valid_to=valid_to,
    ).scalar_one_or_none()
    if grant_id is None:
        return False
    audit.record(
        session,
        actor=actor,
        act="accounts.grant",
        subject=f"account:{account_id}",
        after={"user_id": str(user_id), "role": role.value, "scope": scope.value},
    )
    return True


def give_up_access(session: WriteSession, *, user_id: UUID, account_id: AccountId, actor: Actor, now: datetime) -> bool:
    """A person wants nothing more to do with an account; False when they have no grant. What they gave ends as well."""
    held = _end(session, user_id=user_id, account_id=account_id, why=EndedWhy.GIVEN_UP, actor=actor, now=now)
    return held is not None


def revoke_access(
    session: WriteSession,
    *,
    user_id: UUID,
    account_id: AccountId,
    actor: Actor,
    now: datetime,
) -> bool:
    """Take a person's grant away, at once, and what they gave to others; False when there is none.

    Publishes AccessEnded for everybody who loses access.
    """
    held = _end(session, user_id=user_id, account_id=account_id, why=EndedWhy.REVOKED, actor=actor, now=now)
    if held is None:
        return False
    outbox.add(session, AccessEnded(account_id=account_id, user_id=str(user_id), why=EndedWhy.REVOKED.value))
    return True


def revoke_grant(session: WriteSession, *, account_id: AccountId, grant_id: UUID, actor: Actor, now: datetime) -> bool:
    """Take away what an owner gave to a payer or viewer; False when this account has no such living grant.

    Raises OwnerStays for an owner's grant: who proved the account to be theirs is not shut out by another who did, for
    one of the two may be the thief. Publishes AccessEnded. The caller has decided that an owner asks.
    """
    found = session.sql(
        "select user_id, role from access_grant where account_id = :account_id and id = :id and revoked_at is null",
        account_id=account_id,
        id=grant_id,
    ).one_or_none()
    if found is None:
        return False
    if found.role == Role.OWNER.value:
        raise OwnerStays
    return revoke_access(session, user_id=found.user_id, account_id=account_id, actor=actor, now=now)


def _end(
    session: WriteSession, *, user_id: UUID, account_id: AccountId, why: EndedWhy, actor: Actor, now: datetime
) -> Role | None:
    """End a living grant and what hangs on it; answers its role."""
    role: str | None = session.sql(
        """update access_grant set revoked_at = :now, ended_why = :why
           where user_id = :user_id and account_id = :account_id and revoked_at is null returning role""",
        now=now,
        why=why.value,
        user_id=user_id,
        account_id=account_id,
    ).scalar_one_or_none()
    if role is None:
        return None
    audit.record(
        session,
        actor=actor,
        act="accounts.revoke",
        subject=f"account:{account_id}",
        before={"user_id": str(user_id), "role": role},
        after={"why": why.value},
    )
    if Role(role) is Role.OWNER:
        _end_given(session, giver_id=user_id, account_id=account_id, actor=actor, now=now)
    return Role(role)


def _end_given(session: WriteSession, *, giver_id: UUID, account_id: AccountId, actor: Actor, now: datetime) -> None:
    """Whom a former owner let in goes too: were the owner a thief, the thief's friends would stay."""
    lost = session.sql(
        """update access_grant set revoked_at = :now, ended_why = 'giver_gone'
           where account_id = :account_id and granted_by = :giver and revoked_at is null returning user_id""",
        now=now,
        account_id=account_id,
        giver=giver_id,
    ).scalars()
    for user_id in sorted(lost):
        audit.record(
            session,
            actor=actor,
            act="accounts.revoke",
            subject=f"account:{account_id}",
            before={"user_id": str(user_id)},
            after={"why": EndedWhy.GIVER_GONE.value},
        )
        outbox.add(session, AccessEnded(account_id=account_id, user_id=str(user_id), why=EndedWhy.GIVER_GONE.value))
    session.sql(
        """update access_invitation set state = 'withdrawn', ended_at = :now, phone_sealed = null
           where account_id = :account_id and invited_by = :giver and state = 'open'""",
        now=now,
        account_id=account_id,
        giver=giver_id,
    )


def show_amounts(session: WriteSession, *, account_id: AccountId, until: datetime) -> None:
    """Note that somebody without a grant is shown what the account owes, up to `until`: it proves nothing any more.

    Call it after the amounts were read: a bill that comes at the same time is then not shown, or proves nothing either.
    """
    session.sql(
        "update account set amounts_shown_until = greatest(amounts_shown_until, :until) where id = :id",
        until=until,
        id=account_id,
    )


def record_last_bills(session: WriteSession, *, bills: list[LastBill], now: datetime) -> None:
    """Tell accounts the amounts of their newest bills, half of the proof of ownership; older bills change nothing.

    A new amount is a proof again for an account whose amounts nobody is shown at `now`.
    """
    session.sql(
        """update account a set last_bill_minor = s.amount_minor, last_bill_issued = s.issue_date,
             last_bill_told_at = :now,
             amounts_shown_until = case when a.amounts_shown_until > :now then a.amounts_shown_until end
           from unnest(cast(:ids as bigint[]), cast(:amounts as bigint[]), cast(:dates as date[]))
             s (id, amount_minor, issue_date)
           where a.id = s.id and (a.last_bill_issued is null or a.last_bill_issued <= s.issue_date)
             and (a.last_bill_minor, a.last_bill_issued) is distinct from (s.amount_minor, s.issue_date)""",
        ids=[each.account_id for each in bills],
        amounts=[each.amount_minor for each in bills],
        dates=[each.issue_date for each in bills],
        now=now,
    )


def _holds(evidence: Evidence, *, secret_minor: int | None, meters: list[str]) -> bool:
    match evidence:
        case LastBillAmount(amount_minor):
            return secret_minor == amount_minor
        case MeterNumber(meter_no):
            return any(hmac.compare_digest(meter_no.encode(), known.encode()) for known in meters)
