"""Several accounts paid as one, at the portal and by the API."""

import re
import uuid
from typing import Any

from core import clock
from services.accounts.models import Role
from services.accounts.operations import add_to_group, create_group
from tests.factories import payments as paying
from tests.factories.accounts import ACTOR, grant, make_unit
from tests.support.town import Home, Person, Town, branched

DUE = 12_860


def homes(town: Town) -> tuple[Person, list[Home]]:
    """Two accounts that somebody owns, and one that they only view."""
    own = [town.build(town.unit_id) for _ in range(3)]
    person = town.settle(own[0], has_payments=False)
    with town.runtime.db.write() as session:
        grant(session, user_id=person.user_id, account_id=own[1].account.id, role=Role.PAYER)
        grant(session, user_id=person.user_id, account_id=own[2].account.id, role=Role.VIEWER)
    return person, own


def test_the_sums_are_of_all_that_one_may_pay_for_and_the_page_comes_without_gap(town: Town) -> None:
    person, own = homes(town)
    first = town.client.get("/api/v1/dues?limit=1", headers=person.bearer).json()
    rest = town.client.get(f"/api/v1/dues?limit=1&cursor={first['next']}", headers=person.bearer).json()
    assert first["totals"] == [{"due": {"amount_minor": 2 * DUE, "currency": "CNY"}, "accounts": 2}] == rest["totals"]
    listed = [each["account_no"] for page in (first, rest) for each in page["items"]]
    assert listed == sorted(home.account_no for home in own[:2])
    assert (first["is_complete"], rest["next"]) == (True, None)


def test_the_api_pays_what_was_seen_for_all_and_refuses_what_was_not(town: Town) -> None:
    person, own = homes(town)

    def pay(amount_minor: int, *of: Home) -> tuple[int, dict[str, object]]:
        body = {
            "account_nos": [home.account_no for home in of],
            "amount_minor": amount_minor,
            "method": "wechat_native",
        }
        headers = {**person.bearer, "idempotency-key": uuid.uuid4().hex}
        answer = town.client.post("/api/v1/payments", json=body, headers=headers)
        return answer.status_code, answer.json()

    assert pay(DUE, *own[:2])[1]["code"] == "payment_amount_changed"
    assert pay(3 * DUE, *own)[1]["code"] == "account_not_payable"
    assert pay(DUE, own[0], own[0])[0] == 422
    status, started = pay(2 * DUE, *own[:2])
    assert status == 201
    payment = started["payment"]
    assert isinstance(payment, dict)
    assert {part["account_no"] for part in payment["parts"]} == {home.account_no for home in own[:2]}
    town.pay(str(payment["payment_no"]))
    assert town.client.get("/api/v1/dues", headers=person.bearer).json()["totals"] == []


def test_the_page_pays_the_sum_of_those_that_were_chosen(town: Town) -> None:
    person, own = homes(town)
    browser = {**town.browser(person), "accept-language": "en"}
    page = town.client.get("/pay-together", headers=browser).text
    assert "257.20" in page
    page = town.client.get(f"/pay-together?account={own[0].account_no}", headers=browser).text
    hidden = re.findall(r'<input type="hidden" name="(key|amount_minor|account)" value="([^"]+)">', page)
    fields = {**dict(hidden), "csrf": town.form_token(person), "method": "wechat_native"}
    assert (fields["amount_minor"], fields["account"]) == (str(DUE), own[0].account_no)
    stale = town.client.post("/pay-together", data={**fields, "amount_minor": "1"}, headers=browser)
    assert (stale.status_code, "What is due has changed" in stale.text) == (422, True)
    answers = [
        town.client.post("/pay-together", data=fields, headers=browser, follow_redirects=False) for _ in range(2)
    ]
    assert len({answer.headers["location"] for answer in answers}) == 1
    assert own[0].account_no in town.client.get(answers[0].headers["location"], headers=browser).text


def test_accounts_of_different_branches_are_offered_apart_before_anything_is_begun(town: Town) -> None:
    with town.runtime.db.write() as session:
        unit_id = make_unit(session, code="3708", parent="37", kind="city")
    near, far = town.build(town.unit_id), town.build(unit_id)
    person = town.settle(near, has_payments=False)
    with town.runtime.db.write() as session:
        grant(session, user_id=person.user_id, account_id=far.account.id, role=Role.PAYER)
        group_id = create_group(session, user_id=person.user_id, name="Both", actor=ACTOR, now=clock.now())
        numbers = [near.account_no, far.account_no]
        add_to_group(
            session, user_id=person.user_id, group_id=group_id, account_nos=numbers, actor=ACTOR, now=clock.now()
        )
    browser = {**town.browser(person), "accept-language": "en"}

    def merchant_of(answer: Any) -> str:
        assert answer.status_code == 303, answer.text
        return paying.latest(town.runtime.db, answer.headers["location"].rpartition("/")[2]).merchant

    with branched(town, "3708"):
        page = town.client.get("/pay-together", headers=browser).text
        assert "in 2 payments" in page
        assert 'name="amount_minor"' not in page
        found = []
        for address in re.findall(r'href="(/pay-together[?]account=[^"]+)"', page):
            one = town.client.get(address, headers=browser).text
            fields = dict(re.findall(r'<input type="hidden" name="(key|amount_minor|account)" value="([^"]+)">', one))
            form = {**fields, "csrf": town.form_token(person), "method": "wechat_native"}
            found.append(
                (fields["account"], merchant_of(town.client.post("/pay-together", data=form, headers=browser)))
            )
        assert found == [(near.account_no, "default"), (far.account_no, "east")]
        body = {"group_id": str(group_id), "amount_minor": 2 * DUE, "method": "wechat_native"}
        keyed = {**person.bearer, "idempotency-key": uuid.uuid4().hex}
        refused = town.client.post("/api/v1/payments", json=body, headers=keyed).json()
        assert (refused["code"], refused["payments"]) == (
            "payment_several_merchants",
            [{"account_nos": [near.account_no]}, {"account_nos": [far.account_no]}],
        )
        group = town.client.get(f"/account-groups/{group_id}", headers=browser).text
        forms = re.findall(r'<form method="post" action="/account-groups/[^"]+/pay">(.*?)</form>', group, re.DOTALL)
        paid = []
        for each in forms:
            fields = dict(re.findall(r'<input type="hidden" name="(key|amount_minor|account)" value="([^"]+)">', each))
            form = {**fields, "csrf": town.form_token(person), "method": "wechat_native"}
            paid.append(merchant_of(town.client.post(f"/account-groups/{group_id}/pay", data=form, headers=browser)))
        assert paid == ["default", "east"]
