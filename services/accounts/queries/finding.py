"""What staff find of customers and accounts, and what they write about them; nothing outside of where they may look."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from core.crypto.vault import Vault
from core.db import ReadSession, statement, view
from services.accounts.queries import AccountId
from services.accounts.queries.entitlements import EntitlementView
from services.accounts.roles import StaffPermission
from services.accounts.rules import Searched, note_owner, searched

__all__ = [
    "AccessView",
    "DatedMeter",
    "FoundAccount",
    "Look",
    "NoteView",
    "SealedNote",
    "Searched",
    "StaffAccount",
    "TariffAgreed",
    "access",
    "customers_accounts",
    "found_accounts",
    "may_with_customer",
    "may_with_premises",
    "note_text",
    "notes",
    "open_look",
    "opened",
    "people_of",
    "searched",
    "staff_account",
    "viewed_account",
]


@dataclass(frozen=True, slots=True)
class FoundAccount:
    """An account as a search shows it: whose it is, masked, and where; the telephone is masked, too."""

    account_no: str
    state: str
    account_class: str
    unit: str
    holder: str
    address: str
    phone: str | None


@dataclass(frozen=True, slots=True)
class DatedMeter:
    """A meter of an account from one day up to, not including, another; nobody said what is None, or it is there."""

    meter_no: str
    installed_on: date | None
    removed_on: date | None


@dataclass(frozen=True, slots=True)
class TariffAgreed:
    """By which tariff an account is priced, from one day up to, not including, another (None: until told)."""

    tariff_code: str
    valid_from: date
    valid_to: date | None


@dataclass(frozen=True, slots=True)
class StaffAccount:
    """An account as staff see it. `contacts` are masked addresses."""

    id: AccountId
    account_no: str
    unit_id: int
    currency: str
    account_class: str
    state: str
    holder_since: date | None
    unit_code: str
    unit_name: str
    customer_no: str
    customer_kind: str
    holder: str
    address: str
    premises_no: str
    has_door: bool
    customer_id: int
    contacts: list[str]
    has_phone: bool
    meters: list[str]
    placed: list[list[str | None]]
    tariff_code: str | None
    is_prepaid: bool | None
    agreed: list[list[str | None]]
    entitled: list[list[Any]]

    @property
    def agreements(self) -> list[TariffAgreed]:
        """The latest agreements, the last one first."""
        return [TariffAgreed(str(code), *_dates(since, until)) for code, since, until in self.agreed]

    def entitlements(self, *, today: date) -> list[EntitlementView]:
        """What holds today or will, by kind and first day."""
        found = [
            EntitlementView(id_, kind, Decimal(value), *_dates(since, until), document)
            for id_, kind, value, since, until, document in self.entitled
        ]
        return [each for each in found if each.valid_to is None or each.valid_to > today]

    @property
    def dated_meters(self) -> list[DatedMeter]:
        """Its latest meters: those that are there first, then the one that was removed last."""
        return [DatedMeter(str(no), _date(since), _date(until)) for no, since, until in self.placed]


def _date(said: str | None) -> date | None:
    return None if said is None else date.fromisoformat(said)


def _dates(since: str | None, until: str | None) -> tuple[date, date | None]:
    return date.fromisoformat(str(since)), _date(until)


@dataclass(frozen=True, slots=True)
class AccessView:
    """A person's grant of an account, living or over."""

    id: UUID
    phone_masked: str
    role: str
    scope: str
    valid_from: datetime
    valid_to: datetime | None
    revoked_at: datetime | None
    ended_why: str | None
    user_id: UUID
    is_living: bool


@dataclass(frozen=True, slots=True)
class SealedNote:
    """A note as it is kept: `clear` is what an earlier release wrote and nobody has sealed yet."""

    id: UUID
    clear: str
    sealed: bytes | None
    written_at: datetime
    written_by: str
    is_erased: bool


@dataclass(frozen=True, slots=True)
class NoteView:
    """A note with the name of who wrote it; an erased one, whose customer is, says nothing."""

    id: UUID
    text: str
    written_at: datetime
    written_by: str
    is_erased: bool


@dataclass(frozen=True, slots=True)
class Look:
    """A look that goes on: at which account, as whom (their telephone masked), until when."""

    account_id: AccountId
    user_id: UUID
    person: str
    until: datetime


def open_look(session: ReadSession, *, account_no: str, staff_id: UUID, session_id: UUID, now: datetime) -> Look | None:
    """The look of a browser of staff at this account; None when it is over, is another's, or was never begun."""
    row = session.sql(
        statement(__package__, "open_look.sql"),
        account_no=account_no,
        staff_id=staff_id,
        session_id=session_id,
        now=now,
    ).one_or_none()
    return None if row is None else view(Look, row)


def staff_account(
    session: ReadSession, *, account_no: str, staff_id: UUID, permission: StaffPermission, now: datetime
) -> StaffAccount | None:
    """The account with this number, when a member of staff may do this where it lies; None when not, or missing."""
    row = session.sql(
        statement(__package__, "staff_account.sql"),
        account_no=account_no,
        staff_id=staff_id,
        permission=permission.value,
        permissions=[],
        now=now,
    ).one_or_none()
    return None if row is None else view(StaffAccount, row)


def viewed_account(
    session: ReadSession, *, account_no: str, staff_id: UUID, now: datetime
) -> tuple[StaffAccount, frozenset[StaffPermission]] | None:
    """The account with this number, and what somebody may do where it lies; None unless they may view it."""
    row = session.sql(
        statement(__package__, "staff_account.sql"),
        account_no=account_no,
        staff_id=staff_id,
        permission=StaffPermission.ACCOUNTS_VIEW.value,
        permissions=[each.value for each in StaffPermission],
        now=now,
    ).one_or_none()
    if row is None:
        return None
    return view(StaffAccount, row), frozenset(StaffPermission(name) for name in row.may)


def may_with_customer(
    session: ReadSession, *, customer_id: int, staff_id: UUID, permission: StaffPermission, now: datetime
) -> bool:
    """Whether a member of staff may do this in every unit where a customer has accounts, closed ones included.

    Served by ix_account_holder.
    """
    return bool(
        session.sql(
            """select not exists (
                 select from account a where a.customer_id = :customer_id
                   and a.unit_id not in (select unit_id from staff_units(:staff_id, :permission, :now)))""",
            staff_id=staff_id,
            permission=permission.value,
            now=now,
            customer_id=customer_id,
        ).scalar_one()
    )


def may_with_premises(
    session: ReadSession, *, premises_id: int, staff_id: UUID, permission: StaffPermission, now: datetime
) -> bool:
    """Whether a member of staff may do this in every unit where premises have accounts, closed ones included.

    Served by ix_account_premises_id.
    """
    return bool(
        session.sql(
            """select not exists (
                 select from account a where a.premises_id = :premises_id
                   and a.unit_id not in (select unit_id from staff_units(:staff_id, :permission, :now)))""",
            staff_id=staff_id,
            permission=permission.value,
            now=now,
            premises_id=premises_id,
        ).scalar_one()
    )


def access(session: ReadSession, *, account_id: AccountId, offset: int, limit: int, now: datetime) -> list[AccessView]:
    """Up to `limit` grants of an account, living ones first; few enough to be counted off."""
    rows = session.sql(
        statement(__package__, "staff_access.sql"), account_id=account_id, offset=offset, limit=limit, now=now
    )
    return [view(AccessView, row) for row in rows]


def people_of(session: ReadSession, *, account_id: AccountId) -> list[UUID]:
    """Everybody who has or had access to an account. Served by ix_access_grant_account."""
    return list(
        session.sql(
            "select distinct user_id from access_grant where account_id = :account_id", account_id=account_id
        ).scalars()
    )


def notes(session: ReadSession, *, account_id: AccountId, before: UUID, limit: int) -> list[SealedNote]:
    """Up to `limit` notes about an account, the latest first, behind the one with the id `before`."""
    rows = session.sql(statement(__package__, "account_notes.sql"), account_id=account_id, before=before, limit=limit)
    return [view(SealedNote, row, clear=row.text) for row in rows]


def opened(vault: Vault, kept: Sequence[SealedNote]) -> list[NoteView]:
    """What notes say."""
    return [
        NoteView(
            each.id,
            note_text(vault, each.id, each.clear, each.sealed),
            each.written_at,
            each.written_by,
            each.is_erased,
        )
        for each in kept
    ]


def note_text(vault: Vault, note_id: UUID, clear: str, sealed: bytes | None) -> str:
    """What a note says; an earlier release wrote it in clear."""
    if sealed is None:
        return clear
    return vault.open(table="account_note", column="text", owner=note_owner(note_id), sealed=bytes(sealed))


def customers_accounts(
    session: ReadSession, *, account: StaffAccount, staff_id: UUID, after: str, limit: int, now: datetime
) -> list[FoundAccount]:
    """Up to `limit` other accounts of its customer behind the number `after`, where one may view accounts."""
    rows = session.sql(
        statement(__package__, "customers_accounts.sql"),
        customer_id=account.customer_id,
        account_id=account.id,
        staff_id=staff_id,
        after=after,
        limit=limit,
        now=now,
    )
    return [view(FoundAccount, row) for row in rows]


def found_accounts(
    session: ReadSession,
    *,
    vault: Vault,
    wanted: Searched,
    staff_id: UUID,
    after: str,
    limit: int,
    now: datetime,
) -> list[FoundAccount]:
    """Up to `limit` accounts by number behind the number `after`, of the units where one may view accounts."""
    rows = session.sql(
        statement(__package__, "found_accounts.sql"),
        staff_id=staff_id,
        number=wanted.number,
        phone=_tokens(vault, wanted.phone),
        name=_tokens(vault, wanted.name),
        address=list(wanted.address) or None,
        after=after,
        limit=limit,
        now=now,
    )
    return [view(FoundAccount, row) for row in rows]


def _tokens(vault: Vault, pairs: tuple[tuple[str, str], ...]) -> list[bytes] | None:
    return [vault.blind(kind, value) for kind, value in pairs] or None
