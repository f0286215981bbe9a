"""Every number on the page of usage follows from others that stand there too, and no more is shown than is theirs."""

import csv
import io
import re
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal

import pytest
from lxml import html
from lxml.html import HtmlElement

from core import clock
from core.periods import business_date, start_of
from services.accounts.models import Role
from services.usage import operations as usage
from tests.factories.tariffs import make_tariff
from tests.factories.usage import bind, days_of, put_readings, put_total
from tests.portal.test_tariff_numbers import number, page_of
from tests.support.metered import ONE_PRICE, TIMES_AND_TIERS, ZONE, household, measured, offer
from tests.support.town import Town

TODAY = business_date(clock.now(), ZONE)


def rows_of(page: HtmlElement) -> tuple[list[str], list[list[Decimal | None]], list[Decimal]]:
    """The headings, the rows and the totals of the table of a stretch."""
    table = page.xpath("//table[@id='figures']")[0]
    heads = [cell.text_content() for cell in table.xpath(".//thead//th")][1:]

    def cells(row: HtmlElement) -> list[Decimal | None]:
        return [None if cell.text == "–" else money(cell) for cell in row.xpath("./td")]

    body = [cells(row) for row in table.xpath(".//tbody/tr")]
    totals = [money(cell) for cell in table.xpath(".//tfoot//td")]
    return heads, body, totals


def expect_sums(page: HtmlElement) -> Decimal:
    """Rows and columns add up, the bars and the sentence say what the table says; answers the total."""
    heads, body, totals = rows_of(page)
    whole = heads.index("kWh")
    for row in body:
        if row[whole] is not None:
            assert sum((value or Decimal(0) for value in row[:whole]), Decimal(0)) in {row[whole], Decimal(0)}
    assert totals == [sum((row[place] or Decimal(0) for row in body), Decimal(0)) for place in range(len(heads))]
    bars = [
        number(found[1])
        for bar in page.xpath("//*[local-name()='g'][@role='img']/@aria-label")
        if (found := re.search(r": ([\d,.]+) kWh", bar))
    ]
    assert bars == [row[whole] for row in body if row[whole] is not None]
    told = page.xpath("string(//figcaption)")
    assert number(re.search(r"([\d,.]+) kWh used", told)[1]) == totals[whole]  # type: ignore[index] # fails then
    return totals[whole]


def half_up(share: Decimal) -> int:
    return int(share.quantize(Decimal(1), rounding=ROUND_HALF_UP))


@pytest.fixture(scope="module")
def measured_town(town: Town) -> Town:
    """The house is measured for seventy days, but for a day and some hours of another; it has sun for a week."""
    first = (TODAY - timedelta(days=70)).replace(day=1)
    days = days_of(first, TODAY)
    with town.runtime.db.write() as session:
        code = offer(session, TIMES_AND_TIERS, first=first, end=TODAY + timedelta(days=7))
        bind(session, town.house.account.id, code, first=first)
        measured(
            session,
            town.house.account.id,
            days,
            missing={days[-2]: range(96), days[-4]: range(20, 32)},
            estimated={days[-5]: range(40, 60)},
            exported=days[-8:],
        )
    return town


@pytest.mark.parametrize("query", ["", "?of=day", "?of=year", "?of=month&with=before"])
def test_bars_tables_and_sentences_say_the_same_and_add_up(measured_town: Town, query: str) -> None:
    yesterday = TODAY - timedelta(days=1)
    page = page_of(measured_town, f"/usage{query}{'&' if query else '?'}at={yesterday}")
    assert expect_sums(page) > 0
    for line in page.xpath("//ul[@class='compared']/li"):
        text = line.text_content()
        now, then = (number(re.search(rf"([\d,.]+) kWh {when}", text)[1]) for when in ("now", "then"))  # type: ignore[index] # fails then
        percent = half_up((now - then) * 100 / then)
        said = re.search(r"(\d+)\s% (more|less)", text)
        assert percent == (0 if said is None else int(said[1]) * (1 if said[2] == "more" else -1)), text


def test_a_price_that_never_changes_is_said_to_hold_at_any_time(town: Town) -> None:
    first = TODAY - timedelta(days=3)
    with town.runtime.db.write() as session:
        bind(session, town.far.account.id, offer(session, ONE_PRICE, first=first, end=TODAY + timedelta(days=9)))
        measured(session, town.far.account.id, days_of(first, TODAY))
    page = page_of(town, "/usage", who=town.people["far"])
    told = page.xpath("string(//section[@aria-labelledby='price-now'])")
    assert ("at any time" in told, "before tax" in told) == (True, False), "nothing comes on top of its price"


def test_prices_that_taxes_come_on_top_of_and_what_only_some_are_given_say_so(town: Town) -> None:
    home = town.build(town.unit_id, has_bills=False)
    owner = town.settle(home, has_payments=False)
    first = TODAY - timedelta(days=2)
    free = {"code": "free_kwh", "flag": "low_income", "kwh": "15", "rate": "0.5283"}
    document = {**TIMES_AND_TIERS, "tax": {"rate": "0.13", "on": "net"}, "credits": [free]}
    with town.runtime.db.write() as session:
        bind(session, home.account.id, offer(session, document, first=first, end=TODAY + timedelta(days=9)))
        measured(session, home.account.id, days_of(first, TODAY))
    page = page_of(town, "/usage", who=owner)
    for card in ("price-now", "tiers"):
        assert "a kWh, before tax" in page.xpath(f"string(//section[@aria-labelledby='{card}'])")
    told = page_of(town, "/tariff", who=owner).text_content()
    assert ("taxes apart" in told, "if you are entitled to it: Low income" in told) == (True, True)


def test_what_is_missing_is_named_and_in_no_sum(measured_town: Town) -> None:
    gone = TODAY - timedelta(days=2)
    page = page_of(measured_town, f"/usage?of=day&at={gone}")
    heads, body, totals = rows_of(page)
    whole = heads.index("kWh")
    assert {value for row in body for value in row[: whole + 1]} == {None}
    assert totals[whole] == 0
    assert totals[-1] == sum(row[-1] or Decimal(0) for row in body) == Decimal("6.4")
    assert page.xpath("//div[@class='note warn']//li")
    assert len(page.xpath("//a[contains(@href, '/usage/export')]")) == 2
    assert len(page.xpath("//*[local-name()='rect'][@class='gap']")) == 24


def test_of_a_meter_that_is_read_by_hand_days_are_shown_and_hours_are_not(town: Town) -> None:
    month = (TODAY.replace(day=1) - timedelta(days=1)).replace(day=1)
    with town.runtime.db.write() as session:
        account_id = town.neighbour.account.id
        bind(session, account_id, offer(session, ONE_PRICE, first=month, end=TODAY + timedelta(days=7)), first=month)
        put_total(session, account_id, {month: 0, TODAY.replace(day=1): 298_765_432})
        usage.aggregate(session, months={month: [account_id]}, zone=ZONE)
    for query, kwh in (("of=month", Decimal("298.765432")), ("of=day", None)):
        page = page_of(town, f"/usage?{query}&at={month}", who=town.people["neighbour"])
        total = expect_sums(page)
        assert kwh is None or total == kwh
        assert "The meter is read by hand" in page.text_content()
        assert not page.xpath("//a[contains(@href, '/usage/export')]"), "there is no interval to take home"
        assert not page.xpath("//div[@class='note warn']")
    assert page.xpath("string(//table[@id='figures']/tbody//th)").startswith("The whole day")
    empty = page_of(town, f"/usage?of=day&at={TODAY}", who=town.people["neighbour"]).xpath(
        "string(//div[@class='empty'])"
    )
    assert f"The last reading is of {TODAY:%b} 1, {TODAY:%Y}" in empty


def test_an_access_to_sums_alone_shows_months_that_are_over_and_nothing_else(measured_town: Town) -> None:
    town = measured_town
    person = town.settle(town.house, role=Role.VIEWER, has_payments=False)
    with town.runtime.db.write() as session:
        session.sql(
            "update access_grant set scope = 'totals' where user_id = :id and revoked_at is null", id=person.user_id
        )
    root = f"/api/v1/accounts/{town.house.account_no}/usage"
    for path in (
        "?of=month",
        "?of=day",
        f"/export?from={TODAY}&to={TODAY}",
        f"/intervals?from={TODAY}&to={TODAY}",
        "/cost",
        "/cost/days",
    ):
        answer = town.client.get(root + path, headers=person.bearer)
        assert (answer.status_code, answer.json()["code"]) == (403, "totals_only"), path
    seen = town.client.get(f"{root}?of=year", headers=person.bearer).json()
    whole = town.client.get(f"{root}?of=year", headers=town.people["owner"].bearer).json()
    this_month = TODAY.replace(day=1)
    for mine, owners in zip(seen["bars"], whole["bars"], strict=True):
        month = date.fromisoformat(mine["end"][:10]).replace(day=1) - timedelta(days=1)
        is_over = month < this_month
        assert mine["kwh"] == (owners["kwh"] if is_over else None)
        assert mine["by_period"] == {}
    assert (seen["gaps"], seen["known_until"], seen["before"], seen["periods"]) == ([], None, None, [])
    for path in ("/usage", "/usage?of=day", "/usage?of=month"):
        page = town.client.get(path, headers={**town.browser(person), "accept-language": "en"})
        assert page.status_code == 200
        assert "of=day" not in page.text
        assert "/usage/export" not in page.text
    for path in (
        f"/usage/export?from={TODAY}&to={TODAY}",
        f"/usage/intervals.json?from={TODAY}&to={TODAY}",
        "/usage/intervals",
    ):
        assert town.client.get(path, headers=town.browser(person)).status_code == 403


def test_a_later_holder_gets_readings_of_their_own_days_alone(town: Town) -> None:
    home = town.build(town.unit_id, has_bills=False)
    owner = town.settle(home, has_payments=False)
    since = TODAY - timedelta(days=3)
    with town.runtime.db.write() as session:
        household(session, home.account.id, today=TODAY, days=20)
        session.sql("update account set holder_since = :since where id = :id", since=since, id=home.account.id)
    root = f"/api/v1/accounts/{home.account_no}/usage"
    span = f"from={TODAY - timedelta(days=10)}&to={TODAY}"
    file = town.client.get(f"{root}/export?{span}", headers=owner.bearer)
    starts = {row["start"][:10] for row in csv.DictReader(io.StringIO(file.text.removeprefix("\ufeff")))}
    assert starts == {(since + timedelta(days=n)).isoformat() for n in range(3)}
    before = town.client.get(
        f"{root}/export?from={since - timedelta(days=9)}&to={since - timedelta(days=1)}", headers=owner.bearer
    )
    assert before.status_code == 404
    series = town.client.get(f"{root}?of=day&at={since - timedelta(days=1)}", headers=owner.bearer).json()
    assert {bar["kwh"] for bar in series["bars"]} == {None}


@pytest.mark.parametrize("path", ["/usage/export", "/usage/intervals.json"])
def test_days_beyond_the_calendar_are_nowhere(town: Town, path: str) -> None:
    owner = town.browser(town.people["owner"])
    assert town.client.get(f"{path}?from=9999-12-31&to=9999-12-31", headers=owner).status_code == 404


@pytest.mark.parametrize(
    ("first", "last", "status"),
    [("2025-10-27", "2026-11-26", 200), ("2025-10-26", "2026-11-26", 422), ("2026-11-26", "2026-11-25", 422)],
)
def test_a_file_has_at_most_thirteen_months(town: Town, first: str, last: str, status: int) -> None:
    path = f"/api/v1/accounts/{town.house.account_no}/usage/export?from={first}&to={last}"
    for shape in ("csv", "green_button"):
        answer = town.client.get(f"{path}&format={shape}", headers=town.people["owner"].bearer)
        assert answer.status_code == status
        if status == 422:
            assert answer.json()["code"] == "span_wrong"
        else:
            assert answer.headers["cache-control"] == "no-store"
            assert f"usage-{first}-{last}" in answer.headers["content-disposition"]


def test_the_running_bill_is_the_sum_of_its_lines_and_each_line_quantity_times_price(measured_town: Town) -> None:
    page = page_of(measured_town, "/usage")
    card = page.xpath("//section[@aria-labelledby='so-far']")[0]
    total = money(card.xpath(".//p[contains(@class, 'amount')]")[0])
    amounts = []
    for line in card.xpath(".//table[contains(@class, 'cost')]/tbody/tr"):
        quantity, _, rate = line.xpath("string(.//span)").partition("×")
        amount = number(line.xpath("./td")[0].text)
        assert amount == (number(quantity.split()[0]) * number(rate)).quantize(Decimal("0.01"), ROUND_HALF_UP)
        amounts.append(amount)
    assert len(amounts) >= 5
    assert total == sum(amounts) == money(card.xpath(".//table[contains(@class, 'cost')]/tfoot//td")[0])
    periods = card.xpath(".//table[@id='by-period']/tbody/tr")
    assert sum(money(row.xpath("./td")[1]) for row in periods) == total
    used = number(re.search(r"([\d,.]+) kWh since", card.text_content())[1])  # type: ignore[index] # fails then
    assert sum(number(row.xpath("./td")[0].text) for row in periods) == used
    assert used == rows_of(page_of(measured_town, f"/usage?at={TODAY}"))[2][3]
    bounds = card.xpath("//p[@id='forecast']")
    if bounds:
        low, high = (
            Decimal(each.replace(",", "")) for each in re.findall(r"¥([\d,]+\.\d\d)", bounds[0].text_content())
        )
        assert total <= low <= high


def test_a_month_read_to_its_end_in_two_currencies_tells_both_sums_and_lacks_nothing(town: Town) -> None:
    home = town.build(town.unit_id, has_bills=False)
    owner = town.settle(home, has_payments=False)
    first = TODAY.replace(day=1)
    change, end = first + timedelta(days=9), (first + timedelta(days=31)).replace(day=1)
    with town.runtime.db.write() as session:
        euros = make_tariff(session, currency="EUR")
        bind(session, home.account.id, offer(session, ONE_PRICE, first=first, end=end), first=first, end=change)
        offer(session, {**ONE_PRICE, "currency": "EUR"}, first=first, end=end, code=euros)
        bind(session, home.account.id, euros, no=2, first=change)
        measured(session, home.account.id, days_of(first, end))
    card = page_of(town, "/usage", who=owner).xpath("//section[@aria-labelledby='so-far']")[0]
    told = card.text_content()
    old, new = (cell.text for cell in card.xpath(".//table[contains(@class, 'cost')]/tfoot//td"))
    assert ("¥" in old, "€" in new) == (True, True)
    assert new in "".join(card.xpath(".//p[contains(@class, 'amount')]//text()"))
    assert f"Besides {old} by a tariff of another currency, which is not in the sum." in told
    assert "Too little is known" not in told
    running = town.client.get(f"/api/v1/accounts/{home.account_no}/usage/cost", headers=owner.bearer).json()["running"]
    assert [each["currency"] for each in running["in_other_currencies"]] == ["CNY"]
    assert (running["total"]["currency"], running["forecast"]) == ("EUR", None)


def test_what_each_day_cost_adds_up_to_the_running_bill_and_is_told_to_programs_alike(measured_town: Town) -> None:
    """Of a month that is over, and of one that a script changes on the page, the same is said."""
    town, owner = measured_town, measured_town.people["owner"]
    latest = TODAY - timedelta(days=1)
    earlier = latest.replace(day=1) - timedelta(days=1)
    for day in (latest, earlier):
        page = page_of(town, f"/usage?at={day}")
        heads, body, totals = rows_of(page)
        cost, whole = heads.index("Cost"), heads.index("kWh")
        for row in body:
            assert (row[cost] is None) == (row[whole] is None), "what is not known is not free"
        root = f"/api/v1/accounts/{town.house.account_no}/usage/cost"
        told = town.client.get(f"{root}/days?month={day:%Y-%m}", headers=owner.bearer).json()
        assert [Decimal(each["kwh"]) for each in told["days"]] == [row[whole] for row in body if row[whole] is not None]
        shown = [value for row in body if (value := row[cost]) is not None]
        assert [Decimal(each["cost"]["amount_minor"]) / 100 for each in told["days"]] == shown
        assert Decimal(told["total"]["amount_minor"]) / 100 == sum(shown) == totals[cost]
        part = town.client.get(
            f"/usage?at={day}", headers={**town.browser(owner), "hx-request": "true", "accept-language": "en"}
        )
        assert rows_of(html.fromstring(part.text)) == (heads, body, totals)
        if day >= TODAY.replace(day=1):
            running = town.client.get(root, headers=owner.bearer).json()["running"]
            card = page.xpath("//section[@aria-labelledby='so-far']//p[contains(@class, 'amount')]")[0]
            assert told["total"] == running["total"]
            assert totals[cost] == money(card)
    assert town.client.get(f"{root}/days?month=2026-13", headers=owner.bearer).status_code == 422


def test_tiers_are_used_and_left_to_the_last_kwh_and_their_prices_are_those_of_the_tariff(measured_town: Town) -> None:
    page = page_of(measured_town, "/usage")
    card = page.xpath("//section[@aria-labelledby='tiers']")[0]
    used = number(re.search(r"([\d,.]+) kWh used since", card.text_content())[1])  # type: ignore[index] # fails then
    steps = card.xpath(".//ol/li")
    inside = [number(re.search(r"([\d,.]+) kWh used", step.text_content())[1]) for step in steps]  # type: ignore[index] # fails then
    assert sum(inside) == used
    bounds = [Decimal(100), Decimal(200)]
    lefts = [number(found[1]) for step in steps if (found := re.search(r"([\d,.]+) kWh left", step.text_content()))]
    if TODAY.month in {11, 12, 1, 2, 3, 4}:
        sizes = [bounds[0], bounds[1] - bounds[0]]
        assert [part + left for part, left in zip(inside, lefts, strict=False)] == sizes
    tariff = page_of(measured_town, "/tariff").xpath("//section[@aria-labelledby='prices']//table")[0]
    there = [[number(cell.text) for cell in row.xpath("./td")] for row in tariff.xpath(".//tbody/tr")]
    told = [[number(each) for each in re.findall(r"\d\.\d+", step.xpath("string(./span[3])"))] for step in steps]
    assert told == [list(column) for column in zip(*there, strict=True)]
    assert card.xpath("count(.//li[@aria-current='step'])") == 1


def test_every_reading_of_a_day_adds_up_to_the_day_and_is_what_the_drawing_is_made_of(measured_town: Town) -> None:
    town, day = measured_town, TODAY - timedelta(days=4)
    table = page_of(town, f"/usage/intervals?at={day}").xpath("//table[@id='figures']")[0]
    shown = [None if cell.text == "–" else number(cell.text) for cell in table.xpath(".//tbody//td")]
    assert (len(shown), shown.count(None)) == (96, 12)
    assert sum(each for each in shown if each is not None) == number(table.xpath(".//tfoot//td")[0].text)
    asked = f"from={day}&to={day}"
    api = town.client.get(
        f"/api/v1/accounts/{town.house.account_no}/usage/intervals?{asked}", headers=town.people["owner"].bearer
    ).json()
    page = town.client.get(f"/usage/intervals.json?{asked}", headers=town.browser(town.people["owner"])).json()
    assert api == page
    assert [None if each is None else Decimal(each).scaleb(-6) for each in api["energies"]] == shown
    for query in ("", f"?at={TODAY}"):  # not read yet: the last day that is
        heading = page_of(town, f"/usage/intervals{query}").xpath("string(//h2[@id='day'])")
        assert (
            heading
            == page_of(town, f"/usage/intervals?at={TODAY - timedelta(days=1)}").xpath("string(//h2[@id='day'])")
            != ""
        )
    assert (api["start"], api["minutes"]) == (start_of(day, ZONE).timestamp(), 15)


def test_a_day_that_nobody_read_yet_does_not_say_how_long_intervals_are(town: Town) -> None:
    read = (TODAY - timedelta(days=70)).replace(day=20)
    with town.runtime.db.write() as session:
        put_readings(session, town.far.account.id, {read: [1_000_000] * 24}, minutes=60)
        usage.aggregate(session, months={read.replace(day=1): [town.far.account.id]}, zone=ZONE)
    page = page_of(town, f"/usage/intervals?at={read.replace(day=2)}", who=town.people["far"])
    assert "each interval of 60 minutes" in page.xpath("string(//main)")


def test_a_drawing_has_a_place_for_every_interval_also_of_days_that_nobody_read(measured_town: Town) -> None:
    town = measured_town
    home = town.build(town.unit_id, has_bills=False)
    owner = town.settle(home, has_payments=False)
    first = TODAY - timedelta(days=9)
    with town.runtime.db.write() as session:
        put_readings(session, home.account.id, {first: [1000] * 96}, meter_no="OLD")
        put_readings(session, home.account.id, {first + timedelta(days=4): [2000] * 48}, minutes=30, meter_no="NEW")
        put_readings(
            session, home.account.id, {first + timedelta(days=4): [500] * 47 + [None]}, minutes=30, meter_no="OLD"
        )
    path = f"/api/v1/accounts/{home.account_no}/usage/intervals?from={first}&to={TODAY}"
    told = town.client.get(path, headers=owner.bearer).json()
    assert told["minutes"] == 30
    assert told["energies"] == [2000] * 48 + [None] * 3 * 48 + [2500] * 47 + [2000]
    with town.runtime.db.write() as session:
        session.sql("update account set holder_since = :day where id = :id", day=TODAY, id=home.account.id)
    assert town.client.get(path, headers=owner.bearer).json() == {"start": None, "minutes": 15, "energies": []}


def test_totals_under_other_tariffs_are_the_sums_of_their_months_and_differences_follow(town: Town) -> None:
    home = town.build(town.unit_id, has_bills=False)
    owner = town.settle(home, has_payments=False)
    with town.runtime.db.write() as session:
        household(session, home.account.id, today=TODAY, days=160)
        offer(session, ONE_PRICE, first=TODAY - timedelta(days=400), end=TODAY)
    page = page_of(town, "/usage/what-if", who=owner)
    sections = page.xpath("//section[@data-present]")
    totals = {}
    for section in sections:
        total = money(section.xpath(".//p[contains(@class, 'amount')]")[0])
        counted = [money(row.xpath("./td")[1]) for row in section.xpath(".//tbody/tr[@data-counted='yes']")]
        assert total == sum(counted) == money(section.xpath(".//tfoot//td")[1])
        assert counted
        totals[section] = total
    mine = next(total for section, total in totals.items() if section.get("data-present") == "yes")
    assert len(totals) >= 2
    for section, total in totals.items():
        if section.get("data-present") == "no" and total != mine:
            told = section.xpath("string(.//p[@class='more'])")
            amount, way, percent = re.search(r"([\d,.]+) (more|less) than yours(?: \((\d+)\s%\))?", told).groups()  # type: ignore[union-attr] # fails then
            sign = 1 if way == "more" else -1
            assert sign * number(amount) == total - mine
            assert sign * int(percent or 0) == half_up((total - mine) * 100 / mine)


def money(cell: HtmlElement) -> Decimal:
    """An amount as the page writes it, without its currency."""
    return number(re.sub(r"[^\d.,-]", "", cell.text_content()))
