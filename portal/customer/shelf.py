"""Which account a page is about: the one chosen last, else the first. Shared by all pages with the account switcher."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from fastapi import Request
from fastapi.responses import Response

from core.config import Settings
from core.db import ReadSession
from notifications import inbox
from portal.pages import Reader
from portal.templating import Onlooker
from services.accounts import queries as accounts
from services.accounts.queries import AccountCard, AccountId, AccountRef, Permission
from services.payments.ports import Method
from services.payments.queries import merchants
from web.problems.common import NotFound

COOKIE: Final = "account"
SWITCHER: Final = 8
"""Accounts in the switcher: as many as fit on a telephone without scrolling."""
METHODS: Final = (Method.WECHAT_NATIVE, Method.WECHAT_H5, Method.WECHAT_JSAPI)
"""What a browser can do: the last one inside WeChat, the others outside. Mini-program and app have their own."""


@dataclass(frozen=True)
class AccountChoice:
    """One account in the switcher."""

    id: AccountId
    account_no: str
    currency: str
    state: str
    holder: str
    address: str
    is_owner: bool
    may_pay: bool
    sees_lines: bool
    holder_since: date | None
    methods: tuple[Method, ...]

    @property
    def can_pay(self) -> bool:
        """Tell whether this reader can pay for it here and now."""
        return self.may_pay and bool(self.methods)


@dataclass(frozen=True)
class Shelf:
    """A reader's first accounts by number, the chosen one, and how many messages are unread."""

    accounts: Sequence[AccountChoice]
    account: AccountChoice | None
    unread: int


def of_reader(
    request: Request, session: ReadSession, reader: Reader, *, now: datetime, wanted: str | None = None
) -> Shelf:
    """The reader's first accounts and the chosen one, which `wanted` names: None then when it is not theirs.

    An onlooker has the one account that they look at, and no other.
    """
    if reader.onlooker is not None:
        return _of_onlooker(session, reader, reader.onlooker, now=now, wanted=wanted)
    found = accounts.accounts_of(session, user_id=reader.user_id, now=now, limit=SWITCHER + 1)
    asked = wanted if wanted is not None else request.cookies.get(COOKIE)
    chosen = next((card for card in found if card.ref.account_no == asked), None)
    if chosen is None and asked is not None and len(found) > SWITCHER:
        chosen = accounts.account_of(session, user_id=reader.user_id, account_no=asked, now=now)
    if chosen is None and wanted is None and found:
        chosen = found[0]
    return Shelf(
        [choice_of(card) for card in found[:SWITCHER]],
        None if chosen is None else choice_of(chosen),
        inbox.unread_count(session, user_id=reader.user_id),
    )


def owned(session: ReadSession, reader: Reader, account_no: str, now: datetime) -> AccountRef:
    """An account of the reader's own; raises NotFound for any other."""
    found = accounts.resolve_access(
        session, user_id=reader.user_id, account_no=account_no, permission=Permission.OWN, now=now
    )
    if found is None:
        raise NotFound
    return found


def _of_onlooker(
    session: ReadSession, reader: Reader, onlooker: Onlooker, *, now: datetime, wanted: str | None
) -> Shelf:
    card = accounts.account_of(session, user_id=reader.user_id, account_no=onlooker.account_no, now=now)
    is_meant = card is not None and wanted in {None, onlooker.account_no}
    return Shelf(
        [],
        choice_of(card) if card is not None and is_meant else None,
        inbox.unread_count(session, user_id=reader.user_id, account_id=reader.account_id),
    )


def choice_of(card: AccountCard) -> AccountChoice:
    """What pages show of an account to choose."""
    return AccountChoice(
        card.ref.id,
        card.ref.account_no,
        card.ref.currency,
        card.state,
        card.holder,
        card.address,
        card.role == "owner",
        card.role in {"owner", "payer"},
        card.scope == "full",
        card.holder_since,
        methods_for(card.ref.currency),
    )


def methods_for(currency: str) -> tuple[Method, ...]:
    """How an account in this currency can be paid from a browser."""
    offered = merchants.methods(currency=currency)
    return tuple(method for method in METHODS if method in offered)


def remember(response: Response, settings: Settings, account_no: str) -> None:
    """Keep the choice in a cookie; it decides nothing, each page checks the grant anew."""
    response.set_cookie(
        COOKIE, account_no, max_age=365 * 24 * 3600, path="/", secure=settings.is_secure, httponly=True, samesite="lax"
    )
