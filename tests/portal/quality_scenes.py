"""Pages about customer data, in every state that they have."""

from core import clock
from services.accounts import operations as accounts
from services.accounts.operations import Corrected, Correction, Told
from services.casework import operations as casework
from services.casework.operations import CORRECT_DATA, CorrectData, correct_data
from services.casework.ports import KINDS
from tests.factories.accounts import ACTOR, make_account, make_unit
from tests.portal.console_scenes import at_work
from tests.portal.scenes import TODAY, Stage, phones, scene


def _town(stage: Stage) -> str:
    """Two branches with accounts, judged; answers a number."""
    vault = stage.visit.deployment.vault
    with stage.database.write() as session:
        make_unit(session)
        for code, name in (("3710", "市中供电所"), ("3709", "历下供电所")):
            unit_id = make_unit(session, code=code, parent="37", kind="station", name=name)
            for number in range(3):
                phone = "+8613800138000" if number else None
                account = make_account(
                    session, vault, unit_id=unit_id, phone=phone, meter_no=f"Q{code}{number}-{next(phones)}"
                )
        told = Told(None, False, "wechat", 3, {"ev_charger": True, "solar": False})  # noqa: FBT003 -- what is told
        accounts.tell_details(
            session,
            vault=vault,
            account_id=account.id,
            told=told,
            by="staff",
            actor=ACTOR,
            today=TODAY,
            now=clock.now(),
        )
        session.sql("delete from quality_round")
        session.sql("delete from unit_quality")
        while accounts.judge_next(session, today=TODAY):
            pass
    return account.account_no


@scene
def staff_quality(stage: Stage) -> None:
    at_work(stage)
    _town(stage)
    stage.visit.open("/staff/quality?unit=37")


@scene
def staff_gaps(stage: Stage) -> None:
    at_work(stage)
    _town(stage)
    stage.visit.open("/staff/gaps?unit=3710&level=2")


@scene
def staff_gap_wrong(stage: Stage) -> None:
    at_work(stage)
    page = stage.visit.open(f"/staff/gaps/{_town(stage)}")
    page.fill("#email", "nobody")
    page.click("section[aria-labelledby=told] button")
    page.wait_for_selector("#summary")


@scene
def details(stage: Stage) -> None:
    account = stage.account(stage.person())
    page = stage.visit.open(f"/accounts/{account.account_no}/details")
    page.fill("#email", "lin.xiaoman@example.com")
    page.click("section[aria-labelledby=tell] button")
    page.wait_for_selector(".note.good")


@scene
def details_wrong(stage: Stage) -> None:
    account = stage.account(stage.person())
    page = stage.visit.open(f"/accounts/{account.account_no}/details")
    page.fill("#household_size", "0")
    page.click("section[aria-labelledby=tell] button")
    page.wait_for_selector("#summary")


@scene
def staff_correction_wrong(stage: Stage) -> None:
    at_work(stage)
    page = stage.visit.open(f"/staff/gaps/{_town(stage)}")
    page.click("details:has(#meter_value) summary")
    page.fill("#meter_value", "M-3701")
    page.click("details:has(#meter_value) button")
    page.wait_for_selector("#summary")


@scene
def staff_correction_asked(stage: Stage) -> None:
    asker = at_work(stage)
    account_no = _town(stage)
    vault = stage.visit.deployment.vault
    KINDS.fill({CORRECT_DATA: correct_data(vault)})
    with stage.database.write() as session:
        proposal = accounts.propose_correction(
            session,
            vault=vault,
            account_no=account_no,
            wanted=Correction(Corrected.TARIFF, "COM-1", "Shop licence 3701-2024-118", TODAY),
            staff_id=asker.staff_id,
            today=TODAY,
            now=clock.now(),
        )
        assert proposal is not None
        request_id = casework.ask(
            session,
            kind=CORRECT_DATA,
            subject=f"account:{proposal.account.id}:tariff",
            unit_id=proposal.account.unit_id,
            payload=CorrectData(correction_id=proposal.id, account_no=account_no, field=Corrected.TARIFF),
            reason="The holder showed the licence at the counter; it is a shop since January.",
            by=asker.staff_id,
            actor=ACTOR,
            now=clock.now(),
        )
    at_work(stage)
    stage.visit.open(f"/staff/approvals/{request_id}").wait_for_selector("#decide")
