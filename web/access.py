"""One decision for everything that belongs to an account: caller, account number, permission -> account, or 404."""

from datetime import datetime
from typing import Annotated

from fastapi import Depends, Path

from core.db import ReadSession
from services.accounts import queries as accounts
from services.accounts.errors import NotOwner, NotPayer, TotalsOnly
from services.accounts.queries import AccountRef, Permission, Sight
from web.caller import Caller, CustomerOfPictures, LivingCustomer
from web.models import AccountNo
from web.problems.common import NotFound
from web.session import Now, Pictures, Write


def _viewed(caller: LivingCustomer, write: Write, now: Now, account_no: Annotated[AccountNo, Path()]) -> AccountRef:
    found = _resolved(write, caller, account_no, Permission.VIEW, now)
    if found is None:
        raise NotFound
    return found


def _sight(caller: LivingCustomer, write: Write, now: Now, account_no: Annotated[AccountNo, Path()]) -> Sight:
    found = accounts.sight(write, user_id=caller.user_id, account_no=account_no, now=now)
    if found is None:
        raise NotFound
    return found


def _whole_sight(sight: Annotated[Sight, Depends(_sight)]) -> Sight:
    if not sight.sees_all:
        # Who may view it knows that it is there, as of an owner's rights.
        raise TotalsOnly
    return sight


def _owned(caller: LivingCustomer, write: Write, now: Now, account_no: Annotated[AccountNo, Path()]) -> AccountRef:
    found = _resolved(write, caller, account_no, Permission.OWN, now)
    if found is None:
        # Who may view it knows that it is there: nothing is told by saying what is lacking.
        raise NotFound if _resolved(write, caller, account_no, Permission.VIEW, now) is None else NotOwner
    return found


def _payable(caller: LivingCustomer, write: Write, now: Now, account_no: Annotated[AccountNo, Path()]) -> AccountRef:
    return _paid_by(write, caller, account_no, now)


def _payable_with_picture(
    caller: CustomerOfPictures, db: Pictures, now: Now, account_no: Annotated[AccountNo, Path()]
) -> AccountRef:
    with db.read() as session:
        return _paid_by(session, caller, account_no, now)


def _paid_by(session: ReadSession, caller: Caller, account_no: str, now: datetime) -> AccountRef:
    found = _resolved(session, caller, account_no, Permission.PAY, now)
    if found is None:
        raise NotFound if _resolved(session, caller, account_no, Permission.VIEW, now) is None else NotPayer
    return found


def _resolved(
    session: ReadSession, caller: Caller, account_no: str, permission: Permission, now: datetime
) -> AccountRef | None:
    return accounts.resolve_access(
        session, user_id=caller.user_id, account_no=account_no, permission=permission, now=now
    )


ViewedAccount = Annotated[AccountRef, Depends(_viewed)]

SeenAccount = Annotated[Sight, Depends(_sight)]
"""With how much of it is seen: for what shows sums to all, and more to those who see everything."""

WhollySeenAccount = Annotated[Sight, Depends(_whole_sight)]
"""For what tells when somebody is at home; who sees sums alone gets 403 `totals_only`."""

OwnedAccount = Annotated[AccountRef, Depends(_owned)]
"""For what only owners decide; payers and viewers get 403 `not_owner`."""

PayableAccount = Annotated[AccountRef, Depends(_payable)]
"""For what those do who pay for it, and its owners; viewers get 403 `not_payer`."""

PayableAccountOfPictures = Annotated[AccountRef, Depends(_payable_with_picture)]
"""The same for an endpoint that takes `Pictures`: found in a transaction that ends before a picture is unfolded."""
