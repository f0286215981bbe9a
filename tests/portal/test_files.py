"""Taking a file in the console: what marks it as taken, and what becomes of one that goes meanwhile."""

from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient
from structlog.testing import capture_logs

from services.accounts.roles import StaffRole
from tests.factories.staff import Member
from tests.support.files import latest_file
from tests.support.office import HERE, office_of
from tests.support.town import Town


@pytest.fixture
def member(town: Town) -> Member:
    """An auditor who has just given a code."""
    office = office_of(town)
    with town.runtime.db.write() as session:
        return office.employ(session, StaffRole.AUDITOR, HERE)


@pytest.fixture
def browser(town: Town, member: Member) -> Iterator[TestClient]:
    """Their browser, which has asked for a file of the log."""
    office = office_of(town)
    office.fresh(member)
    town.client.cookies.clear()
    headers = {**office.browser(member), "accept-language": "en"}
    client = TestClient(town.app, base_url=town.settings.public_url, headers=headers, follow_redirects=False)
    asked = client.post(
        "/staff/audit/export", data={"csrf": office.form_token(member), "act": "identity.staff_sign_in"}
    )
    assert asked.headers["location"] == "/staff/files"
    yield client
    client.cookies.clear()


def taken(town: Town, member: Member) -> int:
    with town.runtime.db.read() as session:
        count: int = session.sql(
            "select count(*) from staff_file where staff_id = :id and taken_at is not null", id=member.staff_id
        ).scalar_one()
    return count


def test_no_link_takes_a_file_but_the_form_of_its_page(town: Town, browser: TestClient, member: Member) -> None:
    address = latest_file(browser.get("/staff/files").text)
    assert (browser.get(address).status_code, browser.head(address).status_code, taken(town, member)) == (405, 405, 0)
    form = {"csrf": office_of(town).form_token(member)}
    assert (browser.post(address, data=form).status_code, taken(town, member)) == (200, 1)


def test_a_file_that_goes_while_it_leaves_is_cut_without_alarm(town: Town, browser: TestClient, member: Member) -> None:
    address = latest_file(browser.get("/staff/files").text)
    with town.runtime.db.write() as session:
        session.sql(
            "delete from staff_file_piece p using staff_file f where f.id = p.file_id and f.staff_id = :id",
            id=member.staff_id,
        )
    with capture_logs() as logs:
        browser.post(address, data={"csrf": office_of(town).form_token(member)})
    told = {each["event"] for each in logs}
    assert ("answer_cut" in told, "unexpected_error" in told) == (True, False)


def test_the_log_names_nobody_of_elsewhere_by_their_id(town: Town, browser: TestClient) -> None:
    office, pages = office_of(town), {}
    for place, colleague in office.colleagues.items():
        with town.runtime.db.read() as session:
            name = session.sql("select display_name from staff where id = :id", id=colleague.staff_id).scalar_one()
        pages[place] = (
            f'value="{name}"' in browser.get("/staff/audit", params={"who": f"staff:{colleague.staff_id}"}).text
        )
    assert pages == {"own": True, "other_unit": False}
