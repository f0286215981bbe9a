"""One box for everything: accounts by number, holder, telephone or address; bills, payments and suspense by number."""

from typing import Annotated, Final
from urllib.parse import urlencode

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import Response

from portal.pages import go, text_of
from portal.staff import lists, terms
from portal.staff.pages import CheckedForm, StaffReader, requires, show
from services.accounts import operations as serving
from services.accounts.errors import SearchLimited
from services.accounts.queries import finding
from services.accounts.roles import StaffPermission
from services.billing import queries as billing
from services.payments.queries import finding as paying
from services.payments.queries import placing
from web.problems import waiting_of
from web.runtime import RuntimeDep
from web.session import Now, Write

router = APIRouter(include_in_schema=False)

PAGE: Final = 20
SEARCH: Final = "/staff/search"
TOO_MANY: Final = 429

Reader = Annotated[StaffReader, requires(StaffPermission.ACCOUNTS_VIEW)]


@router.post(SEARCH, dependencies=[CheckedForm])
def ask(
    runtime: RuntimeDep, reader: Reader, now: Now, q: Annotated[str, Form(max_length=terms.LONGEST)] = ""
) -> Response:
    """Lead to what is found by a text, without the text in the address."""
    return go(_at(sought=terms.seal(runtime.vault, reader.session_id, q.strip(), now=now)))


@router.get(SEARCH)
def search(
    request: Request,
    runtime: RuntimeDep,
    reader: Reader,
    write: Write,
    now: Now,
    sought: Annotated[str, Query(max_length=terms.LONGEST_SEALED)] = "",
    after: str = "",
) -> Response:
    """What is found by a text, where the reader may look; without one, what can be typed. Every page counts."""
    opened = terms.unseal(runtime.vault, reader.session_id, sought, now=now)
    typed = opened or ""
    wanted = finding.searched(typed, region=runtime.settings.supplier_phone_region)
    scope = f"staff.search|{reader.staff_id}|{typed}"
    [behind] = runtime.cursors.behind(after if typed else "", scope=scope, first=[""])
    refusal = None
    if wanted.is_anything:
        most = runtime.settings.staff_searches_per_hour
        refusal = serving.count_search(write, staff_id=reader.staff_id, actor=reader.actor, per_hour=most, now=now)
    if refusal is not None:
        return _limited(request, reader, refusal, typed)
    found = (
        finding.found_accounts(
            write,
            vault=runtime.vault,
            wanted=wanted,
            staff_id=reader.staff_id,
            after=behind,
            limit=PAGE + 1,
            now=now,
        )
        if wanted.is_anything
        else []
    )
    accounts, more = runtime.cursors.page(found, PAGE, scope=scope, position=lambda each: [each.account_no])
    number = None if after else wanted.number
    return show(
        request,
        "staff/search.html",
        reader,
        limited="",
        here=_at(sought=sought if typed else ""),
        mine=lists.mine(write, reader, "accounts"),
        q=typed,
        is_enough=wanted.is_anything,
        is_first=not after,
        is_over=opened is None,
        accounts=accounts,
        bills=billing.found_bills(write, number=number, staff_id=reader.staff_id, now=now) if number else [],
        payments=paying.found_payments(write, number=number, staff_id=reader.staff_id, now=now) if number else [],
        sums=placing.found_suspense(write, number=number, staff_id=reader.staff_id, now=now) if number else [],
        next=_at(sought=sought, after=more) if more else "",
    )


def _limited(request: Request, reader: StaffReader, refusal: SearchLimited, typed: str) -> Response:
    """The page with the box as it was typed, and when to go on: what was counted and noted stays."""
    answer = show(
        request,
        "staff/search.html",
        reader,
        status=TOO_MANY,
        here=SEARCH,
        is_over=False,
        q=typed,
        limited=text_of(request, refusal),
    )
    answer.headers.update(waiting_of(refusal))
    return answer


def _at(**asked: str) -> str:
    kept = {name: value for name, value in asked.items() if value}
    return f"{SEARCH}?{urlencode(kept)}" if kept else SEARCH
