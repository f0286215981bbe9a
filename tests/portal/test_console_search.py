"""The search of the console: one box, every type, and nothing of another unit."""

import base64
import html
import re
from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from urllib.parse import unquote

import pytest
from fastapi.testclient import TestClient

from core import clock
from core.audit import Actor
from portal.staff import terms
from services.accounts.operations import serving
from services.accounts.roles import StaffRole
from tests.factories.staff import Member
from tests.support.office import ELSEWHERE, HERE, Office, office_of
from tests.support.town import Home, Town
from web import metrics

SOUGHT: Final = re.compile(r'sought(?:=|%3D)[^"&]+|data-left="\d+"')
NOTHING = "Nothing here is called that"


@dataclass
class Desk:
    """Somebody of the staff at a browser."""

    client: TestClient
    headers: dict[str, str]
    form_token: str

    def ask(self, typed: str) -> str:
        """The address that the search leads to."""
        form = {"csrf": self.form_token, "q": typed}
        answer = self.client.post("/staff/search", data=form, headers=self.headers, follow_redirects=False)
        assert answer.status_code == 303, answer.text
        return answer.headers["location"]

    def read(self, address: str) -> str:
        """What a page says."""
        answer = self.client.get(address, headers=self.headers)
        assert answer.status_code == 200, answer.text
        return html.unescape(answer.text)

    def search(self, typed: str) -> str:
        """What the page says that a search leads to."""
        return self.read(self.ask(typed))


@pytest.fixture
def office(town: Town) -> Office:
    """The staff of the town."""
    return office_of(town)


def desk(town: Town, office: Office, member: Member) -> Desk:
    """Their browser, in English."""
    town.client.cookies.clear()
    return Desk(town.client, {**office.browser(member), "accept-language": "en"}, office.form_token(member))


def numbers(home: Home, town: Town, person: str) -> list[str]:
    """Everything by whose number a home is found."""
    payment_no = town.people[person].paid_no
    with town.runtime.db.read() as session:
        row = session.sql(
            """select a.out_trade_no, a.transaction_id from payment_attempt a join payment_order o on o.id = a.order_id
               where o.payment_no = :no and a.state = 'paid'""",
            no=payment_no,
        ).one()
    return [
        home.account_no,
        home.bills[0].bill_no,
        payment_no,
        payment_no.lower(),
        row.out_trade_no,
        row.transaction_id,
    ]


def test_an_account_a_bill_and_a_payment_are_found_by_their_numbers(town: Town, office: Office) -> None:
    here = desk(town, office, office.members["here"])
    paid_no = town.people["neighbour"].paid_no
    for number in numbers(town.neighbour, town, "neighbour"):
        page = here.search(number)
        assert f'href="/staff/accounts/{town.neighbour.account_no}' in page or f"/staff/payments/{paid_no}" in page, (
            number
        )


def test_no_number_of_another_unit_finds_anything(town: Town, office: Office) -> None:
    here = desk(town, office, office.members["here"])
    for number in numbers(town.far, town, "far"):
        found = here.search(number)
        assert NOTHING in found, number
        assert f"/staff/accounts/{town.far.account_no}" not in found


def test_what_another_unit_has_looks_like_what_nobody_has(town: Town, office: Office) -> None:
    here = desk(town, office, office.members["here"])
    answers = [SOUGHT.sub("#", here.search(no)).replace(no, "@") for no in (town.far.account_no, town.missing_no)]
    assert answers[0] == answers[1]


def test_a_page_leads_to_the_next_and_its_place_is_good_for_its_reader_and_text_alone(
    town: Town, office: Office
) -> None:
    for _ in range(21):
        town.build(town.unit_id, has_bills=False)
    here = desk(town, office, office.members["here"])
    first = here.search("王小明")
    found = re.search(r'class="button plain" href="([^"]*after=([^"]*))"', first)
    assert found is not None
    rows = [text.count("/staff/accounts/") for text in (first, here.read(found[1]))]
    assert rows[0] == 20
    assert rows[1] >= 3
    with town.runtime.db.write() as session:
        other = desk(town, office, office.employ(session, StaffRole.AGENT, HERE))
    for reader, typed in ((other, "王小明"), (here, "小明")):
        refused = reader.client.get(f"{reader.ask(typed)}&after={found[2]}", headers=reader.headers)
        assert refused.status_code == 400


def test_no_address_history_or_title_tells_what_was_searched_for(town: Town, office: Office) -> None:
    here = desk(town, office, office.members["here"])
    addresses = [here.ask(typed) for typed in ("王小明", "王小", "+8613800138000")]
    assert len({len(each) for each in addresses}) == 1, "nor how long it was"
    for address in addresses:
        page = here.read(address)
        links = re.findall(r'(?:href|action)="([^"]*)"', page)
        sealed = base64.urlsafe_b64decode(address.partition("sought=")[2] + "==")
        for typed in ("王小明", "王小", "13800138000"):
            assert typed.encode() not in sealed
            assert [each for each in links if typed in unquote(each)] == []
            assert typed not in page.partition("</title>")[0]
        assert page.partition("<h1>")[2].startswith("Found for"), "it can be loaded again"
    assert "?q=" not in here.read("/staff/search?q=王小明")
    assert "Found for" not in here.read("/staff/search?q=王小明")


def test_an_address_of_a_search_is_good_for_its_session_alone_and_for_a_while(town: Town, office: Office) -> None:
    here, other = (desk(town, office, office.members[name]) for name in ("here", "without"))
    address = here.ask("王小明")
    for page in (other.read(address), here.read(address[:-3]), here.read("/staff/search?sought=!")):
        assert "This search is over" in page
        assert "王小明" not in page
    vault, now = town.runtime.vault, clock.now()
    with town.runtime.db.read() as session:
        session_id = session.sql(
            "select id from staff_session where staff_id = :id", id=office.members["here"].staff_id
        ).scalar_one()
    sealed = terms.seal(vault, session_id, "王小明", now=now)
    assert terms.unseal(vault, session_id, sealed, now=now + terms.LIFE - timedelta(seconds=1)) == "王小明"
    assert terms.unseal(vault, session_id, sealed, now=now + terms.LIFE) is None


def test_too_little_says_what_can_be_searched(town: Town, office: Office) -> None:
    here = desk(town, office, office.members["here"])
    assert "too little" in here.search("王")
    assert here.ask(" ") == "/staff/search"
    assert "What can be searched" in here.read("/staff/search")


def test_only_who_may_view_accounts_searches(town: Town, office: Office) -> None:
    with town.runtime.db.write() as session:
        finance = office.employ(session, StaffRole.FINANCE, ELSEWHERE)
    there = desk(town, office, finance)
    assert f"/staff/accounts/{town.far.account_no}" in there.search(town.far.account_no)
    assert NOTHING in there.search(town.house.account_no)


def test_whoever_searches_too_often_is_told_so_counted_and_noted_once(town: Town, office: Office) -> None:
    most, now = town.runtime.settings.staff_searches_per_hour, clock.now()
    with town.runtime.db.write() as session:
        agent = office.employ(session, StaffRole.AGENT, HERE)
        actor = Actor(f"staff:{agent.staff_id}")
        for _ in range(most - 2):
            serving.count_search(session, staff_id=agent.staff_id, actor=actor, per_hour=most, now=now)
    counted = metrics.SECURITY.labels("search_limited")._value
    before = counted.get()
    here = desk(town, office, agent)
    for typed in ("王小明", "王", "王小明"):  # one character is no search
        here.search(typed)
    for _ in range(2):
        refused = here.client.get(here.ask("王小明"), headers=here.headers)
        assert refused.status_code == 429
        assert 0 < int(refused.headers["retry-after"]) <= 3_600
        assert "You have searched as often" in refused.text
        assert "Found for" not in refused.text
        assert 'value="王小明"' in refused.text, "what was typed stays in the box"
        assert "/staff/accounts/" not in refused.text
    assert counted.get() == before + 2
    with town.runtime.db.read() as session:
        noted = session.sql(
            "select subject, after from audit where act = 'accounts.search_limited' and actor = :actor",
            actor=f"staff:{agent.staff_id}",
        ).all()
    assert [tuple(row) for row in noted] == [(f"staff:{agent.staff_id}", None)]
    account = here.client.get(f"/staff/accounts/{town.house.account_no}", headers=here.headers)
    assert account.status_code == 200
