"""What takes two persons: one asks, another who may decides, and it is done with the decision or not at all."""

import threading
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa

from core.crypto.vault import Vault
from core.db import Database, ReadSession, WriteSession
from core.money import Money
from services.accounts.errors import GrantBeyondOwn, UnitUnknown
from services.accounts.queries import staffing
from services.accounts.roles import StaffPermission, StaffRole
from services.casework import operations, queries, rules
from services.casework.errors import (
    OwnRequest,
    ReasonMissing,
    RequesterLost,
    RequestOpen,
    RequestOver,
    RequestUnknown,
)
from services.casework.models import RequestState
from services.casework.operations import STAFF_KINDS, GrantRole, ResetStaff
from services.casework.ports import KINDS
from services.casework.rules import Event
from services.identity.operations import staff
from tests.factories import staff as people
from tests.factories.accounts import make_unit
from tests.factories.staff import ACTOR, NOON, Member, grant

LATE: Final = NOON + timedelta(hours=72)


@pytest.fixture(autouse=True)
def kinds() -> None:
    """Those about staff."""
    KINDS.fill({kind.name: kind for kind in STAFF_KINDS})


@pytest.fixture
def unit(database: Database) -> int:
    with database.write() as session:
        make_unit(session, code="37")
        make_unit(session, code="3702", parent="37", kind="city")
        return make_unit(session, code="3701", parent="37", kind="city")


@pytest.fixture
def team(database: Database, vault: Vault, unit: int) -> dict[str, Member]:
    """Two administrators and a manager of one city, an administrator of another, and somebody new."""
    assert unit
    wanted = {
        "asks": (StaffRole.ADMIN, "3701"),
        "decides": (StaffRole.ADMIN, "3701"),
        "manages": (StaffRole.MANAGER, "3701"),
        "far": (StaffRole.ADMIN, "3702"),
        "agent": (StaffRole.AGENT, "3701"),
    }
    with database.write() as session:
        made = {name: people.member(session, vault, name=name) for name in wanted}
        for name, (role, where) in wanted.items():
            grant(session, made[name].staff_id, role=role, unit=where)
    return made


def ask(session: WriteSession, team: dict[str, Member], unit: int, *, by: str = "asks", now: datetime = NOON) -> UUID:
    """Ask that the agent become an administrator."""
    payload = GrantRole(staff_id=team["agent"].staff_id, role=StaffRole.ADMIN, unit_code="3701", valid_to=None)
    return operations.ask(
        session,
        kind="staff.grant_role",
        subject=f"staff:{team['agent'].staff_id}:admin:3701",
        unit_id=unit,
        payload=payload,
        reason="  She takes over from Wu. ",
        by=team[by].staff_id,
        actor=ACTOR,
        now=now,
    )


def approve(
    session: WriteSession, team: dict[str, Member], request_id: UUID, *, by: str = "decides", now: datetime = NOON
) -> str | None:
    outcome = operations.approve(
        session, request_id=request_id, by=team[by].staff_id, proved_at=now, why="", actor=ACTOR, now=now
    )
    return outcome.told_once


def may_all(session: WriteSession, member: Member) -> bool:
    held = staffing.staff_permissions(session, staff_id=member.staff_id, now=NOON)
    return StaffPermission.HEALTH_VIEW in held.somewhere


def state(session: WriteSession, request_id: UUID, seen_by: Member, *, now: datetime = NOON) -> str:
    found = queries.request(session, request_id=request_id, seen_by=seen_by.staff_id, now=now)
    assert found is not None
    return found.state


def test_what_was_asked_is_done_when_another_approves(database: Database, team: dict[str, Member], unit: int) -> None:
    with database.write() as session:
        request_id = ask(session, team, unit)
        assert not may_all(session, team["agent"])
        approve(session, team, request_id)
        assert may_all(session, team["agent"])
        assert state(session, request_id, team["asks"]) == "approved"
        (granted, *_) = staffing.staff_grants(session, staff_id=team["agent"].staff_id, seen_by=None, now=NOON)
        assert granted.granted_by == team["asks"].staff_id
    with database.read() as session:
        acts = session.sql("select act from audit where act like 'casework.%' order by id").scalars().all()
    assert acts == ["casework.asked", "casework.approved"]


def test_nobody_decides_about_their_own_request_and_the_database_says_so_too(
    database: Database, team: dict[str, Member], unit: int
) -> None:
    with database.write() as session:
        request_id = ask(session, team, unit)
        with pytest.raises(OwnRequest):
            approve(session, team, request_id, by="asks")
    with pytest.raises(sa.exc.IntegrityError, match="second_person"), database.write() as session:
        session.sql(
            """update approval_request set state = 'approved', decided_by = requested_by, decided_at = now(),
                 decision_proved_at = now()"""
        )
    with pytest.raises(sa.exc.IntegrityError, match="proved"), database.write() as session:
        session.sql(
            "update approval_request set state = 'approved', decided_by = :by, decided_at = now()",
            by=team["decides"].staff_id,
        )


def test_who_may_not_decide_there_does_not_find_the_request(
    database: Database, team: dict[str, Member], unit: int
) -> None:
    with database.write() as session:
        request_id = ask(session, team, unit)
        for name in ("far", "agent"):
            with pytest.raises(RequestUnknown):
                approve(session, team, request_id, by=name)
            assert queries.to_decide(session, by=team[name].staff_id, now=NOON, limit=9).requests == ()
            seen = queries.request(session, request_id=request_id, seen_by=team[name].staff_id, now=NOON)
            assert seen is None
        assert [
            each.id for each in queries.to_decide(session, by=team["decides"].staff_id, now=NOON, limit=9).requests
        ] == [request_id]
        assert queries.to_decide(session, by=team["asks"].staff_id, now=NOON, limit=9).requests == ()
        mine = queries.asked_by(session, by=team["asks"].staff_id, now=NOON, before=None, limit=9)
        assert [(each.requester, each.reason) for each in mine] == [("Staff asks", "She takes over from Wu.")]


def test_whoever_moved_reads_of_their_old_requests_that_they_were_theirs_and_how_they_ended(
    database: Database, team: dict[str, Member], unit: int
) -> None:
    with database.write() as session:
        request_id = ask(session, team, unit)
        operations.refuse(
            session, request_id=request_id, by=team["decides"].staff_id, why="Not Wu.", actor=ACTOR, now=NOON
        )
        for name, listed in (("asks", queries.asked_by), ("decides", queries.decided)):
            mover = team[name].staff_id
            before = queries.request(session, request_id=request_id, seen_by=mover, now=NOON)
            assert before is not None
            assert (before.is_bare, before.reason) == (False, "She takes over from Wu.")
            session.sql(
                "update staff_grant set revoked_at = :now, revoked_by = :far where staff_id = :id",
                now=NOON,
                far=team["far"].staff_id,
                id=mover,
            )
            grant(session, mover, role=StaffRole.ADMIN, unit="3702")
            one = queries.request(session, request_id=request_id, seen_by=mover, now=NOON)
            [same] = listed(session, by=mover, now=NOON, before=None, limit=9)
            assert one == same
            assert (same.state, same.is_bare, same.requested_at) == ("refused", True, NOON)
            told = (same.subject, same.unit_name, same.payload, same.reason, same.requester, same.decider)
            assert (*told, same.decided_why) == ("", "", None, "", "", None, None)


def test_a_page_of_what_waits_looks_at_so_many_requests_and_the_next_goes_on_behind_them(
    database: Database, team: dict[str, Member], unit: int
) -> None:
    looked_at: list[UUID] = []
    asked = [uuid4() for _ in range(queries.MOST_ROUNDS + 1)]

    def may_touch(_session: ReadSession, payload: ResetStaff, _staff_id: UUID, _now: datetime) -> bool:
        looked_at.append(payload.staff_id)
        return payload.staff_id == asked[-1]

    KINDS.fill({operations.RESET_PASSWORD.name: replace(operations.RESET_PASSWORD, may_touch=may_touch)})
    with database.write() as session:
        for each in asked:
            operations.ask(
                session,
                kind=operations.RESET_PASSWORD.name,
                subject=f"staff:{each}",
                unit_id=unit,
                payload=ResetStaff(staff_id=each),
                reason="Forgot it.",
                by=team["asks"].staff_id,
                actor=ACTOR,
                now=NOON,
            )
        by = team["decides"].staff_id
        first = queries.to_decide(session, by=by, now=NOON, limit=1)
        assert (first.requests, looked_at) == ((), asked[:-1])
        second = queries.to_decide(session, by=by, now=NOON, limit=1, behind=first.behind)
    assert [each.payload for each in second.requests] == [ResetStaff(staff_id=asked[-1])]
    assert second.behind is None


def test_nobody_asks_for_what_they_may_not_ask_for_there(
    database: Database, team: dict[str, Member], unit: int
) -> None:
    with database.write() as session:
        for name in ("far", "agent"):
            with pytest.raises(UnitUnknown):
                ask(session, team, unit, by=name)


def test_a_decider_grants_no_more_than_they_hold_and_the_approval_is_undone(
    database: Database, team: dict[str, Member], unit: int
) -> None:
    with database.write() as session:
        request_id = ask(session, team, unit)
    with pytest.raises(GrantBeyondOwn), database.write() as session:
        approve(session, team, request_id, by="manages")
    with database.write() as session:
        assert state(session, request_id, team["asks"]) == "requested"
        assert not may_all(session, team["agent"])


def test_what_was_asked_by_somebody_who_may_not_any_more_is_not_done(
    database: Database, team: dict[str, Member], unit: int
) -> None:
    with database.write() as session:
        request_id = ask(session, team, unit)
        staff.disable(session, staff_id=team["asks"].staff_id, actor=ACTOR, now=NOON)
        with pytest.raises(RequesterLost):
            approve(session, team, request_id)
        operations.refuse(
            session, request_id=request_id, by=team["decides"].staff_id, why="They left.", actor=ACTOR, now=NOON
        )


def test_a_decision_is_final(database: Database, team: dict[str, Member], unit: int) -> None:
    decider = team["decides"].staff_id
    with database.write() as session:
        request_id = ask(session, team, unit)
        with pytest.raises(ReasonMissing):
            operations.refuse(session, request_id=request_id, by=decider, why=" ", actor=ACTOR, now=NOON)
        operations.refuse(session, request_id=request_id, by=decider, why="Not yet.", actor=ACTOR, now=NOON)
        with pytest.raises(RequestOver):
            approve(session, team, request_id)
        with pytest.raises(RequestOver):
            operations.withdraw(session, request_id=request_id, by=team["asks"].staff_id, actor=ACTOR, now=NOON)


def test_only_who_asked_takes_it_back(database: Database, team: dict[str, Member], unit: int) -> None:
    with database.write() as session:
        request_id = ask(session, team, unit)
        with pytest.raises(RequestUnknown):
            operations.withdraw(session, request_id=request_id, by=team["decides"].staff_id, actor=ACTOR, now=NOON)
        operations.withdraw(session, request_id=request_id, by=team["asks"].staff_id, actor=ACTOR, now=NOON)
        with pytest.raises(RequestOver):
            approve(session, team, request_id)


def test_a_request_that_nobody_decides_is_over_whether_or_not_a_job_came_by(
    database: Database, team: dict[str, Member], unit: int
) -> None:
    with database.write() as session:
        request_id = ask(session, team, unit)
        assert state(session, request_id, team["asks"], now=LATE) == "expired"
        assert queries.to_decide(session, by=team["decides"].staff_id, now=LATE, limit=9).requests == ()
        with pytest.raises(RequestOver):
            approve(session, team, request_id, now=LATE)
        assert ask(session, team, unit, now=LATE) != request_id
        assert operations.expire_old(session, now=LATE) == 0
        assert operations.expire_old(session, now=LATE + timedelta(hours=72)) == 1


def test_the_same_is_asked_for_once(database: Database, team: dict[str, Member], unit: int) -> None:
    with database.write() as session:
        ask(session, team, unit)
        with pytest.raises(RequestOpen):
            ask(session, team, unit, by="manages")


def test_of_two_who_approve_at_the_same_moment_one_does_it(
    database: Database, vault: Vault, team: dict[str, Member], unit: int
) -> None:
    with database.write() as session:
        third = people.member(session, vault, name="third")
        grant(session, third.staff_id, role=StaffRole.ADMIN, unit="3701")
        team["third"] = third
        request_id = ask(session, team, unit)
    gate, told = threading.Barrier(2), []

    def decide(by: str) -> None:
        gate.wait(timeout=60)
        try:
            with database.write() as session:
                approve(session, team, request_id, by=by)
            told.append("approved")
        except RequestOver:
            told.append("over")

    threads = [threading.Thread(target=decide, args=(name,)) for name in ("decides", "third")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert sorted(told) == ["approved", "over"]


def test_a_second_factor_is_reset_by_two_and_its_invitation_told_once(
    database: Database, team: dict[str, Member], unit: int
) -> None:
    with database.write() as session:
        request_id = operations.ask(
            session,
            kind="staff.reset_second_factor",
            subject=f"staff:{team['agent'].staff_id}",
            unit_id=unit,
            payload=ResetStaff(staff_id=team["agent"].staff_id),
            reason="Lost her telephone.",
            by=team["manages"].staff_id,
            actor=ACTOR,
            now=NOON,
        )
        assert staff.resolve(session, token=team["agent"].cookie, now=NOON) is not None
        token = approve(session, team, request_id)
        assert staff.resolve(session, token=team["agent"].cookie, now=NOON) is None
    assert token is not None
    with database.read() as session:
        rows = session.sql("select to_jsonb(r)::text from approval_request r").scalars().all()
        logged = session.sql("select coalesce(before::text, '') || coalesce(after::text, '') from audit").scalars()
        assert token not in "".join([*rows, *logged])


def test_small_amounts_need_no_second_person_and_everything_else_does() -> None:
    def needs(amount: Money | None, most: int | None) -> bool:
        return rules.needs_second_person(amount, alone_up_to_minor=most)

    assert [needs(Money(minor, "CNY"), 100) for minor in (0, 100, 101)] == [False, False, True]
    assert needs(None, 100)
    assert needs(Money(1, "CNY"), None)


@pytest.mark.parametrize("state", list(RequestState))
@pytest.mark.parametrize("event", list(Event))
def test_only_an_open_request_goes_on(state: RequestState, event: Event) -> None:
    following = rules.next_state(state, event, expires_at=LATE, now=NOON)
    assert (following is not None) == (state is RequestState.REQUESTED)
