"""Home says what was used yesterday, or as late as is known, and nothing to who sees sums alone."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from lxml.html import HtmlElement

from core import clock
from core.periods import business_date
from services.accounts.models import Role
from services.usage import queries
from tests.factories.usage import days_of
from tests.portal.test_tariff_numbers import page_of
from tests.support.metered import ZONE, measured
from tests.support.town import Home, Person, Town

TODAY = business_date(clock.now(), ZONE)
YESTERDAY = TODAY - timedelta(days=1)


@pytest.fixture
def home(town: Town) -> Home:
    return town.build(town.unit_id, has_bills=False)


@pytest.fixture
def owner(town: Town, home: Home) -> Person:
    return town.settle(home, has_payments=False)


def card_of(town: Town, who: Person) -> HtmlElement:
    town.client.cookies.clear()
    return page_of(town, "/", who=who).xpath("//section[@aria-labelledby='lately']")[0]


def measure(town: Town, home: Home, last: date, *, gone: date | None = None) -> list[Decimal | None]:
    """Nine days up to one; the kWh of the last seven of them as they are known elsewhere."""
    days = days_of(last - timedelta(days=8), last + timedelta(days=1))
    with town.runtime.db.write() as session:
        measured(session, home.account.id, days, missing={gone: range(96)} if gone else None)
        shown = {
            bar.begin.date(): bar.kwh
            for month in {day.replace(day=1) for day in days}
            for bar in queries.series(
                session, account_id=home.account.id, of=queries.Of.MONTH, at=month, zone=ZONE
            ).bars
        }
    return [shown[day] for day in days[-7:]]


def test_yesterday_is_told_with_the_week_up_to_it_as_the_page_of_usage_has_it(
    town: Town, home: Home, owner: Person
) -> None:
    week = measure(town, home, YESTERDAY, gone=YESTERDAY - timedelta(days=2))
    card = card_of(town, owner)
    assert card.xpath("string(.//h2)") == "Used yesterday"
    assert card.xpath("string(p[@class='kwh'])") == f"{week[-1].normalize():f} kWh"  # type: ignore[union-attr] # is known
    told = card.xpath(".//*[local-name()='svg']/@aria-label")[0].split(", ")
    days = [each.rpartition(": ")[2] for each in told if ": " in each]
    assert days == ["readings missing" if kwh is None else f"{kwh.normalize():f} kWh" for kwh in week]
    assert len(card.xpath(".//*[local-name()='rect'][@class='gap']")) == 1
    assert "have not come" not in card.text_content()


def test_a_last_day_that_is_not_yesterday_is_named_and_said_to_be_late(town: Town, home: Home, owner: Person) -> None:
    measure(town, home, TODAY - timedelta(days=12))
    card = card_of(town, owner)
    assert card.xpath("string(.//h2)").startswith("Used on ")
    assert "Readings of later days have not come yet." in card.text_content()


def test_without_readings_home_says_so_and_leads_to_telling_one(town: Town, owner: Person) -> None:
    card = card_of(town, owner)
    assert "No readings yet." in card.text_content()
    assert card.xpath(".//a/@href") == ["/meter-readings"]


def test_days_of_a_former_holder_and_of_who_sees_sums_alone_are_not_told(town: Town, home: Home, owner: Person) -> None:
    measure(town, home, YESTERDAY)
    viewer = town.settle(home, role=Role.VIEWER, has_payments=False)
    with town.runtime.db.write() as session:
        session.sql(
            "update access_grant set scope = 'totals' where user_id = :id and revoked_at is null", id=viewer.user_id
        )
    card = card_of(town, viewer)
    assert not card.xpath(".//p[@class='kwh']")
    assert "sums of months that are over" in card.text_content()
    with town.runtime.db.write() as session:
        session.sql("update account set holder_since = :day where id = :id", day=TODAY, id=home.account.id)
    assert "No readings yet." in card_of(town, owner).text_content()
