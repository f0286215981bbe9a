"""What was typed is not lost when a code is asked for meanwhile, and whoever was signed out is told why."""

import html
import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Final

import httpx2 as httpx
import pytest
from fastapi.testclient import TestClient

from core import clock
from services.accounts.roles import StaffRole
from tests.factories import staff as people
from tests.factories.staff import STEP, Member
from tests.support.office import HERE, office_of
from tests.support.town import Town

OURS: Final = {"sec-fetch-site": "same-origin", "accept-language": "en"}
REASON: Final = 'The payer\'s "receipt" & <slip>, 第 3 户'


@pytest.fixture
def member(town: Town) -> Member:
    """An administrator whose code was given too long ago."""
    with town.runtime.db.write() as session:
        made = people.employ(session, town.runtime.vault, role=StaffRole.ADMIN, unit=HERE, now=clock.now() - STEP)
        session.sql("update staff_session set stepped_up_at = null where staff_id = :id", id=made.staff_id)
    return made


@pytest.fixture
def browser(town: Town, member: Member) -> Iterator[TestClient]:
    """Their browser."""
    client = TestClient(town.app, base_url=town.settings.public_url, headers=OURS, follow_redirects=False)
    client.cookies.set("staff", member.cookie, domain="testserver.local", path="/staff")
    yield client
    client.cookies.clear()


def hidden(page: httpx.Response) -> dict[str, str]:
    """The hidden fields of the form in the middle of a page."""
    middle = page.text.partition("<main")[2]
    return {
        name: html.unescape(value) for name, value in re.findall(r'type="hidden" name="(.*?)" value="(.*?)"', middle)
    }


def test_a_form_that_needs_a_code_is_kept_while_it_is_asked_for(
    town: Town, browser: TestClient, member: Member
) -> None:
    office = office_of(town)
    there = f"/staff/accounts/{town.house.account_no}"
    form = {"csrf": office.form_token(member), "hidden": "name", "reason": REASON}
    asked = browser.post(f"{there}/reveal", data=form, headers={"referer": f"{town.settings.public_url}{there}"})
    assert (asked.status_code, hidden(asked)["next"]) == (403, there)
    refused = browser.post("/staff/step-up", data={**hidden(asked), "code": "000000"})
    assert refused.status_code == 422
    right = browser.post("/staff/step-up", data={**hidden(refused), "code": member.code(at=clock.now())})
    assert f'action="{there}/reveal"' in right.text
    assert ("data-go-on" in right.text, "See what is hidden of an account" in right.text) == (True, True)
    kept = hidden(right)
    assert (kept["hidden"], kept["reason"]) == ("name", REASON)
    assert kept["csrf"] != form["csrf"], "the cookie is another one now"
    shown = browser.post(f"{there}/reveal", data=kept)
    assert (shown.status_code, "<mark>" in shown.text) == (200, True)


def test_whoever_gave_too_many_wrong_codes_is_told_until_when_none_is_taken(
    town: Town, browser: TestClient, member: Member
) -> None:
    form = {"csrf": office_of(town).form_token(member), "code": "000000"}
    answers = [browser.post("/staff/step-up", data=form).text for _ in range(5)]
    right = browser.post("/staff/step-up", data={**form, "code": member.code(at=clock.now())})
    assert right.status_code == 422
    with town.runtime.db.read() as session:
        held = session.sql("select blocked_until from staff where id = :id", id=member.staff_id).scalar_one()
    over = held.astimezone(town.settings.zone) + timedelta(minutes=1, microseconds=-1)
    told = f"No code is taken until {over:%b} {over.day}, {over:%Y, %H:%M}"
    assert [told in each for each in [*answers, right.text]] == [False] * 4 + [True] * 2


def test_no_password_is_kept_and_no_form_goes_elsewhere(town: Town, browser: TestClient, member: Member) -> None:
    token = office_of(town).form_token(member)
    form = {"csrf": token, "current": "what it was", "password": "what it shall be"}
    answer = browser.post("/staff/me/password", data=form)
    assert (answer.status_code, answer.headers["location"]) == (303, "/staff/step-up")
    elsewhere = {"csrf": token, "to": "https://evil.example/", "form": '[["reason","x"]]', "next": "/staff/me"}
    answer = browser.post("/staff/step-up", data={**elsewhere, "code": member.code(at=clock.now())})
    assert (answer.status_code, answer.headers["location"]) == (303, "/staff/me")


def test_whoever_was_signed_out_is_told_why_and_comes_back_to_the_form(
    town: Town, browser: TestClient, member: Member
) -> None:
    with town.runtime.db.write() as session:
        session.sql("update staff_session set idle_until = now() where staff_id = :id", id=member.staff_id)
    there = f"/staff/accounts/{town.house.account_no}"
    form = {"csrf": office_of(town).form_token(member), "text": "x"}
    sent = browser.post(f"{there}/notes", data=form, headers={"referer": f"{town.settings.public_url}{there}"})
    page = browser.get(sent.headers["location"])
    assert ("was not saved" in page.text, hidden(page)["next"]) == (True, there)
    page = browser.get(browser.get(there).headers["location"])
    assert ("Your session is over." in page.text, hidden(page)["next"]) == (True, there)


@pytest.mark.parametrize("is_last", [False, True])
def test_a_page_says_when_its_session_ends_and_staying_moves_the_end(
    town: Town, browser: TestClient, member: Member, is_last: bool
) -> None:
    with town.runtime.db.write() as session:
        session.sql(
            """update staff_session set last_used_at = now() - interval '26 minutes', idle_until = now() + interval '4 minutes',
                 expires_at = case when :is_last then now() + interval '20 minutes' else expires_at end
               where staff_id = :id""",
            id=member.staff_id,
            is_last=is_last,
        )
    told = browser.get("/staff/stay").text
    assert ("twelve hours after signing in" in told, "Stay signed in" in told) == (is_last, not is_last)
    with town.runtime.db.read() as session:
        ends = "select idle_until - now() > interval '15 minutes' from staff_session where staff_id = :id"
        assert session.sql(ends, id=member.staff_id).scalar_one()


LARGE: Final = [str(2**63 - 1 - each) for each in range(50)]
MANY: Final = f"/staff/suspense/many?{'&'.join(f'sum={each}' for each in LARGE)}"
FILTER: Final = f"/staff/audit?act={'a' * 200}&about={'%E6%88%B7' * 40}"


def test_a_whole_page_of_sums_is_kept_while_a_code_is_asked_for(
    town: Town, browser: TestClient, member: Member
) -> None:
    form = {"csrf": office_of(town).form_token(member), "sum": LARGE, "count": "50"}
    headers = {"referer": f"{town.settings.public_url}{MANY}"}
    asked = browser.post("/staff/suspense/many", data=form, headers=headers)
    assert (asked.status_code, hidden(asked)["next"]) == (403, MANY)
    right = browser.post("/staff/step-up", data={**hidden(asked), "code": member.code(at=clock.now())})
    assert (right.status_code, re.findall(r'name="sum" value="(\d+)"', right.text)) == (200, LARGE)
    for page in (asked, right):
        assert "<strong>Give many sums to the accounts that they came for</strong>" in page.text
        assert '<span class="num">50</span>' in page.text
    assert "data-go-on" not in right.text, "nothing takes it back: the person sends it"


@pytest.mark.parametrize(
    ("next", "back"), [(MANY, MANY), (FILTER, FILTER), (f"/staff/audit?act={'a' * 9000}", "/staff")]
)
def test_signing_in_leads_back_to_every_address_of_ours(
    browser: TestClient,
    next: str,  # noqa: A002 -- the form's name
    back: str,
) -> None:
    form = {**hidden(browser.get("/staff/sign-in")), "name": "nobody", "password": "wrong", "next": next}
    asked = browser.post("/staff/sign-in", data=form)
    assert (asked.status_code, hidden(asked)["next"]) == (200, back)
