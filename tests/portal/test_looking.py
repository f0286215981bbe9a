"""Staff who see a customer's pages as the customer does: that account alone, for a while, for a reason, and nothing can be done."""

import re
from datetime import timedelta
from uuid import UUID

import httpx2 as httpx
import psycopg
import pytest
import structlog
from fastapi.routing import iter_route_contexts

from core import clock
from services.accounts import operations as accounts
from services.accounts.roles import StaffRole
from tests.factories.accounts import ACTOR, grant
from tests.factories.staff import Member
from tests.support.office import HERE, Office, office_of
from tests.support.town import HOLDER, Person, Town
from web import cookies

REASON = "cannot find the bill of March"


@pytest.fixture
def office(town: Town) -> Office:
    made = office_of(town)
    made.fresh(made.members["here"])
    return made


@pytest.fixture
def agent(town: Town, office: Office) -> Member:
    """An agent with a browser of their own."""
    with town.runtime.db.write() as session:
        return office.employ(session, StaffRole.AGENT, HERE)


def get(town: Town, office: Office, member: Member, path: str) -> httpx.Response:
    town.client.cookies.clear()
    headers = {**office.browser(member), "accept-language": "en"}
    return town.client.get(path, headers=headers, follow_redirects=False)


def send(town: Town, office: Office, member: Member, path: str, **fields: str) -> httpx.Response:
    town.client.cookies.clear()
    headers = {**office.browser(member), "accept-language": "en"}
    form = {"csrf": office.form_token(member), **fields}
    return town.client.post(path, data=form, headers=headers, follow_redirects=False)


def grant_id(town: Town, person: Person, account_id: int) -> str:
    with town.runtime.db.read() as session:
        found: UUID = session.sql(
            "select id from access_grant where user_id = :user and account_id = :account and revoked_at is null",
            user=person.user_id,
            account=account_id,
        ).scalar_one()
    return str(found)


def begin(town: Town, office: Office, member: Member, standing: str = "owner", why: str = REASON) -> httpx.Response:
    home = town.house
    chosen = grant_id(town, town.people[standing], home.account.id)
    return send(town, office, member, f"/staff/accounts/{home.account_no}/look", grant=chosen, why=why)


@pytest.fixture
def letter(office: Office) -> UUID:
    """A message to the owner about the house alone."""
    return office.letter("own")


def root(town: Town) -> str:
    return f"/staff/as/{town.house.account_no}"


def over(town: Town) -> str:
    return f"/staff/accounts/{town.house.account_no}?look=over"


def test_staff_read_the_very_pages_of_the_person(town: Town, office: Office, agent: Member, letter: UUID) -> None:
    assert begin(town, office, agent).headers["location"] == root(town)
    owner, no, bill_no = town.people["owner"], town.house.account_no, town.house.bills[0].bill_no
    told = {
        "": "Latest bills",
        "/bills": bill_no,
        f"/bills/{no}/{bill_no}": "Bill number",
        f"/payments/{owner.paid_no}": "Payment received",
        f"/payments/{owner.paid_no}/receipt": "Receipt",
        "/usage": "Go to a day",
        "/usage?of=year": "Go to a day",
        "/tariff": "My tariff",
        "/inbox": str(letter),
        f"/inbox/{letter}": "Mark as read",
    }
    for path, text in told.items():
        page = get(town, office, agent, root(town) + path)
        assert (page.status_code, text in page.text) == (200, True), path
        assert "You see account" in page.text
        assert HOLDER not in page.text
        assert owner.phone not in page.text
        assert "set-cookie" not in page.headers
        theirs = town.client.get(path or "/", headers={**town.browser(owner), "accept-language": "en"})
        heads = [re.findall(r"<h[12][^>]*>([^<]*)<", each.text) for each in (page, theirs)]
        assert heads[0] == heads[1], path


def test_every_link_of_a_page_stays_in_the_look_and_no_form_acts(
    town: Town, office: Office, agent: Member, letter: UUID
) -> None:
    begin(town, office, agent)
    seen, left = set(), {root(town)}
    while left:
        path = left.pop()
        seen.add(path)
        page = get(town, office, agent, path)
        assert page.status_code == 200, path
        acting = [form for form in re.findall(r"<form[^>]*>", page.text) if 'method="get"' not in form]
        assert [re.findall(r'action="([^"]+)"', form) for form in acting] == [[f"{root(town)}/end"]]
        assert "/static/wechat" not in page.text
        links = {
            link for link in re.findall(r'(?:href|hx-get|data-events)="(/[^"]*)"', page.text) if "/static/" not in link
        }
        assert all(link == root(town) or link.startswith(f"{root(town)}/") for link in links), path
        left |= {
            link.replace("&amp;", "&") for link in links if path == f"{root(town)}/usage" or "?of=" not in link
        } - seen
    assert {f"{root(town)}/bills", f"{root(town)}/usage", f"{root(town)}/inbox/{letter}"} < seen


def test_nothing_below_the_look_takes_anything_but_its_end(town: Town) -> None:
    routes = [
        (context.path, context.methods)
        for context in iter_route_contexts(town.app.routes)
        if context.path is not None and context.path.startswith("/staff/as/")
    ]
    assert len(routes) == 10
    assert [(path, methods) for path, methods in routes if methods != {"GET"}] == [
        ("/staff/as/{account_no}/end", {"POST"})
    ]


def test_every_form_of_the_portal_is_refused_below_the_look_and_beside_it(
    town: Town, office: Office, agent: Member
) -> None:
    begin(town, office, agent)
    owner, no = town.people["owner"], town.house.account_no
    forms = (
        f"/pay/{no}",
        f"/payments/{owner.waiting_no}/check",
        f"/payments/{owner.waiting_no}/give-up",
        f"/inbox/{owner.message_id}/read",
        "/me/language",
        f"/accounts/{no}/people/leave",
        "/sign-out",
    )
    before = town.fingerprint()
    for path in forms:
        assert send(town, office, agent, root(town) + path).status_code in {404, 405}, path
        beside = send(town, office, agent, path)
        assert beside.headers.get("location", "").startswith("/sign-in"), path
    after = town.fingerprint()
    assert {name for name in after if after[name] != before[name]} <= {"staff_session"}


def test_postgresql_itself_refuses_to_write_while_a_page_is_read(
    town: Town, office: Office, agent: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    from portal.customer import inbox

    def marks(_request: object, _runtime: object, _reader: object, write: object, _after: str) -> None:
        write.sql("update message set read_at = now() where channel = 'inbox'")  # type: ignore[attr-defined] # a view that forgets itself

    begin(town, office, agent)
    monkeypatch.setattr(inbox, "messages", marks)
    with structlog.testing.capture_logs() as logs:
        assert get(town, office, agent, f"{root(town)}/inbox").status_code == 500
    assert "ReadOnlySqlTransaction" in repr(logs)


def test_other_accounts_of_the_person_are_not_seen(town: Town, office: Office) -> None:
    """In the same unit, by the same person: their bills, payments, messages and numbers stay away."""
    with town.runtime.db.write() as session:
        member = office.employ(session, StaffRole.AGENT, HERE)
    other = town.build(town.unit_id)
    owner = town.people["owner"]
    with town.runtime.db.write() as session:
        grant(session, user_id=owner.user_id, account_id=other.account.id)
    no = town.start_payment(owner.user_id, other)
    begin(town, office, member)
    for path in ("", "/bills", "/inbox"):
        assert other.account_no not in get(town, office, member, root(town) + path).text
    for path in (
        f"/bills/{other.account_no}/{other.bills[0].bill_no}",
        f"/bills/{town.house.account_no}/{other.bills[0].bill_no}",
        f"/payments/{no}",
        f"/payments/{no}/receipt",
        f"/inbox/{owner.message_id}",
    ):
        assert get(town, office, member, root(town) + path).status_code == 404, path
    elsewhere = get(town, office, member, f"/staff/as/{other.account_no}/bills")
    assert elsewhere.headers["location"] == f"/staff/accounts/{other.account_no}?look=over"


def test_no_address_opens_anything_without_a_look_that_was_begun(town: Town, office: Office) -> None:
    with town.runtime.db.write() as session:
        first, second = (office.employ(session, StaffRole.AGENT, HERE) for _ in range(2))
    begin(town, office, first)
    assert get(town, office, first, root(town)).status_code == 200
    for path in ("", "/bills", "/inbox", f"/payments/{town.people['owner'].paid_no}"):
        answer = get(town, office, second, root(town) + path)
        assert (answer.status_code, answer.headers["location"]) == (303, over(town)), "somebody else's look"
    with town.runtime.db.write() as session:
        finance = office.employ(session, StaffRole.FINANCE, HERE)
    assert get(town, office, finance, root(town)).status_code == 403
    assert begin(town, office, finance).status_code == 403


def test_an_account_of_another_unit_cannot_be_looked_at(town: Town, office: Office, agent: Member) -> None:
    far = grant_id(town, town.people["far"], town.far.account.id)
    path = f"/staff/accounts/{town.far.account_no}/look"
    assert send(town, office, agent, path, grant=far, why=REASON).status_code == 404
    mixed = send(town, office, agent, f"/staff/accounts/{town.house.account_no}/look", grant=far, why=REASON)
    assert mixed.status_code == 404, "a person of another account"


@pytest.mark.parametrize("how", ["the button", "its time", "the person's grant", "the staff's grant", "sign-out"])
def test_a_look_ends(town: Town, office: Office, how: str) -> None:
    with town.runtime.db.write() as session:
        member = office.employ(session, StaffRole.AGENT, HERE)
    home = town.build(town.unit_id, has_bills=False)
    person = town.with_standing("owner", home, has_payments=False)
    chosen = grant_id(town, person, home.account.id)
    there = f"/staff/as/{home.account_no}"
    send(town, office, member, f"/staff/accounts/{home.account_no}/look", grant=chosen, why=REASON)
    assert get(town, office, member, there).status_code == 200
    match how:
        case "the button":
            assert (
                send(town, office, member, f"{there}/end").headers["location"] == f"/staff/accounts/{home.account_no}"
            )
        case "its time":
            dsn = town.settings.migration_database_url
            assert dsn is not None
            with psycopg.connect(dsn.get_secret_value()) as connection:
                connection.execute(
                    "update account_look set begun_at = begun_at - %(by)s, expires_at = expires_at - %(by)s where staff_id = %(id)s",
                    {"by": timedelta(minutes=15), "id": member.staff_id},
                )
        case "the person's grant":
            with town.runtime.db.write() as session:
                accounts.revoke_access(
                    session, user_id=person.user_id, account_id=home.account.id, actor=ACTOR, now=clock.now()
                )
        case "the staff's grant":
            with town.runtime.db.write() as session:
                session.sql("update staff_grant set revoked_at = now() where staff_id = :id", id=member.staff_id)
        case "sign-out":
            send(town, office, member, "/staff/sign-out")
    answer = get(town, office, member, there)
    gone = {"the staff's grant": 403}.get(how, 303)
    assert answer.status_code == gone
    assert "Latest bills" not in answer.text


def test_a_look_is_kept_with_its_reason_and_asks_for_one(town: Town, office: Office, agent: Member) -> None:
    assert begin(town, office, agent, why=" x ").status_code == 422
    assert begin(town, office, agent).status_code == 303
    send(town, office, agent, f"{root(town)}/end")
    with town.runtime.db.read() as session:
        rows = session.sql(
            """select act, subject, after, unit_id from audit where actor = :actor and act like 'accounts.look%'
               order by id""",
            actor=f"staff:{agent.staff_id}",
        ).all()
    assert [(row.act, row.subject, row.unit_id) for row in rows] == [
        ("accounts.look_begun", f"account:{town.house.account.id}", town.unit_id),
        ("accounts.look_ended", f"account:{town.house.account.id}", town.unit_id),
    ]
    assert rows[0].after["reason"] == REASON
    name = cookies.session_name(town.settings)
    assert name not in get(town, office, agent, root(town)).headers.get("set-cookie", "")
