"""One decision for everything that belongs to an account: caller, account number, permission -> account, or 404."""

from typing import Annotated

from fastapi import Depends, Path

from services.accounts import queries as accounts
from services.accounts.queries import AccountRef, Permission
from web.caller import LivingCustomer
from web.models import AccountNo
from web.problems.common import NotFound
from web.session import Now, Write


def _viewed(caller: LivingCustomer, write: Write, now: Now, account_no: Annotated[AccountNo, Path()]) -> AccountRef:
    found = accounts.resolve_access(
        write, user_id=caller.user_id, account_no=account_no, permission=Permission.VIEW, now=now
    )
    if found is None:
        raise NotFound
    return found


ViewedAccount = Annotated[AccountRef, Depends(_viewed)]
