"""Two persons are two: nobody decides for whom they could be themselves, however they came to be both."""

from dataclasses import dataclass
from typing import Final
from uuid import UUID

import pytest

from core.crypto.vault import Vault
from core.db import Database, WriteSession
from services.accounts.roles import StaffRole
from services.casework import operations, queries
from services.casework.errors import NotApart, NotJoined
from services.casework.operations import STAFF_KINDS, GrantRole, ResetStaff
from services.casework.ports import KINDS
from services.identity.operations import staff
from tests.factories import staff as people
from tests.factories.accounts import make_unit
from tests.factories.staff import ACTOR, NOON, Member, grant

HERE: Final = "3701"


@dataclass
class Desk:
    """Who works at a station of which two administrators came by the command line."""

    session: WriteSession
    vault: Vault
    unit_id: int

    def add(self, role: StaffRole, *, by: Member | None = None, granted_by: Member | None = None) -> Member:
        """Somebody whose address `by` was told, in a role that `granted_by` gave."""
        made = people.member(self.session, self.vault, by=None if by is None else by.staff_id)
        self.give(made, role, granted_by)
        return made

    def give(self, member: Member, role: StaffRole, by: Member | None) -> None:
        grant(self.session, member.staff_id, role=role, unit=HERE, by=None if by is None else by.staff_id)

    def ask(self, by: Member) -> UUID:
        """An open request about somebody who has nothing to do with anybody."""
        about = self.add(StaffRole.AGENT).staff_id
        return operations.ask(
            self.session,
            kind=operations.RESET_PASSWORD.name,
            subject=f"staff:{about}",
            unit_id=self.unit_id,
            payload=ResetStaff(staff_id=about),
            reason="Forgot it.",
            by=by.staff_id,
            actor=ACTOR,
            now=NOON,
        )

    def approve(self, request_id: UUID, by: Member) -> None:
        operations.approve(
            self.session, request_id=request_id, by=by.staff_id, proved_at=NOON, why="", actor=ACTOR, now=NOON
        )

    def may(self, asks: Member, decides: Member) -> bool:
        """Whether the one decides what the other asks; the list, the page and the decision say the same."""
        request_id = self.ask(asks)
        listed = queries.to_decide(self.session, by=decides.staff_id, now=NOON, limit=99).requests
        view = queries.request(self.session, request_id=request_id, seen_by=decides.staff_id, now=NOON)
        assert view is not None
        is_listed = request_id in {each.id for each in listed}
        assert (view.may_decide, view.is_bound) == (is_listed, not is_listed)
        if is_listed:
            self.approve(request_id, decides)
            return True
        with pytest.raises(NotApart):
            self.approve(request_id, decides)
        with pytest.raises(NotApart):
            operations.refuse(
                self.session, request_id=request_id, by=decides.staff_id, why="No.", actor=ACTOR, now=NOON
            )
        return False


@pytest.fixture
def station(database: Database) -> int:
    KINDS.fill({kind.name: kind for kind in STAFF_KINDS})
    with database.write() as session:
        return make_unit(session, code=HERE)


def test_nobody_decides_for_those_whose_address_they_were_told_nor_the_other_way_round(
    database: Database, vault: Vault, station: int
) -> None:
    with database.write() as session:
        desk = Desk(session, vault, station)
        first, second = desk.add(StaffRole.ADMIN), desk.add(StaffRole.ADMIN)
        made = desk.add(StaffRole.MANAGER, by=first)
        puppets = desk.add(StaffRole.MANAGER, by=made)
        third = desk.add(StaffRole.MANAGER, by=second)
        assert (desk.may(first, second), desk.may(second, first)) == (True, True), "the two of the command line"
        for one, other in ((first, made), (made, puppets), (first, puppets)):
            assert (desk.may(one, other), desk.may(other, one)) == (False, False)
        for apart in (second, third):
            assert (desk.may(apart, puppets), desk.may(puppets, apart)) == (True, True)


def test_whoever_was_given_the_right_to_decide_does_not_decide_for_the_giver(
    database: Database, vault: Vault, station: int
) -> None:
    with database.write() as session:
        desk = Desk(session, vault, station)
        giver, another = desk.add(StaffRole.ADMIN), desk.add(StaffRole.ADMIN)
        given = desk.add(StaffRole.MANAGER, granted_by=giver)
        onwards = desk.add(StaffRole.MANAGER, granted_by=given)
        assert (desk.may(giver, given), desk.may(giver, onwards)) == (False, False)
        assert (desk.may(given, giver), desk.may(another, onwards)) == (True, True)
        helper = desk.add(StaffRole.MANAGER)
        desk.give(helper, StaffRole.AGENT, giver)
        assert desk.may(giver, helper), "what decides nothing binds nobody"


def test_whoever_was_told_the_address_of_a_reset_does_not_decide_with_its_owner_until_the_command_line_makes_another(
    database: Database, vault: Vault, station: int
) -> None:
    with database.write() as session:
        desk = Desk(session, vault, station)
        asks, told, lost = (desk.add(StaffRole.ADMIN) for _ in range(3))
        request_id = operations.ask(
            session,
            kind=operations.RESET_SECOND_FACTOR.name,
            subject=f"staff:{lost.staff_id}",
            unit_id=station,
            payload=ResetStaff(staff_id=lost.staff_id),
            reason="Lost it.",
            by=asks.staff_id,
            actor=ACTOR,
            now=NOON,
        )
        outcome = operations.approve(
            session, request_id=request_id, by=told.staff_id, proved_at=NOON, why="", actor=ACTOR, now=NOON
        )
        assert outcome.told_once is not None
        people.join(session, vault, staff.Invited(lost.staff_id, outcome.told_once, NOON))
        assert (desk.may(told, lost), desk.may(lost, told), desk.may(asks, lost)) == (False, False, True)
        people.join(session, vault, staff.reset_all(session, staff_id=lost.staff_id, actor=ACTOR, now=NOON))
        assert (desk.may(told, lost), desk.may(lost, told)) == (True, True)


def test_a_role_that_decides_is_approved_for_whoever_has_joined_alone(
    database: Database, vault: Vault, station: int
) -> None:
    with database.write() as session:
        desk = Desk(session, vault, station)
        asks, decides = desk.add(StaffRole.ADMIN), desk.add(StaffRole.ADMIN)
        newcomer = people.invited(session, by=asks.staff_id)
        request_id = operations.ask(
            session,
            kind=operations.GRANT_ROLE.name,
            subject=f"staff:{newcomer.staff_id}:finance:{HERE}",
            unit_id=station,
            payload=GrantRole(staff_id=newcomer.staff_id, role=StaffRole.FINANCE, unit_code=HERE, valid_to=None),
            reason="Books.",
            by=asks.staff_id,
            actor=ACTOR,
            now=NOON,
        )
        with pytest.raises(NotJoined), session.begin_nested():
            desk.approve(request_id, decides)
        people.join(session, vault, newcomer)
        desk.approve(request_id, decides)
