"""Every number on the page of the tariff follows from others that stand there too."""

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal

import lxml.html
import pytest
from lxml.html import HtmlElement

from core import clock
from core.periods import business_date
from tests.factories.usage import bind
from tests.support.metered import ONE_PRICE, TIMES_AND_TIERS, ZONE, household, offer
from tests.support.town import Person, Town


def number(text: str | None) -> Decimal:
    """A number as the page writes it."""
    return Decimal((text or "").strip().replace(",", ""))


def page_of(town: Town, path: str, *, who: Person | None = None) -> HtmlElement:
    """A page as somebody gets it, the owner of the house unless told, in English."""
    answer = town.client.get(
        path, headers={**town.browser(who or town.people["owner"]), "accept-language": "en"}, follow_redirects=False
    )
    assert answer.status_code == 200, answer.text
    return lxml.html.fromstring(answer.text)


def facts(section: HtmlElement) -> Iterator[tuple[str, str]]:
    """The terms and what stands beside each."""
    for term in section.iter("dt"):
        yield term.text_content().strip(), term.getnext().text_content().strip()


def test_what_a_kwh_costs_is_the_sum_of_what_it_is_said_to_be_made_of(town: Town) -> None:
    with town.runtime.db.write() as session:
        household(session, town.house.account.id, today=business_date(clock.now(), ZONE), days=3)
    page = page_of(town, "/tariff")
    section = page.xpath("//section[@aria-labelledby='prices']")[0]
    table = section.xpath(".//table")[0]
    said = dict(facts(section))
    adders = [number(value) for name, value in said.items() if name.startswith("Tier ")]
    surcharges = [number(said["Renewable energy surcharge"]), number(said["Water projects fund"])]
    assert [adders, surcharges] == [
        [Decimal(0), Decimal("0.05"), Decimal("0.3")],
        [Decimal("0.019"), Decimal("0.0042")],
    ]
    rows = table.xpath(".//tbody/tr")
    assert len(rows) == 3
    for row in rows:
        name = row.xpath("./th/text()")[-1].strip() if row.xpath("./th/text()") else ""
        base = number(said[name])
        costs = [number(cell.text) for cell in row.xpath("./td")]
        assert costs == [base + adder + sum(surcharges) for adder in adders], name
    now = page.xpath("//section[@aria-labelledby='now']")[0]
    shown = [number(text.split()[0]) for text in now.xpath(".//p[contains(text(), 'a kWh')]/text()") if "kWh" in text]
    assert shown == [number(cell.text) for cell in table.xpath(".//tr[@class='now']/td")]
    strip = [part.text_content().strip() for part in now.xpath(".//ul/li")]
    assert [part.split()[-1] for part in strip] == [
        *("00:00–08:00", "08:00–10:00", "10:00–12:00", "12:00–14:00", "14:00–19:00", "19:00–24:00"),
    ]


@pytest.mark.parametrize("standing", ["payer", "viewer"])
def test_whoever_may_view_an_account_sees_its_prices(town: Town, standing: str) -> None:
    answer = town.client.get(f"/api/v1/accounts/{town.house.account_no}/tariff", headers=town.people[standing].bearer)
    assert answer.status_code == 200
    plan = answer.json()["plan"]
    assert plan["document"]["tiers"] == TIMES_AND_TIERS["tiers"]
    for price in plan["prices"]:
        assert [Decimal(each) for each in price["costs"]] == [
            Decimal(price["energy"]) + Decimal(adder) + sum(Decimal(each["rate"]) for each in plan["surcharges"])
            for adder in price["adders"]
        ]
    assert [stay["period"] for stay in plan["today"]] == ["valley", "flat", "peak", "flat", "peak", "flat"]
    assert plan["now"]["begins"] <= clock.now().isoformat() or plan["now"]["period"]


def test_a_tariff_without_tiers_and_one_without_prices_say_so(town: Town) -> None:
    today = business_date(clock.now(), ZONE)
    with town.runtime.db.write() as session:
        bind(session, town.far.account.id, offer(session, ONE_PRICE, first=today, end=today + timedelta(days=2)))
        bind(session, town.neighbour.account.id, "NOT-HERE")
    told = [
        town.client.get(f"/api/v1/accounts/{home.account_no}/tariff", headers=town.people[name].bearer).json()
        for name, home in (("far", town.far), ("neighbour", town.neighbour))
    ]
    assert told[0]["plan"]["tiers"] == []
    assert [price["costs"] for price in told[0]["plan"]["prices"]] == [["0.66286875"]]
    assert (told[1]["agreement"]["tariff_code"], told[1]["plan"]) == ("NOT-HERE", None)


def test_prices_of_intervals_are_shown_now_and_for_the_hours_to_come(town: Town) -> None:
    now = clock.now()
    begin = now.replace(minute=now.minute // 30 * 30, second=0, microsecond=0)
    today = business_date(now, ZONE)
    document = {**ONE_PRICE, "energy": {"lines": "slots", "prices": {"all": "0"}}, "per_kwh": []}
    with town.runtime.db.write() as session:
        code = offer(session, document, first=today, end=today + timedelta(days=2))
        session.sql(
            "update agreement set valid_to = :today where account_id = :id", today=today, id=town.far.account.id
        )
        bind(session, town.far.account.id, code, no=2, first=today)
        for at, rate in enumerate(("17.42", "17.42", "7.42", "-2.58")):  # the next half-hour may begin meanwhile
            session.sql(
                """insert into tariff_slot_price (tariff_code, start_at, minutes, rate_minor, day, quarter)
                   values (:code, :start, 30, :rate, :day, :quarter)""",
                code=code,
                start=begin + at * timedelta(minutes=30),
                rate=Decimal(rate),
                day=today,
                quarter=2 * at,
            )
    for path in ("/tariff", "/usage"):
        page = page_of(town, path, who=town.people["far"])
        assert number(page.xpath("//section[@aria-labelledby='price-now']//p[contains(@class, 'amount')]")[0].text) == (
            Decimal("0.1742")
        )
        rows = page.xpath("//table[@id='next-slots']/tbody/tr/td")
        assert [number(cell.text) for cell in rows][-2:] == [Decimal("0.0742"), Decimal("-0.0258")]


def test_charges_on_demand_are_told_with_their_limits_months_and_hours(town: Town) -> None:
    today = business_date(clock.now(), ZONE)
    document = {
        **ONE_PRICE,
        "demand_charges": [
            {"code": "power", "period": "peak", "prices": ["12.5", "25"], "bounds": ["30"], "months": [7, 8]}
        ],
        "demand_periods": {
            "windows": [{"period": "peak", "from": "08:15", "to": "21:00", "days": ["workday"]}],
            "default_period": "valley",
        },
    }
    with town.runtime.db.write() as session:
        code = offer(session, document, first=today, end=today + timedelta(days=2))
        agreed = session.sql(
            "update agreement set tariff_code = :code where account_id = :id and valid_to is null",
            code=code,
            id=town.far.account.id,
        )
        if not agreed.rowcount:
            bind(session, town.far.account.id, code)
    page = page_of(town, "/tariff", who=town.people["far"])
    said = dict(facts(page.xpath("//section[@aria-labelledby='charges']")[0]))
    assert said["power · Peak"] == "12.50 per kW · 25.00 per kW above 30 kW · July, August"
    rows = page.xpath("//section[@aria-labelledby='demand-times']//li")
    assert [" ".join(" ".join(row.itertext()).split()) for row in rows] == [
        "Peak 08:15–21:00 all year · workdays",
        "Valley all other times",
    ]
