"""A former customer is erased when nobody needs them any more, and not a day before."""

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final
from uuid import UUID

import pytest
from typer.testing import CliRunner

from app.cli import cli_of
from app.commands.erase_customer import erase
from core import audit, clock, intake
from core.config import Settings
from core.crypto.vault import Vault
from core.db import Database, WriteSession, to_json
from core.intake import Report
from services.accounts import operations as accounts
from services.accounts import queries
from services.accounts.operations import AccountsLoader, Told
from services.billing import queries as billing
from services.ledger import queries as ledger
from tests.factories.accounts import ACTOR, account_record, make_account, make_unit, write_csv
from tests.factories.billing import ZONE, make_bill
from tests.factories.staff import note, notes_about
from tests.support.everything import holding, tables
from tests.support.processes import environment_of
from tests.support.waiting import wait_until

CLI: Final = CliRunner()
COMMAND: Final = cli_of(["erase-customer"])
NAME: Final = "欧阳甲乙丙"
EMAIL: Final = "ouyang@example.org"
PHONE: Final = "+8613812345678"
DOOR: Final = "7单元7077"
NOTE: Final = "His sister opens, she has the key."
REASON: Final = "Asked for by the holder,"
MESSAGE: Final = """
insert into message (owner, id, channel, intent, template, priority, params, locale, state, due_at, expires_at,
    address_sealed, address_blind, address_masked)
values (:owner, gen_random_uuid(), 'sms', 'x', 'x', 0, cast(:params as jsonb), 'zh-CN', 'pending', now(), now(),
    :sealed, :blind, '+86138****5678')
"""
MARK: Final = UUID("0197a3c2-0000-7c55-9a53-00000000d0d0")
CORRECTION: Final = """
insert into data_correction (id, account_id, customer_id, field, before_shown, after_shown, after_sealed, before_said, document, proposed_at)
select :id, id, customer_id, 'name', '***丙', '***丁', :sealed, 'hash-of-a-name', 'identity card 37-18', now() from account where id = :account
"""
WAITING: Final = """
select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'
"""
LATER: Final = timedelta(days=31 * 366)


def revealed(session: WriteSession, account_id: int, reason: str) -> None:
    """A member of staff saw something in clear, and said why."""
    audit.record(
        session, actor=ACTOR, act="accounts.revealed", subject=f"account:{account_id}", after={"reason": reason}
    )


@pytest.fixture
def account_no(database: Database, vault: Vault) -> str:
    """A closed account whose holder has a name, a telephone, a door, and was written to."""
    with database.write() as session:
        account = make_account(session, vault, name=NAME, phone=PHONE, state="closed")
        door = vault.seal(table="premises", column="door", owner=f"premises:{account.account_no}", text=DOOR)
        session.sql("update premises set door_sealed = :door where premises_no = :no", door=door, no=account.account_no)
        customer_id = session.sql("select max(id) from customer").scalar_one()
        told = Told(EMAIL, False, "email", 4, {"solar": True})  # noqa: FBT003 -- what is told
        accounts.tell_details(
            session,
            vault=vault,
            account_id=account.id,
            told=told,
            by="customer",
            actor=ACTOR,
            today=clock.now().date(),
            now=clock.now(),
        )
        owner = f"data_correction:{MARK}"
        after = vault.seal(table="data_correction", column="after", owner=owner, text=f"{NAME}丁")
        session.sql(CORRECTION, id=MARK, account=account.id, sealed=after)
        note(session, vault, account.id, f"{NOTE} {NAME}")
        revealed(session, account.id, f"{REASON} {NAME}")
        owner = f"customer:{customer_id}"
        address = vault.seal(table="message", column="address", owner=owner, text=PHONE)
        session.sql(
            MESSAGE, owner=owner, sealed=address, blind=vault.blind("phone", PHONE), params=to_json({"x": NAME})
        )
    return account.account_no


def tried(database: Database, settings: Settings, vault: Vault, number: str, *, now: datetime) -> list[str] | None:
    with database.write() as session:
        return erase(session, settings, vault, customer_no=f"C{number}", now=now)


def test_name_telephone_and_door_are_gone_and_the_books_stay(
    database: Database, settings: Settings, vault: Vault, account_no: str, owner_dsn: str
) -> None:
    needles = {
        "name": NAME,
        "masked": "***丙",
        "phone": PHONE[3:],
        "door": DOOR,
        "email": EMAIL,
        "corrected": "***丁",
        "corrected from": "hash-of-a-name",
        "document": "identity card 37-18",
        "note": NOTE,
        "reason": REASON,
        "masked email": "o***@example.org",
        "hash": vault.blind("phone", PHONE).hex(),
    }
    assert {name for _, name in holding(tables(owner_dsn, vault), needles)} == needles.keys()
    assert tried(database, settings, vault, account_no, now=clock.now() + LATER) == []
    assert holding(tables(owner_dsn, vault), needles) == []
    assert tried(database, settings, vault, account_no, now=clock.now() + LATER) == []
    with database.read() as session:
        assert ledger.check_invariants(session) == [] == billing.check_invariants(session)
        assert session.sql("select count(*) from account").scalar_one() == 1
        assert session.sql("select count(*) from account_profile").scalar_one() == 0
        [kept] = session.sql("select text_sealed, erased_at is not null as is_erased from account_note").all()
    assert tuple(kept) == (None, True), "that somebody wrote one stays"


def test_whoever_is_still_needed_is_refused_with_the_reasons(
    database: Database, settings: Settings, vault: Vault, account_no: str
) -> None:
    now = clock.now() + LATER
    with database.write() as session:
        session.sql("update account set state = 'active'")
    assert tried(database, settings, vault, account_no, now=now) == [f"{account_no}: not closed"]
    with database.write() as session:
        session.sql("update account set state = 'closed'")
        account = queries.account_by_no(session, account_no=account_no)
        assert account is not None
        make_bill(session, account.ref)
    assert tried(database, settings, vault, account_no, now=now) == [f"{account_no}: money is open"]
    [billed, opened, booked] = tried(database, settings, vault, account_no, now=clock.now()) or []
    assert ("billed on" in billed, "money is open" in opened, "booked on" in booked) == (True, True, True)


def imported(database: Database, vault: Vault, path: Path, **other: object) -> Report:
    """What came of a file of one account that somebody holds."""
    loader = AccountsLoader(vault, currency="CNY", phone_region="+86", locales=("zh-CN",), zone=ZONE)
    row = account_record(1, unit_code="37", name=NAME, phone=PHONE, door=DOOR, **other)
    return intake.run(database, path=write_csv(path, [row]), loader=loader)


def waiting(database: Database) -> int:
    """Transactions that wait for a lock."""
    with database.read() as session:
        return int(session.sql(WAITING).scalar_one())


def test_whoever_gave_the_last_account_away_is_erased_when_the_years_are_over(
    database: Database, settings: Settings, vault: Vault, tmp_path: Path
) -> None:
    with database.write() as session:
        make_unit(session)
    imported(database, vault, tmp_path / "first.csv", customer_no="C1")
    with database.write() as session:
        account_id = session.sql("select id from account").scalar_one()
        note(session, vault, account_id, NOTE)
        revealed(session, account_id, REASON)
    imported(database, vault, tmp_path / "next.csv", customer_no="C2")
    with database.write() as session:
        note(session, vault, account_id, "Of the second.")
        revealed(session, account_id, "Of the second.")
    [reason] = tried(database, settings, vault, "1", now=clock.now()) or []
    assert reason.startswith("an account went to another holder on ")
    assert tried(database, settings, vault, "1", now=clock.now() + LATER) == []
    with database.read() as session:
        left = session.sql("select customer_no from customer where name_masked <> '' order by id").scalars().all()
        notes = notes_about(session, vault, account_id)
        reasons = session.sql(
            "select after ->> 'reason' from audit where act = 'accounts.revealed' order by id"
        ).scalars()
        assert reasons.all() == ["***", "Of the second."]
    assert (left, notes) == (["C2"], ["", "Of the second."])


def test_an_erased_customer_does_not_come_back_by_the_next_file(
    database: Database, settings: Settings, vault: Vault, tmp_path: Path, owner_dsn: str
) -> None:
    with database.write() as session:
        make_unit(session)
    imported(database, vault, tmp_path / "first.csv", customer_no="C1", state="closed")
    assert tried(database, settings, vault, "1", now=clock.now() + LATER) == []
    report = imported(database, vault, tmp_path / "again.csv", customer_no="C1", state="active")
    with database.read() as session:
        reasons = session.sql("select field, reason from import_reject where run_id = :id", id=report.run_id).all()
    assert [tuple(each) for each in reasons] == [
        ("customer_no", "was erased and does not come back: whoever returns has another number")
    ]
    needles = {"name": NAME, "phone": PHONE[3:], "door": DOOR, "hash": vault.blind("phone", PHONE).hex()}
    assert holding(tables(owner_dsn, vault), needles) == []


def test_an_import_under_way_brings_nobody_back_who_is_erased_meanwhile(
    database: Database, settings: Settings, vault: Vault, tmp_path: Path, owner_dsn: str
) -> None:
    with database.write() as session:
        make_unit(session)
    imported(database, vault, tmp_path / "first.csv", customer_no="C1", state="closed")
    with ThreadPoolExecutor(1) as threads:
        with database.write() as session:
            assert erase(session, settings, vault, customer_no="C1", now=clock.now() + LATER) == []
            path = tmp_path / "next.csv"
            importing = threads.submit(imported, database, vault, path, customer_no="C1", building="9号")
            wait_until(lambda: waiting(database), timeout_s=60)
        assert importing.result().rejected == 1
    needles = {"name": NAME, "phone": PHONE[3:], "door": DOOR, "hash": vault.blind("phone", PHONE).hex()}
    assert holding(tables(owner_dsn, vault), needles) == []


def test_the_command_says_who_is_unknown_and_why_somebody_stays(
    settings: Settings, database: Database, account_no: str
) -> None:
    environment = environment_of(settings)
    unknown = CLI.invoke(COMMAND, ["erase-customer", "nobody"], env=environment)
    assert (unknown.exit_code, unknown.stderr.strip()) == (2, "There is no customer of this number.")
    with database.write() as session:
        session.sql("update account set state = 'active'")
    stays = CLI.invoke(COMMAND, ["erase-customer", f"C{account_no}", "--json"], env=environment)
    assert stays.exit_code == 1
    assert json.loads(stays.stdout)["reasons"] == [f"{account_no}: not closed"]
    with database.write() as session:
        session.sql("update account set state = 'closed'")
    done = CLI.invoke(COMMAND, ["erase-customer", f"C{account_no}"], env=environment)
    assert (done.exit_code, done.stdout) == (0, "Erased.\n")
