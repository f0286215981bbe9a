"""Paying for somebody else: number and a character of the name show what is due, which is then paid as ever."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Form, Request
from fastapi.responses import Response

from core.db import ReadSession
from core.errors import Refusal
from notifications import inbox
from portal import wechat
from portal.customer import payments as single
from portal.customer import shelf
from portal.pages import CheckedForm, Reader, ReaderOfPaymentFlow, SignedIn, go, show, speak, text_of
from services.payments import operations
from services.payments.errors import QuoteExpired, QuoteRefused
from services.payments.operations import Quote
from web.runtime import Runtime, RuntimeDep
from web.session import Now, PaymentFlows, Write

router = APIRouter(include_in_schema=False)

ASK_AGAIN: Final = "/pay-for-others?over=1"


@dataclass(frozen=True)
class AskForm:
    """What was typed, to be shown again."""

    account_no: str = ""
    name_character: str = ""


@router.get("/pay-for-others")
def ask_page(request: Request, runtime: RuntimeDep, reader: SignedIn, write: Write, over: str = "") -> Response:
    """Ask whose account it is; says so when what was shown before is over.

    Inside WeChat it is asked first who pays: no form may lead to WeChat's own page.
    """
    if wechat.is_to_ask(request, runtime.settings):
        return go(wechat.way_there(request.url.path))
    told = text_of(request, QuoteExpired()) if over == "1" else ""
    return _ask(request, reader, write, AskForm(), {}, told=told)


@router.post("/pay-for-others", dependencies=[CheckedForm])
def ask(
    request: Request,
    runtime: RuntimeDep,
    reader: SignedIn,
    write: Write,
    now: Now,
    account_no: Annotated[str, Form(max_length=64)] = "",
    name_character: Annotated[str, Form(max_length=16)] = "",
) -> Response:
    """Look what somebody else owes; a wrong guess is counted and committed with this answer."""
    typed = AskForm(account_no.strip(), name_character.strip())
    if wrong := _missing(request, typed):
        return _ask(request, reader, write, typed, wrong)
    result = operations.quote_for_others(
        write,
        vault=runtime.vault,
        user_id=reader.user_id,
        address=reader.actor.address or "",
        account_no=typed.account_no,
        name_hint=typed.name_character,
        now=now,
    )
    if result.quote is None:
        told = text_of(request, result.refusal or QuoteRefused())
        return _ask(request, reader, write, typed, {"account_no": told})
    return go(f"/pay-for-others/{result.quote.id}")


@router.get("/pay-for-others/{quote_id}")
def quote_page(
    request: Request, runtime: RuntimeDep, reader: SignedIn, write: Write, now: Now, quote_id: UUID
) -> Response:
    """Whose it is, masked, and what is due: for ten minutes and one payment, which is shown when it is begun."""
    if wechat.is_to_ask(request, runtime.settings):
        return go(wechat.way_there(request.url.path))
    return _quote(request, runtime, reader, write, now, quote_id)


@router.post("/pay-for-others/{quote_id}", dependencies=[CheckedForm])
def pay(
    request: Request,
    runtime: RuntimeDep,
    reader: ReaderOfPaymentFlow,
    db: PaymentFlows,
    now: Now,
    quote_id: UUID,
    key: Annotated[str, Form(max_length=100)] = "",
    amount: Annotated[str, Form(max_length=32)] = "",
    method: Annotated[str, Form(max_length=32)] = "",
) -> Response:
    """Start the payment and show its page; the same form sent again shows the same payment."""
    payment_no = single.payment_no_of(runtime.vault, reader, key)
    with db.read() as session:
        quote = operations.quoted(session, quote_id=quote_id, user_id=reader.user_id, now=now).quote
    currency = runtime.settings.supplier_currency if quote is None else quote.due.currency
    try:
        minor = single.asked_minor(amount, currency, method)
        begun = single.start(request, runtime, db, reader, payment_no, minor, method, now, quote_id=quote_id)
    except QuoteExpired:
        with db.write() as session:
            return _quote(request, runtime, reader, session, now, quote_id)
    except Refusal as refusal:
        text = single.told(request, refusal, currency)
        with db.write() as session:
            return _quote(request, runtime, reader, session, now, quote_id, amount=amount, method=method, wrong=text)
    is_other = (begun.amount.minor, begun.method) != (minor, method)
    return go(f"/payments/{payment_no}{'?kept=1' if is_other else ''}")


def _missing(request: Request, typed: AskForm) -> dict[str, str]:
    _ = speak(request)
    needed = {
        "account_no": (typed.account_no, _("Enter the account number.")),
        "name_character": (typed.name_character, _("Enter one letter or character of the holder's name.")),
    }
    return {field: text for field, (value, text) in needed.items() if not value}


def _ask(
    request: Request, reader: Reader, session: ReadSession, typed: AskForm, wrong: dict[str, str], *, told: str = ""
) -> Response:
    return show(
        request,
        "customer/others.html",
        reader,
        unread=inbox.unread_count(session, user_id=reader.user_id),
        values=typed,
        wrong=wrong,
        over=told,
    )


def _quote(
    request: Request,
    runtime: Runtime,
    reader: Reader,
    session: ReadSession,
    now: datetime,
    quote_id: UUID,
    *,
    amount: str | None = None,
    method: str = "",
    wrong: str = "",
) -> Response:
    """The quote's page, its payment's once there is one, or else the question again."""
    found = operations.quoted(session, quote_id=quote_id, user_id=reader.user_id, now=now)
    if found.payment_no is not None:
        return go(f"/payments/{found.payment_no}")
    if found.quote is None:
        return go(ASK_AGAIN)
    offered = shelf.methods_for(found.quote.due.currency)
    methods = single.shown_methods(request, offered)
    return show(
        request,
        "customer/quote.html",
        reader,
        unread=inbox.unread_count(session, user_id=reader.user_id),
        quote=found.quote,
        offered=offered,
        methods=methods,
        is_inside_wechat=wechat.is_inside(request),
        key=single.fresh_key(runtime.vault, reader),
        amount=_proposed(found.quote) if amount is None else amount,
        method=method or (methods[0] if methods else ""),
        wrong={"amount": wrong} if wrong else {},
    )


def _proposed(quote: Quote) -> str:
    return str(quote.due.major) if quote.due.minor > 0 else ""
