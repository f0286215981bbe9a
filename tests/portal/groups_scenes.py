"""Pages about groups of accounts, in every state that they have."""

from uuid import UUID

from core import clock
from services.accounts import operations as accounts
from tests.factories.accounts import ACTOR
from tests.portal.scenes import Stage, scene


def _group(stage: Stage, person: UUID, name: str) -> UUID:
    with stage.database.write() as session:
        group_id = accounts.create_group(session, user_id=person, name=name, actor=ACTOR, now=clock.now())
        accounts.add_to_group(
            session, user_id=person, group_id=group_id, account_nos=None, actor=ACTOR, now=clock.now()
        )
    return group_id


def _shops(stage: Stage) -> UUID:
    """Shops of which two owe something, one of them too late."""
    person = stage.person()
    for due_in_days, amount in ((18, 1_286_000), (-9, 99_250), (0, 0)):
        account = stage.account(person, name="江东连锁便利店有限公司")
        if amount:
            stage.bill(account, amount_minor=amount, due_in_days=due_in_days)
    return person


@scene
def groups(stage: Stage) -> None:
    person = _shops(stage)
    _group(stage, person, "历下区门店")
    with stage.database.write() as session:
        accounts.create_group(session, user_id=person, name="Warehouses", actor=ACTOR, now=clock.now())
    stage.visit.open("/account-groups")


@scene
def groups_none_wrong(stage: Stage) -> None:
    stage.person()
    page = stage.visit.open("/account-groups")
    page.click("section[aria-labelledby=make] button")
    page.wait_for_selector("#summary")


@scene
def group(stage: Stage) -> None:
    person = _shops(stage)
    stage.visit.open(f"/account-groups/{_group(stage, person, '历下区门店')}?done=added")


@scene
def group_wrong(stage: Stage) -> None:
    person = _shops(stage)
    page = stage.visit.open(f"/account-groups/{_group(stage, person, '历下区门店')}")
    page.fill("#account_nos", "3201000009\n3201000010")
    page.click("section[aria-labelledby=add] button >> nth=0")
    page.wait_for_selector("#summary")


@scene
def group_empty(stage: Stage) -> None:
    person = stage.person()
    with stage.database.write() as session:
        group_id = accounts.create_group(session, user_id=person, name="新分组", actor=ACTOR, now=clock.now())
    page = stage.visit.open(f"/account-groups/{group_id}")
    page.click(".sure summary")
