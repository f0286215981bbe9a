"""Paying: the form, the page that waits, the receipt."""

import hashlib
import hmac
import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Final
from urllib.parse import quote
from uuid import UUID

from fastapi import APIRouter, Form, Request
from fastapi.responses import Response
from markupsafe import Markup

from core.config import Settings
from core.crypto.vault import Vault
from core.db import ReadSession
from core.errors import Refusal
from core.ids import human_code
from core.money import Money
from notifications.setup import SETUP
from portal import wechat
from portal.amounts import typed_minor
from portal.customer import shelf
from portal.customer.receipts import also_received, rows_of
from portal.customer.shelf import AccountChoice, Shelf
from portal.pages import NO_CONTENT, CheckedForm, Reader, ReaderOfPaymentFlow, SignedIn, go, show, speak, text_of
from services.accounts import queries as accounts
from services.accounts.queries import Permission
from services.billing import queries as billing
from services.payments import flows, queries
from services.payments.errors import MethodNotOffered, PaymentFinal
from services.payments.flows import Again
from services.payments.operations import Wanted
from services.payments.ports import Method, Payer
from services.payments.queries import PaymentView
from web import hot, live
from web.caller import address_of
from web.live import EventStream
from web.problems.common import CrossSite, NotFound
from web.qr import svg
from web.runtime import Runtime, RuntimeDep
from web.session import Now, PaymentFlows, Write

router = APIRouter(include_in_schema=False)

PAYMENT_NO_LENGTH: Final = 15
WAITING: Final = "waiting"
EXAMPLE_MINOR: Final = 12_860


@dataclass(frozen=True)
class PaymentPage:
    """A payment as its page shows it: what the payer's device needs now, `bridge` inside WeChat."""

    payment: PaymentView
    qr: Markup | None
    h5_url: str | None
    bridge: str | None


def _key(vault: Vault, reader: Reader, payment_no: str) -> str:
    """A form's own payment number, bound to its reader: sent twice, it is one payment."""
    tag = hmac.new(vault.subkey("payment-forms"), f"{reader.user_id}|{payment_no}".encode(), hashlib.sha256)
    return f"{payment_no}.{tag.hexdigest()[:32]}"


def fresh_key(vault: Vault, reader: Reader) -> str:
    """The key of a form that was not sent yet."""
    return _key(vault, reader, f"P{human_code(PAYMENT_NO_LENGTH)}")


def _running(session: ReadSession, account: AccountChoice, reader: Reader, now: datetime) -> PaymentView | None:
    """A payment of this reader for this account whose end nobody knows yet."""
    earlier = queries.running(session, account_id=account.id, user_id=reader.user_id, now=now)
    return None if earlier is None else queries.payment(session, payment_no=earlier, user_id=reader.user_id, now=now)


def payment_no_of(vault: Vault, reader: Reader, key: str) -> str:
    """The payment number in a form's key; raises CrossSite for a key that is not this reader's."""
    payment_no = key.partition(".")[0]
    if not hmac.compare_digest(key.encode(), _key(vault, reader, payment_no).encode()):
        raise CrossSite
    return payment_no


def _form(
    request: Request,
    reader: Reader,
    mine: Shelf,
    account: AccountChoice,
    *,
    due: Money,
    key: str,
    amount: str,
    method: str,
    running: PaymentView | None,
    wrong: Mapping[str, str],
) -> Response:
    return show(
        request,
        "customer/pay.html",
        reader,
        unread=mine.unread,
        account=account,
        due=due,
        methods=shown_methods(request, account.methods),
        is_inside_wechat=wechat.is_inside(request),
        key=key,
        amount=amount,
        method=method,
        running=running,
        wrong=wrong,
    )


@router.get("/pay/{account_no}")
def pay_page(
    request: Request, runtime: RuntimeDep, reader: SignedIn, write: Write, now: Now, account_no: str
) -> Response:
    """How much and how; says so when an earlier payment still runs. Inside WeChat, it is asked first who pays."""
    if wechat.is_to_ask(request, runtime.settings):
        return go(wechat.way_there(request.url.path))
    mine = shelf.of_reader(request, write, reader, now=now, wanted=account_no)
    if mine.account is None or not mine.account.may_pay:
        raise NotFound
    due = billing.owed(write, account_id=mine.account.id).due
    shown = shown_methods(request, mine.account.methods)
    return _form(
        request,
        reader,
        mine,
        mine.account,
        due=due,
        key=fresh_key(runtime.vault, reader),
        amount=str(due.major) if due.minor > 0 else "",
        method=shown[0] if shown else "",
        running=_running(write, mine.account, reader, now),
        wrong={},
    )


@router.post("/pay/{account_no}", dependencies=[CheckedForm])
def pay(
    request: Request,
    runtime: RuntimeDep,
    reader: ReaderOfPaymentFlow,
    now: Now,
    db: PaymentFlows,
    account_no: str,
    key: Annotated[str, Form(max_length=100)] = "",
    amount: Annotated[str, Form(max_length=32)] = "",
    method: Annotated[str, Form(max_length=32)] = "",
) -> Response:
    """Start the payment and show its page; the same form sent again shows the same payment."""
    payment_no = payment_no_of(runtime.vault, reader, key)
    with db.read() as session:
        account = accounts.resolve_access(
            session, user_id=reader.user_id, account_no=account_no, permission=Permission.PAY, now=now
        )
    if account is None:
        raise NotFound
    try:
        minor = asked_minor(amount, account.currency, method)
        begun = start(request, runtime, db, reader, payment_no, minor, method, now, account_no=account_no)
    except Refusal as refusal:
        text = told(request, refusal, account.currency)
        return _again(request, runtime, db, reader, now, account_no, amount=amount, method=method, text=text)
    is_other = (begun.amount.minor, begun.method) != (minor, method)
    return go(f"/payments/{payment_no}{'?kept=1' if is_other else ''}")


def start(
    request: Request,
    runtime: Runtime,
    db: PaymentFlows,
    reader: Reader,
    payment_no: str,
    amount_minor: int,
    method: str,
    now: datetime,
    *,
    account_no: str | None = None,
    account_nos: tuple[str, ...] = (),
    group_id: UUID | None = None,
    quote_id: UUID | None = None,
) -> PaymentView:
    """Start the payment that a page asked for: of one account, several, a group, or a quote. Raises its refusals."""
    settings = runtime.settings
    if method not in shelf.METHODS:
        raise MethodNotOffered(method=method, currency=settings.supplier_currency)
    wanted = Wanted(
        user_id=reader.user_id,
        account_no=account_no,
        account_nos=account_nos,
        group_id=group_id,
        quote_id=quote_id,
        amount_minor=amount_minor,
        bill_nos=None,
        method=Method(method),
        payer=payer_of(request, runtime, now=now),
        description=settings.supplier_name,
        partial_allowed=settings.partial_payment,
        most_major=settings.payment_most,
    )
    return flows.start_payment(db, vault=runtime.vault, wanted=wanted, payment_no=payment_no, now=now).payment


def asked_minor(amount: str, currency: str, method: str) -> int:
    """The amount of a form in minor units; raises a Refusal that `told` puts into words."""
    minor = typed_minor(amount, currency)
    if not minor or method not in shelf.METHODS:
        raise _Unreadable
    return minor


def told(request: Request, refusal: Refusal, currency: str) -> str:
    """What stands beside the amount of a form that was refused."""
    if not isinstance(refusal, _Unreadable):
        return text_of(request, refusal)
    _ = speak(request)
    text = _("Enter an amount above zero in plain digits, such as %(example)s.")
    return text % {"example": Money(EXAMPLE_MINOR, currency).major}


class _Unreadable(Refusal):
    """The amount or method in the form cannot be read."""

    code = "invalid_fields"


def _again(
    request: Request,
    runtime: Runtime,
    db: PaymentFlows,
    reader: Reader,
    now: datetime,
    account_no: str,
    *,
    amount: str,
    method: str,
    text: str,
) -> Response:
    """The form once more, as another payment: the refused one is over, and said to run on if it does."""
    with db.write() as session:
        mine = shelf.of_reader(request, session, reader, now=now, wanted=account_no)
        if mine.account is None or not mine.account.may_pay:
            raise NotFound
        due = billing.owed(session, account_id=mine.account.id).due
        running = _running(session, mine.account, reader, now)
    return _form(
        request,
        reader,
        mine,
        mine.account,
        due=due,
        key=fresh_key(runtime.vault, reader),
        amount=amount,
        method=method,
        running=running,
        wrong={"amount": text},
    )


def shown_methods(request: Request, methods: tuple[Method, ...]) -> tuple[Method, ...]:
    """What works here. Inside WeChat only its own way does.

    A telephone pays in its own WeChat first, or by another one's; a larger screen only shows the code to scan.
    """
    if wechat.is_inside(request):
        return tuple(method for method in methods if method is Method.WECHAT_JSAPI and wechat.account_for(request))
    is_phone = "Mobile" in request.headers.get("user-agent", "")
    own = (Method.WECHAT_H5,) if is_phone else ()
    return tuple(method for method in (*own, Method.WECHAT_NATIVE) if method in methods)


def payer_of(request: Request, runtime: Runtime, *, now: datetime) -> Payer:
    """Who pays from this browser, and inside WeChat whose WeChat that is."""
    person = wechat.person_of(request, runtime.settings, runtime.vault, now=now)
    if person is None:
        return Payer(address_of(request))
    return Payer(address_of(request), openid=person.openid, appid=person.appid)


@router.get("/payments/{payment_no}")
def payment_page(
    request: Request, runtime: RuntimeDep, reader: SignedIn, write: Write, now: Now, payment_no: str, kept: str = ""
) -> Response:
    """Where a payment stands, and what to do next; `kept`: a form with another amount or method did not change it."""
    template = "customer/payment.html"
    return _status(request, runtime.settings, reader, write, now, payment_no, template, was_kept=kept == "1")


@router.get("/payments/{payment_no}/status")
def payment_status(
    request: Request, runtime: RuntimeDep, reader: SignedIn, write: Write, now: Now, payment_no: str, seen: str = ""
) -> Response:
    """The part of the page that changes; no content while it is as `seen`, so that nothing is read out again."""
    if _found(write, reader, payment_no, now).state == seen:
        return Response(status_code=NO_CONTENT)
    return _status(
        request, runtime.settings, reader, write, now, payment_no, "customer/payment_part.html", was_kept=False
    )


@router.get("/payments/{payment_no}/events")
async def payment_events(request: Request, reader: SignedIn, now: Now, payment_no: str) -> EventStream:
    """Says when a payment changes; the page then fetches its part."""
    asked: dict[str, object] = {
        "payment_no": payment_no,
        "user_id": reader.user_id,
        "session_id": reader.session_id,
        "now": now,
    }
    first = await hot.text(request, queries.HOT_PAYMENT, asked)
    wanted = live.Watched(payment_no, reader.user_id, reader.session_id)
    return EventStream(live.watch_of(request), wanted, first)


@router.post("/payments/{payment_no}/check", dependencies=[CheckedForm])
def check(runtime: RuntimeDep, reader: ReaderOfPaymentFlow, db: PaymentFlows, now: Now, payment_no: str) -> Response:
    """The payer says that it is paid: ask the provider now."""
    flows.check_payment(db, vault=runtime.vault, user_id=reader.user_id, payment_no=payment_no, now=now)
    return go(f"/payments/{payment_no}")


@router.post("/payments/{payment_no}/again", dependencies=[CheckedForm])
def again(
    request: Request, runtime: RuntimeDep, reader: ReaderOfPaymentFlow, db: PaymentFlows, now: Now, payment_no: str
) -> Response:
    """A fresh way to the provider for the same payment: the address of WeChat's page lives five minutes only."""
    same = Again(
        amount_minor=None,
        bill_nos=None,
        method=None,
        payer=payer_of(request, runtime, now=now),
        description=runtime.settings.supplier_name,
        partial_allowed=runtime.settings.partial_payment,
        most_major=runtime.settings.payment_most,
    )
    with suppress(PaymentFinal):
        flows.retry_payment(db, vault=runtime.vault, user_id=reader.user_id, payment_no=payment_no, again=same, now=now)
    return go(f"/payments/{payment_no}")


@router.get("/payments/{payment_no}/change")
def change_page(request: Request, reader: SignedIn, write: Write, now: Now, payment_no: str) -> Response:
    """Another amount or method for a payment that waits for its payer."""
    found = _found(write, reader, payment_no, now)
    if found.state != WAITING:
        return go(f"/payments/{payment_no}")
    return _change_form(
        request, reader, write, now, found, amount=str(found.amount.major), method=found.method.value, wrong={}
    )


@router.post("/payments/{payment_no}/change", dependencies=[CheckedForm])
def change(
    request: Request,
    runtime: RuntimeDep,
    reader: ReaderOfPaymentFlow,
    db: PaymentFlows,
    now: Now,
    payment_no: str,
    amount: Annotated[str, Form(max_length=32)] = "",
    method: Annotated[str, Form(max_length=32)] = "",
) -> Response:
    """Go on with another amount or method; what was begun is closed at its provider first."""
    with db.read() as session:
        found = _found(session, reader, payment_no, now)
    settings = runtime.settings
    try:
        other = Again(
            amount_minor=asked_minor(amount, found.amount.currency, method),
            bill_nos=None,
            method=Method(method),
            payer=payer_of(request, runtime, now=now),
            description=settings.supplier_name,
            partial_allowed=settings.partial_payment,
            most_major=settings.payment_most,
        )
        flows.retry_payment(
            db, vault=runtime.vault, user_id=reader.user_id, payment_no=payment_no, again=other, now=now
        )
    except PaymentFinal:
        return go(f"/payments/{payment_no}")
    except Refusal as refusal:
        wrong = {"amount": told(request, refusal, found.amount.currency)}
        with db.write() as session:
            return _change_form(request, reader, session, now, found, amount=amount, method=method, wrong=wrong)
    return go(f"/payments/{payment_no}")


def _change_form(
    request: Request,
    reader: Reader,
    session: ReadSession,
    now: datetime,
    payment: PaymentView,
    *,
    amount: str,
    method: str,
    wrong: Mapping[str, str],
) -> Response:
    mine = shelf.of_reader(request, session, reader, now=now)
    return show(
        request,
        "customer/change.html",
        reader,
        unread=mine.unread,
        payment=payment,
        methods=shown_methods(request, shelf.methods_for(payment.amount.currency)),
        amount=amount,
        method=method,
        wrong=wrong,
    )


@router.post("/payments/{payment_no}/give-up", dependencies=[CheckedForm])
def give_up(request: Request, reader: ReaderOfPaymentFlow, db: PaymentFlows, now: Now, payment_no: str) -> Response:
    """The payer will not pay: close the payment at its provider."""
    flows.give_up_payment(db, user_id=reader.user_id, payment_no=payment_no, address=address_of(request), now=now)
    return go(f"/payments/{payment_no}")


@router.get("/payments/{payment_no}/receipt")
def receipt(request: Request, reader: SignedIn, write: Write, now: Now, payment_no: str) -> Response:
    """The receipt of a paid payment."""
    found = _found(write, reader, payment_no, now)
    if found.state != "paid":
        return go(reader.at(f"/payments/{payment_no}"))
    mine = shelf.of_reader(request, write, reader, now=now)
    rows = rows_of(found.parts, found.amount, found.suspense)
    return show(
        request,
        "customer/receipt.html",
        reader,
        unread=mine.unread,
        payment=found,
        parts=rows,
        also=also_received(found),
    )


def _status(
    request: Request,
    settings: Settings,
    reader: Reader,
    session: Write,
    now: datetime,
    payment_no: str,
    template: str,
    *,
    was_kept: bool,
) -> Response:
    found = _found(session, reader, payment_no, now)
    # How it is paid is for its payer alone.
    is_over = found.is_final or reader.onlooker is not None
    needs = {} if is_over else queries.instructions(session, payment_no=payment_no, now=now) or {}
    code, h5 = needs.get("code_url"), needs.get("h5_url")
    qr = None if code is None else Markup(svg(code))  # noqa: S704 -- drawn by us from the provider's text
    back = quote(f"{settings.public_url}/payments/{payment_no}", safe="")
    bridge = json.dumps(needs) if found.method is Method.WECHAT_JSAPI and needs else None
    page = PaymentPage(found, qr, None if h5 is None else f"{h5}&redirect_url={back}", bridge)
    mine = shelf.of_reader(request, session, reader, now=now)
    return show(
        request,
        template,
        reader,
        unread=mine.unread,
        payment=page.payment,
        also=also_received(found),
        by_sms=SETUP.get().has_sms,
        qr=page.qr,
        h5_url=page.h5_url,
        bridge=page.bridge,
        is_inside_wechat=wechat.is_inside(request),
        was_kept=was_kept,
    )


def _found(session: ReadSession, reader: Reader, payment_no: str, now: datetime) -> PaymentView:
    found = queries.payment(session, payment_no=payment_no, user_id=reader.user_id, now=now)
    if found is None or (reader.onlooker is not None and set(found.account_nos) != {reader.onlooker.account_no}):
        raise NotFound
    return found
