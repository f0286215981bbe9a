"""Pages of the console about customers, in every state that they have."""

from typing import Final

from core import clock
from services.accounts.roles import StaffRole
from tests.factories import staff as people
from tests.factories.accounts import make_account, make_unit
from tests.factories.staff import Member
from tests.portal.scenes import Stage, scene
from web import cookies

UNIT: Final = "37"


def at_work(stage: Stage, role: StaffRole = StaffRole.ADMIN, *, unit: str = UNIT) -> Member:
    """Sign in as somebody new of the staff, who has just given a code."""
    deployment = stage.visit.deployment
    with stage.database.write() as session:
        make_unit(session, code=unit)
        member = people.employ(session, deployment.vault, role=role, unit=unit, now=clock.now())
    name = cookies.staff_session_name(deployment.settings)
    stage.visit.context.add_cookies([{"name": name, "value": member.cookie, "url": f"{deployment.url}/staff"}])
    return member


@scene
def staff_search_first(stage: Stage) -> None:
    at_work(stage)
    stage.visit.open("/staff/search")


@scene
def staff_search_found(stage: Stage) -> None:
    at_work(stage)
    with stage.database.write() as session:
        for number in range(3):
            make_account(
                session,
                stage.visit.deployment.vault,
                name=f"欧阳娜{'娜丽华'[number]}",
                phone=f"+861380013{number:04d}",
                state=("active", "suspended", "closed")[number],
            )
    page = stage.visit.open("/staff")
    page.fill("#find", "欧阳娜")
    page.press("#find", "Enter")
    page.wait_for_selector(".sheet")


@scene
def staff_search_nothing(stage: Stage) -> None:
    at_work(stage)
    stage.visit.open("/staff/search?q=诸葛孔明")
