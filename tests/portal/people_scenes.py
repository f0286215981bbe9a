"""Pages about who may use an account, in every state that they have."""

from datetime import timedelta
from uuid import UUID

from core import clock
from services.accounts import operations as accounts
from services.accounts.models import Role, Scope
from services.accounts.operations import Terms
from services.accounts.queries import AccountRef
from tests.factories.accounts import ACTOR
from tests.portal.scenes import Stage, phones, scene


def _invited(stage: Stage, owner: UUID, account: AccountRef, phone: str, *, role: Role, scope: Scope) -> UUID:
    with stage.database.write() as session:
        return accounts.invite(
            session,
            vault=stage.visit.deployment.vault,
            owner_id=owner,
            account=account,
            phone=phone,
            region="+86",
            terms=Terms(role, scope, clock.now() + timedelta(days=200)),
            actor=ACTOR,
            now=clock.now(),
        ).id


@scene
def people(stage: Stage) -> None:
    phone = f"+8613700{next(phones):06d}"
    friend = stage.visit.sign_in_as(phone)
    owner = stage.person()
    account = stage.account(owner, name="林小满")
    invitation = _invited(stage, owner, account, phone, role=Role.PAYER, scope=Scope.TOTALS)
    with stage.database.write() as session:
        accounts.accept(session, user_id=friend, invitation_id=invitation, actor=ACTOR, now=clock.now())
    _invited(stage, owner, account, f"+8613700{next(phones):06d}", role=Role.VIEWER, scope=Scope.FULL)
    stage.visit.open(f"/accounts/{account.account_no}/people?done=invited")


@scene
def people_wrong(stage: Stage) -> None:
    account = stage.account(stage.person())
    page = stage.visit.open(f"/accounts/{account.account_no}/people")
    page.fill("#phone", "12")
    page.click("section[aria-labelledby=invite] button")
    page.wait_for_selector("#summary")


@scene
def people_for_a_viewer(stage: Stage) -> None:
    account = stage.account(stage.person(), role=Role.VIEWER)
    page = stage.visit.open(f"/accounts/{account.account_no}/people")
    page.click(".sure summary")


@scene
def invitations(stage: Stage) -> None:
    owner = stage.person()
    account = stage.account(owner, name="林小满")
    phone = f"+8613700{next(phones):06d}"
    stage.visit.sign_in_as(phone)
    _invited(stage, owner, account, phone, role=Role.PAYER, scope=Scope.FULL)
    stage.visit.open("/invitations")


@scene
def invitations_none(stage: Stage) -> None:
    stage.person()
    stage.visit.open("/invitations")


@scene
def link_first_invited(stage: Stage) -> None:
    owner = stage.person()
    account = stage.account(owner)
    phone = f"+8613700{next(phones):06d}"
    stage.visit.sign_in_as(phone)
    _invited(stage, owner, account, phone, role=Role.PAYER, scope=Scope.FULL)
    stage.visit.open("/")
    stage.visit.page.wait_for_url("**/accounts/link")


@scene
def bill_totals(stage: Stage) -> None:
    phone = f"+8613700{next(phones):06d}"
    owner = stage.person()
    account = stage.account(owner, name="林小满")
    stage.bill(account, amount_minor=12_860)
    friend = stage.visit.sign_in_as(phone)
    invitation = _invited(stage, owner, account, phone, role=Role.VIEWER, scope=Scope.TOTALS)
    with stage.database.write() as session:
        accounts.accept(session, user_id=friend, invitation_id=invitation, actor=ACTOR, now=clock.now())
    page = stage.visit.open("/bills")
    page.click("#rows a")
    page.wait_for_selector("main .empty")


@scene
def together(stage: Stage) -> None:
    person = stage.person()
    for amount in (12_860, 9_925, 4_210):
        account = stage.account(person, name="林小满")
        stage.bill(account, amount_minor=amount)
    stage.visit.open("/pay-together")


@scene
def together_none(stage: Stage) -> None:
    stage.account(stage.person())
    stage.visit.open("/pay-together")


def _ask_for_somebody(stage: Stage, account: AccountRef, character: str) -> None:
    stage.person()
    page = stage.visit.open("/pay-for-others")
    page.fill("#account_no", account.account_no)
    page.fill("#name_character", character)
    page.click("main form button[type=submit]")


def _of_somebody(stage: Stage) -> AccountRef:
    account = stage.account(stage.person(), name="欧阳若溪")
    stage.bill(account, amount_minor=12_860)
    return account


@scene
def pay_for_others(stage: Stage) -> None:
    stage.person()
    stage.visit.open("/pay-for-others")


@scene
def pay_for_others_wrong(stage: Stage) -> None:
    _ask_for_somebody(stage, _of_somebody(stage), "李")
    stage.visit.page.wait_for_selector("#summary")


@scene
def pay_for_others_over(stage: Stage) -> None:
    stage.person()
    stage.visit.open("/pay-for-others?over=1")


@scene
def quote_of_somebody(stage: Stage) -> None:
    _ask_for_somebody(stage, _of_somebody(stage), "若")
    stage.visit.page.wait_for_selector("[name=method]")


@scene
def quote_without_debt(stage: Stage) -> None:
    _ask_for_somebody(stage, stage.account(stage.person(), name="欧阳若溪"), "若")
    stage.visit.page.wait_for_selector("[name=method]")
