"""Many sums at once: each as if it were done alone, none twice, and none that could not be done alone."""

import html
import re
from collections.abc import Iterator
from dataclasses import replace

import pytest

from core import clock, faults
from services.billing import queries as billing
from services.casework.ports import KINDS
from services.ledger import queries as ledger
from services.payments import flows, queries
from services.payments.operations import ASSIGN_SUSPENSE
from tests.factories.staff import ACTOR, Member
from tests.support.office import Office, office_of
from tests.support.town import Home, Town

MANY = "/staff/suspense/many"


class Killed(BaseException):
    """No handler sees it, as none sees a killed process."""


@pytest.fixture
def office(town: Town) -> Iterator[Office]:
    """Staff who have just given a code; whatever they do, the books hold."""
    made = office_of(town)
    made.fresh(made.members["here"])
    yield made
    with town.runtime.db.read() as session:
        assert ledger.check_invariants(session) == []
        assert queries.check_invariants(session) == []
        assert queries.check_claims(session) == []


def send(town: Town, office: Office, member: Member, sums: list[int], **fields: str) -> tuple[int, str]:
    town.client.cookies.clear()
    headers = {**office.browser(member), "accept-language": "en"}
    form = {"csrf": office.form_token(member), "sum": [str(each) for each in sums], **fields}
    answer = town.client.post(MANY, data=form, headers=headers, follow_redirects=False)
    return answer.status_code, html.unescape(answer.text)


def got(town: Town, home: Home) -> int:
    """What has come to an account: how much less it owes, and what it has in advance."""
    with town.runtime.db.read() as session:
        found = billing.owed(session, account_id=home.account.id)
    return found.prepaid.minor - found.due.minor


def states(town: Town, sums: list[int]) -> list[str]:
    with town.runtime.db.read() as session:
        rows = session.sql("select state from payment_suspense where id = any(:ids) order by id", ids=sums)
        return list(rows.scalars())


def test_each_goes_to_its_account_and_what_is_not_theirs_is_left_as_it_was(town: Town, office: Office) -> None:
    mine = [office.waiting_money(town.house.account) for _ in range(3)]
    far, over = office.waiting_money(town.far.account), office.named_twice(town.house.account)
    before = got(town, town.house), got(town, town.far)
    town.client.cookies.clear()
    headers = {**office.browser(office.members["here"]), "accept-language": "en"}
    chosen = [*mine, far, over]
    page = town.client.get(MANY, params={"sum": chosen}, headers=headers).text
    assert "Give 3 sums to the accounts that they came for" in page
    assert "2 sums are left out" in page
    assert "¥3.00" in page
    assert town.far.account_no not in page
    status, told = send(town, office, office.members["here"], chosen)
    assert (status, told.count(">Refused<")) == (200, 2)
    assert "3 sums have their places now" in told
    assert town.far.account_no not in told
    assert (got(town, town.house), got(town, town.far)) == (before[0] + 300, before[1])
    assert states(town, mine) == ["assigned"] * 3
    status, told = send(town, office, office.members["here"], mine)
    assert (status, told.count(">Refused<"), got(town, town.house)) == (200, 3, before[0] + 300)


@pytest.mark.parametrize("point", ["payments.assign_many.before_commit", "payments.assign_many.committed"])
def test_cut_short_and_repeated_each_is_booked_once(town: Town, office: Office, point: str) -> None:
    sums, before, passed = [office.waiting_money(town.house.account) for _ in range(4)], got(town, town.house), 0
    here = office.members["here"]

    def kill(name: str) -> None:
        nonlocal passed
        passed += name == point
        if passed == 2:
            raise Killed

    faults.arm(kill)
    try:
        with pytest.raises(Killed):
            list(flows.assign_many(town.runtime.db, suspense_ids=sums, by=here.staff_id, actor=ACTOR, now=clock.now()))
    finally:
        faults.arm(None)
    assert states(town, sums).count("assigned") == (1 if point.endswith("before_commit") else 2)
    send(town, office, here, sums)
    assert (states(town, sums), got(town, town.house)) == (["assigned"] * 4, before + 400)


def test_more_than_ten_want_their_count_typed(town: Town, office: Office) -> None:
    sums, here = [office.waiting_money(town.house.account) for _ in range(11)], office.members["here"]
    for count in ("", "10", "all"):
        status, told = send(town, office, here, sums, count=count)
        assert (status, "Type how many sums these are." in told) == (422, True)
    assert states(town, sums) == ["open"] * 11
    assert send(town, office, here, sums, count=" 11 ")[0] == 200
    assert states(town, sums) == ["assigned"] * 11


def test_what_takes_two_alone_takes_two_among_many(town: Town, office: Office) -> None:
    waiting, kinds = office.waiting_money(town.house.account), dict(KINDS.get())
    KINDS.fill({**kinds, ASSIGN_SUSPENSE.name: replace(ASSIGN_SUSPENSE, alone_up_to_minor=99)})
    try:
        status, told = send(town, office, office.members["here"], [waiting])
    finally:
        KINDS.fill(kinds)
    assert (status, "This sum takes a second person" in told, states(town, [waiting])) == (200, True, ["open"])


@pytest.mark.parametrize("reason", ["amount_differs", "second_transaction"])
def test_what_wants_a_look_at_its_evidence_has_its_place_only_by_itself(
    town: Town, office: Office, reason: str
) -> None:
    sums, here = [office.waiting_money(town.house.account) for _ in range(2)], office.members["here"]
    with town.runtime.db.write() as session:
        session.sql("update payment_suspense set reason = :reason where id = :id", reason=reason, id=sums[0])
    town.client.cookies.clear()
    headers = {**office.browser(here), "accept-language": "en"}
    page = html.unescape(town.client.get(MANY, params={"sum": sums}, headers=headers).text)
    assert re.findall(r'name="sum" value="(\d+)"', page) == [str(sums[1])]
    assert "1 sum is left out: why it waits" in page
    assert "It could not be booked where it belongs" in page
    told = send(town, office, here, sums)[1]
    assert ("look at its evidence" in told, states(town, sums)) == (True, ["open", "assigned"])


def test_no_more_has_its_place_in_one_act_than_one_may_assign_alone(town: Town, office: Office) -> None:
    sums, kinds = [office.waiting_money(town.house.account) for _ in range(3)], dict(KINDS.get())
    here = office.members["here"]
    KINDS.fill({**kinds, ASSIGN_SUSPENSE.name: replace(ASSIGN_SUSPENSE, alone_up_to_minor=200)})
    try:
        town.client.cookies.clear()
        headers = {**office.browser(here), "accept-language": "en"}
        page = html.unescape(town.client.get(MANY, params={"sum": sums}, headers=headers).text)
        told = send(town, office, here, sums)[1]
    finally:
        KINDS.fill(kinds)
    assert re.findall(r'name="sum" value="(\d+)"', page) == [str(each) for each in sums[:2]]
    assert "1 sum is left out: together it is more than one may assign alone" in page
    assert ("choose fewer" in told, states(town, sums)) == (True, ["assigned", "assigned", "open"])


@pytest.mark.parametrize("who", ["here", "top"])
def test_the_largest_come_first_page_by_page_and_none_is_left_out(
    town: Town, office: Office, monkeypatch: pytest.MonkeyPatch, who: str
) -> None:
    from portal.staff import suspense as pages

    monkeypatch.setattr(pages, "PAGE", 2)
    made = [office.waiting_money(town.house.account), *(office.named_twice(town.house.account) for _ in range(4))]
    with town.runtime.db.write() as session:  # claims of money that lies elsewhere: the books know nothing of them
        for place, suspense_id in enumerate(made[1:]):
            session.sql(
                "update payment_suspense set amount_minor = :minor where id = :id",
                id=suspense_id,
                minor=50 + 40 * (place % 3),
            )
    with town.runtime.db.read() as session:
        known = {row.id: row.amount_minor for row in session.sql("select id, amount_minor from payment_suspense").all()}
    town.client.cookies.clear()
    headers = {**office.browser(office.members[who]), "accept-language": "en"}
    seen, address = list[int](), "/staff/suspense?sort=amount"
    while address:
        page = html.unescape(town.client.get(address, headers=headers).text)
        assert re.search(r'aria-sort="descending"><a href="/staff/suspense\?sort=amount">Amount', page)
        seen += [int(each) for each in re.findall(r'<th scope="row"[^>]*><a href="/staff/suspense/(\d+)"', page)]
        more = re.search(r'href="(/staff/suspense\?sort=amount&after=[^"]+)"', page)
        address = more[1] if more else ""
    assert set(made) <= set(seen)
    assert seen == sorted(set(seen), key=lambda each: (-known[each], each))


def test_the_list_offers_what_can_be_chosen_without_scripts(town: Town, office: Office) -> None:
    office.waiting_money(town.house.account)
    claimed = office.named_twice(town.house.account)
    town.client.cookies.clear()
    headers = {**office.browser(office.members["here"]), "accept-language": "en"}
    page = html.unescape(town.client.get("/staff/suspense", headers=headers).text)
    boxes = re.findall(r'<input type="checkbox" name="sum" value="(\d+)" form="many">', page)
    assert boxes
    assert str(claimed) not in boxes
    every = re.search(r'href="(/staff/suspense/many\?[^"]+)"', page)
    assert every is not None
    assert re.findall(r"sum=(\d+)", every[1]) == boxes
