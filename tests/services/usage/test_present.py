"""What use costs at a moment, told by one look: the bill, the ladder and the price are those that are told one by one."""

from datetime import UTC, date, datetime, timedelta

import sqlalchemy as sa

from core.crypto.vault import Vault
from core.db import Database
from core.periods import start_of
from services.usage import queries
from services.usage.queries import Present
from tests.factories.accounts import make_account
from tests.factories.usage import ZONE, bind
from tests.services.usage.test_running import AUGUST, JULY, hourly, on_guangzhou, on_shandong, put

MOMENTS = [
    datetime(2025, 7, 1, 1, 10, tzinfo=UTC),
    datetime(2025, 7, 9, 15, 59, tzinfo=UTC),  # the last minute of a day there
    datetime(2025, 7, 11, 4, 10, tzinfo=UTC),
    datetime(2025, 7, 31, 12, 0, tzinfo=UTC),
    datetime(2025, 9, 15, 12, 0, tzinfo=UTC),  # no calendar
    datetime(2019, 9, 15, 12, 0, tzinfo=UTC),  # no agreement
]


def test_one_look_tells_what_the_bill_the_ladder_and_the_price_tell_one_by_one(
    database: Database, vault: Vault
) -> None:
    with database.write() as session:
        moved, changing, bare = (make_account(session, vault).id for _ in range(3))
    on_shandong(database, changing)
    on_guangzhou(database, moved)
    with database.write() as session:
        session.sql("update agreement set valid_to = '2025-07-10' where account_id = :id", id=changing)
        bind(session, changing, "GZ", no=2, first=date(2025, 7, 10))
        session.sql("update account set holder_since = '2025-07-05' where id = :id", id=moved)
        session.sql(
            """insert into entitlement (account_id, id, customer_id, kind, value, valid_from, recorded_at)
               select id, 1, customer_id, 'persons', 5, '2025-07-10', now() from account where id = :id""",
            id=changing,
        )
    for account_id in (moved, changing):
        put(database, account_id, hourly(date(2025, 6, 1), date(2025, 7, 11), 900_000))
    seen: set[tuple[bool, ...]] = set()
    with database.read() as session:
        for account_id in (moved, changing, bare):
            for now in MOMENTS:
                today = now.astimezone(ZONE).date()
                told = Present(
                    running=queries.running_cost(session, account_id=account_id, today=today, zone=ZONE),
                    tiers=queries.tier_position(session, account_id=account_id, on=today, zone=ZONE),
                    price=queries.price_now(session, account_id=account_id, now=now, zone=ZONE),
                )
                assert queries.present(session, account_id=account_id, now=now, zone=ZONE) == told, (account_id, now)
                seen.add((told.running is not None, told.tiers is not None, told.price is not None))
    assert seen >= {(True, True, True), (True, True, False), (False, False, False)}


def test_an_agreement_is_looked_for_once(database: Database, vault: Vault) -> None:
    with database.write() as session:
        account_id = make_account(session, vault).id
    on_guangzhou(database, account_id)
    put(database, account_id, hourly(JULY, date(2025, 7, 11), 900_000))
    asked: list[str] = []
    with database.read() as session:
        sa.event.listen(database.engine, "before_cursor_execute", lambda *given: asked.append(given[2]))
        queries.present(session, account_id=account_id, now=start_of(AUGUST, ZONE) - timedelta(days=20), zone=ZONE)
    assert len([statement for statement in asked if "from agreement" in statement and "valid_to" in statement]) <= 1
    assert len(asked) <= 10
