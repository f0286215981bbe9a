"""Files of an account's readings for its customer."""

import io
from collections.abc import Iterator
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from core.crypto.vault import Vault
from core.db import Database
from core.periods import Period
from services.accounts.queries import AccountRef
from services.metering.formats import espi
from services.metering.formats.naming import Naming
from services.metering.measures import Channel, IntervalRow
from services.metering.queries import files
from tests.factories.accounts import make_account

BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)
MONTH = Period.month(2026, 3)
SHORT = date(2026, 3, 29)


@pytest.fixture
def account(database: Database, vault: Vault) -> AccountRef:
    """Has a meter that takes and gives, one that came before it, and a neighbour."""
    with database.write() as session:
        own, other = (make_account(session, vault, account_no=f"700000000{number}") for number in (1, 2))
        session.sql("select make_interval_month('2026-03-01'), make_interval_month('2026-04-01')")
        series = "insert into reading_series (account_id, id, meter_no, channel, interval_minutes) values (:a, :s, :m, :c, 60)"
        day = """insert into interval_day (account_id, series_id, day, energies, qualities, recorded_at)
            select :a, :s, :d, array(select case when k = 3 then null else :e end from generate_series(1, :n) k),
              'aam' || repeat('e', :n - 3), :at"""
        for a, s, m, c in (
            (own, 1, "NEW1", "import"),
            (own, 2, "NEW1", "export"),
            (own, 3, "OLD1", "import"),
            (other, 1, "X", "import"),
        ):
            session.sql(series, a=a.id, s=s, m=m, c=c)
        for a, s, d, n, e in (
            (own, 1, SHORT, 23, 1_000),
            (own, 1, date(2026, 3, 28), 24, 2_000),
            (own, 1, date(2026, 4, 1), 24, 9_000),
            (own, 2, SHORT, 23, 3_000),
            (own, 3, date(2026, 3, 1), 24, 4_000),
            (other, 1, SHORT, 23, 7_000),
        ):
            session.sql(day, a=a.id, s=s, d=d, n=n, e=e, at=NOW)
    return own


def text(pieces: Iterator[bytes]) -> bytes:
    return b"".join(pieces)


def test_a_feed_has_the_readings_of_the_account_and_of_its_days(database: Database, account: AccountRef) -> None:
    with database.read() as session:
        made = files.green_button(
            session, account_id=account.id, period=MONTH, zone=BERLIN, origin="https://x.example", now=NOW
        )
    document = text(made)
    points = document.count(b"<UsagePoint ")
    names = {
        part.split(b'"')[0].decode() for part in document.split(b'rel="self" href="') if b"UsagePoint/" in part[:120]
    }
    known = {name: "A" for name in names if "MeterReading" not in name}
    assert (points, len(known)) == (2, 2)
    found = list(espi.rows(io.BytesIO(document), io.BytesIO, Naming(known=known)))
    rows = [each for each in found if isinstance(each, IntervalRow)]
    assert len(rows) == len(found) == 23 + 22 + 22 + 23
    assert (
        sum(each.energy or 0 for each in rows if each.channel is Channel.IMPORT) == 23 * 2_000 + 22 * 1_000 + 23 * 4_000
    )
    assert sum(each.energy or 0 for each in rows if each.channel is Channel.EXPORT) == 22 * 3_000


def test_a_spreadsheet_has_a_row_for_each_interval_of_the_account_and_of_its_days(
    database: Database, account: AccountRef
) -> None:
    with database.read() as session:
        made = files.csv(session, account_id=account.id, period=MONTH, zone=BERLIN)
    rows = [line.split(",") for line in text(made).decode("utf-8-sig").splitlines()]
    assert len(rows) == 1 + 24 + 24 + 23 + 23
    assert rows[1] == ["…", "import", "2026-03-01T00:00+01:00", "60", "0.004000", "actual"], (
        "the older meter comes first"
    )
    assert rows[3][4:] == ["", "missing"]
    short = [row[2] for row in rows if row[2].startswith("2026-03-29")]
    assert short[1:3] == ["2026-03-29T01:00+01:00", "2026-03-29T03:00+02:00"]


def test_an_account_without_readings_has_files_that_say_so(database: Database, account: AccountRef) -> None:
    early = Period.month(2020, 1)
    with database.read() as session:
        feed = files.green_button(
            session, account_id=account.id, period=early, zone=BERLIN, origin="https://x.example", now=NOW
        )
        assert text(files.csv(session, account_id=account.id, period=early, zone=BERLIN)).count(b"\n") == 1
    assert text(feed).endswith(b"</feed>\n")
