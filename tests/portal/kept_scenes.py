"""Scenes of a form that is kept while a fresh code is asked for."""

from tests.factories.staff import Member
from tests.portal.staff_scenes import Desk, scene


def kept(desk: Desk) -> Member:
    """Somebody asks for new recovery codes, and gave a code too long ago."""
    me = desk.sign_in(is_fresh=False)
    page = desk.visit.open("/staff/me")
    page.click("form[action='/staff/me/recovery-codes'] button")
    page.wait_for_selector("#code")
    return me


@scene
def staff_step_up_kept(desk: Desk) -> None:
    kept(desk)


@scene
def staff_go_on(desk: Desk) -> None:
    me = kept(desk)
    page = desk.visit.page
    page.fill("#code", me.recovery_codes[0])
    page.click("main form button")
    page.wait_for_selector("main form[action='/staff/me/recovery-codes'] button")
