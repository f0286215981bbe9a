"""The console from a browser: sign-in and its cookie, fresh codes, forms from elsewhere, and what a thief gets."""

import csv
import html
import io
import re
from collections.abc import Iterator
from typing import Any, Final

import httpx2 as httpx
import pytest
from fastapi.testclient import TestClient

from core import clock
from core.audit import Actor
from core.db import Database
from core.texts import csv_lines
from services.accounts import operations as accounts
from services.accounts.roles import NEEDS_SECOND_PERSON, StaffRole
from services.identity.operations.staff import Invited
from tests.factories import staff as people
from tests.factories.accounts import make_account, make_unit, make_user
from tests.factories.staff import PASSWORD, STEP, Member, wrong
from tests.support.files import latest_file
from tests.support.office import office_of
from tests.support.town import Town
from web import cookies, metrics

OURS: Final = {"sec-fetch-site": "same-origin", "accept-language": "en"}
EVIL_NEXT: Final = (
    "//evil.example", "/\\evil.example", "https://evil.example", "/staff/../me", "/staff\\..", "/me", "/staffing",
    "javascript:alert(1)", "/staff@evil.example", "\t//evil.example",
)  # fmt: skip


@pytest.fixture
def browser(town: Town) -> Iterator[TestClient]:
    """A browser with cookies of its own."""
    client = TestClient(town.app, base_url=town.settings.public_url, headers=OURS, follow_redirects=False)
    yield client
    client.cookies.clear()


def employ(town: Town, role: StaffRole = StaffRole.ADMIN, unit: str = "3701") -> Member:
    """Somebody new, whose authenticator has not been asked for half a minute."""
    with town.runtime.db.write() as session:
        return people.employ(session, town.runtime.vault, role=role, unit=unit, now=clock.now() - STEP)


def token_of(page: httpx.Response) -> str:
    found = re.search(r'name="csrf" value="([0-9a-f]{64})"', page.text)
    assert found is not None, page.text
    return found[1]


def field(page: httpx.Response, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]*)"', page.text)
    assert found is not None, page.text
    return found[1]


def first_half(browser: TestClient, name: str, password: str = PASSWORD, **more: str) -> httpx.Response:
    token = token_of(browser.get("/staff/sign-in"))
    return browser.post("/staff/sign-in", data={"csrf": token, "name": name, "password": password, **more})


def second_half(browser: TestClient, page: httpx.Response, code: str) -> httpx.Response:
    form = {"csrf": token_of(page), "ticket": field(page, "ticket"), "next": field(page, "next"), "code": code}
    return browser.post("/staff/sign-in/code", data=form)


def sign_in(browser: TestClient, member: Member, **more: str) -> httpx.Response:
    answer = second_half(browser, first_half(browser, member.name, **more), member.code(at=clock.now()))
    assert answer.status_code == 303, answer.text
    return answer


def sit_down(town: Town, browser: TestClient, member: Member, *, is_fresh: bool = True) -> str:
    """Be signed in as somebody without the way there; returns the form token."""
    if is_fresh:
        office_of(town).fresh(member)
    else:
        with town.runtime.db.write() as session:
            session.sql("update staff_session set stepped_up_at = null where staff_id = :id", id=member.staff_id)
    browser.cookies.set("staff", member.cookie, domain="testserver.local", path="/staff")
    return office_of(town).form_token(member)


def acts(db: Database, act: str) -> list[Any]:
    with db.read() as session:
        return list(session.sql("select * from audit where act = :act order by id", act=act))


def test_a_member_of_staff_joins_signs_out_and_in_again(town: Town, browser: TestClient) -> None:
    with town.runtime.db.write() as session:
        invited = people.invited(session, now=clock.now())
        people.grant(session, invited.staff_id, role=StaffRole.AGENT, unit="3701", now=clock.now())
    page = browser.get(f"/staff/invitations/{invited.token}")
    secret = re.search(r'class="secret num">([A-Z2-7 ]+)<', page.text)
    assert secret is not None
    member = Member(invited.staff_id, "", secret[1].replace(" ", ""), "", [])
    form = {"csrf": token_of(page), "password": PASSWORD, "code": member.code(at=clock.now())}
    joined = browser.post(f"/staff/invitations/{invited.token}", data=form)
    codes = re.findall(r'<li class="num">([0-9A-Z]{5}-[0-9A-Z]{5})</li>', joined.text)
    assert (joined.status_code, len(codes)) == (200, 10)
    start = browser.get("/staff")
    assert start.status_code == 200
    assert browser.get(f"/staff/invitations/{invited.token}").status_code == 404
    assert browser.post("/staff/sign-out", data={"csrf": token_of(start)}).headers["location"] == "/staff/sign-in"
    assert browser.get("/staff").headers["location"] == "/staff/sign-in"
    with town.runtime.db.read() as session:
        name = session.sql("select name from staff where id = :id", id=invited.staff_id).scalar_one()
    assert (
        second_half(browser, first_half(browser, name), codes[0]).headers["location"] == "/staff/me?done=recovery_code"
    )
    assert browser.get("/staff").status_code == 200


def test_the_cookie_is_the_consoles_alone(town: Town) -> None:
    settings = town.settings.model_copy(update={"public_url": "https://testserver"})
    from app.main import create_app
    from web.runtime import Runtime

    app = create_app(Runtime(**{**town.runtime.__dict__, "settings": settings}))
    browser = TestClient(app, base_url="https://testserver", headers=OURS, follow_redirects=False)
    answer = sign_in(browser, employ(town))
    [line] = [each for each in answer.headers.get_list("set-cookie") if each.startswith("__Secure-staff=")]
    told = {part.strip().lower() for part in line.split(";")[1:]}
    assert told == {"httponly", "secure", "samesite=lax", "path=/staff"}, (
        "it goes with the browser, and to no other page"
    )
    assert cookies.staff_session_name(settings) == "__Secure-staff"


def test_a_cookie_planted_before_signing_in_is_replaced_and_opens_nothing(town: Town, browser: TestClient) -> None:
    browser.cookies.set("staff", "planted", domain="testserver.local", path="/staff")
    sign_in(browser, employ(town))
    assert browser.cookies.get("staff") != "planted"
    thief = TestClient(town.app, base_url=town.settings.public_url, follow_redirects=False)
    thief.cookies.set("staff", "planted", domain="testserver.local", path="/staff")
    assert thief.get("/staff").status_code == 303


def test_no_answer_of_the_sign_in_tells_who_is_staff_or_what_was_wrong(town: Town, browser: TestClient) -> None:
    member = employ(town)
    code = member.code(at=clock.now())
    pages = []
    for name, password, digits in (
        ("nobody", PASSWORD, code),
        (member.name, "guessed it", code),
        (member.name, PASSWORD, wrong(code)),
        (office_of(town).members["disabled"].name, PASSWORD, office_of(town).members["disabled"].code(at=clock.now())),
    ):
        first = first_half(browser, name, password)
        second = second_half(browser, first, digits)
        told: list[object] = [first.status_code, second.status_code]
        for page in (first, second):
            kept = re.sub(r'name="(csrf|ticket)" value="[^"]*"', "", page.text)
            told += [kept, sorted(each for each in page.headers if each != "x-request-id")]
            told.append(len(field(page, "ticket")))
        pages.append(told)
    assert pages[0] == pages[1] == pages[2] == pages[3]
    assert "Check name, password and code" in str(pages[0])


def test_a_refused_sign_in_is_counted(browser: TestClient) -> None:
    before = metrics.SECURITY.labels("staff_sign_in")._value.get()
    second_half(browser, first_half(browser, "nobody"), "000000")
    assert metrics.SECURITY.labels("staff_sign_in")._value.get() == before + 1


@pytest.mark.parametrize("address", EVIL_NEXT)
def test_no_address_leads_out_of_the_console_after_signing_in(town: Town, browser: TestClient, address: str) -> None:
    page = browser.get("/staff/sign-in", params={"next": address})
    assert field(page, "next") == "/staff"
    member = office_of(town).members["here"]
    page = browser.get("/staff/step-up", params={"next": address}, headers=office_of(town).browser(member))
    assert field(page, "next") == "/staff"


def test_whoever_must_sign_in_comes_back_to_the_page_with_its_filters(town: Town, browser: TestClient) -> None:
    asked = browser.get("/staff/audit?act=accounts.grant&since=2026-01-01")
    page = browser.get(asked.headers["location"])
    page = first_half(browser, (member := employ(town)).name, next=field(page, "next").replace("&amp;", "&"))
    done = second_half(browser, page, member.code(at=clock.now()))
    assert "accounts.grant" in done.headers["location"]
    assert browser.get(done.headers["location"]).status_code == 200


def test_a_dangerous_act_without_a_fresh_code_asks_for_one_and_goes_on(town: Town, browser: TestClient) -> None:
    member = employ(town)
    token = sit_down(town, browser, member, is_fresh=False)
    about = office_of(town).colleague("own").staff_id
    there = f"/staff/people/{about}"
    refused = browser.post(
        f"{there}/disable", data={"csrf": token}, headers={"referer": f"{town.settings.public_url}{there}"}
    )
    stolen = member.cookie
    form = {name: html.unescape(field(refused, name)) for name in ("csrf", "next", "to", "form")}
    going_on = browser.post("/staff/step-up", data={**form, "code": member.code(at=clock.now())})
    assert f'action="{there}/disable"' in going_on.text
    again = browser.post(f"{there}/disable", data={"csrf": token_of(going_on)})
    assert again.headers["location"] == f"{there}?done=disabled"
    thief = TestClient(town.app, base_url=town.settings.public_url, follow_redirects=False)
    thief.cookies.set("staff", stolen, domain="testserver.local", path="/staff")
    assert thief.get("/staff").status_code == 303, "the cookie from before the code opens nothing"


def test_a_stolen_cookie_reads_and_does_nothing_dangerous(town: Town, browser: TestClient) -> None:
    """Without a code of the owner's: no staff, no codes, no password, no approval; and the owner ends it at once."""
    member = employ(town)
    token = sit_down(town, browser, member, is_fresh=False)
    office = office_of(town)
    about, request_id, told = office.colleague("own"), office.request("own"), office.told("own")
    before = {name: value for name, value in town.fingerprint().items() if name != "staff_session"}
    for path in (
        "/staff/people/invite",
        f"/staff/people/{about.staff_id}/grants",
        f"/staff/people/{about.staff_id}/grants/{about.grant_id}/revoke",
        f"/staff/people/{about.staff_id}/disable",
        f"/staff/people/{about.staff_id}/enable",
        f"/staff/people/{about.staff_id}/invitation",
        f"/staff/people/{about.staff_id}/reset",
        f"/staff/approvals/{request_id}/approve",
        "/staff/me/recovery-codes",
        "/staff/me/password",
        *(f"/staff/{name}/export" for name in ("people", "suspense", "audit", "gaps", "payments/unknown")),
        "/staff/webhooks/new",
        "/staff/suspense/many",
        f"/staff/gaps/{town.house.account_no}",
        f"/staff/gaps/{town.house.account_no}/correct",
        f"/staff/accounts/{town.house.account_no}/look",
        *(
            f"/staff/webhooks/{office.hooks['own']}/{act}"
            for act in ("change", "disable", "enable", "replay", "delete")
        ),
        *(f"/staff/webhooks/{office.hooks['own']}/deliveries/{told}/{act}" for act in ("replay", "set-aside")),
    ):
        answer = browser.post(path, data={"csrf": token, "name": "x", "role": "agent", "unit": "3701", "reason": "x"})
        is_asked = answer.headers.get("location") == "/staff/step-up" or 'action="/staff/step-up"' in answer.text
        assert (is_asked, path) == (True, path)
    after = {name: value for name, value in town.fingerprint().items() if name != "staff_session"}
    assert after == before
    with town.runtime.db.write() as session:
        session.sql(
            "update staff_session set ended_at = now(), ended_why = 'revoked' where staff_id = :id", id=member.staff_id
        )
    assert browser.get("/staff").status_code == 303


def test_a_sign_in_by_recovery_code_leads_to_a_new_authenticator(town: Town, browser: TestClient) -> None:
    member = employ(town)
    answer = second_half(browser, first_half(browser, member.name), member.recovery_codes[0])
    assert answer.headers["location"] == "/staff/me?done=recovery_code"
    assert 'href="/staff/me/authenticator"' in browser.get(answer.headers["location"]).text


@pytest.mark.parametrize(
    "headers",
    [
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"origin": "https://evil.example", "sec-fetch-site": "cross-site"},
        {"hx-request": "true", "sec-fetch-site": "cross-site"},
    ],
)
def test_a_form_from_elsewhere_is_refused_even_with_the_right_token(
    town: Town, browser: TestClient, headers: dict[str, str]
) -> None:
    member = employ(town)
    token = sit_down(town, browser, member)
    assert browser.post("/staff/sign-out", data={"csrf": token}, headers=headers).status_code == 403
    assert browser.get("/staff").status_code == 200


def test_a_form_token_is_good_for_its_own_session_and_for_the_console_alone(town: Town, browser: TestClient) -> None:
    member, other = employ(town), employ(town)
    sit_down(town, browser, member)
    tokens = {
        "somebody else's": office_of(town).form_token(other),
        "the customers' of the same cookie": cookies.form_token(town.runtime.vault, member.cookie),
        "none": "",
        "a surrogate's": "a" * 63,
    }
    for kind, token in tokens.items():
        assert browser.post("/staff/me/recovery-codes", data={"csrf": token}).status_code == 403, kind
    customer = town.people["owner"]
    shared = {"cookie": f"staff={customer.cookie}; session={member.cookie}"}
    assert browser.get("/staff", headers=shared).status_code == 303, "a customer's session is none of staff"
    assert browser.get("/me", headers=shared).status_code == 303, "nor the other way round"


def test_whoever_may_nothing_of_a_page_is_told_so_counted_and_noted(town: Town, browser: TestClient) -> None:
    member = employ(town, StaffRole.AGENT)
    sit_down(town, browser, member)
    counted = metrics.SECURITY.labels("staff_not_allowed")._value.get()
    answer = browser.get("/staff/audit")
    assert (answer.status_code, "You may not do this" in answer.text) == (403, True)
    assert metrics.SECURITY.labels("staff_not_allowed")._value.get() == counted + 1
    noted = acts(town.runtime.db, "accounts.staff_refused")[-1]
    assert (noted.actor, noted.subject) == (f"staff:{member.staff_id}", "permission:audit.view")


def test_a_revoked_grant_acts_at_the_next_request(town: Town, browser: TestClient) -> None:
    member = employ(town)
    sit_down(town, browser, member)
    assert browser.get("/staff/people").status_code == 200
    with town.runtime.db.write() as session:
        session.sql("update staff_grant set revoked_at = now() where staff_id = :id", id=member.staff_id)
    assert browser.get("/staff/people").status_code == 403


@pytest.mark.parametrize("role", sorted(NEEDS_SECOND_PERSON))
def test_a_role_that_decides_takes_two_and_nobody_is_invited_in_it(
    town: Town, browser: TestClient, role: StaffRole
) -> None:
    asks, decides = employ(town), employ(town)
    about = office_of(town).colleague("own").staff_id
    token = sit_down(town, browser, asks)
    quick = {"csrf": token, "name": f"quick.{role}", "role": role.value, "unit": "3701"}
    assert browser.post("/staff/people/invite", data=quick).status_code == 422
    form = {"csrf": token, "role": role.value, "unit": "3701", "reason": "She takes over."}
    asked = browser.post(f"/staff/people/{about}/grants", data=form).headers["location"]
    assert asked.startswith("/staff/approvals/")
    own = browser.post(f"{asked}/approve", data={"csrf": token})
    assert (own.status_code, "Nobody decides about their own request" in own.text) == (422, True)
    browser.cookies.clear()
    token = sit_down(town, browser, decides)
    assert browser.post(f"{asked}/approve", data={"csrf": token}).headers["location"] == asked
    with town.runtime.db.read() as session:
        assert session.sql("select count(*) from staff where name = :name", name=f"quick.{role}").scalar_one() == 0
        granted = session.sql(
            "select granted_by from staff_grant where staff_id = :id and role = :role", id=about, role=role.value
        )
        assert granted.scalar_one() == asks.staff_id


def test_one_manager_alone_is_not_two(town: Town, browser: TestClient) -> None:
    """Whoever joins with the address that they were shown themselves decides nothing of their own."""
    manager = employ(town, StaffRole.MANAGER)
    token = sit_down(town, browser, manager)
    form = {"csrf": token, "name": "puppet", "role": "agent", "unit": "3701"}
    address = re.search(r"/staff/invitations/([\w-]+)", browser.post("/staff/people/invite", data=form).text)
    assert address is not None
    with town.runtime.db.write() as session:
        puppet = session.sql("select id from staff where name = 'puppet'").scalar_one()
        made = people.join(session, town.runtime.vault, Invited(puppet, address[1], clock.now()), now=clock.now())
        people.grant(session, puppet, role=StaffRole.MANAGER, unit="3701", now=clock.now())
    office = office_of(town)
    for asks, decides in ((manager, made), (made, manager)):
        asked = f"/staff/approvals/{office.request('own', by=asks)}"
        browser.cookies.clear()
        token = sit_down(town, browser, decides)
        assert "somebody else must decide" in browser.get(asked).text
        assert asked not in browser.get("/staff/approvals").text
        for act in ("approve", "refuse"):
            answer = browser.post(f"{asked}/{act}", data={"csrf": token, "why": "Not now."})
            assert (answer.status_code, "somebody else must decide" in answer.text) == (422, True)


def test_no_one_alone_is_shown_the_address_of_somebody_who_decides(town: Town, browser: TestClient) -> None:
    with town.runtime.db.write() as session:
        invited = people.invited(session, now=clock.now())
        people.grant(session, invited.staff_id, role=StaffRole.FINANCE, unit="3701", now=clock.now())
    token = sit_down(town, browser, employ(town))
    there = f"/staff/people/{invited.staff_id}"
    assert f"{there}/invitation" not in browser.get(there).text
    assert browser.post(f"{there}/invitation", data={"csrf": token}).status_code == 403


def test_an_invitation_that_cannot_be_granted_leaves_nobody_behind(town: Town, browser: TestClient) -> None:
    token = sit_down(town, browser, employ(town))
    form = {"csrf": token, "name": "left.behind", "role": "agent", "unit": "3702"}
    answer = browser.post("/staff/people/invite", data=form)
    assert (answer.status_code, "no such unit that you manage" in answer.text) == (422, True)
    with town.runtime.db.read() as session:
        assert session.sql("select count(*) from staff where name = 'left.behind'").scalar_one() == 0


def seen_in_audit(browser: TestClient, token: str, **filters: str) -> str:
    return browser.post("/staff/audit", data={"csrf": token, **filters}, follow_redirects=True).text


def test_the_audit_log_shows_and_exports_the_readers_units_alone(town: Town, browser: TestClient) -> None:
    here, elsewhere = town.house.account, town.far.account
    with town.runtime.db.write() as session:
        for account in (here, elsewhere):
            user_id = make_user(session, town.runtime.vault)
            actor = Actor("user:=cmd|' /C calc'!A0", "203.0.113.7")
            accounts.grant_access(
                session, user_id=user_id, account_id=account.id, role=accounts.Role.VIEWER, actor=actor, now=clock.now()
            )
    token = sit_down(town, browser, employ(town))
    page = seen_in_audit(browser, token, act="accounts.grant")
    assert f"Account {town.house.account_no}<" in page
    assert not any(told in page for told in (f"Account {elsewhere.id}<", town.far.account_no))
    assert f"Account {town.house.account_no}<" in seen_in_audit(browser, token, about=town.house.account_no)
    assert "No act in your units fits" in seen_in_audit(browser, token, about=town.far.account_no)
    asked = browser.post("/staff/audit/export", data={"csrf": token, "act": "accounts.grant"})
    assert asked.headers["location"] == "/staff/files", "a short one is ready on the next page"
    answer = browser.post(latest_file(browser.get("/staff/files").text), data={"csrf": token})
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert re.fullmatch(r'attachment; filename="audit-\d{4}-\d\d-\d\d\.csv"', answer.headers["content-disposition"])
    rows = list(csv.DictReader(io.StringIO(answer.text.removeprefix("\ufeff"))))
    subjects = {row["subject"] for row in rows}
    assert f"account:{here.id}" in subjects
    assert f"account:{elsewhere.id}" not in subjects
    assert {row["act"] for row in rows} == {"accounts.grant"}
    asked_for = acts(town.runtime.db, "casework.file_asked")[-1]
    taken = acts(town.runtime.db, "casework.file_taken")[-1]
    assert (asked_for.subject, asked_for.after["act"]) == ("list:audit", "accounts.grant")
    assert (taken.after["file"], taken.after["rows"]) == (asked_for.after["file"], len(rows))


@pytest.mark.parametrize("first", ["=", "+", "-", "@", "\t", "\r"])
def test_no_cell_of_a_file_is_a_formula(first: str) -> None:
    text = f"{first}HYPERLINK(1)"
    [[cell]] = csv.reader(io.StringIO(csv_lines([(text,)]), newline=""))
    assert cell == f"'{text}"


def test_pages_of_the_log_follow_each_other_without_gap(
    town: Town, browser: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    from portal.staff import audit as pages

    monkeypatch.setattr(pages, "PAGE", 7)
    sit_down(town, browser, employ(town, StaffRole.AUDITOR, unit="3701"))
    seen: list[str] = []
    address = "/staff/audit"
    while address:
        page = browser.get(address).text
        seen += re.findall(r'<time datetime="([^"]+)"', page)
        more = re.search(r'href="(/staff/audit\?[^"]*after=[^"]+)"', page)
        address = more[1].replace("&amp;", "&") if more else ""
    with town.runtime.db.read() as session:
        known = session.sql(
            "select count(*) from audit a join unit u on u.id = a.unit_id where u.path like '/37/3701/%'"
        ).scalar_one()
    assert len(seen) == known
    assert seen == sorted(seen, reverse=True)


def test_a_page_of_the_log_belongs_to_its_reader(town: Town, browser: TestClient) -> None:
    cursor = town.runtime.cursors.make(scope=f"staff.audit|{employ(town).staff_id}", position=[1])
    sit_down(town, browser, employ(town))
    assert browser.get("/staff/audit", params={"after": cursor}).status_code == 400


def test_no_page_of_the_console_is_kept_by_anybody(town: Town, browser: TestClient) -> None:
    sit_down(town, browser, employ(town))
    for path in ("/staff", "/staff/me", "/staff/people", "/staff/audit", "/staff/approvals", "/staff/nothing"):
        assert browser.get(path).headers["cache-control"] == "no-store"


def test_a_script_in_a_name_stays_text(town: Town, browser: TestClient) -> None:
    evil = "<script>alert(1)</script>"
    with town.runtime.db.write() as session:
        made = people.member(session, town.runtime.vault, now=clock.now())
        session.sql("update staff set display_name = :evil where id = :id", evil=evil, id=made.staff_id)
        people.grant(session, made.staff_id, role=StaffRole.AGENT, unit="3701", now=clock.now())
        unit = make_unit(session, code="3701", parent="37", kind="city", name="某市供电")
        make_account(session, town.runtime.vault, unit_id=unit)
    sit_down(town, browser, employ(town))
    for path in ("/staff/people", f"/staff/people/{made.staff_id}", "/staff/audit"):
        page = browser.get(path).text
        assert evil not in page
        assert "&lt;script&gt;" in page or path == "/staff/audit"


def test_requests_go_on_page_after_page_without_a_gap(
    town: Town, browser: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    from portal.staff import approvals as pages

    monkeypatch.setattr(pages, "PAGE", 2)
    monkeypatch.setattr(pages, "FEW", 1)
    member, office = employ(town), office_of(town)
    asked = {str(office.request("own", by=member)) for _ in range(5)}
    sit_down(town, browser, member)
    first = browser.get("/staff/approvals").text
    seen: list[str] = []
    address = next(link for link in re.findall(r'href="([^"]+)"', first) if "part=mine" in link)
    while address:
        page = browser.get(address.replace("&amp;", "&")).text
        seen += re.findall(r'href="/staff/approvals/([0-9a-f-]{36})"', page)
        found = re.search(r'class="button plain" href="([^"]+)"', page)
        address = found[1] if found else ""
    assert (len(seen), set(seen)) == (5, asked)
    assert seen == sorted(seen, reverse=True)
