"""Staff of each role, staff whose right is over or not there yet, and staff without a fresh code: asked for every operation of the console."""

import re
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

import pytest

from core import clock
from services.accounts.roles import ROLES, StaffPermission, StaffRole
from tests.access.requests import ASKING, scene
from tests.access.staff_requests import is_of_staff
from tests.access.test_matrix import ask, told_by
from tests.factories import staff as people
from tests.factories.staff import Member
from tests.support.office import HERE, office_of
from tests.support.town import Town

DAY: Final = timedelta(days=1)
OF_STAFF: Final = sorted(operation for operation in ASKING if is_of_staff(operation))
ANYBODYS: Final = (
    "/staff/sign-in",
    "/staff/invitations/",
    "/staff/sign-out",
    "/staff/stay",
    "/staff/step-up",
    "/staff/me",
    "/staff/files",
    "/staff/filters",
    "/staff/columns",
)
"""What takes no permission: it is about whoever asks."""

OPEN_PAGES: Final = frozenset({"GET /staff", "GET /staff/roles", "GET /staff/approvals"})
ELSEWHERE: Final = frozenset(
    {"POST /staff/approvals/{request_id}/withdraw", "POST /staff/as/{account_no}/end", "GET /staff/health"}
    | {each for each in OF_STAFF if re.match(r"POST /staff/(tariffs|calendar)|GET /staff/tariffs/(new|.*/edit)$", each)}
)
"""What only `matrix.csv` asks: it is for whoever began it, ends for everybody alike, or takes every unit."""

P: Final = StaffPermission
NEEDED: Final = (
    (r"GET /staff/accounts/{account_no}/bills/", P.ACCOUNTS_VIEW),
    (r"GET /staff/accounts/{account_no}/{section}", P.AUDIT_VIEW),
    (r"POST /staff/accounts/.*/notes", P.ACCOUNTS_NOTE),
    (r"POST /staff/accounts/.*/reveal", P.ACCOUNTS_REVEAL),
    (r"POST /staff/accounts/.*/look|GET /staff/as/", P.ACCOUNTS_VIEW_AS),
    (r"POST /staff/payments/.*/callbacks/", P.PAYMENTS_REVEAL),
    (r"POST /staff/payments/.*/check", P.PAYMENTS_CHECK),
    (r"(GET|POST) /staff/payments/", P.PAYMENTS_VIEW),
    (r"POST /staff/imports/.*/sign-off", P.IMPORTS_SIGN_OFF),
    (r"(GET|POST) /staff/imports", P.IMPORTS_VIEW),
    (r"POST /staff/suspense/.*/(assign|match)|(GET|POST) /staff/suspense/many", P.SUSPENSE_ASSIGN),
    (r"POST /staff/suspense/.*/(return|decide)", P.SUSPENSE_RETURN),
    (r"(GET|POST) /staff/suspense", P.SUSPENSE_VIEW),
    (r"POST /staff/gaps/.*/correct", P.ACCOUNTS_CORRECT),
    (r"POST /staff/gaps/export", P.ACCOUNTS_VIEW),
    (r"POST /staff/gaps/", P.ACCOUNTS_EDIT),
    (r"GET /staff/(accounts|gaps|quality)|(GET|POST) /staff/search", P.ACCOUNTS_VIEW),
    (r"GET /staff/people/invite", P.STAFF_MANAGE),
    (r"GET /staff/people|POST /staff/people(/export)?$", P.STAFF_VIEW),
    (r"POST /staff/people", P.STAFF_MANAGE),
    (r"(GET|POST) /staff/approvals/", P.STAFF_APPROVE),
    (r"(GET|POST) /staff/audit", P.AUDIT_VIEW),
    (r"(GET|POST) /staff/webhooks", P.WEBHOOKS_MANAGE),
    (r"GET /staff/(tariffs|calendar)", P.TARIFFS_VIEW),
    (r"GET /staff/readings/many", P.METERING_DECIDE),
    (r"GET /staff/readings", P.METERING_VIEW),
    (r"POST /staff/readings", P.METERING_DECIDE),
    (r"GET /staff/entitlements", P.ACCOUNTS_VIEW),
    (r"POST /staff/entitlements", P.ACCOUNTS_EDIT),
)
"""What each operation takes, by hand: the first line that fits holds."""

WITHOUT_FRESH_CODE: Final = frozenset({
    "POST /staff/accounts/{account_no}/notes",
    "POST /staff/approvals/{request_id}/refuse", "POST /staff/approvals/{request_id}/withdraw",
    "POST /staff/as/{account_no}/end", "POST /staff/audit",
    "POST /staff/me/authenticator", "POST /staff/me/authenticator/first-code",
    "POST /staff/me/sessions/others/end", "POST /staff/me/sessions/{session_id}/end",
    "POST /staff/readings/many", "POST /staff/readings/odd/{account_no}/{finding_id}",
    "POST /staff/payments/{payment_no}/check", "POST /staff/people", "POST /staff/search", "POST /staff/step-up", "POST /staff/webhooks/{endpoint_id}/test",
    "POST /staff/readings/missing/{account_no}/estimate", "POST /staff/readings/{account_no}/{reading_id}",
    "POST /staff/tariffs/new", "POST /staff/tariffs/{code}/drafts", "POST /staff/tariffs/{code}/{version_no}/edit",
    "POST /staff/tariffs/{code}/{version_no}/text", "POST /staff/tariffs/{code}/{version_no}/urdb",
    "POST /staff/tariffs/{code}/{version_no}/withdraw", "POST /staff/tariffs/{code}/{version_no}/dry-runs",
})  # fmt: skip
"""Forms that a stolen cookie may send: they take back, write, draft, reckon, decide about one reading, look closely, end something, or
take a code of their own."""


def with_grant(town: Town, *, first: datetime, last: datetime | None, is_revoked: bool = False) -> Member:
    """An administrator whose right holds from one moment to another."""
    with town.runtime.db.write() as session:
        made = people.member(session, town.runtime.vault, now=clock.now())
        people.grant(session, made.staff_id, role=StaffRole.ADMIN, unit=HERE, valid_from=first, valid_to=last)
        if is_revoked:
            session.sql("update staff_grant set revoked_at = now() where staff_id = :id", id=made.staff_id)
    return made


def opened_to(town: Town, member: Member) -> set[str]:
    """The operations about things of the first unit that answer somebody as whoever may do them."""
    office, found = office_of(town), set[str]()
    for operation in OF_STAFF:
        path = operation.partition(" ")[2]
        if path.startswith(ANYBODYS) or operation in OPEN_PAGES | ELSEWHERE:
            continue
        office.fresh(member)
        answer = ask(town.client, replace(scene(town, operation, "here", "own"), member=member))
        if answer.status_code not in {403, 404} and told_by(answer) != "/staff/accounts/{account_no}":
            found.add(operation)
    return found


@pytest.mark.parametrize("standing", ["revoked", "expired", "future"])
def test_a_right_that_is_over_or_not_there_yet_opens_nothing(town: Town, standing: str) -> None:
    now = clock.now()
    member = {
        "revoked": lambda: with_grant(town, first=now - DAY, last=None, is_revoked=True),
        "expired": lambda: with_grant(town, first=now - 2 * DAY, last=now - DAY),
        "future": lambda: with_grant(town, first=now + DAY, last=None),
    }[standing]()
    assert opened_to(town, member) == set()


def test_without_a_fresh_code_nothing_dangerous_is_done(town: Town) -> None:
    office, free = office_of(town), set[str]()
    member = office.somebody()
    for operation in OF_STAFF:
        path = operation.partition(" ")[2]
        if not operation.startswith("POST ") or path.startswith(
            ("/staff/sign-", "/staff/invitations/", "/staff/files", "/staff/filters", "/staff/columns")
        ):
            continue
        made = replace(scene(town, operation, "here", "own"), member=member)
        with town.runtime.db.write() as session:
            session.sql("update staff_session set stepped_up_at = null where staff_id = :id", id=member.staff_id)
        answer = ask(town.client, made)
        is_kept = answer.status_code == 403 and 'action="/staff/step-up"' in answer.text
        if told_by(answer) != "/staff/step-up" and not is_kept:
            free.add(operation)
    assert free == WITHOUT_FRESH_CODE


@pytest.mark.parametrize("role", [StaffRole.FINANCE, StaffRole.AUDITOR, StaffRole.MANAGER])
def test_a_role_opens_what_it_holds_and_nothing_else(town: Town, role: StaffRole) -> None:
    with town.runtime.db.write() as session:
        member = office_of(town).employ(session, role, HERE)
    asked = {
        operation: next(needed for pattern, needed in NEEDED if re.match(pattern, operation))
        for operation in OF_STAFF
        if not operation.partition(" ")[2].startswith(ANYBODYS) and operation not in OPEN_PAGES | ELSEWHERE
    }
    notes = {"POST /staff/accounts/{account_no}/notes"}  # leads back to the account, as what is refused there does
    allowed = {operation for operation, needed in asked.items() if needed in ROLES[role]}
    assert opened_to(town, member) - notes == allowed - notes
