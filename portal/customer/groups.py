"""Groups of accounts: their sums, their members, paying one as a whole, and its bills as a file."""

import re
from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from typing import Annotated, Final
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import Response

from core.db import ReadSession
from core.errors import Refusal
from core.periods import business_date
from notifications import inbox
from portal import wechat
from portal.customer import payments as single
from portal.customer import shelf
from portal.customer.together import Bundle, apart
from portal.pages import CheckedForm, Reader, ReaderOfPaymentFlow, SignedIn, go, show, speak, text_of, typed_day
from services.accounts import operations
from services.accounts.errors import GroupNameTaken, GroupNameWrong, TooManyGroups, TooManyMembers
from services.billing.errors import TooManyBills
from services.billing.queries import grouping
from services.billing.queries.grouping import GroupView, Which
from services.payments.queries import merchants
from web import spreadsheets
from web.problems.common import NotFound
from web.runtime import Runtime, RuntimeDep
from web.session import Now, PaymentFlows, Write

router = APIRouter(include_in_schema=False)

GROUPS: Final = "/account-groups"
PAGE: Final = 50
MOST_TYPED: Final = 20_000
"""Characters of typed account numbers: some five hundred of them."""
MOST_NUMBERS: Final = 500
NUMBER: Final = re.compile(r"[0-9A-Za-z-]{4,32}")
APART: Final = re.compile(r"[\s,;，；、]+")
YEAR: Final = timedelta(days=365)

Name = Annotated[str, Form(max_length=200)]
Some = Annotated[list[Annotated[str, Form(max_length=64)]], Form(max_length=MOST_NUMBERS)]


@router.get(GROUPS)
def groups_page(request: Request, runtime: RuntimeDep, reader: SignedIn, write: Write, now: Now) -> Response:
    """My groups with what they owe, and a form for another one."""
    return _groups(request, runtime, reader, write, now)


@router.post(GROUPS, dependencies=[CheckedForm])
def make(request: Request, runtime: RuntimeDep, reader: SignedIn, write: Write, now: Now, name: Name = "") -> Response:
    """Make a group, and go there to fill it."""
    try:
        group_id = operations.create_group(write, user_id=reader.user_id, name=name, actor=reader.actor, now=now)
    except (GroupNameWrong, GroupNameTaken, TooManyGroups) as refusal:
        wrong = {"name": text_of(request, refusal)}
        return _groups(request, runtime, reader, write, now, name=name, wrong=wrong)
    return go(f"{GROUPS}/{group_id}")


@router.get(GROUPS + "/{group_id}")
def group_page(
    request: Request,
    runtime: RuntimeDep,
    reader: SignedIn,
    write: Write,
    now: Now,
    group_id: UUID,
    which: Which = Which.ALL,
    after: str = "",
    done: str = "",
) -> Response:
    """One group: sums, accounts, and what can be done with it. Inside WeChat, it is asked first who pays."""
    if wechat.is_to_ask(request, runtime.settings):
        return go(wechat.way_there(request.url.path))
    return _group(request, runtime, reader, write, now, group_id, which=which, after=after, done=done)


@router.post(GROUPS + "/{group_id}/rename", dependencies=[CheckedForm])
def rename(
    request: Request, runtime: RuntimeDep, reader: SignedIn, write: Write, now: Now, group_id: UUID, name: Name = ""
) -> Response:
    """Give it another name."""
    try:
        is_mine = operations.rename_group(
            write, user_id=reader.user_id, group_id=group_id, name=name, actor=reader.actor
        )
    except (GroupNameWrong, GroupNameTaken) as refusal:
        wrong = {"name": text_of(request, refusal)}
        return _group(request, runtime, reader, write, now, group_id, name=name, wrong=wrong)
    if not is_mine:
        raise NotFound
    return go(f"{GROUPS}/{group_id}")


@router.post(GROUPS + "/{group_id}/delete", dependencies=[CheckedForm])
def delete(reader: SignedIn, write: Write, group_id: UUID) -> Response:
    """Take it apart."""
    if not operations.delete_group(write, user_id=reader.user_id, group_id=group_id, actor=reader.actor):
        raise NotFound
    return go(GROUPS)


@router.post(GROUPS + "/{group_id}/add", dependencies=[CheckedForm])
def add(
    request: Request,
    runtime: RuntimeDep,
    reader: SignedIn,
    write: Write,
    now: Now,
    group_id: UUID,
    account_nos: Annotated[str, Form(max_length=MOST_TYPED)] = "",
    all: Annotated[str, Form(max_length=1)] = "",  # noqa: A002 -- the form's name
) -> Response:
    """Put accounts in: those whose numbers were typed, or all that I may pay for. What is wrong stays to be mended."""
    _ = speak(request)
    typed = list(dict.fromkeys(filter(None, APART.split(account_nos))))
    if not all and (not typed or len(typed) > MOST_NUMBERS or any(not NUMBER.fullmatch(each) for each in typed)):
        wrong = {"account_nos": _("Enter up to 500 account numbers, one per line.")}
        return _group(request, runtime, reader, write, now, group_id, typed=account_nos, wrong=wrong)
    try:
        added = operations.add_to_group(
            write,
            user_id=reader.user_id,
            group_id=group_id,
            account_nos=None if all else typed,
            actor=reader.actor,
            now=now,
        )
    except TooManyMembers as refusal:
        wrong = {"account_nos": text_of(request, refusal)}
        return _group(request, runtime, reader, write, now, group_id, typed=account_nos, wrong=wrong)
    if added is None:
        raise NotFound
    if added.unknown:
        text = _("You cannot pay for the accounts that are left here; the others were added.")
        wrong = {"account_nos": text if added.added else _("You cannot pay for these accounts; none was added.")}
        left = "\n".join(added.unknown)
        return _group(request, runtime, reader, write, now, group_id, typed=left, wrong=wrong)
    return go(f"{GROUPS}/{group_id}?done=added")


@router.post(GROUPS + "/{group_id}/accounts/{account_no}/remove", dependencies=[CheckedForm])
def remove(reader: SignedIn, write: Write, group_id: UUID, account_no: str) -> Response:
    """Take one account out."""
    is_out = operations.take_from_group(
        write, user_id=reader.user_id, group_id=group_id, account_no=account_no, actor=reader.actor
    )
    if not is_out:
        raise NotFound
    return go(f"{GROUPS}/{group_id}?done=removed")


@router.post(GROUPS + "/{group_id}/pay", dependencies=[CheckedForm])
def pay(
    request: Request,
    runtime: RuntimeDep,
    reader: ReaderOfPaymentFlow,
    db: PaymentFlows,
    now: Now,
    group_id: UUID,
    account: Some = [],  # noqa: B006 -- FastAPI copies it
    key: Annotated[str, Form(max_length=100)] = "",
    amount_minor: Annotated[int, Form(ge=1, le=10**15)] = 1,
    method: Annotated[str, Form(max_length=32)] = "",
) -> Response:
    """Start one payment of all that the group owes, or some accounts of it; the same form again shows the same one."""
    with db.write() as session:
        if _found(session, runtime, reader, group_id, now) is None:
            raise NotFound
    payment_no = single.payment_no_of(runtime.vault, reader, key)
    try:
        some = tuple(dict.fromkeys(account))
        whole = None if some else group_id
        single.start(
            request, runtime, db, reader, payment_no, amount_minor, method, now, account_nos=some, group_id=whole
        )
    except Refusal as refusal:
        with db.write() as session:
            return _group(request, runtime, reader, session, now, group_id, problem=text_of(request, refusal))
    return go(f"/payments/{payment_no}")


@router.get(GROUPS + "/{group_id}/bills.csv")
def bills(
    request: Request,
    runtime: RuntimeDep,
    reader: SignedIn,
    write: Write,
    now: Now,
    group_id: UUID,
    first: Annotated[str, Query(max_length=10)] = "",
    last: Annotated[str, Query(max_length=10)] = "",
) -> Response:
    """The group's bills that were issued on these days, as a file."""
    _ = speak(request)
    days = typed_day(first), typed_day(last)
    if days[0] is None or days[1] is None:
        wrong = {"first": _("Enter a first and a last day.")}
        return _group(request, runtime, reader, write, now, group_id, wrong=wrong)
    if _found(write, runtime, reader, group_id, now) is None:
        raise NotFound
    try:
        found = grouping.group_bills(
            write, user_id=reader.user_id, group_id=group_id, first=days[0], last=days[1], now=now
        )
    except TooManyBills as refusal:
        return _group(request, runtime, reader, write, now, group_id, wrong={"first": text_of(request, refusal)})
    return Response(
        spreadsheets.bills_file(found),
        media_type=spreadsheets.MEDIA_TYPE,
        headers=spreadsheets.attachment(f"bills-{days[0]}-{days[1]}.csv"),
    )


def _found(session: ReadSession, runtime: Runtime, reader: Reader, group_id: UUID, now: datetime) -> GroupView | None:
    today = business_date(now, runtime.settings.zone)
    return grouping.group(session, user_id=reader.user_id, group_id=group_id, today=today, now=now)


def _groups(
    request: Request,
    runtime: Runtime,
    reader: Reader,
    session: ReadSession,
    now: datetime,
    *,
    name: str = "",
    wrong: dict[str, str] | None = None,
) -> Response:
    today = business_date(now, runtime.settings.zone)
    return show(
        request,
        "customer/groups.html",
        reader,
        unread=inbox.unread_count(session, user_id=reader.user_id),
        groups=grouping.groups(session, user_id=reader.user_id, today=today, now=now),
        name=name,
        wrong=wrong or {},
    )


def _group(
    request: Request,
    runtime: Runtime,
    reader: Reader,
    session: ReadSession,
    now: datetime,
    group_id: UUID,
    *,
    which: Which = Which.ALL,
    after: str = "",
    done: str = "",
    name: str | None = None,
    typed: str = "",
    wrong: dict[str, str] | None = None,
    problem: str = "",
) -> Response:
    group = _found(session, runtime, reader, group_id, now)
    if group is None:
        raise NotFound
    today = business_date(now, runtime.settings.zone)
    scope = f"portal.group|{reader.user_id}|{group_id}|{which}"
    [behind] = runtime.cursors.behind(after, scope=scope, first=[""])
    found = grouping.members(
        session,
        user_id=reader.user_id,
        group_id=group_id,
        which=which,
        after=behind,
        limit=PAGE + 1,
        today=today,
        now=now,
    )
    shown, more = runtime.cursors.page(found, PAGE, scope=scope, position=lambda each: [each.account_no])
    one = group.totals[0] if len(group.totals) == 1 else None
    methods = () if one is None or one.due.minor == 0 else shelf.methods_for(one.due.currency)
    bundles = _bundles(session, reader, group_id, today, now) if methods else ()
    return show(
        request,
        "customer/group.html",
        reader,
        unread=inbox.unread_count(session, user_id=reader.user_id),
        group=group,
        one=one,
        members=shown,
        which=which.value,
        more=f"{GROUPS}/{group_id}?{urlencode({'which': which.value, 'after': more})}" if more else "",
        methods=single.shown_methods(request, methods),
        bundles=[(each, single.fresh_key(runtime.vault, reader)) for each in bundles],
        key=single.fresh_key(runtime.vault, reader),
        today=today,
        first=today - YEAR,
        name=group.name if name is None else name,
        typed=typed,
        wrong=wrong or {},
        problem=problem,
        told=_told(speak(request), done),
    )


def _bundles(session: ReadSession, reader: Reader, group_id: UUID, today: date, now: datetime) -> Sequence[Bundle]:
    """The payments that what the group owes needs, where one does not do."""
    if not merchants.differ():
        return ()
    found = grouping.members(
        session,
        user_id=reader.user_id,
        group_id=group_id,
        which=Which.OWING,
        after="",
        limit=MOST_NUMBERS,
        today=today,
        now=now,
    )
    return apart(session, reader, {each.account_no: each.due for each in found}, now=now)


def _told(_: Callable[[str], str], done: str) -> str:
    return {
        "added": _("The accounts are in the group."),
        "removed": _("The account is not in the group any more. It is still yours."),
    }.get(done, "")
