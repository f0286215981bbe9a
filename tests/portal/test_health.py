"""System health in the console: what waits and for how long, for those alone who see the whole supplier."""

import re
from datetime import timedelta

import pytest

from core import clock, rounds
from services.accounts.roles import StaffRole
from services.payments import operations as payments
from tests.factories.staff import Member
from tests.support.office import office_of
from tests.support.town import Town


@pytest.fixture
def top(town: Town) -> Member:
    """Somebody who administers everything."""
    with town.runtime.db.write() as session:
        return office_of(town).employ(session, StaffRole.ADMIN, "37")


def page(town: Town, member: Member) -> str:
    town.client.cookies.clear()
    answer = town.client.get("/staff/health", headers={**office_of(town).browser(member), "accept-language": "en"})
    assert answer.status_code == 200
    return answer.text


def test_a_queue_that_is_stuck_and_a_provider_that_fails_are_told_with_what_to_do(town: Town, top: Member) -> None:
    advice = "Mend the cause that the log names"
    assert advice not in page(town, top)
    with town.runtime.db.write() as session:
        session.sql(
            "insert into inbox (source, external_id, body, received_at) values ('other', 'x', '', :then)",
            then=clock.now() - timedelta(hours=1),
        )
        session.sql(
            """insert into payment_provider_health (provider, failures) values ('wechat_pay', 3)
               on conflict (provider) do update set failures = 3, open_until = null, answered_at = null"""
        )
    told = page(town, top)
    assert advice in told
    assert "3 failures in a row" in told
    assert "has not answered yet" in told
    with town.runtime.db.write() as session:
        session.sql("update payment_provider_health set failures = 0 where provider = 'wechat_pay'")
    assert "Not asked yet" in page(town, top), "nobody knows whether it answers"
    with town.runtime.db.write() as session:
        session.sql("update payment_provider_health set failures = 3 where provider = 'wechat_pay'")
    with town.runtime.db.write() as session:
        payments.note_answer(session, provider="wechat_pay")
    told = page(town, top)
    assert "3 failures in a row" not in told
    assert "answered last on" in told


def test_work_that_fails_at_an_account_is_told_with_its_reason(town: Town, top: Member) -> None:
    title = "Accounts set aside</h2>"
    assert title not in page(town, top)
    with town.runtime.db.write() as session:
        told = session.sql(
            """insert into set_aside (work, owner, part, together, failures, reason)
               select 'usage.aggregate', min(id), '2026-06', 1, 3, 'DataError: division by zero' from account
               returning (select account_no from account where id = owner)"""
        )
        account_no = told.scalar_one()
    shown = page(town, top)
    for said in (title, account_no, "2026-06", "DataError: division by zero", "3 failures in a row"):
        assert said in shown


def test_the_menu_leads_to_it_only_those_whom_it_lets_in(town: Town, top: Member) -> None:
    line, office = 'href="/staff/health"', office_of(town)
    seen = {}
    for name, member in (("top", top), ("here", office.members["here"])):
        answers = [town.client.get(path, headers=office.browser(member)) for path in ("/staff", "/staff/health")]
        seen[name] = [line in answers[0].text, answers[1].status_code]
    assert seen == {"top": [True, 200], "here": [False, 403]}


def test_work_by_the_clock_that_fails_or_is_not_done_is_told(town: Town, top: Member) -> None:
    with town.runtime.db.write() as session:
        rounds.declare(session, periods_s={"runs": 60.0, "fails": 60.0, "stands": 60.0})
        rounds.note(session, task="runs", failed_with=None)
        rounds.note(session, task="fails", failed_with="DeadlineExceeded")
        session.sql("update scheduled_round set declared_at = now() - interval '1 hour' where task = 'stands'")
    rows = dict(re.findall(r'class="change id">(\w+)<.*?<span class="chip [a-z]+">([^<]+)<', page(town, top)))
    assert rows == {"runs": "In time", "fails": "Failed", "stands": "Late"}
    assert "DeadlineExceeded" in page(town, top)
