"""Other tariffs are priced from the very readings: for a customer over a year, for drafts over the accounts of a unit."""

from datetime import date, datetime
from decimal import Decimal
from functools import partial

import pytest

from core.crypto.vault import Vault
from core.db import Database
from core.money import Money
from services.tariffs.queries import parse
from services.usage import operations, queries
from services.usage.queries import comparing
from tests.factories.accounts import make_account
from tests.factories.tariffs import FLAT, make_version
from tests.factories.usage import ZONE, bind, days_of, make_calendar, put_readings
from tests.services.usage.test_running import GUANGZHOU, PERIODS, SHANDONG, hourly, of_guangzhou

JULY, AUGUST = date(2025, 7, 1), date(2025, 8, 1)
FIRST, END = date(2024, 8, 1), date(2025, 8, 1)


@pytest.fixture
def account_id(database: Database, vault: Vault) -> int:
    with database.write() as session:
        account_id = make_account(session, vault).id
        for code, document, periods in (
            ("FLAT", FLAT, ("all",)),
            ("GZ", GUANGZHOU, PERIODS),
            ("SD", SHANDONG, ("all",)),
        ):
            version = make_version(session, code=code, document=document, periods=periods, valid_from=date(2024, 1, 1))
            make_calendar(
                session, version, days_of(FIRST, END), period=of_guangzhou if len(periods) > 1 else lambda _at: 1
            )
        bind(session, account_id, "FLAT")
    return account_id


def put(database: Database, account_id: int, first: date, end: date, energy: int = 500_000) -> None:
    with database.write() as session:
        days = hourly(first, end, energy)
        put_readings(session, account_id, days, minutes=60)
        operations.aggregate(session, months={day.replace(day=1): [account_id] for day in days}, zone=ZONE)


def test_a_year_under_other_tariffs_is_priced_month_by_month_and_gaps_are_named(
    database: Database, account_id: int
) -> None:
    put(database, account_id, date(2024, 10, 1), date(2025, 3, 11))
    put(database, account_id, date(2025, 4, 1), AUGUST)
    with database.write() as session:
        put_readings(session, account_id, {date(2025, 3, 10): [500_000] * 20 + [None] * 4}, minutes=60)
        operations.aggregate(session, months={date(2025, 3, 1): [account_id]}, zone=ZONE)
    with database.read() as session:
        found = queries.what_if(session, account_id=account_id, until=date(2025, 8, 5), zone=ZONE)
    assert found is not None
    assert [(offer.tariff_code, offer.is_present) for offer in found.offers] == [
        ("FLAT", True),
        ("GZ", False),
        ("SD", False),
    ]
    assert found.months_compared == 10
    assert [(gap.begin, gap.end) for gap in found.gaps] == [
        (datetime(2025, 3, 10, 20, tzinfo=ZONE), datetime(2025, 4, 1, tzinfo=ZONE))
    ], "to the interval: what is in the sums is no gap"
    flat, guangzhou, shandong = found.offers
    assert [month.cost for month in flat.months[:2]] == [None, None]
    assert flat.months[-1].cost == Money(round(Decimal("54.69") * 372), "CNY")
    assert guangzhou.months[-1].cost == Money(10796 + 8215 + 2841 + 560, "CNY"), (
        "108.5, 139.5 and 124 kWh, 112 of them above 260"
    )
    assert flat.total == Money(sum(month.cost.minor for month in flat.months if month.cost), "CNY")
    used = [month.kwh for month in shandong.months]
    assert sum(used) == 283 * 12 - 2
    assert shandong.months[-1].cost == Money(round(Decimal("54.69") * 372) + 372, "CNY")


def test_who_came_within_a_month_climbs_no_tiers_of_another_and_pays_from_then_on(
    database: Database, account_id: int
) -> None:
    came = date(2025, 4, 10)
    with database.write() as session:
        standing = {**SHANDONG, "fixed": [{"code": "standing", "amount": "0.10", "per": "day"}]}
        version = make_version(session, code="SDD", document=standing, valid_from=date(2024, 1, 1))
        make_calendar(session, version, days_of(FIRST, END))
        put_readings(session, account_id, hourly(date(2025, 4, 1), came, 2_000_000), minutes=60)
        session.sql("update account set holder_since = :came where id = :id", came=came, id=account_id)
    put(database, account_id, date(2025, 1, 1), date(2025, 4, 1), 2_000_000)
    put(database, account_id, came, AUGUST)
    with database.read() as session:
        found = queries.what_if(session, account_id=account_id, until=date(2025, 8, 5), zone=ZONE)
    assert found is not None
    offer = next(each for each in found.offers if each.tariff_code == "SDD")
    assert found.months_compared == 4
    assert [(month.days_known, month.kwh) for month in offer.months[8:10]] == [(21, Decimal(252)), (31, Decimal(372))]
    assert offer.months[8].cost == Money(13782 + 252 + 210, "CNY"), "the first of nine months, of 21 days"


def test_what_an_account_has_comes_first_and_is_not_left_out_where_offers_are_many(
    database: Database, account_id: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    with database.write() as session:
        make_calendar(session, make_version(session, code="AA"), days_of(FIRST, END))
    put(database, account_id, date(2025, 4, 1), AUGUST)
    offered = []
    for most in (20, 1):
        monkeypatch.setattr(comparing, "MOST_OFFERS", most)
        with database.read() as session:
            found = queries.what_if(session, account_id=account_id, until=date(2025, 8, 5), zone=ZONE)
        assert found is not None
        offered.append([(each.tariff_code, each.is_present) for each in found.offers])
    present = ("FLAT", True)
    assert offered == [[present, ("AA", False), ("GZ", False), ("SD", False)], [present]]


def test_an_offer_that_changes_within_a_month_climbs_on_from_the_days_before(
    database: Database, account_id: int
) -> None:
    tiers = {"cycle": "month", "bounds_per_month": ["260", "600"], "adders": ["0", "0.05", "0.30"]}
    with database.write() as session:
        for first, end in ((date(2024, 1, 1), date(2025, 7, 16)), (date(2025, 7, 16), None)):
            version = make_version(
                session, code="TWO", document=SHANDONG | {"tiers": tiers}, valid_from=first, valid_to=end
            )
            make_calendar(session, version, days_of(max(first, FIRST), end or END))
    put(database, account_id, date(2025, 4, 1), JULY)
    put(database, account_id, date(2025, 7, 3), AUGUST)
    with database.read() as session:
        found = queries.what_if(session, account_id=account_id, until=date(2025, 8, 5), zone=ZONE)
    assert found is not None
    july = next(each for each in found.offers if each.tariff_code == "TWO").months[-1]
    assert july.cost == Money(8532 + 156 + 5688 + 5253 + 192, "CNY"), "156 kWh, then 104 more and 88 above 260"


def test_too_few_months_say_nothing(database: Database, account_id: int) -> None:
    put(database, account_id, date(2025, 6, 10), AUGUST)
    with database.read() as session:
        assert queries.what_if(session, account_id=account_id, until=date(2025, 8, 5), zone=ZONE) is None


def test_a_draft_is_priced_on_real_accounts_beside_what_they_have(
    database: Database, vault: Vault, account_id: int
) -> None:
    with database.write() as session:
        other = make_account(session, vault).id
        elsewhere = make_account(session, vault).id
        unit_id = session.sql("select unit_id from account where id = :id", id=account_id).scalar_one()
        bind(session, other, "FLAT")
        bind(session, elsewhere, "SD")
    for each in (account_id, elsewhere):
        put(database, each, JULY, AUGUST)
    put(database, other, JULY, date(2025, 7, 2))
    with database.read() as session:
        same = queries.dry_run(
            session, tariff_code="FLAT", version_no=2, tariff=parse(FLAT), unit_ids=[unit_id], month=JULY, zone=ZONE
        )
        draft = queries.dry_run(
            session,
            tariff_code="FLAT",
            version_no=2,
            tariff=parse(GUANGZHOU),
            unit_ids=[unit_id],
            month=JULY,
            zone=ZONE,
        )
    assert (same.accounts, same.is_all, same.unpriced) == (2, True, ())
    assert [(each.up, each.down, each.equal) for each in same.by_class] == [(0, 0, 2)]
    (total,) = draft.by_class
    assert (total.account_class, total.accounts, total.up, total.down) == ("residential", 2, 2, 0)
    assert draft.largest[0].account_id == account_id
    assert draft.largest[0].after == Money(10796 + 8215 + 2841 + 560, "CNY")
    assert total.after == draft.largest[0].after + draft.largest[1].after


def test_who_cannot_be_priced_is_named_with_the_reason_and_in_no_total(
    database: Database, vault: Vault, account_id: int
) -> None:
    with database.write() as session:
        changer = make_account(session, vault)
        unit_id = session.sql("select unit_id from account where id = :id", id=account_id).scalar_one()
        bind(session, changer.id, "FLAT", end=date(2025, 7, 15))
        bind(session, changer.id, "SD", no=2, first=date(2025, 7, 15))
    for each in (account_id, changer.id):
        put(database, each, JULY, AUGUST)
    contracted = {
        **FLAT,
        "demand": {"mode": "contract", "price": "36.00", "over_ratio": "1.05", "over_multiplier": "2"},
    }
    run = partial(queries.dry_run, tariff_code="FLAT", version_no=2, unit_ids=[unit_id], month=JULY, zone=ZONE)
    with database.read() as session:
        same, demanding = run(session, tariff=parse(FLAT)), run(session, tariff=parse(contracted))
        one = run(session, tariff=parse(FLAT), most=1)
    (left_out,) = same.unpriced
    assert (left_out.account_no, left_out.faults) == (changer.account_no, ()), "it had another tariff from the 15th on"
    assert [each.accounts for each in same.by_class] == [1]
    assert (same.is_all, one.is_all, one.accounts) == (True, False, 1)
    asked = next(each for each in demanding.unpriced if each.account_id == account_id)
    assert (asked.is_by_tried, [fault.code for fault in asked.faults]) == (True, ["fact_missing"])
    assert demanding.by_class == ()
