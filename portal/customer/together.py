"""Paying for several accounts at once: choose, see the sum, pay it as one payment."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, Final
from urllib.parse import urlencode

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import Response

from core.db import ReadSession
from core.errors import Refusal
from core.money import Money
from notifications import inbox
from portal import wechat
from portal.customer import payments as single
from portal.customer import shelf
from portal.pages import CheckedForm, Reader, ReaderOfPaymentFlow, SignedIn, go, show, text_of
from services.accounts import queries as accounts
from services.billing import queries as billing
from services.payments.queries import merchants
from web.runtime import Runtime, RuntimeDep
from web.session import Now, PaymentFlows, Write

router = APIRouter(include_in_schema=False)

SHOWN: Final = 50
"""Accounts that one payment may be for, and that the page shows: those with the lowest numbers first."""

Chosen = Annotated[list[Annotated[str, Query(max_length=64)]], Query(max_length=SHOWN)]
ChosenByForm = Annotated[list[Annotated[str, Form(max_length=64)]], Form(max_length=SHOWN)]


@dataclass(frozen=True)
class Bundle:
    """Accounts that one payment can be for, where not all chosen ones can be paid by the same, and their sum."""

    account_nos: tuple[str, ...]
    due: Money

    @property
    def address(self) -> str:
        """The page that pays these together."""
        return "/pay-together?" + urlencode([("account", each) for each in self.account_nos])


@dataclass(frozen=True)
class DueAccount:
    """An account that owes something."""

    account_no: str
    holder: str
    address: str
    due: Money
    next_due: date
    is_chosen: bool


@router.get("/pay-together")
def together_page(
    request: Request,
    runtime: RuntimeDep,
    reader: SignedIn,
    write: Write,
    now: Now,
    account: Chosen = [],  # noqa: B006 -- FastAPI copies it
) -> Response:
    """What all accounts of mine owe, and the sum of those chosen; without a choice, of all.

    Inside WeChat, it is asked first who pays.
    """
    if wechat.is_to_ask(request, runtime.settings):
        return go(wechat.way_there(request.url.path))
    return _page(request, runtime, reader, write, account, wrong="", now=now)


@router.post("/pay-together", dependencies=[CheckedForm])
def pay_together(
    request: Request,
    runtime: RuntimeDep,
    reader: ReaderOfPaymentFlow,
    db: PaymentFlows,
    now: Now,
    account: ChosenByForm = [],  # noqa: B006 -- FastAPI copies it
    key: Annotated[str, Form(max_length=100)] = "",
    amount_minor: Annotated[int, Form(ge=1, le=10**15)] = 1,
    method: Annotated[str, Form(max_length=32)] = "",
) -> Response:
    """Start one payment of the sum that the page showed; the same form sent again shows the same payment."""
    payment_no = single.payment_no_of(runtime.vault, reader, key)
    numbers = tuple(dict.fromkeys(account))
    try:
        single.start(request, runtime, db, reader, payment_no, amount_minor, method, now, account_nos=numbers)
    except Refusal as refusal:
        with db.write() as session:
            return _page(request, runtime, reader, session, numbers, wrong=text_of(request, refusal), now=now)
    return go(f"/payments/{payment_no}")


def _page(
    request: Request,
    runtime: Runtime,
    reader: Reader,
    session: ReadSession,
    chosen: Sequence[str],
    *,
    wrong: str,
    now: datetime,
) -> Response:
    found = billing.dues(session, session_id=reader.session_id, user_id=reader.user_id, limit=SHOWN)
    rows = [
        DueAccount(
            each.account_no,
            each.holder,
            each.address,
            each.due,
            each.next_due,
            is_chosen=not chosen or each.account_no in chosen,
        )
        for each in found.items
    ]
    sums = {row.due.currency: Money.zero(row.due.currency) for row in rows if row.is_chosen}
    for row in rows:
        if row.is_chosen:
            sums[row.due.currency] = sums[row.due.currency] + row.due
    one = next(iter(sums.values())) if len(sums) == 1 else None
    owing = {row.account_no: row.due for row in rows if row.is_chosen}
    bundles = () if one is None else apart(session, reader, owing, now=now)
    return show(
        request,
        "customer/together.html",
        reader,
        unread=inbox.unread_count(session, user_id=reader.user_id),
        accounts=rows,
        totals=[each.due for each in found.totals],
        has_more=found.has_more,
        one=one,
        bundles=bundles,
        methods=() if one is None else single.shown_methods(request, shelf.methods_for(one.currency)),
        key=single.fresh_key(runtime.vault, reader),
        problem=wrong,
    )


def apart(session: ReadSession, reader: Reader, owing: Mapping[str, Money], *, now: datetime) -> Sequence[Bundle]:
    """The payments that these accounts of one currency need when their money belongs to several merchant accounts.

    Empty when one payment does.
    """
    if not merchants.differ():
        return ()
    refs = accounts.payable_accounts(session, user_id=reader.user_id, account_nos=list(owing), group_id=None, now=now)
    numbers = {ref.id: ref.account_no for ref in refs}
    bundles = []
    for group in merchants.groups(session, account_ids=list(numbers)):
        chosen = tuple(numbers[each] for each in group)
        due = sum((owing[each] for each in chosen), Money.zero(refs[0].currency))
        bundles.append(Bundle(chosen, due))
    return bundles if len(bundles) > 1 else ()
