"""Letting somebody in, from the owner's page to the friend's, and out again."""

import re

from tests.access.letting_in import somebodys_phone
from tests.support.town import Home, Person, Town


def post(town: Town, person: Person, path: str, **fields: str) -> str:
    answer = town.client.post(
        path,
        data={"csrf": town.form_token(person), **fields},
        headers=town.browser(person),
        follow_redirects=False,
    )
    assert answer.status_code == 303, answer.text
    return str(answer.headers["location"])


def get(town: Town, person: Person, path: str, *, status: int = 200) -> str:
    answer = town.client.get(path, headers={**town.browser(person), "accept-language": "en"})
    assert answer.status_code == status
    return str(answer.text)


def forms(page: str, ending: str) -> list[str]:
    return re.findall(rf'action="([^"]+/{ending})"', page)


def households(town: Town) -> tuple[Home, Person, Person]:
    home = town.build(town.unit_id)
    owner = town.settle(home, has_payments=False)
    friend = town.settle(home, by_quote=True, has_payments=False)
    return home, owner, friend


def test_a_friend_is_let_in_sees_totals_and_is_let_out(town: Town) -> None:
    home, owner, friend = households(town)
    people = f"/accounts/{home.account_no}/people"
    post(town, owner, people, phone=friend.phone, role="viewer", scope="totals", last_day="2199-12-31")
    assert "until December 31, 2199" in get(town, owner, people)
    assert "You have 1 invitation to use an account." in get(town, friend, "/me")
    [accept] = forms(get(town, friend, "/invitations"), "accept")
    assert post(town, friend, accept).startswith("/?linked=1")
    bill = f"/bills/{home.account_no}/{home.bills[-1].bill_no}"
    assert "128.60" in get(town, friend, bill)
    assert "Renewable energy surcharge" not in get(town, friend, bill)
    assert "Renewable energy surcharge" in get(town, owner, bill)
    shown = town.client.get(f"/api/v1/accounts/{home.account_no}/bills/{home.bills[-1].bill_no}", headers=friend.bearer)
    assert (shown.json()["amount"]["amount_minor"], shown.json()["lines"]) == (12_860, [])
    assert friend.phone not in get(town, owner, people)
    [revoke] = forms(get(town, owner, people), "revoke")
    post(town, owner, revoke)
    get(town, friend, bill, status=404)


def test_an_invitation_is_taken_back_or_declined_and_is_gone_from_both_pages(town: Town) -> None:
    home, owner, friend = households(town)
    people = f"/accounts/{home.account_no}/people"
    post(town, owner, people, phone=friend.phone)
    [withdraw] = forms(get(town, owner, people), "withdraw")
    post(town, owner, withdraw)
    assert forms(get(town, friend, "/invitations"), "accept") == []
    post(town, owner, people, phone=friend.phone)
    [decline] = forms(get(town, friend, "/invitations"), "decline")
    post(town, friend, decline)
    assert forms(get(town, owner, people), "withdraw") == []


def test_the_owners_page_is_the_same_whether_or_not_the_telephone_is_known(town: Town) -> None:
    home, owner, friend = households(town)
    people = f"/accounts/{home.account_no}/people"
    seen = []
    for phone in (friend.phone, somebodys_phone()):
        where = post(town, owner, people, phone=phone)
        page = get(town, owner, where)
        [withdraw] = forms(page, "withdraw")
        seen.append(page.replace(f"{phone[:-8]}****{phone[-4:]}", "#").replace(withdraw, "@"))
        post(town, owner, withdraw)
    assert seen[0] == seen[1]


def test_a_viewer_sees_only_themselves_and_gives_their_access_up(town: Town) -> None:
    home, owner, friend = households(town)
    people = f"/accounts/{home.account_no}/people"
    post(town, owner, people, phone=friend.phone, role="viewer")
    [accept] = forms(get(town, friend, "/invitations"), "accept")
    post(town, friend, accept)
    page = get(town, friend, people)
    assert page.count("****") == 1
    assert forms(page, "revoke") == []
    post(town, friend, f"{people}/leave")
    get(town, friend, people, status=404)


def test_a_wrong_last_day_is_told_beside_its_field(town: Town) -> None:
    home, owner, _ = households(town)
    for last_day in ("soon", "2020-01-01", "9999-12-31"):
        answer = town.client.post(
            f"/accounts/{home.account_no}/people",
            data={"csrf": town.form_token(owner), "phone": somebodys_phone(), "last_day": last_day},
            headers=town.browser(owner),
        )
        assert answer.status_code == 422
        assert 'id="last_day-wrong"' in answer.text
