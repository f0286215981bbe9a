"""A member of staff from the invitation to the first act that needs a fresh code, with scripts and without."""

import pyotp
import pytest
from playwright.sync_api import Page

from core import clock
from services.accounts.roles import StaffRole
from tests.factories import staff as people
from tests.factories.staff import PASSWORD
from tests.portal.console_scenes import served
from tests.portal.scenes import Stage
from tests.portal.staff_scenes import Desk
from tests.support.browser import NewVisit, Visit
from web import cookies


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
    if not scripts:
        page.click("form[data-go-on] button")
    page.wait_for_selector("text=They are locked out")


def test_from_a_search_to_the_account_to_what_its_customer_sees(visit: NewVisit) -> None:
    """A caller is found by name, known by a number that is shown once, noted, and served by what they see themselves."""
    stage = Stage(visit(locale="en"))
    account_no = served(stage)
    customers = cookies.session_name(stage.visit.deployment.settings)
    stage.visit.context.clear_cookies(name=customers)  # the customer was here before
    page = stage.visit.open("/staff")
    page.fill("#find", account_no)
    page.press("#find", "Enter")
    page.click(f".sheet a >> text={account_no}")
    page.wait_for_selector("#clear")

    assert page.locator("mark").count() == 0
    page.fill("#reason", "caller gave the number")
    page.click(".reveal button")
    page.wait_for_selector("mark")
    visible = page.inner_text("mark")
    stage.visit.open(f"/staff/accounts/{account_no}")
    assert visible not in page.content()

    page.fill("#text", "Asked about the bill of February.")
    page.click("form[action$='/notes'] button")
    page.wait_for_selector("text=Asked about the bill of February.")

    page.fill("#why", "does not find the bill of February")
    page.click("form[action$='/look'] button")
    page.wait_for_selector(".onlooker")
    page.click("nav.bar a >> text=Bills" if page.locator("nav.bar").is_visible() else "header nav a >> text=Bills")
    page.click(".rows a >> nth=0")
    page.wait_for_selector("tfoot")
    assert page.locator("main button:not([disabled])").count() == 0
    assert customers not in {each["name"] for each in page.context.cookies()}
    page.click(".onlooker button")
    page.wait_for_selector("#clear")
    stage.visit.open(f"/staff/as/{account_no}")
    page.wait_for_selector("text=The look is over")
