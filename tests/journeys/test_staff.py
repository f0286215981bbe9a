"""A member of staff from the invitation to the first act that needs a fresh code, with scripts and without."""

import pyotp
import pytest
from playwright.sync_api import Page

from core import clock
from services.accounts.roles import StaffRole
from tests.factories import staff as people
from tests.factories.staff import PASSWORD
from tests.portal.staff_scenes import Desk
from tests.support.browser import NewVisit, Visit


def forget_last_code(visitor: Visit, name: str) -> None:
    """Half a minute passes for this authenticator: the next code is another one."""
    with visitor.deployment.database.write() as session:
        session.sql("update staff set totp_step = totp_step - 2 where name = :name", name=name)


def enter_code(page: Page, secret: str) -> None:
    page.fill("#code", pyotp.TOTP(secret).at(clock.now()))
    page.click("main form:has(#code) button[type=submit]")


@pytest.mark.parametrize("scripts", [True, False])
def test_from_the_invitation_to_the_first_dangerous_act(visit: NewVisit, *, scripts: bool) -> None:
    visitor = visit(locale="en", scripts=scripts)
    desk = Desk(visitor)
    colleague = desk.employ(StaffRole.AGENT, unit="JD0101", called="Julia Sommer")
    name = f"walker{int(scripts)}"
    with desk.database.write() as session:
        invited = people.invited(session, name=name, now=clock.now())
        people.grant(session, invited.staff_id, role=StaffRole.MANAGER, unit="JD", now=clock.now())

    page = visitor.open(f"/staff/invitations/{invited.token}")
    secret = page.inner_text(".secret").replace(" ", "")
    page.fill("#password", PASSWORD)
    enter_code(page, secret)
    page.wait_for_selector(".codes")
    recovery = page.locator(".codes li").all_inner_texts()
    assert len(recovery) == 10
    page.click("main a.button")
    page.wait_for_selector("text=What I may do, and where")

    page.click("header form button")
    page.wait_for_selector("#password")
    forget_last_code(visitor, name)
    page.fill("#name", name)
    page.fill("#password", PASSWORD)
    page.click("main form button")
    page.wait_for_selector("#code")
    enter_code(page, secret)
    page.wait_for_selector("text=What I may do, and where")

    with desk.database.write() as session:
        session.sql("update staff_session set stepped_up_at = null where staff_id = :id", id=invited.staff_id)
    visitor.open(f"/staff/people/{colleague.staff_id}")
    page.click("main form[action$='/disable'] button")
    page.wait_for_selector("#code")
    page.fill("#code", recovery[0])
    page.click("main form:has(#code) button[type=submit]")
    page.wait_for_selector("text=Julia Sommer")
    page.click("main form[action$='/disable'] button")
    page.wait_for_selector("text=They are locked out")
