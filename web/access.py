"""One decision for everything that belongs to an account: caller, account number, permission -> account, or 404."""

from collections.abc import Callable
from typing import Annotated

from fastapi import Depends, Path

from services.accounts import queries as accounts
from services.accounts.queries import AccountRef, Permission
from web.caller import LivingCustomer
from web.models import AccountNo
from web.problems.common import NotFound
from web.session import Now, Write


def _access(permission: Permission) -> Callable[..., AccountRef]:
    def resolve(caller: LivingCustomer, write: Write, now: Now, account_no: Annotated[AccountNo, Path()]) -> AccountRef:
        found = accounts.resolve_access(
            write, user_id=caller.user_id, account_no=account_no, permission=permission, now=now
        )
        if found is None:
            raise NotFound
        return found

    return resolve


ViewedAccount = Annotated[AccountRef, Depends(_access(Permission.VIEW))]
PaidAccount = Annotated[AccountRef, Depends(_access(Permission.PAY))]
OwnedAccount = Annotated[AccountRef, Depends(_access(Permission.OWN))]
