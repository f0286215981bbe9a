"""Reads of accounts, holders, units and grants."""

import enum
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NewType
from uuid import UUID

import sqlalchemy as sa

from core.crypto.vault import Vault
from core.db import ReadSession, statement
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
class AccountCard:
    """An account as lists show it: the holder masked, the address without the door."""

    ref: AccountRef
    holder: str
    address: str
    account_class: str
    state: str
    role: str | None
    last_bill_minor: int | None


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


def last_account(session: ReadSession) -> int:
    """The highest account id, zero without accounts."""
    return int(session.sql("select coalesce(max(id), 0) from account").scalar_one())


def _card(row: sa.Row[Any]) -> AccountCard:
    return AccountCard(
        ref=AccountRef(AccountId(row.id), row.account_no, row.unit_id, row.currency),
        holder=row.holder,
        address=row.address,
        account_class=row.account_class,
        state=row.state,
        role=row.role,
        last_bill_minor=row.last_bill_minor,
    )
