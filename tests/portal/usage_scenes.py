"""Pages about usage and tariffs, in every state that they have."""

from datetime import date, timedelta
from uuid import UUID

from core import clock
from core.periods import business_date
from services.accounts.models import Role
from services.accounts.queries import AccountRef
from tests.factories.usage import bind, days_of
from tests.portal.scenes import Stage, scene
from tests.support.metered import ONE_PRICE, TIMES_AND_TIERS, ZONE, household, measured, offer


def today() -> date:
    """The supplier's."""
    return business_date(clock.now(), ZONE)


def metered(stage: Stage, *, days: int = 70) -> tuple[UUID, AccountRef]:
    """A person whose account has times of day, tiers, and readings up to yesterday."""
    person = stage.person()
    account = stage.account(person, name="陈晓云")
    with stage.database.write() as session:
        household(session, account.id, today=today(), days=days)
    return person, account


def with_gaps(stage: Stage) -> None:
    """The same with days that lack some readings, all of them, or were estimated; and some sun."""
    account = stage.account(stage.person(), name="陈晓云")
    first = (today() - timedelta(days=40)).replace(day=1)
    days = days_of(first, today())
    with stage.database.write() as session:
        bind(session, account.id, offer(session, TIMES_AND_TIERS, first=first, end=today() + timedelta(days=2)))
        measured(
            session,
            account.id,
            days,
            missing={days[-2]: range(96), days[-4]: range(20, 32)},
            estimated={days[-5]: range(40, 60)},
            exported=days[-8:],
        )


@scene
def usage_month(stage: Stage) -> None:
    metered(stage)
    stage.visit.open("/usage")


@scene
def usage_day(stage: Stage) -> None:
    metered(stage)
    stage.visit.open(f"/usage?of=day&at={today() - timedelta(days=1)}")


@scene
def usage_year(stage: Stage) -> None:
    metered(stage, days=400)
    stage.visit.open("/usage?of=year")


@scene
def usage_gaps(stage: Stage) -> None:
    with_gaps(stage)
    page = stage.visit.open(f"/usage?at={today() - timedelta(days=1)}")
    page.click(".figures summary")


@scene
def usage_none(stage: Stage) -> None:
    stage.account(stage.person())
    stage.visit.open("/usage")


@scene
def usage_totals(stage: Stage) -> None:
    person, _ = metered(stage)
    with stage.database.write() as session:
        session.sql("update access_grant set role = 'viewer', scope = 'totals' where user_id = :id", id=person)
    stage.visit.open("/usage")


@scene
def usage_no_tariff(stage: Stage) -> None:
    account = stage.account(stage.person(), name="陈晓云")
    with stage.database.write() as session:
        measured(session, account.id, days_of(today() - timedelta(days=20), today()))
    stage.visit.open("/usage")


@scene
def usage_untiered(stage: Stage) -> None:
    account = stage.account(stage.person(), name="陈晓云")
    first = (today() - timedelta(days=40)).replace(day=1)
    with stage.database.write() as session:
        bind(session, account.id, offer(session, ONE_PRICE, first=first, end=today() + timedelta(days=2)))
        measured(session, account.id, days_of(first, today()))
    stage.visit.open("/usage")


@scene
def usage_intervals(stage: Stage) -> None:
    metered(stage, days=10)
    page = stage.visit.open(f"/usage/intervals?at={today() - timedelta(days=1)}")
    page.wait_for_selector("#zoom:not([hidden])")


@scene
def usage_what_if(stage: Stage) -> None:
    metered(stage, days=200)
    with stage.database.write() as session:
        offer(session, ONE_PRICE, first=today() - timedelta(days=400), end=today())
    page = stage.visit.open("/usage/what-if")
    page.click("section[data-present=yes] summary")


@scene
def usage_what_if_none(stage: Stage) -> None:
    stage.account(stage.person())
    stage.visit.open("/usage/what-if")


@scene
def tariff(stage: Stage) -> None:
    metered(stage, days=5)
    page = stage.visit.open("/tariff")
    page.click("section[aria-labelledby=prices] summary")


@scene
def tariff_unknown(stage: Stage) -> None:
    account = stage.account(stage.person(), role=Role.VIEWER)
    with stage.database.write() as session:
        bind(session, account.id, "NOT-HERE-YET")
    stage.visit.open("/tariff")


@scene
def tariff_none(stage: Stage) -> None:
    stage.account(stage.person())
    stage.visit.open("/tariff")
