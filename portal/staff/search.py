"""One box for everything: accounts by number, holder, telephone or address, bills and payments by number."""

from typing import Annotated, Final
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from portal.staff.pages import StaffReader, requires, show
from services.accounts import finding
from services.accounts.roles import StaffPermission
from services.billing import queries as billing
from services.payments import finding as paying
from web.runtime import RuntimeDep
from web.session import Now, Write

router = APIRouter(include_in_schema=False)

PAGE: Final = 20
SEARCH: Final = "/staff/search"


@router.get(SEARCH)
def search(
    request: Request,
    runtime: RuntimeDep,
    reader: Annotated[StaffReader, requires(StaffPermission.ACCOUNTS_VIEW)],
    write: Write,
    now: Now,
    q: Annotated[str, Query(max_length=200)] = "",
    after: str = "",
) -> Response:
    """What is found by a text, where the reader may look; without one, what can be typed."""
    typed = q.strip()
    wanted = finding.searched(typed, region=runtime.settings.supplier_phone_region)
    scope = f"staff.search|{reader.staff_id}|{typed}"
    behind = str(runtime.cursors.open(after, scope=scope)[0]) if after else ""
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
    accounts, number = found[:PAGE], None if after else wanted.number
    more = runtime.cursors.make(scope=scope, position=[accounts[-1].account_no]) if len(found) > PAGE else ""
    return show(
        request,
        "staff/search.html",
        reader,
        here=f"{SEARCH}?{urlencode({'q': typed})}" if typed else SEARCH,
        q=typed,
        is_enough=wanted.is_anything,
        is_first=not after,
        accounts=accounts,
        bills=billing.found_bills(write, number=number, staff_id=reader.staff_id, now=now) if number else [],
        payments=paying.found_payments(write, number=number, staff_id=reader.staff_id, now=now) if number else [],
        next=f"{SEARCH}?{urlencode({'q': typed, 'after': more})}" if more else "",
    )
