"""Groups of accounts by the API and at the portal: filled, paid as one, and taken out as a file."""

import csv
import io
import uuid
from datetime import date
from typing import Any

from services.accounts.models import Role
from tests.factories.accounts import grant
from tests.factories.billing import make_bill
from tests.support.town import Home, Person, Town

DUE = 12_860


def homes(town: Town) -> tuple[Person, list[Home]]:
    """Two accounts that somebody may pay for, and one that they only view."""
    own = [town.build(town.unit_id) for _ in range(3)]
    person = town.settle(own[0], has_payments=False)
    with town.runtime.db.write() as session:
        grant(session, user_id=person.user_id, account_id=own[1].account.id, role=Role.PAYER)
        grant(session, user_id=person.user_id, account_id=own[2].account.id, role=Role.VIEWER)
    return person, own


def asked(town: Town, person: Person, method: str, path: str, body: object = None) -> tuple[int, Any]:
    headers = {**person.bearer, "idempotency-key": uuid.uuid4().hex}
    answer = town.client.request(method, f"/api/v1{path}", json=body, headers=headers)
    return answer.status_code, answer.json() if answer.content else None


def table(text: str) -> list[dict[str, str]]:
    assert text.startswith("\ufeff")
    return list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"))))


def test_by_the_api_a_group_is_made_filled_paged_paid_and_taken_apart(town: Town) -> None:
    person, own = homes(town)
    status, group = asked(town, person, "POST", "/account-groups", {"name": "Shops"})
    assert (status, group["accounts"], group["totals"]) == (201, 0, [])
    path = f"/account-groups/{group['group_id']}"
    numbers = [home.account_no for home in own]
    assert asked(town, person, "POST", f"{path}/accounts", {"account_nos": numbers}) == (
        200,
        {"added": 2, "unknown": numbers[2:]},
    )
    group = asked(town, person, "GET", path)[1]
    assert (group["accounts"], group["totals"][0]["due"]["amount_minor"]) == (2, 2 * DUE)
    first = asked(town, person, "GET", f"{path}/accounts?which=owing&limit=1")[1]
    rest = asked(town, person, "GET", f"{path}/accounts?which=owing&limit=1&cursor={first['next']}")[1]
    assert [each["account_no"] for each in first["items"] + rest["items"]] == sorted(numbers[:2])
    assert (
        asked(town, person, "GET", f"{path}/accounts?which=all&limit=1&cursor={first['next']}")[1]["code"]
        == "bad_cursor"
    )
    wrong = {"group_id": group["group_id"], "amount_minor": DUE, "method": "wechat_native"}
    assert asked(town, person, "POST", "/payments", wrong)[1]["code"] == "payment_amount_changed"
    assert asked(town, person, "POST", "/payments", {**wrong, "account_no": numbers[0]})[0] == 422
    status, started = asked(town, person, "POST", "/payments", {**wrong, "amount_minor": 2 * DUE})
    assert (status, len(started["payment"]["parts"])) == (201, 2)
    town.pay(started["payment"]["payment_no"])
    assert asked(town, person, "GET", path)[1]["totals"][0]["owing"] == 0
    assert asked(town, person, "DELETE", path) == (204, None)
    assert asked(town, person, "GET", path)[0] == 404
    assert asked(town, person, "GET", f"/accounts/{numbers[0]}")[0] == 200


def test_the_file_has_the_bills_of_what_belongs_and_none_of_an_earlier_holder(town: Town) -> None:
    person, own = homes(town)
    group = asked(town, person, "POST", "/account-groups", {"name": "File"})[1]
    path = f"/account-groups/{group['group_id']}"
    asked(town, person, "POST", f"{path}/accounts", {"account_nos": None})
    with town.runtime.db.write() as session:
        make_bill(session, own[1].account, bill_no="-1-2", amount_minor=5, issue_date=date(2019, 5, 5))
        session.sql("update account set holder_since = '2026-01-01' where id = :id", id=own[0].account.id)
        session.sql("update bill set open_minor = 0, state = 'settled' where account_id = :id", id=own[0].account.id)
        session.sql(
            "update bill set period_end = '2025-12-31', period_first = '2025-12-01' where account_id = :id",
            id=own[0].account.id,
        )
    answer = town.client.get(f"/api/v1{path}/bills.csv?first=2019-01-01&last=2030-01-01", headers=person.bearer)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/csv; charset=utf-8")
    rows = table(answer.text)
    assert {row["account_no"] for row in rows} == {own[1].account_no}
    assert "'-1-2" in {row["bill_no"] for row in rows}
    day = town.client.get(f"/api/v1{path}/bills.csv?first=2019-05-05&last=2019-05-05", headers=person.bearer)
    assert [(row["amount"], row["currency"]) for row in table(day.text)] == [("0.05", "CNY")]
    page = town.client.get(
        f"/account-groups/{group['group_id']}/bills.csv?first=2019-05-05&last=2019-05-05", headers=town.browser(person)
    )
    assert page.text == day.text


def test_the_page_keeps_what_it_could_not_add_and_pays_the_whole_group_once(town: Town) -> None:
    person, own = homes(town)
    browser = {**town.browser(person), "accept-language": "en"}
    csrf = {"csrf": town.form_token(person)}
    made = town.client.post(
        "/account-groups", data={**csrf, "name": "<b>Shops"}, headers=browser, follow_redirects=False
    )
    path = made.headers["location"]
    nothing = town.client.post(f"{path}/add", data={**csrf, "account_nos": own[2].account_no}, headers=browser).text
    assert ("none was added" in nothing, "the others were added" in nothing) == (True, False)
    typed = f"{own[0].account_no}, {own[1].account_no}\n{own[2].account_no}"
    page = town.client.post(f"{path}/add", data={**csrf, "account_nos": typed}, headers=browser)
    assert (
        page.status_code,
        f'aria-describedby="account_nos-hint account_nos-wrong">{own[2].account_no}<' in page.text,
        "the others were added" in page.text,
    ) == (422, True, True)
    page = town.client.get(path, headers=browser)
    assert "&lt;b&gt;Shops" in page.text
    fields = {
        **csrf,
        "method": "wechat_native",
        "amount_minor": str(2 * DUE),
        "key": page.text.partition('name="key" value="')[2].partition('"')[0],
    }
    stale = town.client.post(f"{path}/pay", data={**fields, "amount_minor": "1"}, headers=browser)
    assert (stale.status_code, "What is due has changed" in stale.text) == (422, True)
    answers = [town.client.post(f"{path}/pay", data=fields, headers=browser, follow_redirects=False) for _ in range(2)]
    assert len({answer.headers["location"] for answer in answers}) == 1
    payment = town.client.get(answers[0].headers["location"], headers=browser).text
    assert all(home.account_no in payment for home in own[:2])
