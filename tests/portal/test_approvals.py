"""Whoever decides opens what they decide about, and reads what else changes with it."""

from services.accounts.roles import StaffRole
from tests.factories.staff import Member
from tests.support.office import HERE, Office, office_of
from tests.support.town import Town


def read(town: Town, office: Office, member: Member, path: str) -> str:
    town.client.cookies.clear()
    return town.client.get(path, headers={**office.browser(member), "accept-language": "en"}).text


def test_a_corrected_name_is_decided_with_every_account_that_shows_it(town: Town) -> None:
    office = office_of(town)
    home, other, stranger = (town.build(town.unit_id) for _ in range(3))
    with town.runtime.db.write() as session:
        session.sql(
            "update account set customer_id = (select customer_id from account where id = :one) where id = :other",
            one=home.account.id,
            other=other.account.id,
        )
        agent, manager = (office.employ(session, role, HERE) for role in (StaffRole.AGENT, StaffRole.MANAGER))
    office.fresh(agent)
    form = {
        "csrf": office.form_token(agent),
        "field": "name",
        "value": "李红梅",
        "document": "ID 37-18",
        "reason": "Seen.",
    }
    town.client.cookies.clear()
    asked = town.client.post(
        f"/staff/gaps/{home.account_no}/correct",
        data=form,
        headers=office.browser(agent),
        follow_redirects=False,
    )
    assert asked.status_code == 303, asked.text
    with town.runtime.db.read() as session:
        request_id = session.sql("select id from approval_request where requested_by = :by", by=agent.staff_id)
        page = read(town, office, manager, f"/staff/approvals/{request_id.scalar_one()}")
    seen = [f'href="/staff/accounts/{each.account_no}"' in page for each in (home, other, stranger)]
    assert (seen, "Changes with it" in page) == ([True, True, False], True)


def test_a_member_of_staff_whom_it_is_about_is_a_link_away(town: Town) -> None:
    office = office_of(town)
    with town.runtime.db.write() as session:
        asks, decides = (office.employ(session, StaffRole.MANAGER, HERE) for _ in range(2))
    request_id = office.request("own", by=asks)
    with town.runtime.db.read() as session:
        about = session.sql(
            "select payload ->> 'staff_id' from approval_request where id = :id", id=request_id
        ).scalar_one()
    assert f'href="/staff/people/{about}"' in read(town, office, decides, f"/staff/approvals/{request_id}")


def test_whoever_moved_finds_their_old_request_without_whom_it_was_about(town: Town) -> None:
    office = office_of(town)
    with town.runtime.db.write() as session:
        asks = office.employ(session, StaffRole.MANAGER, HERE)
    request_id = office.request("own", by=asks)
    assert "Asked by" in read(town, office, asks, f"/staff/approvals/{request_id}")
    with town.runtime.db.write() as session:
        session.sql(
            "update staff_grant set revoked_at = now(), revoked_by = staff_id where staff_id = :id", id=asks.staff_id
        )
    for path in ("/staff/approvals", f"/staff/approvals/{request_id}"):
        page = read(town, office, asks, path)
        assert ("A request from where you worked before" in page, "Asked by" in page) == (True, False)
