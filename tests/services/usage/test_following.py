"""Usage follows readings, calendars, agreements, versions and holders; whoever is killed changes nothing of the end."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any, Final

import pytest

from core import outbox
from core.audit import Actor
from core.config import Settings
from core.crypto.vault import Vault
from core.db import Database, WriteSession
from core.outbox import Delivery
from jobs import runtime, usage
from notifications.setup import SETUP, Setup
from services.accounts import operations as accounts
from services.accounts.events import EntitlementsChanged
from services.accounts.queries import AccountId
from services.tariffs.events import TariffDaysChanged, TariffPublished
from services.tariffs.queries import parse
from services.usage import operations
from services.usage.operations import PricedVersion, Written, following, price_months
from services.usage.queries import invariants
from tests.factories.accounts import make_account
from tests.factories.tariffs import make_version
from tests.factories.usage import ZONE, bind, days_of, make_calendar, put_readings
from tests.services.usage.test_registers import Home
from tests.services.usage.test_running import GUANGZHOU, PERIODS, of_guangzhou
from tests.support.metered import TIMES_AND_TIERS
from tests.support.reading import rows_read

JULY, AUGUST = date(2025, 7, 1), date(2025, 8, 1)
NOW: Final = datetime(2025, 8, 2, tzinfo=UTC)
HOURS: Final = [1_000_000] * 24


@pytest.fixture
def account_id(database: Database, vault: Vault) -> int:
    with database.write() as session:
        return make_account(session, vault).id


def parts(database: Database, account_id: int) -> list[tuple[Any, ...]]:
    with database.read() as session:
        rows = session.sql(
            """select part, version_id, first_day, end_day, energies from usage_month
               where account_id = :id order by month, part""",
            id=account_id,
        )
        assert invariants(session, first_account=1, last_account=account_id, readings_since=date(2025, 1, 1)) == []
        return [tuple(row) for row in rows]


def worked(database: Database, follow: Callable[[WriteSession], Written | None]) -> Written:
    done = Written()
    while True:
        with database.write() as session:
            found = follow(session)
        if found is None:
            return done
        done += found


def read(session: WriteSession) -> Written | None:
    return operations.follow_readings(session, zone=ZONE)


def calendars(session: WriteSession) -> Written | None:
    return operations.follow_versions(session, zone=ZONE)


def settle_agreements(session: WriteSession) -> Written | None:
    return operations.follow_agreements(session, zone=ZONE)


def settled(database: Database) -> Written:
    return worked(database, settle_agreements)


class Killed(Exception):
    pass


def killed_after_its_work(database: Database) -> None:
    with database.write() as session:
        assert operations.follow_readings(session, zone=ZONE) == Written(31, 1)
        raise Killed


def test_what_is_killed_before_its_commit_is_done_by_whoever_comes_next(database: Database, account_id: int) -> None:
    with database.write() as session:
        put_readings(session, account_id, dict.fromkeys(days_of(JULY, AUGUST), HOURS), minutes=60)
    with pytest.raises(Killed):
        killed_after_its_work(database)
    assert parts(database, account_id) == []
    assert worked(database, read) == Written(31, 1)
    assert worked(database, read) == Written(0, 0)
    assert [row[4] for row in parts(database, account_id)] == [[31 * 24_000_000]]


def test_an_agreement_that_becomes_known_later_makes_its_months_anew_and_no_others(
    database: Database, vault: Vault, account_id: int
) -> None:
    with database.write() as session:
        other = make_account(session, vault).id
        version = make_version(session, code="A", periods=("peak", "valley"))
        make_calendar(session, version, days_of(date(2025, 6, 1), AUGUST), period=lambda at: 1 if at.hour < 6 else 2)
        for each in (account_id, other):
            put_readings(session, each, dict.fromkeys(days_of(date(2025, 6, 1), AUGUST), HOURS), minutes=60)
    worked(database, read)
    with database.write() as session:
        bind(session, account_id, "A", first=date(2025, 7, 11))
    assert settled(database) == Written(21, 2)
    assert [(row[0], row[1], row[2].day, row[3].day) for row in parts(database, account_id)] == [
        (1, None, 1, 1),
        (1, None, 1, 11),
        (2, version, 11, 1),
    ]
    assert parts(database, account_id)[2][4] == [21 * 6_000_000, 21 * 18_000_000]
    assert {row[1] for row in parts(database, other)} == {None}
    assert settled(database) == Written(0, 0)


def test_a_version_that_is_published_for_the_past_is_followed_at_once(database: Database, account_id: int) -> None:
    with database.write() as session:
        bind(session, account_id, "A", first=date(2024, 6, 1))
        put_readings(session, account_id, dict.fromkeys(days_of(JULY, AUGUST), HOURS), minutes=60)
    worked(database, read)
    settled(database)
    with database.write() as session:
        version = make_version(session, code="A")
        make_calendar(session, version, days_of(JULY, AUGUST))
        event = TariffPublished(
            version_id=version, tariff_code="A", valid_from="2024-01-01", valid_to=None, ended_id=None
        )
        operations.note_published(session, Delivery(1, event, NOW), event)
    assert worked(database, calendars) == Written(31, 1)
    assert [row[1] for row in parts(database, account_id)] == [version]


def test_use_by_registers_goes_into_the_periods_of_a_version_that_is_published_later(
    database: Database, vault: Vault, tmp_path: Path
) -> None:
    home = Home(database, vault, tmp_path)
    home.agree("NEW")
    for register, value in (("peak", 10), ("flat", 20), ("valley", 30)):
        home.read((register, "2026-01-01", 0), (register, "2026-02-01", value))
    home.follow()
    [part] = home.parts()
    assert (part.version_id, part.energies) == (None, [60 * 1_000_000])
    with database.write() as session:
        version = make_version(session, code="NEW", document=GUANGZHOU, periods=PERIODS)
        make_calendar(session, version, days_of(date(2026, 1, 1), date(2026, 2, 1)), period=of_guangzhou)
        event = TariffPublished(
            version_id=version, tariff_code="NEW", valid_from="2024-01-01", valid_to=None, ended_id=None
        )
        operations.note_published(session, Delivery(1, event, NOW), event)
    worked(database, calendars)
    [part] = home.parts()
    assert (part.version_id, part.energies) == (version, [10 * 1_000_000, 20 * 1_000_000, 30 * 1_000_000])


def test_a_day_that_gets_other_periods_is_made_anew(database: Database, account_id: int) -> None:
    with database.write() as session:
        bind(session, account_id, "A")
        version = make_version(session, code="A", periods=("peak", "valley"))
        make_calendar(session, version, days_of(JULY, AUGUST))
        put_readings(session, account_id, dict.fromkeys(days_of(JULY, AUGUST), HOURS), minutes=60)
    worked(database, read)
    with database.write() as session:
        session.sql(
            "update tariff_day set periods = array_fill(2::smallint, array[96]) where day in ('2025-07-04', '2025-07-05')"
        )
        event = TariffDaysChanged(version_id=version, days=["2025-07-04", "2025-07-05"])
        operations.note_days_changed(session, Delivery(1, event, NOW), event)
    assert worked(database, calendars) == Written(2, 1)
    assert parts(database, account_id)[0][4] == [29 * 24_000_000, 2 * 24_000_000]


def test_a_version_whose_days_change_all_the_time_keeps_no_account_from_its_end(
    database: Database, vault: Vault, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(following, "SLICE", 1)
    fourth = date(2025, 7, 4)
    with database.write() as session:
        homes = {code: [make_account(session, vault).id for _ in range(3)] for code in "AB"}
        versions = {}
        for code, of_code in homes.items():
            versions[code] = make_version(session, code=code, periods=("peak", "valley"))
            make_calendar(session, versions[code], days_of(JULY, AUGUST))
            for each in of_code:
                bind(session, each, code)
                put_readings(session, each, dict.fromkeys(days_of(JULY, AUGUST), HOURS), minutes=60)
    worked(database, read)
    with database.write() as session:
        session.sql("update tariff_day set periods = array_fill(2::smallint, array[96]) where day = :day", day=fourth)

    def changes(code: str, *days: date) -> None:
        event = TariffDaysChanged(version_id=versions[code], days=[day.isoformat() for day in days])
        with database.write() as session:
            operations.note_days_changed(session, Delivery(1, event, NOW), event)

    changes("A", fourth)
    changes("B", fourth)
    for step in range(12):
        changes("A", date(2025, 7, 10 + step))
        with database.write() as session:
            assert operations.follow_versions(session, zone=ZONE) is not None
    with database.write() as session:
        done = session.sql("select account_id from usage_day where day = :day and energies[1] = 0", day=fourth)
        assert set(done.scalars()) == {*homes["A"], *homes["B"]}
        waiting = session.sql("select count(*) from usage_stale where version_id = :id", id=versions["A"]).scalar_one()
        assert waiting <= 2
    worked(database, calendars)


def test_what_changed_of_one_account_or_tariff_reads_nothing_of_others(
    database: Database, vault: Vault, account_id: int
) -> None:
    with database.write() as session:
        others = [make_account(session, vault).id for _ in range(60)]
        for code in "AB":
            make_calendar(session, make_version(session, code=code), days_of(JULY, AUGUST))
        for each in (account_id, *others):
            bind(session, each, "A" if each == account_id else "B")
            put_readings(session, each, dict.fromkeys(days_of(JULY, JULY + timedelta(3)), HOURS), minutes=60)
    worked(database, read)
    settled(database)
    with database.write() as session:
        session.sql("update agreement set valid_to = '2025-07-03' where account_id = :id", id=account_id)
        version = session.sql("select id from tariff_version where tariff_code = 'A'").scalar_one()
        event = TariffPublished(
            version_id=version, tariff_code="A", valid_from="2024-01-01", valid_to=None, ended_id=None
        )
        operations.note_published(session, Delivery(1, event, NOW), event)
    with database.write() as session:
        for follow in (settle_agreements, calendars):
            assert rows_read(session, partial(follow, session), table="usage_month") <= 10
    assert [row[3] for row in parts(database, account_id)] == [date(2025, 7, 3), date(2025, 7, 4)]


def test_the_walk_over_all_comes_by_slices_and_once_a_day(
    database: Database, account_id: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    with database.write() as session:
        bind(session, account_id, "A")
        put_readings(session, account_id, dict.fromkeys(days_of(JULY, AUGUST), HOURS), minutes=60)
    worked(database, read)
    settled(database)
    with database.write() as session:
        version = make_version(session, code="A")
        make_calendar(session, version, days_of(JULY, AUGUST))
    monkeypatch.setattr(following, "SLICE", account_id)

    def walk(now: datetime) -> Written | None:
        with database.write() as session:
            return operations.look_through(session, now=now, zone=ZONE)

    assert [walk(NOW), walk(NOW + timedelta(hours=23))] == [Written(31, 1), None]
    assert walk(NOW + timedelta(days=1)) == Written(0, 0)


def test_a_walk_that_takes_longer_than_a_day_comes_to_its_end(
    database: Database, vault: Vault, account_id: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    with database.write() as session:
        other = make_account(session, vault).id
        for each in (account_id, other):
            bind(session, each, "A")
            put_readings(session, each, dict.fromkeys(days_of(JULY, AUGUST), HOURS), minutes=60)
    worked(database, read)
    settled(database)
    with database.write() as session:
        make_calendar(session, make_version(session, code="A"), days_of(JULY, AUGUST))
    monkeypatch.setattr(following, "SLICE", other - 1)
    for day in range(2):
        with database.write() as session:
            assert operations.look_through(session, now=NOW + timedelta(days=2 * day), zone=ZONE) == Written(31, 1)


def test_a_new_holder_begins_a_part_of_their_own(database: Database, account_id: int) -> None:
    with database.write() as session:
        bind(session, account_id, "A")
        version = make_version(session, code="A")
        make_calendar(session, version, days_of(JULY, AUGUST))
        put_readings(session, account_id, dict.fromkeys(days_of(JULY, AUGUST), HOURS), minutes=60)
    worked(database, read)
    with database.write() as session:
        session.sql("update account set holder_since = '2025-07-20' where id = :id", id=account_id)
    assert settled(database) == Written(0, 2)
    assert [(row[2], row[3]) for row in parts(database, account_id)] == [
        (JULY, date(2025, 7, 20)),
        (date(2025, 7, 20), AUGUST),
    ]


def test_the_task_does_all_that_waits(database: Database, vault: Vault, settings: Settings, account_id: int) -> None:
    runtime.use(database)
    SETUP.fill(Setup(settings, vault, None))
    with database.write() as session:
        put_readings(session, account_id, dict.fromkeys(days_of(JULY, JULY + timedelta(3)), HOURS), minutes=60)
    usage.aggregate()
    assert [row[4] for row in parts(database, account_id)] == [[3 * 24_000_000]]


def test_a_day_that_is_not_what_was_read_is_found(database: Database, account_id: int) -> None:
    with database.write() as session:
        put_readings(session, account_id, dict.fromkeys(days_of(JULY, AUGUST), HOURS), minutes=60)
    worked(database, read)
    with database.write() as session:
        session.sql("update usage_day set energy = 7, energies = '{7}' where day = '2025-07-09'")
        found = invariants(session, first_account=1, last_account=account_id, readings_since=JULY)
    assert {each.rule for each in found} == {"usage_days_sum_to_months", "usage_days_are_their_readings"}


def test_costs_follow_what_an_account_is_entitled_to_in_the_months_that_it_touches_and_no_others(
    database: Database, vault: Vault, account_id: int
) -> None:
    outbox.subscribe(EntitlementsChanged, operations.note_entitlements_changed)
    document = TIMES_AND_TIERS | {"per_kwh": []}
    tariff = parse(document)
    with database.write() as session:
        other = make_account(session, vault).id
        version = make_version(session, code="A", document=document, periods=tariff.periods)
        make_calendar(session, version, days_of(date(2025, 5, 1), AUGUST))
        for each in (account_id, other):
            bind(session, each, "A")
            put_readings(session, each, dict.fromkeys(days_of(date(2025, 5, 1), AUGUST), HOURS), minutes=60)
    worked(database, read)
    versions = [PricedVersion(version, "A", tariff, tariff.periods)]

    def priced() -> dict[tuple[int, int], int]:
        with database.write() as session:
            for month in (5, 6, 7):
                price_months(session, month=date(2025, month, 1), first=1, last=other, versions=versions)
        return costs()

    def costs() -> dict[tuple[int, int], int]:
        with database.read() as session:
            rows = session.sql("select account_id, month, total_minor from usage_cost").all()
        return {(row.account_id, row.month.month): row.total_minor for row in rows}

    def entitled(change: Callable[..., object], **said: object) -> None:
        with database.write() as session:
            change(session, account_id=AccountId(account_id), actor=Actor("staff:7"), **said)
        while outbox.relay_once(database):
            pass

    before = priced()
    entitled(
        accounts.add_entitlement,
        kind="persons",
        value=Decimal(5),
        valid_from=date(2025, 5, 15),
        valid_to=JULY,
        document="HK-1",
        renewals={},
        now=NOW,
    )
    assert costs().keys() == before.keys() - {(account_id, 6)}
    after = priced()
    assert {key for key in before if after[key] < before[key]} == {(account_id, 6)}
    assert {key for key in before if after[key] == before[key]} == before.keys() - {(account_id, 6)}
    entitled(accounts.end_entitlement, entitlement_id=1, valid_to=AUGUST)
    assert costs().keys() == before.keys() - {(account_id, 7)}
    entitled(accounts.end_entitlement, entitlement_id=1, valid_to=date(2025, 5, 15))
    assert costs().keys() == before.keys() - {(account_id, 6), (account_id, 7)}
    assert priced() == before
