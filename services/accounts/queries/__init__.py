"""Reads of accounts, holders, units and grants."""

import enum
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, NewType
from uuid import UUID

import sqlalchemy as sa

from core.crypto.vault import Vault
from core.db import ReadSession, statement, view
from services.accounts.rules import customer_owner, has_character

AccountId = NewType("AccountId", int)


class Permission(enum.StrEnum):
    """What a caller wants to do with an account."""

    VIEW = "view"
    PAY = "pay"
    OWN = "own"


@dataclass(frozen=True, slots=True)
class AccountRef:
    """An account that the caller may touch, as other domains name it."""

    id: AccountId
    account_no: str
    unit_id: int
    currency: str


@dataclass(frozen=True, slots=True)
class Sight:
    """What of an account somebody who may view it sees: everything, or sums alone; of the days since the holder's."""

    account: AccountRef
    sees_all: bool
    holder_since: date | None


@dataclass(frozen=True, slots=True)
class AccountCard:
    """An account as lists show it: the holder masked, the address without the door."""

    ref: AccountRef
    holder: str
    address: str
    account_class: str
    state: str
    role: str | None
    scope: str | None
    last_bill_minor: int | None
    holder_since: date | None


@dataclass(frozen=True, slots=True)
class Recipient:
    """A contact point of an account's holder. The address stays sealed until `contact_address` opens it."""

    account_id: AccountId
    account_no: str
    customer_id: int
    contact_id: int
    kind: str
    masked: str
    locale: str


@dataclass(frozen=True, slots=True)
class Grantee:
    """A person who may act for an account now."""

    account_id: AccountId
    user_id: UUID
    role: str


@dataclass(frozen=True, slots=True)
class Grant:
    """A person's living grant of one account."""

    id: UUID
    role: str
    scope: str
    since: datetime
    until: datetime | None
    granted_by: UUID | None


@dataclass(frozen=True, slots=True)
class PersonView:
    """Somebody with access, as owners see them: the telephone masked."""

    grant_id: UUID
    user_id: UUID
    phone_masked: str
    role: str
    scope: str
    since: datetime
    until: datetime | None


@dataclass(frozen=True, slots=True)
class InvitationView:
    """An open invitation, as owners see it. `until` is when the access would end."""

    id: UUID
    phone_masked: str
    role: str
    scope: str
    until: datetime | None
    created_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class InvitedView:
    """An open invitation, as the invited see it before they have access: just enough to know whose it is."""

    id: UUID
    account_end: str
    holder: str
    inviter: str
    role: str
    scope: str
    until: datetime | None
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class InvitedFact:
    """An open invitation, for the message about it."""

    account_id: AccountId
    invited_by: UUID
    expires_at: datetime
    phone: str


def resolve_access(
    session: ReadSession,
    *,
    user_id: UUID,
    account_no: str,
    permission: Permission,
    now: datetime,
) -> AccountRef | None:
    """The account, when this person may do this with it at `now`; None when not, or when there is no such account."""
    row = session.sql(
        """select a.id, a.account_no, a.unit_id, a.currency from account a
           join account_access(:user_id, :account_no, :permission, :now) g on g.account_id = a.id""",
        user_id=user_id,
        account_no=account_no,
        permission=permission.value,
        now=now,
    ).one_or_none()
    return None if row is None else AccountRef(AccountId(row.id), row.account_no, row.unit_id, row.currency)


def sight(session: ReadSession, *, user_id: UUID, account_no: str, now: datetime) -> Sight | None:
    """What this person sees of an account at `now`; None when nothing, or when there is no such account."""
    row = session.sql(
        """select a.id, a.account_no, a.unit_id, a.currency, a.holder_since, g.scope from account a
           join account_access(:user_id, :account_no, 'view', :now) g on g.account_id = a.id""",
        user_id=user_id,
        account_no=account_no,
        now=now,
    ).one_or_none()
    if row is None:
        return None
    ref = AccountRef(AccountId(row.id), row.account_no, row.unit_id, row.currency)
    return Sight(ref, row.scope == "full", row.holder_since)


def payable_accounts(
    session: ReadSession, *, user_id: UUID, account_nos: Sequence[str], group_id: UUID | None, now: datetime
) -> list[AccountRef]:
    """The accounts that a person may pay for at `now`, by number: those of these numbers, or of a group of theirs."""
    rows = session.sql(
        statement(__package__, "payable_accounts.sql"),
        user_id=user_id,
        account_nos=list(account_nos),
        group_id=group_id,
        now=now,
    )
    return [AccountRef(AccountId(row.id), row.account_no, row.unit_id, row.currency) for row in rows]


def unit_lines(session: ReadSession, *, account_ids: Sequence[AccountId]) -> dict[AccountId, tuple[str, ...]]:
    """Of each account the codes of its unit and of all units above, the nearest first. Served by primary keys."""
    rows = session.sql(
        "select a.id, u.path from account a join unit u on u.id = a.unit_id where a.id = any(:ids)",
        ids=list(account_ids),
    )
    return {AccountId(row.id): tuple(reversed(row.path.strip("/").split("/"))) for row in rows}


def unknown_units(session: ReadSession, *, codes: Iterable[str]) -> list[str]:
    """Those of these codes that no unit has. Served by uq_unit_code."""
    rows = session.sql(
        """select c.code from unnest(cast(:codes as text[])) c (code)
           where not exists (select from unit u where u.code = c.code) order by c.code""",
        codes=list(codes),
    )
    return [row.code for row in rows]


def accounts_of(
    session: ReadSession, *, user_id: UUID, now: datetime, limit: int, after: str = "", part: str = ""
) -> list[AccountCard]:
    """Up to `limit` accounts that a person may view at `now`, by number, behind the number `after`.

    With `part` only those whose number contains it.
    """
    rows = session.sql(
        statement(__package__, "accounts_of.sql"), user_id=user_id, now=now, limit=limit, after=after, part=part
    )
    return [_card(row) for row in rows]


def account_of(session: ReadSession, *, user_id: UUID, account_no: str, now: datetime) -> AccountCard | None:
    """The account with this number, when this person may view it at `now`."""
    row = session.sql(
        statement(__package__, "account_of.sql"), user_id=user_id, account_no=account_no, now=now
    ).one_or_none()
    return None if row is None else _card(row)


def account(session: ReadSession, *, account_id: AccountId) -> AccountCard:
    """One account, whoever asks; `role` is None."""
    return _card(
        session.sql(
            statement(__package__, "account_card.sql"),
            account_id=account_id,
            account_no=None,
        ).one()
    )


def account_by_no(session: ReadSession, *, account_no: str) -> AccountCard | None:
    """The account with this number, whoever asks: only for callers that decide themselves what may be shown."""
    row = session.sql(
        statement(__package__, "account_card.sql"),
        account_id=None,
        account_no=account_no,
    ).one_or_none()
    return None if row is None else _card(row)


def holder_has_character(session: ReadSession, *, vault: Vault, account_id: AccountId, character: str) -> bool:
    """Is this one character part of the holder's name? Case and width of letters do not matter."""
    row = session.sql(
        "select c.customer_no, c.name_sealed from account a join customer c on c.id = a.customer_id where a.id = :id",
        id=account_id,
    ).one()
    name = vault.open(
        table="customer",
        column="name",
        owner=customer_owner(row.customer_no),
        sealed=bytes(row.name_sealed),
    )
    return has_character(name, character)


def recipients(session: ReadSession, *, account_ids: Sequence[AccountId]) -> list[Recipient]:
    """Contact points of the holders of these accounts, by account and contact."""
    rows = session.sql(
        """select a.id, a.account_no, p.customer_id, p.id as contact_id, p.kind, p.address_masked, p.locale
           from account a join contact_point p on p.customer_id = a.customer_id
           where a.id = any(:ids) order by a.id, p.id""",
        ids=list(account_ids),
    )
    return [
        Recipient(
            AccountId(row.id),
            row.account_no,
            row.customer_id,
            row.contact_id,
            row.kind,
            row.address_masked,
            row.locale,
        )
        for row in rows
    ]


def contact_address(session: ReadSession, *, vault: Vault, customer_id: int, contact_id: int) -> str | None:
    """The telephone number or mail address of a contact point in clear, None when it is gone. Never log it."""
    row = session.sql(
        """select c.customer_no, p.address_sealed from contact_point p join customer c on c.id = p.customer_id
           where p.customer_id = :customer_id and p.id = :id""",
        customer_id=customer_id,
        id=contact_id,
    ).one_or_none()
    if row is None:
        return None
    owner = customer_owner(row.customer_no)
    return vault.open(
        table="contact_point",
        column="address",
        owner=owner,
        sealed=bytes(row.address_sealed),
    )


def grantees(session: ReadSession, *, account_ids: Sequence[AccountId], now: datetime) -> list[Grantee]:
    """Everybody who may act for these accounts at `now`."""
    rows = session.sql(
        """select account_id, user_id, role from access_grant
           where account_id = any(:ids) and revoked_at is null and valid_from <= :now
             and (valid_to is null or valid_to > :now)
           order by account_id, user_id""",
        ids=list(account_ids),
        now=now,
    )
    return [Grantee(AccountId(row.account_id), row.user_id, row.role) for row in rows]


def grant_of(session: ReadSession, *, user_id: UUID, account_id: AccountId, now: datetime) -> Grant | None:
    """What a person may do with an account at `now`."""
    row = session.sql(
        """select id, role, scope, valid_from, valid_to, granted_by from access_grant
           where user_id = :user_id and account_id = :account_id and revoked_at is null and valid_from <= :now
             and (valid_to is null or valid_to > :now)""",
        user_id=user_id,
        account_id=account_id,
        now=now,
    ).one_or_none()
    if row is None:
        return None
    return view(Grant, row, since=row.valid_from, until=row.valid_to)


def people(session: ReadSession, *, account_id: AccountId, now: datetime, limit: int = 200) -> list[PersonView]:
    """Who has access to an account at `now`, owners first."""
    rows = session.sql(statement(__package__, "people_of.sql"), account_id=account_id, now=now, limit=limit)
    return [view(PersonView, row, grant_id=row.id, since=row.valid_from, until=row.valid_to) for row in rows]


def invitations(session: ReadSession, *, account_id: AccountId, now: datetime) -> list[InvitationView]:
    """Open invitations of an account, the newest first; `operations.invite` bounds how many there are."""
    rows = session.sql(
        """select id, phone_masked, role, scope, access_until, created_at, expires_at from access_invitation
           where account_id = :account_id and state = 'open' and expires_at > :now order by created_at desc""",
        account_id=account_id,
        now=now,
    )
    return [view(InvitationView, row, until=row.access_until) for row in rows]


def invitations_to(session: ReadSession, *, user_id: UUID, now: datetime, limit: int = 100) -> list[InvitedView]:
    """Open invitations to a person's telephone, the newest first."""
    rows = session.sql(statement(__package__, "invitations_to.sql"), user_id=user_id, now=now, limit=limit)
    return [view(InvitedView, row, until=row.access_until) for row in rows]


def invitation(session: ReadSession, *, vault: Vault, invitation_id: UUID) -> InvitedFact | None:
    """An open invitation with the number in clear, for the one message to it; None when it is over. Never log it."""
    row = session.sql(
        """select account_id, invited_by, expires_at, phone_sealed from access_invitation
           where id = :id and state = 'open'""",
        id=invitation_id,
    ).one_or_none()
    if row is None:
        return None
    phone = vault.open(
        table="access_invitation",
        column="phone",
        owner=invitation_owner(invitation_id),
        sealed=bytes(row.phone_sealed),
    )
    return InvitedFact(AccountId(row.account_id), row.invited_by, row.expires_at, phone)


def invitation_owner(invitation_id: UUID) -> str:
    """Whose subkey seals the telephone of an invitation, and under what name its message is kept."""
    return f"invitation:{invitation_id}"


def account_numbers(session: ReadSession, *, account_ids: Sequence[int]) -> dict[int, str]:
    """The numbers of accounts, by their ids."""
    rows = session.sql("select id, account_no from account where id = any(:ids)", ids=list(account_ids))
    return {row.id: row.account_no for row in rows}


def last_account(session: ReadSession) -> int:
    """The highest account id, zero without accounts."""
    return int(session.sql("select coalesce(max(id), 0) from account").scalar_one())


def _card(row: sa.Row[Any]) -> AccountCard:
    return view(AccountCard, row, ref=AccountRef(AccountId(row.id), row.account_no, row.unit_id, row.currency))
