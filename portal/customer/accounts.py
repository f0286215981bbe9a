"""Home, the account switcher, linking an account, and the page about me."""

from dataclasses import dataclass
from typing import Annotated, Final, Literal
from uuid import UUID

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import Response

from core.periods import business_date
from notifications import inbox
from portal.amounts import typed_minor
from portal.customer import shelf
from portal.customer.bills import row_of
from portal.customer.lately import lately_of
from portal.pages import CheckedForm, SignedIn, go, remember_locale, safe_next, show, speak, text_of
from services.accounts import operations
from services.accounts import queries as accounts
from services.accounts.errors import LinkLimited, LinkRefused
from services.accounts.operations import Evidence, LastBillAmount, LinkOutcome, MeterNumber
from services.billing import queries as billing
from services.identity import operations as identity_operations
from services.identity import queries as identity
from services.identity.ports import WECHAT
from services.identity.queries import DeviceView
from services.usage import queries as usage
from web.locale import offered
from web.problems.common import NotFound
from web.runtime import RuntimeDep
from web.session import Now, Write

router = APIRouter(include_in_schema=False)

LATEST_BILLS: Final = 3
LATEST_MESSAGES: Final = 4
PAGE: Final = 24
TOO_MUCH: Final = 10**15
"""Minor units that no bill comes to."""
HANDHELD: Final = ("iPhone", "iPad", "Android")
"""How the names of browsers end that run on something with a touch screen."""


@dataclass(frozen=True)
class LinkForm:
    """What was typed, to be shown again."""

    account_no: str = ""
    name_character: str = ""
    proof: str = "last_bill_amount"
    proof_value: str = ""


@router.get("/")
def home(request: Request, runtime: RuntimeDep, reader: SignedIn, write: Write, now: Now, linked: str = "") -> Response:
    """What is owed, what was used lately, the latest bills, the latest messages."""
    mine = shelf.of_reader(request, write, reader, now=now)
    if mine.account is None:
        return go("/accounts/link")
    owed = billing.owed(write, account_id=mine.account.id)
    today = business_date(now, runtime.settings.zone)
    since = mine.account.holder_since
    bills = billing.bills_page(write, account_id=mine.account.id, limit=LATEST_BILLS, since=since)
    sees_lines = mine.account.sees_lines
    days = usage.last_days(write, account_id=mine.account.id, before=today, since=since) if sees_lines else []
    messages = inbox.page(
        write,
        user_id=reader.user_id,
        locale=reader.locale,
        before=inbox.FIRST_PAGE,
        limit=LATEST_MESSAGES,
        account_id=reader.account_id,
    )
    return show(
        request,
        "customer/home.html",
        reader,
        unread=mine.unread,
        account=mine.account,
        accounts=mine.accounts,
        can_pay_here=bool(mine.account.methods),
        due=owed.due,
        due_date=owed.next_due,
        is_overdue=owed.next_due is not None and owed.next_due < today,
        open_count=owed.open_count,
        prepaid=owed.prepaid,
        bills=[row_of(bill, today) for bill in bills],
        messages=messages,
        lately=lately_of(days, today=today),
        has_linked=linked == "1",
    )


@router.get("/accounts")
def all_accounts(
    request: Request,
    runtime: RuntimeDep,
    reader: SignedIn,
    write: Write,
    now: Now,
    after: str = "",
    part: Annotated[str, Query(max_length=64)] = "",
) -> Response:
    """All my accounts by number, or those whose number contains what was typed."""
    scope = f"portal.accounts|{reader.user_id}"
    [behind] = runtime.cursors.behind(after, scope=scope, first=[""])
    typed = part.strip()
    found = accounts.accounts_of(write, user_id=reader.user_id, now=now, limit=PAGE + 1, after=behind, part=typed)
    shown, more = runtime.cursors.page(found, PAGE, scope=scope, position=lambda card: [card.ref.account_no])
    return show(
        request,
        "customer/accounts.html",
        reader,
        unread=inbox.unread_count(write, user_id=reader.user_id),
        accounts=[shelf.choice_of(card) for card in shown],
        part=typed,
        next=more,
    )


@router.get("/accounts/link")
def link_page(request: Request, reader: SignedIn, write: Write, now: Now) -> Response:
    """Ask for the account number and two proofs."""
    mine = shelf.of_reader(request, write, reader, now=now)
    return show(
        request,
        "customer/link.html",
        reader,
        unread=mine.unread,
        invitations=len(accounts.invitations_to(write, user_id=reader.user_id, now=now)),
        wrong={},
        values=LinkForm(),
        has_accounts=bool(mine.accounts),
    )


@router.post("/accounts/link", dependencies=[CheckedForm])
def link(
    request: Request,
    runtime: RuntimeDep,
    reader: SignedIn,
    write: Write,
    now: Now,
    account_no: Annotated[str, Form(max_length=64)] = "",
    name_character: Annotated[str, Form(max_length=16)] = "",
    proof: Annotated[Literal["last_bill_amount", "meter_no"], Form()] = "last_bill_amount",
    proof_value: Annotated[str, Form(max_length=64)] = "",
) -> Response:
    """Link the account when the proofs are right; a failed try is counted and committed with this answer."""
    typed = LinkForm(account_no.strip(), name_character.strip(), proof, proof_value.strip())
    evidence = _evidence(typed, runtime.settings.supplier_currency)
    if evidence is None or not typed.account_no or not typed.name_character:
        return _link_again(request, reader, typed, _missing(request, typed, has_evidence=evidence is not None))
    result = operations.link_account(
        write,
        vault=runtime.vault,
        user_id=reader.user_id,
        account_no=typed.account_no,
        name_character=typed.name_character,
        evidence=evidence,
        actor=reader.actor,
        now=now,
    )
    if result.outcome is LinkOutcome.LIMITED:
        limited = LinkLimited(retry_after_s=result.retry_after_s)
        return _link_again(request, reader, typed, {"account_no": text_of(request, limited)})
    if result.account is None:
        return _link_again(request, reader, typed, {"account_no": text_of(request, LinkRefused())})
    answer = go("/?linked=1")
    shelf.remember(answer, runtime.settings, result.account.account_no)
    return answer


def _evidence(typed: LinkForm, currency: str) -> Evidence | None:
    if typed.proof == "meter_no":
        return MeterNumber(typed.proof_value) if typed.proof_value else None
    minor = typed_minor(typed.proof_value, currency)
    return None if minor is None or minor >= TOO_MUCH else LastBillAmount(minor)


def _missing(request: Request, typed: LinkForm, *, has_evidence: bool) -> dict[str, str]:
    _ = speak(request)
    detail = (
        _("Enter the number on the meter.")
        if typed.proof == "meter_no"
        else _("Enter the amount with its decimals, such as 128.60.")
    )
    needed = {
        "account_no": (bool(typed.account_no), _("Enter the account number.")),
        "name_character": (bool(typed.name_character), _("Enter one letter or character of the holder's name.")),
        "proof_value": (has_evidence, detail),
    }
    return {field: text for field, (is_there, text) in needed.items() if not is_there}


def _link_again(request: Request, reader: SignedIn, typed: LinkForm, wrong: dict[str, str]) -> Response:
    return show(
        request,
        "customer/link.html",
        reader,
        invitations=0,
        wrong=wrong,
        values=typed,
        has_accounts=True,
    )


@router.get("/accounts/{account_no}")
def choose(
    request: Request, runtime: RuntimeDep, reader: SignedIn, write: Write, now: Now, account_no: str
) -> Response:
    """Switch to an account."""
    if shelf.of_reader(request, write, reader, now=now, wanted=account_no).account is None:
        raise NotFound
    answer = go("/")
    shelf.remember(answer, runtime.settings, account_no)
    return answer


@router.get("/me")
def me(request: Request, reader: SignedIn, write: Write, now: Now) -> Response:
    """My accounts and devices, and whose WeChat signs me in."""
    mine = shelf.of_reader(request, write, reader, now=now)
    user = identity.user(write, user_id=reader.user_id)
    devices = [
        {
            "id": device.id,
            "name": device.name,
            "picture": _picture(device),
            "last_used_at": device.last_used_at,
            "is_current": device.id == reader.session_id,
        }
        for device in identity.devices(write, user_id=reader.user_id, now=now)
    ]
    phone = "" if user is None else user.phone_masked
    return show(
        request,
        "customer/me.html",
        reader,
        unread=mine.unread,
        accounts=mine.accounts,
        devices=devices,
        invitations=len(accounts.invitations_to(write, user_id=reader.user_id, now=now)),
        phone_masked=phone,
        wechats=[
            {"id": each.id, "kind": WECHAT.get().apps.get(each.appid), "used_at": each.used_at}
            for each in identity.wechat_identities(write, user_id=reader.user_id)
        ],
    )


def _picture(device: DeviceView) -> str:
    is_handheld = device.kind == "app" or device.name.endswith(HANDHELD)
    return "smartphone" if is_handheld else "monitor"


@router.post("/me/language", dependencies=[CheckedForm])
def choose_language(
    runtime: RuntimeDep,
    reader: SignedIn,
    write: Write,
    locale: Annotated[str, Form(max_length=35)] = "",
    next: Annotated[str, Form(max_length=500)] = "/",  # noqa: A002 -- the form's name
) -> Response:
    """The language of my messages, and of this browser's pages."""
    wanted = offered(locale, runtime)
    identity_operations.choose_locale(write, user_id=reader.user_id, locale=wanted, address=reader.actor.address or "")
    answer = go(safe_next(next))
    remember_locale(answer, runtime.settings, wanted)
    return answer


@router.post("/me/devices/others/revoke", dependencies=[CheckedForm])
def revoke_others(reader: SignedIn, write: Write, now: Now) -> Response:
    """Sign all devices out but this one."""
    identity_operations.revoke_other_devices(
        write, user_id=reader.user_id, kept=reader.session_id, address=reader.actor.address or "", now=now
    )
    return go("/me")


@router.post("/me/devices/{session_id}/revoke", dependencies=[CheckedForm])
def revoke(reader: SignedIn, write: Write, now: Now, session_id: UUID) -> Response:
    """Sign another device out."""
    is_mine = identity_operations.revoke_device(
        write, user_id=reader.user_id, session_id=session_id, address=reader.actor.address or "", now=now
    )
    if not is_mine:
        raise NotFound
    return go("/me")


@router.post("/me/wechat/{identity_id}/unlink", dependencies=[CheckedForm])
def unlink_wechat(reader: SignedIn, write: Write, identity_id: UUID) -> Response:
    """Do not let this WeChat sign me in any more."""
    is_mine = identity_operations.unlink_wechat(
        write, user_id=reader.user_id, identity_id=identity_id, address=reader.actor.address or ""
    )
    if not is_mine:
        raise NotFound
    return go("/me")
