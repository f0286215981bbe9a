"""What a doctor says of tariffs."""

from datetime import date, timedelta

import pytest

from app.commands import doctor
from core import clock
from core.config import Settings
from core.crypto.vault import Vault
from core.db import Database
from core.periods import business_date, start_of
from tests.factories.accounts import give_tariff, make_account
from tests.factories.tariffs import make_tariff, make_version
from tests.factories.usage import bind, minutes_of
from tests.services.usage.test_slots import AGILE
from tests.support.processes import environment_of


def test_agreements_of_a_tariff_that_nobody_knows_are_warned_of(
    database: Database, vault: Vault, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in environment_of(settings).items():
        monkeypatch.setenv(name, value)
    with database.write() as session:
        for _ in range(2):
            give_tariff(session, make_account(session, vault).id)
    told = [(each.verdict, each.detail) for each in doctor.examine() if each.name == "tariffs"]
    assert [verdict for verdict, _ in told] == ["warning"]
    assert told[0][1].startswith("2 agreements name RES-1, ")
    with database.write() as session:
        make_tariff(session, code="RES-1")
        make_version(session, code="RES-1", valid_to=date(2025, 1, 1))
    told = [(each.verdict, each.detail) for each in doctor.examine() if each.name == "tariffs"]
    assert [verdict for verdict, _ in told] == ["warning"]
    assert told[0][1].startswith("no version of RES-1 is published from 2025-01-01 on, ")
    with database.write() as session:
        make_version(session, code="RES-1", valid_from=date(2025, 1, 1))
    assert "tariffs" not in {each.name for each in doctor.examine()}


def test_intervals_of_today_that_have_no_price_yet_are_warned_of(
    database: Database, vault: Vault, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in environment_of(settings).items():
        monkeypatch.setenv(name, value)
    zone = settings.zone

    def told() -> list[str]:
        return [each.detail for each in doctor.examine() if each.name == "tariffs"]

    with database.write() as session:
        make_version(session, code="AGILE", document=AGILE)
        bind(session, make_account(session, vault).id, "AGILE")
    (nothing,) = told()
    assert nothing.startswith("AGILE prices each interval, and none is known from ")
    today = business_date(clock.now(), zone)
    with database.write() as session:
        for day in (today + timedelta(days) for days in range(3)):
            session.sql(
                """insert into tariff_slot_price (tariff_code, start_at, minutes, rate_minor, day, quarter)
                   select 'AGILE', cast(:begin as timestamptz) + n * interval '1 hour', 60, 30, :day, n * 4
                   from generate_series(0, cast(:hours as integer) - 1) n""",
                begin=start_of(day, zone),
                day=day,
                hours=minutes_of(day, zone) // 60,
            )
    assert told() == []
    with database.write() as session:
        session.sql("delete from tariff_slot_price where start_at >= :until", until=clock.now() - timedelta(minutes=1))
    (later,) = told()
    assert later.endswith("on: `wattline import slot-prices`")
