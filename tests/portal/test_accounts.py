"""Somebody with many accounts: a bounded switcher, a list in pages, a search. HTML; no browser is needed to read it."""

import re

import pytest

from services.accounts.queries import AccountRef
from tests.factories.accounts import grant, make_account
from tests.support.town import Home, Person, Town

MANY = 30


@pytest.fixture(scope="module")
def agent(town: Town) -> Person:
    """Looks after 30 accounts, 6100000000 to 6100000029."""
    home = Home(_made(town, 0), "", ())
    person = town.settle(home, has_payments=False)
    for number in range(1, MANY):
        account = _made(town, number)
        with town.runtime.db.write() as session:
            grant(session, user_id=person.user_id, account_id=account.id)
    return person


def _made(town: Town, number: int) -> AccountRef:
    with town.runtime.db.write() as session:
        return make_account(session, town.runtime.vault, account_no=f"61000000{number:02d}", unit_id=town.unit_id)


def page(town: Town, person: Person, path: str, *, cookie: str = "") -> str:
    headers = town.browser(person)
    headers["cookie"] += cookie
    answer = town.client.get(path, headers={**headers, "accept-language": "en"})
    assert answer.status_code == 200, answer.text
    return answer.text


def numbers(text: str) -> list[str]:
    return re.findall(r'href="/accounts/(61\d{8})"', text)


def test_the_switcher_shows_eight_accounts_and_the_way_to_the_rest(town: Town, agent: Person) -> None:
    for path in ("/", "/bills", "/me"):
        text = page(town, agent, path)
        assert numbers(text) == [f"61000000{number:02d}" for number in range(8)], path
        assert 'href="/accounts"' in text


def test_from_two_accounts_on_the_way_to_all_of_them_and_so_to_groups_and_paying_together_is_shown(town: Town) -> None:
    home, second = town.build(town.unit_id), town.build(town.unit_id)
    person = town.settle(home, has_payments=False)
    places = ("/", "/bills", "/me")
    assert ['href="/accounts"' in page(town, person, place) for place in places] == [False] * 3
    with town.runtime.db.write() as session:
        grant(session, user_id=person.user_id, account_id=second.account.id)
    assert ['href="/accounts"' in page(town, person, place) for place in places] == [True] * 3
    there = page(town, person, "/accounts")
    assert all(f'href="{place}"' in there for place in ("/pay-together", "/account-groups"))


def test_an_account_beyond_the_switcher_can_be_chosen_and_stays_chosen(town: Town, agent: Person) -> None:
    chosen = town.client.get("/accounts/6100000027", headers=town.browser(agent))
    assert (chosen.status_code, chosen.headers["location"]) == (303, "/")
    summary = page(town, agent, "/", cookie="; account=6100000027").partition("</summary>")[0]
    assert "6100000027" in summary
    other = town.client.get(f"/accounts/{town.far.account_no}", headers=town.browser(agent))
    assert other.status_code == 404
    fallen_back = page(town, agent, "/", cookie=f"; account={town.far.account_no}").partition("</summary>")[0]
    assert "6100000000" in fallen_back


def test_all_accounts_come_in_pages_without_gap_or_double(town: Town, agent: Person) -> None:
    first = page(town, agent, "/accounts")
    following = re.search(r'class="button plain" href="(/accounts\?[^"]+)"', first)
    assert following is not None
    second = page(town, agent, following[1].replace("&amp;", "&"))
    assert numbers(first) + numbers(second) == [f"61000000{number:02d}" for number in range(MANY)]
    assert "More accounts" not in second


def test_accounts_are_found_by_a_part_of_their_number(town: Town, agent: Person) -> None:
    assert numbers(page(town, agent, "/accounts?part=00029")) == ["6100000029"]
    assert numbers(page(town, agent, "/accounts?part=%25")) == []
    assert "No account of yours has this number." in page(town, agent, f"/accounts?part={town.far.account_no}")


@pytest.mark.parametrize("query", ["part=%00", "part=%ED%A0%80", "part=" + "1" * 65, "after=x"])
def test_a_hostile_search_is_refused(town: Town, agent: Person, query: str) -> None:
    answer = town.client.get(f"/accounts?{query}", headers=town.browser(agent))
    assert 400 <= answer.status_code < 500
