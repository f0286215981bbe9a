"""Lists as files: whole whoever is killed, sealed, for their asker alone, for a day, and as forgetful as the lists are."""

import csv
import io
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final
from uuid import UUID

import psycopg
import pytest

from core import audit, clock, faults
from core.audit import Actor
from core.config import Settings
from core.crypto.vault import CannotOpen, Vault
from core.db import Database, ReadSession
from core.errors import Json
from jobs import files as jobs
from jobs import runtime
from notifications.setup import SETUP, Setup
from services.accounts import operations as accounts
from services.accounts.roles import StaffPermission, StaffRole
from services.casework import flows, operations
from services.casework.errors import FilesMany
from services.casework.operations import files
from services.casework.ports import LISTS, Part, Slice, StaffList
from services.casework.queries import files as queries
from services.casework.queries.lists import ACCOUNT_LISTS
from tests.factories import staff as people
from tests.factories.accounts import make_unit
from tests.factories.staff import ACTOR, Member

ALL: Final[dict[str, Json]] = {"actor": "", "act": "test.act", "subjects": [], "since": None, "until": None}
PERSON: Final = Actor("user:0197a3c2-0000-7c55-9a53-000000000001", "198.51.100.77")
ACTS: Final = 25


@dataclass
class Desk:
    """A member of staff of one station, and the acts that its log has."""

    db: Database
    vault: Vault
    me: Member
    grant_id: UUID

    def ask(self, of_list: str = "audit", filters: dict[str, Json] | None = None) -> UUID:
        with self.db.write() as session:
            return operations.ask_file(
                session,
                of_list=of_list,
                filters=ALL if filters is None else filters,
                staff_id=self.me.staff_id,
                actor=ACTOR,
                now=clock.now(),
            )

    def work(self) -> int:
        return flows.write_files(self.db, vault=self.vault, now=clock.now, is_over=lambda: False)

    def state(self, file_id: UUID) -> str:
        with self.db.read() as session:
            found = queries.file_of(session, file_id=file_id, staff_id=self.me.staff_id, now=clock.now())
        return "gone" if found is None else found.state

    def rows(self, file_id: UUID, *, by: Member | None = None) -> list[dict[str, str]] | None:
        """What is in the file, as its asker takes it; None when they may not."""
        with self.db.write() as session:
            found = operations.take_file(
                session, file_id=file_id, staff_id=(by or self.me).staff_id, actor=ACTOR, now=clock.now()
            )
        if found is None:
            return None
        with self.db.read() as session:
            pieces = [
                queries.file_piece(session, vault=self.vault, file_id=file_id, no=no) for no in range(found.pieces)
            ]
        text = "".join(each or "" for each in pieces).removeprefix("\ufeff")
        return list(csv.DictReader(io.StringIO(text)))


@pytest.fixture
def desk(database: Database, vault: Vault, monkeypatch: pytest.MonkeyPatch) -> Desk:
    monkeypatch.setattr(files, "PIECE_ROWS", 10)
    LISTS.fill({each.name: each for each in ACCOUNT_LISTS})
    with database.write() as session:
        make_unit(session)
        unit_id = make_unit(session, code="3701", parent="37", kind="city", name="Here")
        me = people.member(session, vault, now=clock.now())
        grant_id = people.grant(session, me.staff_id, role=StaffRole.AUDITOR, unit="3701", now=clock.now())
        for number in range(ACTS):
            audit.record(session, actor=PERSON, act="test.act", subject=f"account:{number}", unit_id=unit_id)
    return Desk(database, vault, me, grant_id)


def subjects(rows: list[dict[str, str]] | None) -> list[str]:
    assert rows is not None
    return [row["subject"] for row in rows]


WHOLE: Final = [f"account:{number}" for number in reversed(range(ACTS))]


@pytest.mark.parametrize("point", ["casework.file.before_commit", "casework.file.committed"])
@pytest.mark.parametrize("nth", [1, 2, 3])
def test_whoever_is_killed_loses_and_doubles_nothing(desk: Desk, point: str, nth: int) -> None:
    class Killed(BaseException):
        """No handler of the flow sees it, as none sees a killed process."""

    passed = 0

    def kill(name: str) -> None:
        nonlocal passed
        passed += name == point
        if name == point and passed == nth:
            raise Killed

    file_id = desk.ask()
    faults.arm(kill)
    try:
        with pytest.raises(Killed):
            desk.work()
    finally:
        faults.arm(None)
    desk.work()
    assert subjects(desk.rows(file_id)) == WHOLE


def test_a_file_lies_sealed_in_pieces_of_bounded_size_that_cannot_change_places(desk: Desk, owner_dsn: str) -> None:
    file_id = desk.ask()
    assert desk.work() == 3
    with psycopg.connect(owner_dsn) as connection:
        sealed = [bytes(row[0]) for row in connection.execute("select text_sealed from staff_file_piece order by no")]
        assert len(sealed) == 3
        assert not any(b"account:" in each for each in sealed)
    with pytest.raises(CannotOpen):
        desk.vault.open(table="staff_file_piece", column="text", owner=f"file:{file_id}:1", sealed=sealed[0])


def test_a_file_is_its_askers_and_only_while_they_may_read_all_of_it(desk: Desk) -> None:
    file_id = desk.ask()
    desk.work()
    with desk.db.write() as session:
        other = people.member(session, desk.vault, now=clock.now())
        people.grant(session, other.staff_id, role=StaffRole.ADMIN, unit="37", now=clock.now())
    assert desk.rows(file_id, by=other) is None
    assert desk.rows(file_id) is not None
    with desk.db.write() as session:
        accounts.revoke_role(
            session,
            staff_id=desk.me.staff_id,
            grant_id=desk.grant_id,
            by=other.staff_id,
            actor=ACTOR,
            now=clock.now(),
        )
        make_unit(session, code="3702", parent="37", kind="city", name="There")
        people.grant(session, desk.me.staff_id, role=StaffRole.AUDITOR, unit="3702", now=clock.now())
    assert desk.rows(file_id) is None, "they may read the log of another unit, not of this one"


def test_whoever_may_not_read_the_list_any_more_gets_no_further_piece_and_what_there_was_is_gone(
    desk: Desk, owner_dsn: str
) -> None:
    file_id = desk.ask()
    flows.write_file(desk.db, vault=desk.vault, file_id=file_id, now=clock.now())
    with psycopg.connect(owner_dsn) as connection:
        connection.execute("update staff_grant set revoked_at = now() where id = %s", [desk.grant_id])
    desk.work()
    assert desk.state(file_id) == "refused"
    with desk.db.read() as session:
        assert session.sql("select count(*) from staff_file_piece").scalar_one() == 0


def test_erasing_a_person_writes_files_of_the_log_anew(desk: Desk) -> None:
    file_id = desk.ask()
    desk.work()
    assert {row["address"] for row in desk.rows(file_id) or []} == {PERSON.address}
    with desk.db.write() as session:
        operations.strike_reasons(session, about=[])
        audit.forget_addresses(session, actor=PERSON.name)
    assert desk.state(file_id) == "gone", "whoever is taking it is cut off"
    desk.work()
    with desk.db.read() as session:
        [anew] = queries.files_of(session, staff_id=desk.me.staff_id, now=clock.now())
    rows = desk.rows(anew.id)
    assert subjects(rows) == WHOLE
    assert {row["address"] for row in rows or []} == {""}


def test_erasing_somebody_brings_no_file_back_gives_none_another_day_and_keeps_nobody_from_asking(desk: Desk) -> None:
    over, *living = [desk.ask() for _ in range(files.MOST_AT_ONCE)]
    desk.work()
    with desk.db.write() as session:
        until = "update staff_file set expires_at = now() + make_interval(mins => :minutes) where id = any(:ids)"
        session.sql(until, minutes=-1, ids=[over])
        session.sql(until, minutes=60, ids=living)
        known = set(session.sql("select expires_at from staff_file").scalars())
        operations.strike_reasons(session, about=[])
    asked = {desk.ask() for _ in range(files.MOST_AT_ONCE)}
    desk.work()
    assert desk.state(over) == "gone"
    with desk.db.read() as session:
        found = queries.files_of(session, staff_id=desk.me.staff_id, now=clock.now())
    anew = [each for each in found if each.id not in asked]
    assert [each.state for each in found] == ["ready"] * 5
    assert len(anew) == 2
    assert {each.expires_at for each in anew} < known


def test_a_file_of_the_whole_supplier_is_counted_and_taken_by_who_reads_all_of_it_still(desk: Desk) -> None:
    with desk.db.write() as session:
        top = people.member(session, desk.vault, now=clock.now())
        people.grant(session, top.staff_id, role=StaffRole.AUDITOR, unit="37", now=clock.now())
    high = replace(desk, me=top)
    file_id = high.ask()
    high.work()

    def to_take() -> int:
        with desk.db.read() as session:
            return queries.files_to_take(session, staff_id=top.staff_id, now=clock.now(), limit=5)

    assert to_take() == 1
    with desk.db.write() as session:
        make_unit(session, code="99", name="Another part of the supplier")
    assert (to_take(), high.rows(file_id)) == (0, None)


def test_no_piece_is_written_of_what_is_being_erased(desk: Desk, app_dsn: str) -> None:
    file_id = desk.ask()
    hasty = Database(app_dsn, pool_size=1, hot_pool_size=1, statement_timeout_s=1)
    try:
        with desk.db.write() as session:
            operations.strike_reasons(session, about=[])
            with pytest.raises(Exception, match="timeout"):
                flows.write_file(hasty, vault=desk.vault, file_id=file_id, now=clock.now())
    finally:
        hasty.close()


def test_a_list_that_cannot_be_read_is_put_off_and_left_after_the_fifth_time_while_others_go_on(desk: Desk) -> None:
    def broken(_session: ReadSession, _part: Part) -> Slice:
        msg = "no such column"
        raise LookupError(msg)

    LISTS.fill({**LISTS.get(), "broken": StaffList("broken", StaffPermission.AUDIT_VIEW, ("x",), broken)})
    bad, good = desk.ask("broken", {}), desk.ask()
    desk.work()
    assert (desk.state(bad), desk.state(good)) == ("asked", "ready")
    for _ in range(4):
        with desk.db.write() as session:
            session.sql("update staff_file set due_at = now() where state = 'asked'")
        desk.work()
    assert desk.state(bad) == "failed"


def test_a_longer_list_is_cut_and_says_so(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    cut: dict[UUID, bool] = {}
    for most in (15, ACTS):
        monkeypatch.setattr(files, "MOST_ROWS", most)
        file_id = desk.ask()
        desk.work()
        last = (desk.rows(file_id) or [])[-1]["id"]
        cut[file_id] = last == f"only the first {most} rows: narrow the filters for more"
    assert list(cut.values()) == [True, False]
    with desk.db.read() as session:
        found = queries.files_of(session, staff_id=desk.me.staff_id, now=clock.now())
    assert {each.id: (each.is_cut, each.rows) for each in found} == {
        file_id: (is_cut, 15 if is_cut else ACTS) for file_id, is_cut in cut.items()
    }


def test_more_than_three_at_once_are_refused_and_a_deleted_one_makes_room(desk: Desk) -> None:
    first, *_ = [desk.ask() for _ in range(files.MOST_AT_ONCE)]
    with pytest.raises(FilesMany):
        desk.ask()
    with desk.db.write() as session:
        assert not operations.drop_file(session, file_id=first, staff_id=UUID(int=0), actor=ACTOR)
        assert operations.drop_file(session, file_id=first, staff_id=desk.me.staff_id, actor=ACTOR)
    desk.ask()


def test_the_tasks_write_what_is_asked_for_and_forget_it_when_its_day_is_over(desk: Desk, settings: Settings) -> None:
    file_id = desk.ask()
    SETUP.fill(Setup(settings, desk.vault, None))
    runtime.use(desk.db)
    jobs.write_files()
    jobs.purge_files()
    assert subjects(desk.rows(file_id)) == WHOLE
    with desk.db.write() as session:
        session.sql("update staff_file set expires_at = now() - interval '1 second'")
    assert desk.rows(file_id) is None
    jobs.purge_files()
    with desk.db.read() as session:
        left = session.sql(
            "select (select count(*) from staff_file) + (select count(*) from staff_file_piece)"
        ).scalar_one()
    assert left == 0
    assert timedelta(days=1) == files.KEEP
