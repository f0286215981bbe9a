"""`wattline staff`, run as a program, and the invitation that the demo's administrator finds."""

import json
import os
from pathlib import Path

import pytest

from app import house
from app.house import PROFILES, House, Profile
from core import clock
from core.config import Settings
from core.crypto.vault import Vault
from core.db import Database
from services.accounts.queries import staffing
from services.accounts.roles import StaffPermission
from services.identity import queries
from services.identity.operations.staff import Invited
from services.identity.queries import Invitation
from tests.factories import staff as people
from tests.factories.accounts import make_unit
from tests.support.processes import environment_of, wattline


@pytest.fixture
def environment(settings: Settings) -> dict[str, str]:
    return environment_of(settings)


def invitation(database: Database, vault: Vault, address: str) -> Invitation | None:
    """What an address invites to."""
    with database.read() as session:
        token = address.rsplit("/", 1)[-1]
        return queries.invitation(session, vault=vault, token=token, issuer="x", now=clock.now())


def test_the_first_member_of_staff_is_added_at_the_server(
    environment: dict[str, str], database: Database, vault: Vault
) -> None:
    with database.write() as session:
        make_unit(session, code="37")
        unit_id = make_unit(session, code="3701", parent="37", kind="city")
    done = wattline(environment, "staff", "add", "Chen.Jie", "--role", "admin", "--unit", "37", "--json")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["invitation"].startswith("http://testserver/staff/invitations/")
    found = invitation(database, vault, told["invitation"])
    assert found is not None
    assert (found.name, found.purpose) == ("chen.jie", "join")
    with database.write() as session:
        people.join(
            session,
            vault,
            Invited(found.staff_id, told["invitation"].rsplit("/", 1)[-1], found.expires_at),
            now=clock.now(),
        )
        assert staffing.staff_may(
            session, staff_id=found.staff_id, permission=StaffPermission.STAFF_APPROVE, unit_id=unit_id, now=clock.now()
        )
        actors = session.sql("select distinct split_part(actor, ':', 1) from audit where act like '%invited'").scalars()
        assert list(actors) == ["operator"]


def test_what_cannot_be_added_is_said_and_nothing_is_left(environment: dict[str, str], database: Database) -> None:
    with database.write() as session:
        make_unit(session, code="37")
        people.invited(session, name="taken")
    for arguments, code in (
        (("taken", "--role", "agent", "--unit", "37"), "staff_name_taken"),
        (("new", "--role", "agent", "--unit", "nowhere"), "unit_unknown"),
        (("x", "--role", "agent", "--unit", "37"), "staff_name_invalid"),
    ):
        done = wattline(environment, "staff", "add", *arguments)
        assert (done.returncode, done.stdout) == (2, "")
        assert done.stderr.startswith(f"{code}: ")
    with database.read() as session:
        assert session.sql("select count(*) from staff").scalar_one() == 1


def test_whoever_lost_everything_is_invited_anew_at_the_server(
    environment: dict[str, str], database: Database, vault: Vault
) -> None:
    with database.write() as session:
        member = people.member(session, vault, name="wu")
    done = wattline(environment, "staff", "reset", "wu")
    assert done.returncode == 0, done.stderr
    address, until = done.stdout.splitlines()
    found = invitation(database, vault, address)
    assert found is not None
    assert (found.staff_id, found.purpose) == (member.staff_id, "join")
    assert until.startswith("It works once, until ")
    assert wattline(environment, "staff", "reset", "nobody").returncode == 2


def test_a_newcomer_finds_the_mini_programs_appid_and_how_to_sign_in_to_the_demos_console(
    environment: dict[str, str],
    database: Database,
    vault: Vault,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "run").mkdir()
    apps = [{"kind": kind, "appid": f"wx-{kind}"} for kind in ("official_account", "mini_program")]
    variables = {**environment, **PROFILES[Profile.CNY]}
    made = House(tmp_path, 8000, 8001, 0, variables=variables)
    monkeypatch.setattr(os, "environ", environment)
    house.furnish(made)
    house.furnish(made)
    made.variables["WATTLINE_WECHAT_APPS"] = json.dumps(apps)
    house.announce(made)
    told = capsys.readouterr().out
    assert ("wx-mini_program" in told, "wx-official_account" in told) == (True, False)
    [address] = [line.strip() for line in told.splitlines() if "/staff/invitations/" in line]
    found = invitation(database, vault, address)
    assert found is not None
    assert found.name == house.ADMIN
    with database.read() as session:
        [grant] = staffing.staff_grants(session, staff_id=found.staff_id, seen_by=None, now=clock.now())
    assert (grant.role, grant.unit.code) == ("admin", "JD")
