"""Groups of accounts: many accounts seen, filtered, paid and listed as one. A group is its maker's alone."""

from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Path, Query
from fastapi.responses import Response

from core.idempotency import InFlight, KeyReused
from core.pagination import MAX_CURSOR, BadCursor
from core.periods import business_date
from routers.accounts.groups_schemas import (
    Group,
    GroupAccounts,
    GroupAdded,
    GroupList,
    GroupMember,
    GroupMembers,
    GroupRequest,
    WhichName,
)
from services.accounts import operations
from services.accounts.errors import GroupNameTaken, GroupNameWrong, TooManyGroups, TooManyMembers
from services.billing.errors import TooManyBills
from services.billing.queries import grouping
from services.billing.queries.grouping import Which
from web import spreadsheets
from web.caller import Caller, LivingCustomer
from web.idempotency import KeyedRequest, once
from web.models import AccountNo, Day, Limit
from web.problems import problems
from web.problems.common import KeyMissing, NotFound
from web.runtime import Runtime, RuntimeDep
from web.session import Now, Write

router = APIRouter(prefix="/api/v1/account-groups", tags=["accounts"])

GroupId = Annotated[UUID, Path()]
CSV: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "description": "A line per bill.",
        "content": {"text/csv": {"schema": {"type": "string"}, "example": spreadsheets.bills_file([])}},
    }
}


@router.get("", responses=problems(), operation_id="list_groups")
def list_groups(caller: LivingCustomer, runtime: RuntimeDep, write: Write, now: Now) -> GroupList:
    """Your groups with what their accounts owe."""
    today = business_date(now, runtime.settings.zone)
    found = grouping.groups(write, user_id=caller.user_id, today=today, now=now)
    return GroupList(items=[Group.of(each) for each in found])


@router.post(
    "",
    status_code=201,
    response_model=Group,
    responses=problems(GroupNameWrong, GroupNameTaken, TooManyGroups, KeyMissing, KeyReused, InFlight),
    operation_id="make_group",
)
def make_group(
    caller: LivingCustomer, body: GroupRequest, keyed: KeyedRequest, runtime: RuntimeDep, write: Write, now: Now
) -> Response:
    """Make an empty group."""

    def work() -> Group:
        group_id = operations.create_group(write, user_id=caller.user_id, name=body.name, actor=caller.actor, now=now)
        return _shown(write, runtime, caller, group_id, now)

    return once(write, keyed, work)


@router.get("/{group_id}", responses=problems(), operation_id="show_group")
def show_group(caller: LivingCustomer, runtime: RuntimeDep, write: Write, now: Now, group_id: GroupId) -> Group:
    """One group with what its accounts owe. Pay it by `POST /api/v1/payments` with `group_id` and the sum you saw."""
    return _shown(write, runtime, caller, group_id, now)


@router.patch("/{group_id}", responses=problems(GroupNameWrong, GroupNameTaken), operation_id="rename_group")
def rename_group(
    caller: LivingCustomer, body: GroupRequest, runtime: RuntimeDep, write: Write, now: Now, group_id: GroupId
) -> Group:
    """Give a group another name."""
    operations.rename_group(write, user_id=caller.user_id, group_id=group_id, name=body.name, actor=caller.actor)
    return _shown(write, runtime, caller, group_id, now)


@router.delete("/{group_id}", status_code=204, responses=problems(), operation_id="delete_group")
def delete_group(caller: LivingCustomer, write: Write, group_id: GroupId) -> None:
    """Take a group apart. Your accounts stay yours."""
    if not operations.delete_group(write, user_id=caller.user_id, group_id=group_id, actor=caller.actor):
        raise NotFound


@router.get("/{group_id}/accounts", responses=problems(BadCursor), operation_id="list_group_accounts")
def list_group_accounts(
    caller: LivingCustomer,
    runtime: RuntimeDep,
    write: Write,
    now: Now,
    group_id: GroupId,
    which: Annotated[WhichName, Query()] = "all",
    cursor: Annotated[str | None, Query(max_length=MAX_CURSOR)] = None,
    limit: Annotated[Limit, Query()] = 24,
) -> GroupMembers:
    """A group's accounts by number: all, those that owe something, or those in arrears."""
    scope = f"group|{caller.user_id}|{group_id}|{which}"
    after = "" if cursor is None else str(runtime.cursors.open(cursor, scope=scope)[0])
    _shown(write, runtime, caller, group_id, now)
    found = grouping.members(
        write,
        user_id=caller.user_id,
        group_id=group_id,
        which=Which(which),
        after=after,
        limit=limit + 1,
        today=business_date(now, runtime.settings.zone),
        now=now,
    )
    shown, more = runtime.cursors.page(found, limit, scope=scope, position=lambda each: [each.account_no])
    return GroupMembers(items=[GroupMember.of(each) for each in shown], next=more or None)


@router.post(
    "/{group_id}/accounts",
    response_model=GroupAdded,
    responses=problems(TooManyMembers, KeyMissing, KeyReused, InFlight),
    operation_id="add_group_accounts",
)
def add_group_accounts(
    caller: LivingCustomer, body: GroupAccounts, keyed: KeyedRequest, write: Write, now: Now, group_id: GroupId
) -> Response:
    """Put accounts into a group. Repeated, it changes nothing. An access that ends takes the account out again."""

    def work() -> GroupAdded:
        added = operations.add_to_group(
            write,
            user_id=caller.user_id,
            group_id=group_id,
            account_nos=body.account_nos,
            actor=caller.actor,
            now=now,
        )
        if added is None:
            raise NotFound
        return GroupAdded.of(added)

    return once(write, keyed, work, status=200)


@router.delete(
    "/{group_id}/accounts/{account_no}", status_code=204, responses=problems(), operation_id="remove_group_account"
)
def remove_group_account(
    caller: LivingCustomer, write: Write, group_id: GroupId, account_no: Annotated[AccountNo, Path()]
) -> None:
    """Take an account out of a group."""
    is_out = operations.take_from_group(
        write, user_id=caller.user_id, group_id=group_id, account_no=account_no, actor=caller.actor
    )
    if not is_out:
        raise NotFound


@router.get(
    "/{group_id}/bills.csv",
    response_class=Response,
    responses={**problems(TooManyBills), **CSV},
    operation_id="list_group_bills",
)
def list_group_bills(
    caller: LivingCustomer,
    runtime: RuntimeDep,
    write: Write,
    now: Now,
    group_id: GroupId,
    first: Annotated[Day, Query()],
    last: Annotated[Day, Query()],
) -> Response:
    """The group's bills that were issued on these days, both included, as a CSV file for a spreadsheet."""
    _shown(write, runtime, caller, group_id, now)
    bills = grouping.group_bills(write, user_id=caller.user_id, group_id=group_id, first=first, last=last, now=now)
    return Response(
        spreadsheets.bills_file(bills),
        media_type=spreadsheets.MEDIA_TYPE,
        headers=spreadsheets.attachment(f"bills-{first}-{last}.csv"),
    )


def _shown(write: Write, runtime: Runtime, caller: Caller, group_id: UUID, now: Now) -> Group:
    today = business_date(now, runtime.settings.zone)
    found = grouping.group(write, user_id=caller.user_id, group_id=group_id, today=today, now=now)
    if found is None:
        raise NotFound
    return Group.of(found)
