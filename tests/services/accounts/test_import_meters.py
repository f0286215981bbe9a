"""A meter is at one account at a time; what was there before stays on record and proves nothing."""

from datetime import datetime
from pathlib import Path
from typing import Final
from uuid import UUID

import psycopg
import pytest

from core import clock, intake
from core.audit import Actor
from core.crypto.vault import Vault
from core.db import Database
from core.intake import Report
from services.accounts import operations as accounts
from services.accounts.events import MetersMoved
from services.accounts.operations import AccountsLoader, LinkOutcome, MeterNumber, UnitsLoader
from services.accounts.queries import finding
from services.accounts.roles import StaffRole
from tests.factories import staff as people
from tests.factories.accounts import account_record, make_user, write_jsonl
from tests.factories.billing import ZONE

UNIT: dict[str, object] = {"code": "3701", "parent_code": None, "kind": "city", "name": "济南供电"}


@pytest.fixture
def loader(vault: Vault) -> AccountsLoader:
    return AccountsLoader(vault, currency="CNY", phone_region="+86", locales=("zh-CN",), zone=ZONE)


@pytest.fixture(autouse=True)
def _unit(database: Database, tmp_path: Path) -> None:
    intake.run(database, path=write_jsonl(tmp_path / "units.jsonl", [UNIT]), loader=UnitsLoader())


SWAP: Final[dict[int, str | None]] = {1: "M-2", 2: "M-1"}


class Office:
    """Who says in files which meter is where."""

    def __init__(self, database: Database, loader: AccountsLoader, place: Path) -> None:
        self.database, self.loader, self.place, self.sent = database, loader, place, 0

    def file(self, meters: dict[int, str | None] | list[tuple[int, str | None]], **other: object) -> Path:
        self.sent += 1
        pairs = meters.items() if isinstance(meters, dict) else meters
        rows = [account_record(number, meter_no=meter, **other) for number, meter in pairs]
        return write_jsonl(self.place / f"{self.sent}.jsonl", rows)

    def send(self, meters: dict[int, str | None], *, chunk_rows: int = 10_000) -> Report:
        return intake.run(self.database, path=self.file(meters), loader=self.loader, chunk_rows=chunk_rows)

    def present(self) -> dict[str, list[str]]:
        with self.database.read() as session:
            rows = session.sql(
                """select a.account_no, array_agg(m.meter_no order by m.id)
                     filter (where m.meter_no is not null and m.removed_on is null) as meters
                   from account a left join meter m on m.account_id = a.id group by 1"""
            )
            return {row.account_no: row.meters or [] for row in rows}


@pytest.fixture
def office(database: Database, loader: AccountsLoader, tmp_path: Path) -> Office:
    return Office(database, loader, tmp_path)


def no(number: int) -> str:
    return str(account_record(number)["account_no"])


def prove(database: Database, vault: Vault, user_id: UUID, number: int, meter_no: str, *, now: datetime) -> LinkOutcome:
    with database.write() as session:
        return accounts.link_account(
            session,
            vault=vault,
            user_id=user_id,
            account_no=no(number),
            name_character="王",
            evidence=MeterNumber(meter_no),
            actor=Actor(f"user:{user_id}", "198.51.100.7"),
            now=now,
        ).outcome


def test_a_mistyped_number_blocks_no_account_once_it_is_put_right_and_proves_nothing_any_more(
    database: Database, vault: Vault, office: Office
) -> None:
    now = clock.now()
    office.send({1: "M-OF-2"})
    assert office.send({2: "M-OF-2"}).rejected == 1
    assert office.send({1: "M-OF-1"}).changed == 1
    assert office.send({2: "M-OF-2"}).new == 1
    assert office.present() == {no(1): ["M-OF-1"], no(2): ["M-OF-2"]}
    with database.write() as session:
        stranger, owner = make_user(session, vault), make_user(session, vault)
        member = people.employ(session, vault, role=StaffRole.AGENT, unit="3701", now=now)
    assert prove(database, vault, stranger, 1, "M-OF-2", now=now) is LinkOutcome.REFUSED
    assert prove(database, vault, owner, 1, "M-OF-1", now=now) is LinkOutcome.LINKED
    with database.read() as session:
        viewed = finding.viewed_account(session, account_no=no(1), staff_id=member.staff_id, now=now)
        assert viewed is not None
        today = session.sql("select (now() at time zone :zone)::date", zone=str(ZONE)).scalar_one()
    assert viewed[0].meters == ["M-OF-1"]
    assert [(each.meter_no, each.installed_on, each.removed_on) for each in viewed[0].dated_meters] == [
        ("M-OF-1", today, None),
        ("M-OF-2", None, today),
    ]


def test_whoever_keeps_readings_is_told_of_meters_that_came_or_went_and_of_no_first_ones(
    database: Database, office: Office
) -> None:
    office.send({1: "M-1", 2: "M-2"})
    office.send({1: "M-3"})
    office.send({3: "M-1"})
    with database.read() as session:
        told = session.sql(
            """select array_agg(m.meter_no order by m.id) from outbox o
               cross join lateral jsonb_array_elements_text(o.payload -> 'meter_ids') each
               join meter m on m.id = each::bigint
               where o.kind = :kind group by o.id order by o.id""",
            kind=MetersMoved.code,
        ).scalars()
        assert list(told) == [["M-1", "M-3"], ["M-1"]]


def test_the_same_meter_again_changes_nothing_and_a_dash_leaves_none(office: Office) -> None:
    office.send({1: "M-1", 2: None})
    assert office.send({1: "M-1", 2: "-"}).unchanged == 2
    assert office.send({1: "-"}).changed == 1
    assert office.present() == {no(1): [], no(2): []}
    assert office.send({1: "-"}).unchanged == 1
    assert office.send({1: "M-1"}).changed == 1, "a meter may come back"
    assert office.present()[no(1)] == ["M-1"]


def test_meters_change_places_within_one_file_and_the_dry_run_says_so(office: Office) -> None:
    office.send({1: "M-1", 2: "M-2", 3: "M-3", 4: "M-4"})
    moves: dict[int, str | None] = {1: "M-2", 2: "M-1", 3: "M-9", 5: "M-3"}
    for chunk_rows in (10_000, 3):
        dry = intake.check(office.database, path=office.file(moves), loader=office.loader, chunk_rows=chunk_rows)
        assert (dry.rejected, dry.changed, dry.new) == (0, 3, 1)
    assert office.send(moves, chunk_rows=3).rejected == 0
    assert office.present() == {no(1): ["M-2"], no(2): ["M-1"], no(3): ["M-9"], no(4): ["M-4"], no(5): ["M-3"]}


def test_a_row_that_is_refused_releases_no_meter(office: Office, database: Database) -> None:
    """The third row takes nothing, since the second, which would make room, waits for the first, whose class is none."""
    office.send({1: "M-1", 2: "M-2"})
    rows = [
        account_record(1, meter_no="M-9", **{"class": "palace"}),
        account_record(2, meter_no="M-1"),
        account_record(3, meter_no="M-2"),
    ]
    path = write_jsonl(office.place / "refused.jsonl", rows)
    report = intake.run(database, path=path, loader=office.loader)
    with database.read() as session:
        told = [(each.row_no, each.field) for each in intake.rejects(session, run_id=report.run_id)]
    assert told == [(1, "class"), (2, "meter_no"), (3, "meter_no")]
    assert office.present() == {no(1): ["M-1"], no(2): ["M-2"]}


@pytest.mark.parametrize(
    "rows",
    [
        [(3, "M-9"), (4, "M-9")],
        [(1, "-"), (3, "M-1"), (4, "M-1")],
        [(1, "M-9"), (3, "M-1"), (3, "M-8"), (4, "M-1"), (1, "M-1")],
        [(3, "M-9"), (3, None), (3, "-"), (4, "M-9")],
        [(3, "M-1"), (1, "M-9")],
        list(SWAP.items()),
    ],
)
def test_a_dry_run_row_by_row_knows_where_meters_are_by_then_as_the_load_does(
    office: Office, rows: list[tuple[int, str | None]]
) -> None:
    office.send({1: "M-1", 2: "M-2"})
    path = office.file(rows)
    dry, real = (
        take(office.database, path=path, loader=office.loader, chunk_rows=1) for take in (intake.check, intake.run)
    )
    assert (dry.new, dry.changed, dry.unchanged, dry.rejected) == (
        real.new,
        real.changed,
        real.unchanged,
        real.rejected,
    )


def test_meters_that_change_places_far_apart_wait_for_a_dash_and_the_reason_says_so(office: Office) -> None:
    office.send({1: "M-1", 2: "M-2"})
    report = office.send(SWAP, chunk_rows=1)
    with office.database.read() as session:
        told = {each.reason for each in intake.rejects(session, run_id=report.run_id)}
    assert told == {"is at another account: an earlier row must take it away there"}
    office.send({2: "-"})
    assert office.send({**SWAP, 3: None}, chunk_rows=1).rejected == 0
    assert office.present() == {no(1): ["M-2"], no(2): ["M-1"], no(3): []}


def test_until_an_upgrade_is_complete_a_meter_that_moves_is_put_off_and_all_else_is_taken(
    office: Office, owner_dsn: str
) -> None:
    office.send({1: "M-1", 2: "M-2", 3: "M-3"})
    with psycopg.connect(owner_dsn, autocommit=True) as owner:
        owner.execute("alter table meter add constraint uq_meter_meter_no unique (meter_no)")
        report = office.send({**SWAP, 3: "-", 4: "M-4"})
        with office.database.read() as session:
            told = {each.row_no: each.reason for each in intake.rejects(session, run_id=report.run_id)}
        assert set(told) == {1, 2}
        later = "cannot come to this account until an upgrade is through: send it again later"
        assert later in told.values()
        assert office.present() == {no(1): ["M-1"], no(2): ["M-2"], no(3): [], no(4): ["M-4"]}
        assert office.send({3: "M-3"}).rejected == 1, "nor does one come back"
        owner.execute("alter table meter drop constraint uq_meter_meter_no")
    assert office.send({**SWAP, 3: "M-3"}).rejected == 0


def test_an_account_that_is_closed_leaves_its_meter_to_others(office: Office) -> None:
    office.send({1: "M-1"})
    closed = office.file({1: "M-1"}, state="closed")
    assert intake.run(office.database, path=closed, loader=office.loader).changed == 1
    assert office.present() == {no(1): []}
    assert office.send({2: "M-1"}).new == 1
    assert office.send({1: "M-1"}).unchanged == 1, "what is closed stays so, and takes nothing back"
    assert office.present() == {no(1): [], no(2): ["M-1"]}
    with office.database.read() as session:
        assert session.sql("select removed_on is not null from meter order by id").scalars().all() == [True, False]
