"""What staff may do where: one decision, and nobody gives more than they hold."""

from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from core.audit import Actor
from core.crypto.vault import Vault
from core.db import Database, WriteSession
from services.accounts import operations
from services.accounts.errors import GrantBeyondOwn, GrantHeld, GrantToOneself, GrantUnknown, UnitUnknown
from services.accounts.queries import staffing
from services.accounts.queries.staffing import AuditFilter, StaffRow
from services.accounts.roles import ROLES, StaffPermission, StaffRole
from services.identity.operations import staff
from tests.factories import staff as people
from tests.factories.accounts import make_account, make_unit, make_user
from tests.factories.staff import ACTOR, NOON, Member, grant

P = StaffPermission
UNITS = (("37", None), ("3701", "37"), ("370101", "3701"), ("3702", "37"), ("37010", "37"))


@pytest.fixture
def units(database: Database) -> dict[str, int]:
    """A province, two cities, a station, and a city whose code begins like another's."""
    with database.write() as session:
        return {code: make_unit(session, code=code, parent=parent, kind="city") for code, parent in UNITS}


@pytest.fixture
def li(database: Database, vault: Vault, units: dict[str, int]) -> Member:
    """Manages the city 3701."""
    assert "3701" in units
    with database.write() as session:
        made = people.member(session, vault, name="li")
        grant(session, made.staff_id, role=StaffRole.MANAGER, unit="3701")
    return made


@pytest.fixture
def wu(database: Database, vault: Vault, units: dict[str, int]) -> Member:
    """Has nothing yet."""
    assert units
    with database.write() as session:
        return people.member(session, vault, name="wu")


def where(session: WriteSession, member: Member, permission: StaffPermission, *, at: datetime = NOON) -> list[str]:
    found = staffing.staff_units(session, staff_id=member.staff_id, permission=permission, now=at, limit=99)
    return [unit.code for unit in found]


def test_the_database_allows_what_the_list_of_roles_says(database: Database) -> None:
    with database.read() as session:
        rows = session.sql("select role, permission from staff_role_permission").all()
        roles = set(session.sql("select code from staff_role").scalars())
    assert roles == set(StaffRole)
    assert {(row.role, row.permission) for row in rows} == {
        (role.value, permission.value) for role, permissions in ROLES.items() for permission in permissions
    }


def test_a_grant_holds_in_its_unit_and_below_and_nowhere_else(database: Database, li: Member) -> None:
    with database.write() as session:
        assert where(session, li, P.STAFF_MANAGE) == ["3701", "370101"]
        assert where(session, li, P.HEALTH_VIEW) == []


def test_a_grant_holds_between_its_dates_and_until_it_is_revoked(database: Database, li: Member, wu: Member) -> None:
    begin, end = NOON + timedelta(days=1), NOON + timedelta(days=3)
    with database.write() as session:
        grant_id = grant(session, wu.staff_id, role=StaffRole.AGENT, unit="3701", valid_from=begin, valid_to=end)
        seen = [
            bool(where(session, wu, P.ACCOUNTS_VIEW, at=at))
            for at in (begin - timedelta(seconds=1), begin, end - timedelta(seconds=1), end)
        ]
        assert seen == [False, True, True, False]
        operations.revoke_role(session, staff_id=wu.staff_id, grant_id=grant_id, by=li.staff_id, actor=ACTOR, now=NOON)
        assert where(session, wu, P.ACCOUNTS_VIEW, at=begin) == []


def test_a_disabled_member_may_nothing_whatever_the_grants_say(database: Database, li: Member) -> None:
    with database.write() as session:
        staff.disable(session, staff_id=li.staff_id, actor=ACTOR, now=NOON)
        assert where(session, li, P.STAFF_MANAGE) == []
        held = staffing.staff_permissions(session, staff_id=li.staff_id, now=NOON)
        assert held.somewhere == held.everywhere == frozenset()


def test_everywhere_means_in_every_unit(database: Database, li: Member, wu: Member) -> None:
    with database.write() as session:
        grant(session, wu.staff_id, role=StaffRole.AUDITOR, unit="37")
        assert [
            staffing.staff_holds_everywhere(session, staff_id=each.staff_id, permission=P.AUDIT_VIEW, now=NOON)
            for each in (li, wu)
        ] == [False, True]
        held = [staffing.staff_permissions(session, staff_id=each.staff_id, now=NOON) for each in (li, wu)]
        assert [P.AUDIT_VIEW in each.somewhere for each in held] == [True, True]
        assert [P.AUDIT_VIEW in each.everywhere for each in held] == [False, True]


@pytest.mark.parametrize(
    ("role", "unit", "refusal"),
    [
        (StaffRole.AGENT, "3702", UnitUnknown),
        (StaffRole.AGENT, "37", UnitUnknown),
        (StaffRole.AGENT, "no-such", UnitUnknown),
        (StaffRole.ADMIN, "3701", GrantBeyondOwn),
    ],
)
def test_nobody_grants_elsewhere_nor_more_than_they_hold(
    database: Database, li: Member, wu: Member, role: StaffRole, unit: str, refusal: type[Exception]
) -> None:
    with database.write() as session:
        with pytest.raises(refusal):
            grant(session, wu.staff_id, role=role, unit=unit, by=li.staff_id)
        grant(session, wu.staff_id, role=StaffRole.MANAGER, unit="370101", by=li.staff_id)


def test_nobody_grants_for_longer_than_they_hold(database: Database, vault: Vault, wu: Member) -> None:
    """Otherwise a deputy for a week leaves an accomplice behind for ever."""
    end = NOON + timedelta(days=7)
    with database.write() as session:
        deputy = people.member(session, vault, name="deputy")
        grant(session, deputy.staff_id, role=StaffRole.MANAGER, unit="3701", valid_to=end)
        for valid_to in (None, end + timedelta(seconds=1)):
            with pytest.raises(GrantBeyondOwn):
                grant(session, wu.staff_id, role=StaffRole.AGENT, unit="3701", by=deputy.staff_id, valid_to=valid_to)
        grant(session, wu.staff_id, role=StaffRole.AGENT, unit="3701", by=deputy.staff_id, valid_to=end)


def test_nobody_grants_to_themselves_and_the_database_says_so_too(database: Database, li: Member) -> None:
    with database.write() as session, pytest.raises(GrantToOneself):
        grant(session, li.staff_id, role=StaffRole.AGENT, unit="3701", by=li.staff_id)
    with pytest.raises(sa.exc.IntegrityError, match="ck_staff_grant_not_oneself"), database.write() as session:
        session.sql(
            """insert into staff_grant (id, staff_id, role, unit_id, valid_from, granted_by, granted_at)
               select gen_random_uuid(), :id, 'admin', id, now(), :id, now() from unit where code = '37'""",
            id=li.staff_id,
        )


def test_a_role_is_held_once_in_a_unit(database: Database, li: Member, wu: Member) -> None:
    with database.write() as session:
        grant(session, wu.staff_id, role=StaffRole.AGENT, unit="3701", by=li.staff_id)
        with pytest.raises(GrantHeld):
            grant(session, wu.staff_id, role=StaffRole.AGENT, unit="3701", by=li.staff_id)


def test_nobody_takes_what_they_could_not_give(database: Database, li: Member, wu: Member) -> None:
    with database.write() as session:
        admin = grant(session, wu.staff_id, role=StaffRole.ADMIN, unit="370101")
        far = grant(session, wu.staff_id, role=StaffRole.AGENT, unit="3702")
        own = staffing.staff_grants(session, staff_id=li.staff_id, seen_by=None, now=NOON)[0].id
        for whose, grant_id, refusal in (
            (wu, admin, GrantBeyondOwn),
            (wu, far, GrantUnknown),
            (wu, own, GrantUnknown),
            (li, own, GrantToOneself),
        ):
            with pytest.raises(refusal):
                operations.revoke_role(
                    session, staff_id=whose.staff_id, grant_id=grant_id, by=li.staff_id, actor=ACTOR, now=NOON
                )


def test_whoever_holds_more_elsewhere_is_managed_by_nobody_here(database: Database, li: Member, wu: Member) -> None:
    """A station's manager cannot lock the province's administrator out."""
    with database.write() as session:
        grant(session, wu.staff_id, role=StaffRole.AGENT, unit="370101")
        assert staffing.may_manage(session, staff_id=wu.staff_id, by=li.staff_id, now=NOON)
        grant(session, wu.staff_id, role=StaffRole.AGENT, unit="3702")
        assert not staffing.may_manage(session, staff_id=wu.staff_id, by=li.staff_id, now=NOON)
        assert not staffing.may_manage(session, staff_id=li.staff_id, by=li.staff_id, now=NOON)
        with pytest.raises(GrantBeyondOwn):
            operations.check_manages(session, staff_id=wu.staff_id, by=li.staff_id, now=NOON)


def test_a_list_of_staff_shows_those_of_the_readers_units_with_what_they_hold_there(
    database: Database, vault: Vault, li: Member, wu: Member
) -> None:
    with database.write() as session:
        grant(session, wu.staff_id, role=StaffRole.AGENT, unit="370101")
        grant(session, wu.staff_id, role=StaffRole.FINANCE, unit="3702")
        far = people.member(session, vault, name="far")
        grant(session, far.staff_id, role=StaffRole.AGENT, unit="3702")

        def names(**other: str) -> list[tuple[str, list[str]]]:
            asked = {"part": "", "state": "", "after": "", **other}
            rows = staffing.staff_page(session, seen_by=li.staff_id, limit=9, now=NOON, **asked)
            return [(row.name, row.roles) for row in rows]

        assert names() == [("li", ["manager"]), ("wu", ["agent"])]
        assert names(after="li") == [("wu", ["agent"])]
        assert names(part="STAFF W") == [("wu", ["agent"])]
        assert names(state="disabled") == []
        assert staffing.staff_is_seen(session, staff_id=wu.staff_id, seen_by=li.staff_id, now=NOON)
        assert not staffing.staff_is_seen(session, staff_id=far.staff_id, seen_by=li.staff_id, now=NOON)
        seen = staffing.staff_grants(session, staff_id=wu.staff_id, seen_by=li.staff_id, now=NOON)
        assert [each.unit.code for each in seen] == ["370101"]


def test_whoever_went_to_another_unit_was_here_until_then_and_how_they_stand_is_not_told(
    database: Database, li: Member, wu: Member
) -> None:
    gone = NOON - timedelta(days=2)
    with database.write() as session:
        session.sql("update staff set signed_in_at = :now where id = :id", now=NOON, id=wu.staff_id)
        grant(session, wu.staff_id, role=StaffRole.FINANCE, unit="3702")
        before = gone - timedelta(days=10)
        for role, until in ((StaffRole.AUDITOR, gone - timedelta(days=9)), (StaffRole.AGENT, gone)):
            grant(session, wu.staff_id, role=role, unit="370101", valid_to=until, now=before)

        def rows(state: str = "") -> list[StaffRow]:
            return staffing.staff_page(
                session, seen_by=li.staff_id, part="", state=state, after="li", limit=9, now=NOON
            )

        [row] = rows()
        assert (row.state, row.signed_in_at, row.roles, row.units, row.left_at) == (None, None, [], [], gone)
        assert rows("active") == [], "nor is it found by how they stand"
        seen = staffing.staff_grants(session, staff_id=wu.staff_id, seen_by=li.staff_id, now=NOON)
        assert staffing.left_at(seen, now=NOON) == gone
        session.sql(
            "update staff_grant set valid_to = :later where valid_to = :gone", later=NOON + timedelta(days=1), gone=gone
        )
        [row] = rows("active")
        assert (row.state, row.signed_in_at, row.left_at) == ("active", NOON, None)
        seen = staffing.staff_grants(session, staff_id=wu.staff_id, seen_by=li.staff_id, now=NOON)
        assert staffing.left_at(seen, now=NOON) is None


def test_the_audit_log_is_read_by_area(
    database: Database, vault: Vault, units: dict[str, int], li: Member, wu: Member
) -> None:
    with database.write() as session:
        grant(session, wu.staff_id, role=StaffRole.AUDITOR, unit="37")
        for number, unit in ((1, "370101"), (2, "3702")):
            account = make_account(session, vault, account_no=f"70000000{number:02}", unit_id=units[unit])
            operations.grant_access(
                session,
                user_id=make_user(session, vault, phone=f"+861390000{number:04}"),
                account_id=account.id,
                role=operations.Role.OWNER,
                actor=Actor("user:x"),
                now=NOON,
            )

    def acts(reader: Member, **wanted: object) -> list[tuple[str, str | None]]:
        with database.read() as session:
            page = staffing.audit_page(
                session,
                seen_by=reader.staff_id,
                sees_all=StaffPermission.AUDIT_VIEW
                in staffing.staff_permissions(session, staff_id=reader.staff_id, now=NOON).everywhere,
                wanted=AuditFilter(**wanted),  # type: ignore[arg-type] # named fields
                before_id=None,
                limit=99,
                now=NOON,
            )
        return [(entry.act, entry.unit) for entry in page]

    assert set(acts(li)) == {("accounts.grant", "某省电力"), ("accounts.staff_granted", "某省电力")}
    assert [act for act, _ in acts(li, act="accounts.grant")] == ["accounts.grant"]
    everything = acts(wu)
    assert len([act for act, _ in everything if act == "accounts.grant"]) == 2
    assert ("identity.staff_joined", None) in everything, "acts without a unit are for who may read all"
    assert acts(wu, actor="nobody") == []
    assert acts(wu, since=datetime(2100, 1, 1, tzinfo=UTC)) == []
    assert acts(wu, until=datetime(2000, 1, 1, tzinfo=UTC)) == []
    assert len(acts(wu, subjects=(f"staff:{li.staff_id}",))) == 3
