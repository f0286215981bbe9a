"""A form of the console that makes something does it once, however often it is sent."""

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import httpx2 as httpx
import pytest

from services.accounts.roles import StaffRole
from tests.factories.staff import Member
from tests.support.office import HERE, PUBLIC_URL, Office, office_of
from tests.support.town import Town


@pytest.fixture
def office(town: Town) -> Office:
    return office_of(town)


class Teller:
    """An administrator who sends forms."""

    def __init__(self, town: Town, office: Office) -> None:
        with town.runtime.db.write() as session:
            self.member: Member = office.employ(session, StaffRole.ADMIN, HERE)
        self.town, self.office = town, office

    def key_of(self, page: str, action: str) -> str:
        """The key that a page gives the form that goes there."""
        self.town.client.cookies.clear()
        text = self.town.client.get(page, headers=self.office.browser(self.member)).text
        found = re.search(r'name="once" value="([0-9a-f]+)"', text.partition(f'action="{action}"')[2])
        assert found is not None
        return found[1]

    def send(self, action: str, **fields: str) -> httpx.Response:
        """Send a form."""
        self.town.client.cookies.clear()
        form = {"csrf": self.office.form_token(self.member), **fields}
        return self.town.client.post(
            action, data=form, headers=self.office.browser(self.member), follow_redirects=False
        )


FORMS: dict[str, Callable[[Town, Office], tuple[str, str, dict[str, str], str]]] = {
    "note": lambda town, _: (
        f"/staff/accounts/{town.house.account_no}",
        f"/staff/accounts/{town.house.account_no}/notes",
        {"text": "Called about March."},
        "account_note",
    ),
    "invitation": lambda *_: (
        "/staff/people/invite",
        "/staff/people/invite",
        {"name": "twice.invited", "display_name": "Twice", "role": "agent", "unit": HERE},
        "staff_invitation",
    ),
    "webhook": lambda *_: (
        "/staff/webhooks/new",
        "/staff/webhooks/new",
        {"name": "Twice", "url": PUBLIC_URL, "unit": HERE, "events": "bill.issued"},
        "webhook_endpoint",
    ),
    "test of a webhook": lambda _, office: (
        f"/staff/webhooks/{office.hooks['own']}",
        f"/staff/webhooks/{office.hooks['own']}/test",
        {},
        "webhook_delivery",
    ),
    "request": lambda _, office: (
        f"/staff/people/{office.colleagues['own'].staff_id}",
        f"/staff/people/{office.colleagues['own'].staff_id}/grants",
        {"role": "finance", "unit": HERE, "reason": "She takes over."},
        "approval_request",
    ),
    "secret of a webhook": lambda _, office: (
        f"/staff/webhooks/{office.hooks['own']}/change",
        f"/staff/webhooks/{office.hooks['own']}/secret",
        {},
        "audit where act = 'notifications.webhook_secret_rotated'",
    ),
    "recovery codes": lambda *_: (
        "/staff/me",
        "/staff/me/recovery-codes",
        {},
        "audit where act = 'identity.staff_recovery_codes'",
    ),
    "another invitation": lambda _, office: (
        person := f"/staff/people/{office.newcomer('own')}",
        f"{person}/invitation",
        {},
        "audit where act = 'identity.staff_invited'",
    ),
    "file": lambda *_: ("/staff/people", "/staff/people/export", {}, "staff_file"),
}


def rows(town: Town, table: str) -> int:
    with town.runtime.db.read() as session:
        count: int = session.sql(f"select count(*) from {table}").scalar_one()
    return count


@pytest.mark.parametrize("form", FORMS)
def test_a_form_that_is_sent_again_makes_nothing_more_and_leads_to_what_it_made(
    town: Town, office: Office, form: str
) -> None:
    page, action, fields, table = FORMS[form](town, office)
    teller = Teller(town, office)
    key = teller.key_of(page, action)
    before = rows(town, table)
    first, *again = [teller.send(action, once=key, **fields) for _ in range(3)]
    assert rows(town, table) == before + 1
    assert first.status_code in {200, 303}
    assert {each.status_code for each in again} == {303}
    if first.status_code == 303:
        assert {each.headers["location"] for each in again} == {first.headers["location"]}
    town.client.cookies.clear()
    found = town.client.get(again[0].headers["location"], headers=office.browser(teller.member))
    assert found.status_code == 200


def test_something_else_under_the_same_key_and_what_was_refused_are_done(town: Town, office: Office) -> None:
    teller, path = Teller(town, office), f"/staff/accounts/{town.house.account_no}/notes"
    key, before = teller.key_of(path.removesuffix("/notes"), path), rows(town, "account_note")
    texts = ("\n", "\n", "One.", "Two.", "One.")
    assert [teller.send(path, once=key, text=text).status_code for text in texts] == [422, 422, 303, 303, 303]
    assert rows(town, "account_note") == before + 2
    assert Teller(town, office).send(path, once=key, text="One.").status_code == 303
    assert rows(town, "account_note") == before + 3, "a key is its reader's own"


def test_an_invitation_is_taken_back_and_made_anew_on_the_page_of_whoever_has_not_joined(
    town: Town, office: Office
) -> None:
    teller = Teller(town, office)
    fields = {"name": "never.joined", "display_name": "Never", "role": "agent", "unit": HERE}

    def address(page: httpx.Response) -> str:
        found = re.search(r"/staff/invitations/[\w-]+", page.text)
        assert found is not None
        return found[0]

    first = address(teller.send("/staff/people/invite", **fields))
    with town.runtime.db.read() as session:
        staff_id = session.sql("select id from staff where name = 'never.joined'").scalar_one()
    person = f"/staff/people/{staff_id}"
    town.client.cookies.clear()
    offered = town.client.get(person, headers={**office.browser(teller.member), "accept-language": "en"}).text
    assert "Take the invitation back</button>" in offered
    assert town.client.get(first).status_code == 200
    assert teller.send(f"{person}/disable").status_code == 303
    assert town.client.get(first).status_code == 404
    assert teller.send(f"{person}/enable").status_code == 303
    again = address(teller.send(f"{person}/invitation"))
    assert [town.client.get(each).status_code for each in (first, again)] == [404, 200]


def test_two_that_are_sent_at_the_same_moment_make_one(town: Town, office: Office) -> None:
    teller, path = Teller(town, office), f"/staff/accounts/{town.house.account_no}/notes"
    key, before = teller.key_of(path.removesuffix("/notes"), path), rows(town, "account_note")
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: teller.send(path, once=key, text="At once.").status_code, range(4)))
    assert answers == [303] * 4
    assert rows(town, "account_note") == before + 1
