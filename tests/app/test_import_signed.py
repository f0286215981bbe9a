"""`wattline import` of what somebody stands for: this file, these totals, or nothing; and of files that tell all."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from core import clock
from core.audit import Actor
from core.config import Settings
from core.crypto.vault import Vault
from core.db import Database
from services.accounts import operations as accounts
from services.accounts.errors import ImportElsewhere, ImportNotSignable
from services.accounts.roles import StaffRole
from tests.factories import staff as people
from tests.factories.accounts import make_account, make_unit, write_jsonl
from tests.factories.billing import bill_record, load
from tests.support.processes import environment_of, wattline

NO = "7000000001"


@dataclass(frozen=True)
class Desk:
    """The command, and somebody of the finance department who stands for what it came to."""

    settings: Settings
    database: Database
    vault: Vault

    def command(self, path: Path, *options: str, kind: str = "bills") -> tuple[int, dict[str, Any], str]:
        """Its exit code, what it says in JSON, and what it complains about."""
        done = wattline(environment_of(self.settings), "import", kind, str(path), "--json", *options)
        return done.returncode, json.loads(done.stdout or "{}"), done.stderr

    def sign(self, run_id: int, *, unit: str = "37") -> None:
        """Sign off as somebody of that unit."""
        with self.database.write() as session:
            member = people.employ(session, self.vault, role=StaffRole.FINANCE, unit=unit, now=clock.now())
            accounts.sign_off(
                session,
                run_id=run_id,
                staff_id=member.staff_id,
                actor=Actor(f"staff:{member.staff_id}"),
                now=clock.now(),
            )

    def bills(self) -> list[str]:
        """What is known."""
        with self.database.read() as session:
            return list(session.sql("select bill_no from bill order by bill_no").scalars())


@pytest.fixture
def desk(settings: Settings, database: Database, vault: Vault) -> Desk:
    """A supplier of two stations with an account in one."""
    with database.write() as session:
        make_unit(session, code="37")
        make_unit(session, code="3701", parent="37", kind="station")
        make_unit(session, code="3702", parent="37", kind="station")
        make_account(session, vault, unit_id=make_unit(session, code="3701", parent="37"), account_no=NO)
    return Desk(settings, database, vault)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return write_jsonl(tmp_path / "bills.jsonl", [bill_record(NO, "B-0001"), bill_record(NO, "B-0002")])


def test_a_file_is_loaded_against_the_dry_run_that_somebody_stands_for_and_no_other_way(
    desk: Desk, file: Path, tmp_path: Path
) -> None:
    code, dry, _ = desk.command(file, "--dry-run")
    assert (code, dry["dry_run"], dry["new"], desk.bills()) == (0, True, 2, [])
    against = ("--signed-off", str(dry["run"]))
    code, told, why = desk.command(file, *against)
    assert (code, told, desk.bills()) == (6, {}, [])
    assert "is not signed off" in why
    desk.sign(dry["run"])
    other = write_jsonl(tmp_path / "other.jsonl", [bill_record(NO, "B-0001")])
    assert desk.command(other, *against)[0] == 6
    assert "its digest differs" in desk.command(other, *against)[2]
    assert desk.bills() == []
    code, told, why = desk.command(file, *against)
    assert (code, told["new"], told["differences"], desk.bills()) == (0, 2, [], ["B-0001", "B-0002"]), why
    assert told["units"] == dry["units"]
    with pytest.raises(ImportNotSignable):
        desk.sign(dry["run"])


def test_what_would_not_come_out_as_signed_off_is_not_loaded_and_the_difference_told(desk: Desk, file: Path) -> None:
    dry = desk.command(file, "--dry-run")[1]
    desk.sign(dry["run"])
    with desk.database.write() as session:
        load(session, bill_record(NO, "B-0001", amount_minor=5_000))
    code, told, why = desk.command(file, "--signed-off", str(dry["run"]))
    assert (code, told, desk.bills()) == (6, {}, ["B-0001"])
    assert "3701: new 1, signed 2" in why
    assert "3701: changed 1, signed 0" in why
    assert "3701: open CNY owed_minor 20720, signed 25720" in why


def test_a_signed_load_that_was_killed_goes_on_as_it_began(desk: Desk, file: Path) -> None:
    run_id = desk.command(file, "--dry-run")[1]["run"]
    desk.sign(run_id)
    killed = environment_of(desk.settings, WATTLINE_FAULT="import.finish.before_commit:kill")
    assert wattline(killed, "import", "bills", str(file), "--signed-off", str(run_id)).returncode == -9
    assert desk.bills() == ["B-0001", "B-0002"]
    code, told, why = desk.command(file, "--signed-off", str(run_id))
    assert (code, told["resumed_from"], told["new"], told["differences"]) == (0, 2, 2, []), why


def test_only_who_may_sign_in_every_unit_of_a_run_stands_for_it(desk: Desk, vault: Vault, tmp_path: Path) -> None:
    with desk.database.write() as session:
        elsewhere = make_unit(session, code="3702", parent="37", kind="station")
        make_account(session, vault, unit_id=elsewhere, account_no="7000000002")
    path = write_jsonl(tmp_path / "b.jsonl", [bill_record(NO, "B-0001"), bill_record("7000000002", "B-0002")])
    both = desk.command(path, "--dry-run")[1]["run"]
    stray = desk.command(write_jsonl(path, [bill_record(NO, "B-1"), bill_record("unknown", "B-2")]), "--dry-run")
    here = desk.command(write_jsonl(path, [bill_record(NO, "B-0003")]), "--dry-run")[1]["run"]
    for run_id, unit in ((both, "3701"), (stray[1]["run"], "3701"), (here, "3702")):
        with pytest.raises(ImportElsewhere):
            desk.sign(run_id, unit=unit)
    desk.sign(here, unit="3701")
    desk.sign(both)
    desk.sign(stray[1]["run"])
    with desk.database.read() as session:
        acts = session.sql("select subject from audit where act = 'import.signed_off' order by id").scalars().all()
    assert acts == [f"import_run:{run_id}" for run_id in (here, both, stray[1]["run"])]


def test_a_full_file_that_was_cut_short_is_told_loudly_and_closes_nothing(
    desk: Desk, file: Path, tmp_path: Path
) -> None:
    assert desk.command(file)[0] == 0
    (tmp_path / "cut").mkdir()
    cut = write_jsonl(tmp_path / "cut" / "bills.jsonl", [bill_record(NO, "B-0002")])
    code, told, why = desk.command(cut, "--full", "--unit", "3701")
    assert (code, told["vanished"], told["known"]) == (5, 1, 2), why
    listed = Path(told["vanished_file"]).read_text(encoding="utf-8")
    assert listed == f"unit,account_no,bill_no,open_minor,currency\n3701,{NO},B-0001,12860,CNY\n"
    assert desk.command(cut, "--full", "--most-vanished", "50")[0] == 0
    done = wattline(environment_of(desk.settings), "import", "bills", str(cut), "--full")
    assert (done.returncode, "WARNING: 50.0 % vanished" in done.stderr) == (5, True)
    assert desk.command(file, "--full")[1]["vanished_file"] is None
    assert desk.command(cut, "--full", "--unit", "nowhere")[0] == 2
    with desk.database.read() as session:
        assert session.sql("select count(*) from bill where state = 'issued'").scalar_one() == 2


def test_readings_are_loaded_as_somebody_stands_for_them(desk: Desk, tmp_path: Path) -> None:
    with desk.database.write() as session:
        session.sql(
            "insert into meter (meter_no, account_id) select 'M1', id from account where account_no = :no", no=NO
        )
    path = tmp_path / "readings.csv"
    path.write_text("meter_no,start,kwh\nM1,2026-03-02T00:00,1\nM1,2026-03-02T01:00,-1\n")
    said = ("--zone", "+08:00", "--minutes", "60")
    code, dry, why = desk.command(path, "--dry-run", *said, kind="readings")
    assert (code, dry["new"], dry["rejected"]) == (3, 1, 1), why
    desk.sign(dry["run"])
    code, told, why = desk.command(path, "--signed-off", str(dry["run"]), *said, kind="readings")
    assert (code, told["new"], told["rejected"], told["differences"]) == (3, 1, 1, []), why
    assert told["units"] == dry["units"]


@pytest.mark.parametrize(
    "options",
    [
        ("units", "--dry-run"),
        ("readings", "--full"),
        ("bills", "--unit", "3701"),
        ("bills", "--signed-off", "1", "--full"),
    ],
)
def test_options_that_make_no_sense_together_stop_the_command(desk: Desk, file: Path, options: tuple[str, ...]) -> None:
    assert desk.command(file, *options[1:], kind=options[0])[0] == 2
    assert desk.bills() == []
