"""A page that tells a problem stands where its reader was: with their menu, the wrong fields, and the way back."""

import html
import re
from collections.abc import Iterator

import httpx2 as httpx
import pytest
from fastapi.dependencies.models import Dependant
from fastapi.routing import iter_route_contexts

from portal.fields import words
from tests.support.office import Office, office_of
from tests.support.town import Town
from web import cookies

MENU = '<a class="tab" href="/staff/search"'


@pytest.fixture
def office(town: Town) -> Office:
    return office_of(town)


def send(town: Town, office: Office, path: str, **fields: str) -> httpx.Response:
    """A form of an agent, in English."""
    agent = office.members["without"]
    town.client.cookies.clear()
    headers = {**office.browser(agent), "accept-language": "en", "referer": "http://testserver/staff/me?asked=1"}
    form = {"csrf": office.form_token(agent), **fields}
    return town.client.post(path, data=form, headers=headers, follow_redirects=False)


def test_a_refused_form_of_the_console_keeps_the_menu_and_leads_back(town: Town, office: Office) -> None:
    account = f"/staff/accounts/{town.house.account_no}"
    wrong = {
        "too long": send(town, office, f"{account}/notes", text="x" * 4_001),
        "no choice": send(town, office, f"{account}/look", grant="nobody", why="asked"),
        "not allowed": send(town, office, "/staff/people/export"),
        "stale": send(town, office, f"{account}/notes", csrf="0" * 64, text="x"),
        "no text": send(town, office, f"{account}/notes", text="a\0b"),
        "missing": send(town, office, f"{account}/reveal", reason="asked"),
    }
    assert {name: answer.status_code for name, answer in wrong.items()} == {
        "too long": 422, "no choice": 422, "not allowed": 403, "stale": 403, "no text": 422, "missing": 422,
    }  # fmt: skip
    for name, answer in wrong.items():
        assert MENU in answer.text, name
        assert 'href="/staff/people"' not in answer.text, "the menu is the reader's own"
        assert 'class="button wide" href="/staff/me?asked=1"' in answer.text, name
    listed = {name: re.findall("<dt>(.*?)</dt><dd>(.*?)</dd>", answer.text) for name, answer in wrong.items()}
    assert listed["too long"] == [("Note", "Too long: write at most 4000 characters.")]
    assert listed["no choice"] == [
        ("What the page keeps to itself", "Not one of the choices: choose again on the page.")
    ]
    assert listed["no text"] == [("Note", "Holds characters that cannot be written: type it anew.")]
    assert listed["missing"] == [("What is shown", "Missing: fill it in, or choose something.")]


def test_what_no_form_has_is_neither_listed_nor_repeated(town: Town, office: Office) -> None:
    answer = send(town, office, f"/staff/accounts/{town.house.account_no}/notes", **{"<b>made</b>": "a\0b"})
    assert answer.status_code == 422
    assert "The form could not be read" in answer.text
    assert "made" not in html.unescape(answer.text)


def test_an_address_that_is_nobodys_keeps_the_menu_and_whoever_is_out_sees_none(town: Town, office: Office) -> None:
    agent = office.browser(office.members["without"])
    for path in ("/staff/nowhere", "/staff/accounts/7999999999", "/staff/approvals/none"):
        town.client.cookies.clear()
        assert MENU in town.client.get(path, headers=agent).text, path
    for out in ({}, office.browser(office.members["disabled"])):
        town.client.cookies.clear()
        assert MENU not in town.client.get("/staff/nowhere", headers=out).text


def test_a_refused_form_of_a_customer_keeps_their_menu_and_leads_back(town: Town) -> None:
    owner = town.people["owner"]
    town.client.cookies.clear()
    headers = {**town.browser(owner), "accept-language": "en", "referer": "http://testserver/accounts/link"}
    form = {"csrf": cookies.form_token(town.runtime.vault, owner.cookie), "account_no": "7" * 65, "proof": "none"}
    answer = town.client.post("/accounts/link", data=form, headers=headers)
    assert answer.status_code == 422
    assert 'href="/inbox"' in answer.text
    assert 'class="button wide" href="/accounts/link"' in answer.text
    assert re.findall("<dt>(.*?)</dt><dd>(.*?)</dd>", answer.text) == [
        ("Account number", "Too long: write at most 64 characters."),
        ("Kind of proof", "Not one of the choices: choose again on the page."),
    ]


def test_every_field_of_a_form_has_a_name(town: Town) -> None:
    def sent(dependant: Dependant) -> Iterator[str]:
        yield from (field.alias for field in dependant.body_params)
        for other in dependant.dependencies:
            yield from sent(other)

    fields = {
        name
        for route in iter_route_contexts(town.app.routes)
        if "POST" in (route.methods or ()) and not (route.path or "").startswith(("/api/", "/callbacks/"))
        for name in sent(route.dependant)
    }
    assert fields == words(str).keys()
