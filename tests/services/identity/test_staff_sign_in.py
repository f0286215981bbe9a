"""Staff sign in by password and second factor: each code once, nothing told, and what limits a thief."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import argon2
import pytest
import sqlalchemy as sa

from core.crypto.vault import Vault
from core.db import Database
from services.identity.operations import staff
from services.identity.operations.staff import Held, Refused, SignedIn
from tests.factories import staff as people
from tests.factories.staff import ACTOR, NOON, PASSWORD, STEP, Member, wrong

LATER = NOON + timedelta(hours=1)


@pytest.fixture
def member(database: Database, vault: Vault) -> Member:
    """Somebody who joined at noon."""
    with database.write() as session:
        return people.member(session, vault, name="li.na")


def sign_in(
    database: Database, vault: Vault, name: str, code: str, *, password: str = PASSWORD, **other: object
) -> SignedIn | Refused | Held:
    """Both halves, each in a transaction of its own."""
    now = other.get("now", LATER)
    with database.write() as session:
        ticket = people.begin(session, vault, name, password=password, now=now)  # type: ignore[arg-type] # a moment
    with database.write() as session:
        return people.enter(session, vault, ticket, code, **{**other, "now": now})  # type: ignore[arg-type] # as named


def opens(database: Database, cookie: str, *, at: object = LATER) -> bool:
    with database.write() as session:
        return staff.resolve(session, token=cookie, now=at) is not None  # type: ignore[arg-type] # a moment


def test_name_password_and_code_open_a_session(database: Database, vault: Vault, member: Member) -> None:
    result = sign_in(database, vault, " LI.Na ", member.code(at=LATER))
    assert isinstance(result, SignedIn)
    with database.write() as session:
        online = staff.resolve(session, token=result.token, now=LATER)
    assert online is not None
    assert (online.staff_id, online.name, online.is_fresh) == (member.staff_id, "li.na", True)


def test_a_code_works_once_however_many_use_it_at_the_same_moment(
    database: Database, vault: Vault, member: Member
) -> None:
    code, results = member.code(at=LATER), []
    gate = threading.Barrier(6)

    def try_it() -> None:
        gate.wait(timeout=60)
        results.append(type(sign_in(database, vault, member.name, code)))

    threads = [threading.Thread(target=try_it) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert sorted(each.__name__ for each in results) == ["Refused"] * 5 + ["SignedIn"]
    assert isinstance(sign_in(database, vault, member.name, code, now=LATER + STEP), Refused)


def test_a_recovery_code_stands_in_for_the_authenticator_once(database: Database, vault: Vault, member: Member) -> None:
    first = member.recovery_codes[0].lower().replace("-", " ")
    assert isinstance(sign_in(database, vault, member.name, first), SignedIn)
    assert isinstance(sign_in(database, vault, member.name, first), Refused)
    assert isinstance(sign_in(database, vault, member.name, member.recovery_codes[1]), SignedIn)


def test_new_recovery_codes_replace_the_old(database: Database, vault: Vault, member: Member) -> None:
    with database.write() as session:
        fresh = staff.renew_recovery_codes(session, vault=vault, staff_id=member.staff_id, actor=ACTOR)
    assert isinstance(sign_in(database, vault, member.name, member.recovery_codes[0]), Refused)
    assert isinstance(sign_in(database, vault, member.name, fresh[0]), SignedIn)


@contextmanager
def counted(database: Database, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """What is done while the block runs: every statement, and every hash."""
    done: list[str] = []
    verify = argon2.PasswordHasher.verify

    def noted(self: argon2.PasswordHasher, *given: object) -> object:
        done.append("hash")
        return verify(self, *given)  # type: ignore[arg-type] # passed on as it came

    def note(_c: object, _cursor: object, statement: str, *_: object) -> None:
        done.append(statement)

    monkeypatch.setattr(argon2.PasswordHasher, "verify", noted)
    sa.event.listen(database.engine, "before_cursor_execute", note)
    yield done
    sa.event.remove(database.engine, "before_cursor_execute", note)
    monkeypatch.undo()


def test_nobody_learns_what_was_wrong(
    database: Database, vault: Vault, member: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Unknown, wrong password, wrong code, disabled, never joined: the same answer after the same work."""
    with database.write() as session:
        gone = people.member(session, vault, name="gone")
        staff.disable(session, staff_id=gone.staff_id, actor=ACTOR, now=NOON)
        people.invited(session, name="newcomer")
    right = member.code(at=LATER)
    tries = {
        "unknown": ("nobody", right, PASSWORD),
        "no name at all": ("; drop table staff", right, PASSWORD),
        "wrong password": (member.name, right, "another password"),
        "wrong code": (member.name, wrong(right), PASSWORD),
        "no code": (member.name, "", PASSWORD),
        "disabled": (gone.name, gone.code(at=LATER), PASSWORD),
        "invited": ("newcomer", right, PASSWORD),
    }
    work = {}
    for kind, (name, code, password) in tries.items():
        with counted(database, monkeypatch) as done:
            assert sign_in(database, vault, name, code, password=password) == Refused()
        work[kind] = done
    assert work["unknown"].count("hash") == 1
    assert {kind: done for kind, done in work.items() if done != work["unknown"]} == {}


def test_the_first_half_does_not_tell_whether_the_password_is_right(
    database: Database, vault: Vault, member: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    tickets, work = [], []
    for name, password in ((member.name, PASSWORD), (member.name, "another one"), ("nobody", PASSWORD)):
        with counted(database, monkeypatch) as done, database.write() as session:
            tickets.append(people.begin(session, vault, name, password=password))
        work.append(done)
    assert len({len(ticket) for ticket in tickets}) == 1
    assert work[0] == work[1] == work[2]


def test_wrong_codes_with_the_right_password_make_wait_ever_longer(
    database: Database, vault: Vault, member: Member
) -> None:
    now = LATER
    for _ in range(5):
        assert isinstance(sign_in(database, vault, member.name, "000000", now=now), Refused)
    for wait in (30, 60, 120):
        early = now + timedelta(seconds=wait - 1)
        assert isinstance(sign_in(database, vault, member.name, member.code(at=early), now=early), Refused)
        now = now + timedelta(seconds=wait)
        assert isinstance(sign_in(database, vault, member.name, "000000", now=now), Refused)
    now += timedelta(seconds=240)
    assert isinstance(sign_in(database, vault, member.name, member.code(at=now), now=now), SignedIn)


def test_whoever_knows_a_name_cannot_shut_its_owner_out(database: Database, vault: Vault, member: Member) -> None:
    for _ in range(20):
        sign_in(database, vault, member.name, "000000", password="guessed", address="198.51.100.9")
    assert isinstance(sign_in(database, vault, member.name, member.code(at=LATER)), SignedIn)


def test_a_network_with_too_many_refused_sign_ins_is_held(database: Database, vault: Vault, member: Member) -> None:
    with database.write() as session:
        for _ in range(60):
            assert isinstance(people.enter(session, vault, "", "000000", now=LATER), Refused)
    held = sign_in(database, vault, member.name, member.code(at=LATER))
    assert isinstance(held, Held)
    assert 0 < held.retry_after_s <= 3601
    assert isinstance(sign_in(database, vault, member.name, member.code(at=LATER), address="198.51.100.9"), SignedIn)


def test_a_refused_sign_in_is_kept_with_its_network(database: Database, vault: Vault, member: Member) -> None:
    sign_in(database, vault, member.name, "000000")
    sign_in(database, vault, "nobody", "000000")
    with database.read() as session:
        rows = session.sql(
            "select actor, subject, address from audit where act = 'identity.staff_sign_in_refused' order by id"
        ).all()
    assert [tuple(row) for row in rows] == [
        ("visitor", f"staff:{member.staff_id}", people.ADDRESS),
        ("visitor", "staff:unknown", people.ADDRESS),
    ]


def test_the_first_half_is_good_for_its_browser_its_password_and_five_minutes(
    database: Database, vault: Vault, member: Member
) -> None:
    with database.write() as session:
        ticket = people.begin(session, vault, member.name, now=LATER)
        late = LATER + timedelta(minutes=5)
        assert people.enter(session, vault, ticket, member.code(at=late), now=late) == Refused()
        assert people.enter(session, vault, ticket, member.code(at=LATER), visitor="thief", now=LATER) == Refused()
        assert people.enter(session, vault, ticket[:-8] + "AAAAAAA=", member.code(at=LATER), now=LATER) == Refused()
        assert people.enter(session, vault, "", member.code(at=LATER), now=LATER) == Refused()
        online = staff.resolve(session, token=member.cookie, now=NOON)
        assert online is not None
        staff.change_password(
            session,
            staff_id=member.staff_id,
            session_id=online.session_id,
            current=PASSWORD,
            wanted="quite another sentence",
            names=[],
            actor=ACTOR,
            now=LATER,
        )
        assert people.enter(session, vault, ticket, member.code(at=LATER), now=LATER) == Refused()


def test_each_sign_in_is_a_new_session_and_ends_the_browsers_last(
    database: Database, vault: Vault, member: Member
) -> None:
    first = sign_in(database, vault, member.name, member.code(at=LATER))
    assert isinstance(first, SignedIn)
    second = sign_in(database, vault, member.name, member.code(at=LATER + STEP), previous=first.token, now=LATER + STEP)
    assert isinstance(second, SignedIn)
    assert (opens(database, first.token), opens(database, second.token)) == (False, True)


def test_a_session_ends_after_half_an_hour_without_use_and_after_twelve_hours(
    database: Database, vault: Vault, member: Member
) -> None:
    idle, busy = (sign_in(database, vault, member.name, member.code(at=at), now=at) for at in (LATER, LATER + STEP))
    assert isinstance(idle, SignedIn)
    assert isinstance(busy, SignedIn)
    assert not opens(database, idle.token, at=LATER + timedelta(minutes=30))
    for minutes in range(29, 12 * 60, 29):
        assert opens(database, busy.token, at=LATER + STEP + timedelta(minutes=minutes))
    assert not opens(database, busy.token, at=LATER + STEP + timedelta(hours=12))


def test_disabling_somebody_ends_all_their_sessions_at_once(database: Database, vault: Vault, member: Member) -> None:
    second = sign_in(database, vault, member.name, member.code(at=LATER))
    assert isinstance(second, SignedIn)
    with database.write() as session:
        assert staff.disable(session, staff_id=member.staff_id, actor=ACTOR, now=LATER)
        assert not staff.disable(session, staff_id=member.staff_id, actor=ACTOR, now=LATER)
    assert not opens(database, second.token)
    assert not opens(database, member.cookie, at=NOON)
    with database.write() as session:
        assert staff.enable(session, staff_id=member.staff_id, actor=ACTOR, now=LATER)
    assert not opens(database, second.token), "enabling brings no session back"
    now = LATER + STEP
    assert isinstance(sign_in(database, vault, member.name, member.code(at=now), now=now), SignedIn)


def test_a_fresh_code_lasts_five_minutes_and_leaves_a_stolen_cookie_worthless(
    database: Database, vault: Vault, member: Member
) -> None:
    signed_in = sign_in(database, vault, member.name, member.code(at=LATER))
    assert isinstance(signed_in, SignedIn)
    now = LATER + timedelta(minutes=5)
    with database.write() as session:
        online = staff.resolve(session, token=signed_in.token, now=now)
        assert online is not None
        assert not online.is_fresh
        common = {"vault": vault, "staff_id": member.staff_id, "session_id": online.session_id, "address": "::1"}
        assert staff.step_up(session, **common, code="000000", now=now) == Refused()  # type: ignore[arg-type] # as named
        code = member.code(at=now)
        stepped = staff.step_up(session, **common, code=code, now=now)  # type: ignore[arg-type] # as above
        assert isinstance(stepped, SignedIn)
        assert staff.step_up(session, **common, code=code, now=now) == Refused()  # type: ignore[arg-type] # as above
        fresh = staff.resolve(session, token=stepped.token, now=now)
        assert fresh is not None
        assert fresh.is_fresh
    assert not opens(database, signed_in.token, at=now)


def test_a_hash_of_older_parameters_is_renewed_at_the_next_sign_in(
    database: Database, vault: Vault, member: Member
) -> None:
    weak = argon2.PasswordHasher(time_cost=1, memory_cost=8 * 1024, parallelism=1).hash(PASSWORD)
    with database.write() as session:
        session.sql("update staff set password_hash = :hash where id = :id", hash=weak, id=member.staff_id)
    assert isinstance(sign_in(database, vault, member.name, member.code(at=LATER)), SignedIn)
    with database.read() as session:
        renewed = session.sql("select password_hash from staff where id = :id", id=member.staff_id).scalar_one()
    assert renewed.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
