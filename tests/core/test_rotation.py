"""Rotation of data keys: every cell of every table, while others write, whoever dies in between."""

import base64
import json
import signal
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final
from uuid import uuid4

import psycopg
import pytest
from psycopg import sql
from pydantic import SecretStr
from typer.testing import CliRunner

import app.tables  # noqa: F401 -- fills the register
from app.cli import cli_of
from app.commands import doctor
from core import clock, faults, rotation
from core.config import Settings
from core.crypto.sealed import SealedColumn, sealed_columns
from core.crypto.vault import CannotOpen, Vault
from core.db import Database
from jobs import keys as jobs
from jobs import runtime
from notifications.setup import SETUP, Setup
from services.identity.operations import note_follower
from tests.factories import identity
from tests.factories.accounts import make_account, make_user
from tests.support.processes import environment_of, wattline

CLI: Final = CliRunner()
COMMAND: Final = cli_of(["rotate-keys"])
ROWS: Final = 7
PAGE: Final = 3
NEW: Final = base64.b64encode(bytes(range(2, 34))).decode()
DOOR: Final = "update premises set door_sealed = :sealed where premises_no = :no"
ATTEMPT: Final = """
with o as (
  insert into payment_order (id, payment_no, provider, method, amount_minor, currency, state, created_at, expires_at)
  values (:id, :no, 'x', 'wechat_native', 1, 'CNY', 'open', now(), now() + interval '1 hour') returning id)
insert into payment_attempt (id, order_id, no, provider, method, out_trade_no, amount_minor, currency, state,
    request_sealed, request_hash, created_at, expires_at, next_check_at)
select id, id, 1, 'x', 'wechat_native', :no, 1, 'CNY', 'prepared', :sealed, sha256(''), now(), now() + interval '1 hour', now() from o
"""
INVITATION: Final = """
insert into access_invitation (id, account_id, invited_by, phone_sealed, phone_blind, phone_masked, role, scope, state, created_at, expires_at)
values (:id, :account, :user, :sealed, :blind, '', 'viewer', 'full', 'open', now(), now() + interval '1 hour')
"""
CORRECTION: Final = """
insert into data_correction (id, account_id, customer_id, field, before_shown, after_shown, after_sealed, proposed_at)
select :id, id, customer_id, 'name', '', '', :sealed, now() from account where id = :account
"""
EXPORT: Final = """
insert into data_export (user_id, id, asked_at, made_at, expires_at, document_sealed)
values (:user, :id, now(), now(), now(), :sealed)
"""
MESSAGE: Final = """
insert into message (owner, id, channel, intent, template, priority, params, locale, state, due_at, expires_at,
    address_sealed, address_blind)
values (:owner, gen_random_uuid(), 'sms', 'x', 'x', 0, '{}', 'en', 'pending', now(), now(), :sealed, :blind)
"""


HOOK: Final = """
insert into webhook_endpoint (id, unit_id, name, url, events, state, secret_sealed, earlier_sealed, earlier_until, created_at, created_by)
select :id, a.unit_id, 'x', 'https://x.example', '{x}', 'active', :secret, :earlier, now(), now(), :staff from account a where a.id = :account
"""
NOTE: Final = """
insert into account_note (account_id, id, written_by, written_at, text_sealed) values (:account, :id, :id, now(), :sealed)
"""
FILE: Final = """
with asked as (
  insert into staff_file (id, staff_id, of_list, filters, tells_of_people, state, asked_at, expires_at)
  select :id, :staff, 'people', '{}', false, 'ready', now(), now()
)
insert into staff_file_piece (file_id, no, text_sealed) values (:id, 0, :sealed)
"""
PHOTO: Final = """
insert into reading_photo (account_id, id, user_id, media_type, width, height, image_sealed, uploaded_at)
values (:account, :id, :user, 'image/jpeg', 1, 1, :sealed, now())
"""
STAFF: Final = """
insert into staff (id, name, display_name, state, totp_sealed, created_at) values (:id, :name, 'x', 'invited', :sealed, now())
"""


def turned(settings: Settings) -> Settings:
    """The same deployment with a new key in front."""
    ring = f"b:{NEW},{settings.data_keys.get_secret_value()}"
    return Settings.model_validate({**settings.model_dump(), "data_keys": SecretStr(ring)})


def vault_of(settings: Settings) -> Vault:
    return Vault(data_keys=settings.data_key_ring, master_key=settings.master_key_bytes)


@dataclass(frozen=True)
class Cell:
    """One sealed value and where it lies."""

    column: SealedColumn
    key: tuple[object, ...]
    owner: str
    sealed: bytes

    def text(self, vault: Vault) -> str:
        return vault.open(table=self.column.table, column=self.column.cell, owner=self.owner, sealed=self.sealed)


def cells(dsn: str) -> Iterator[Cell]:
    """Every sealed value of a database."""
    with psycopg.connect(dsn) as connection:
        for column in sealed_columns():
            keys = sql.SQL(", ").join(sql.Identifier("r", name) for name, _ in column.key)
            query = sql.SQL("select {}, {}, {} from {} r where {} is not null order by {}").format(
                keys,
                sql.SQL(column.owner),
                sql.Identifier("r", column.column),
                sql.Identifier(column.table),
                sql.Identifier("r", column.column),
                keys,
            )
            for *key, owner, sealed in connection.execute(query):
                yield Cell(column, tuple(key), owner, sealed)


def texts(dsn: str, vault: Vault) -> dict[tuple[object, ...], str]:
    return {(cell.column, *cell.key): cell.text(vault) for cell in cells(dsn)}


@pytest.fixture
def town(database: Database, vault: Vault) -> None:
    """ROWS values in every sealed column."""
    for number in range(ROWS):
        attempt_id = uuid4()
        with database.write() as session:
            account = make_account(session, vault, name=f"王{number}", phone=f"+86138000{number:05}")
            owner = f"premises:{account.account_no}"
            door = vault.seal(table="premises", column="door", owner=owner, text=f"{number}单元")
            session.sql(DOOR, no=account.account_no, sealed=door)
            user_id = make_user(session, vault)
            request = vault.seal(
                table="payment_attempt", column="request", owner=f"attempt:{attempt_id}", text=f'{{"no":{number}}}'
            )
            session.sql(ATTEMPT, id=attempt_id, no=f"T{number:019d}", sealed=request)
            owner, phone = f"user:{user_id}", f"+86139000{number:05}"
            address = vault.seal(table="message", column="address", owner=owner, text=phone)
            blind = vault.blind("phone", phone)
            export = vault.seal(table="data_export", column="document", owner=f"export:{attempt_id}", text="{}")
            session.sql(EXPORT, user=user_id, id=attempt_id, sealed=export)
            session.sql(MESSAGE, owner=owner, sealed=address, blind=blind)
            owner = f"invitation:{attempt_id}"
            invited = vault.seal(table="access_invitation", column="phone", owner=owner, text=phone)
            session.sql(INVITATION, id=attempt_id, account=account.id, user=user_id, sealed=invited, blind=blind)
            owner = f"data_correction:{attempt_id}"
            after = vault.seal(table="data_correction", column="after", owner=owner, text=f"王{number}")
            session.sql(CORRECTION, id=attempt_id, account=account.id, sealed=after)
            secret = vault.seal(table="staff", column="totp", owner=f"staff:{attempt_id}", text=f"{number}")
            session.sql(STAFF, id=attempt_id, name=f"staff{number}", sealed=secret)
            noted = vault.seal(
                table="account_note", column="text", owner=f"account_note:{attempt_id}", text=f"No. {number}"
            )
            session.sql(NOTE, account=account.id, id=attempt_id, sealed=noted)
            owner = f"reading_photo:{attempt_id}"
            image = vault.seal(table="reading_photo", column="image", owner=owner, text=f"{number}")
            session.sql(PHOTO, account=account.id, id=attempt_id, user=user_id, sealed=image)
            text = vault.seal(table="staff_file_piece", column="text", owner=f"file:{attempt_id}:0", text=f"{number}")
            session.sql(FILE, id=attempt_id, staff=attempt_id, sealed=text)
            owner = f"webhook:{attempt_id}"
            hooks = {
                column: vault.seal(table="webhook_endpoint", column=column, owner=owner, text=f"{column}{number}")
                for column in ("secret", "earlier")
            }
            session.sql(HOOK, id=attempt_id, account=account.id, staff=attempt_id, **hooks)
            identity.join_wechat(
                session, vault, user_id=user_id, appid="wx01", openid=f"o{number}", unionid=f"u{number}"
            )
            note_follower(session, vault=vault, appid="wx01", openid=f"o{number}", follows=True, at=clock.now())


def test_every_sealed_column_of_the_database_is_registered(owner_dsn: str) -> None:
    with psycopg.connect(owner_dsn) as connection:
        found = connection.execute(
            "select table_name, column_name from information_schema.columns where table_schema = 'public' and column_name like '%\\_sealed'"
        ).fetchall()
        assert {(each.table, each.column) for each in sealed_columns()} == set(found)
        for each in sealed_columns():
            may = connection.execute(
                "select has_column_privilege('wattline_app', %s, %s, 'update')", (each.table, each.column)
            ).fetchone()
            assert may == (True,), f"the application may not rotate {each.table}.{each.column}"


@pytest.mark.usefixtures("town")
def test_the_rotation_reaches_every_registered_column(database: Database, settings: Settings, owner_dsn: str) -> None:
    vault = vault_of(turned(settings))
    before = texts(owner_dsn, vault)
    assert {column for column, *_ in before} == set(sealed_columns()), "this test plants nothing in a new column"
    told: list[int] = []
    assert rotation.rotate(database, vault=vault, told=told.append, page=PAGE)
    assert sum(told) == len(before)
    assert {cell.sealed[: len(vault.head)] for cell in cells(owner_dsn)} == {vault.head}
    assert texts(owner_dsn, Vault(data_keys={"b": turned(settings).data_key_ring["b"]}, master_key=bytes(32))) == before


@pytest.mark.usefixtures("town")
def test_a_second_rotation_writes_nothing(database: Database, settings: Settings, owner_dsn: str) -> None:
    vault = vault_of(turned(settings))
    rotation.rotate(database, vault=vault)
    before = list(cells(owner_dsn))
    rotation.rotate(database, vault=vault)
    assert list(cells(owner_dsn)) == before


@pytest.mark.usefixtures("town")
def test_what_was_changed_between_read_and_write_stays_as_it_was_changed(
    database: Database, settings: Settings, owner_dsn: str
) -> None:
    vault, old = vault_of(turned(settings)), vault_of(settings)
    changed: list[str] = []

    def somebody_moves(point: str) -> None:
        """Between read and write of the first page of premises, by a process that still seals with the old key."""
        if point != "rotation.page.read" or changed:
            return
        with database.write() as session:
            reached = session.sql("select after is null from key_rotation where table_name = 'premises'")
            if reached.scalar_one_or_none():
                changed.append(session.sql("select min(premises_no) from premises").scalar_one())
                owner = f"premises:{changed[0]}"
                door = old.seal(table="premises", column="door", owner=owner, text="moved")
                session.sql(DOOR, no=changed[0], sealed=door)

    faults.arm(somebody_moves)
    try:
        assert rotation.rotate(database, vault=vault, page=PAGE)
    finally:
        faults.arm(None)
    doors = {cell.owner: cell for cell in cells(owner_dsn) if cell.column.table == "premises"}
    moved = doors[f"premises:{changed[0]}"]
    assert moved.text(vault) == "moved"
    assert moved.sealed.startswith(vault.head), "the straggler was left with the old key"


@pytest.mark.usefixtures("town")
def test_a_row_that_somebody_holds_is_not_waited_for(database: Database, settings: Settings, owner_dsn: str) -> None:
    vault = vault_of(turned(settings))
    passes = 0

    def is_over() -> bool:
        nonlocal passes
        passes += 1
        return passes > 30

    with psycopg.connect(owner_dsn) as holder:
        holder.execute("select from customer order by id limit 1 for update")
        assert not rotation.rotate(database, vault=vault, page=PAGE, is_over=is_over)
        left = [cell.key for cell in cells(owner_dsn) if cell.column.table == "customer" and cell.sealed[2:3] == b"a"]
        assert left == [(1,)]
    assert rotation.rotate(database, vault=vault, page=PAGE)
    assert {cell.sealed[2:3] for cell in cells(owner_dsn)} == {b"b"}


@pytest.mark.usefixtures("town")
def test_a_cell_that_no_key_opens_stops_nobody_and_is_told(
    database: Database, settings: Settings, owner_dsn: str
) -> None:
    lost = Vault(data_keys={"z": bytes(32)}, master_key=bytes(32))
    with database.write() as session:
        number = session.sql("select min(premises_no) from premises").scalar_one()
        door = lost.seal(table="premises", column="door", owner=f"premises:{number}", text="x")
        session.sql(DOOR, no=number, sealed=door)
    vault = vault_of(turned(settings))
    assert rotation.rotate(database, vault=vault, page=PAGE)
    with database.read() as session:
        assert rotation.unreadable(session) == {"premises.door_sealed": 1}
        named = {each.key_id: each.rows for each in rotation.count_by_key(session) if each.table == "premises"}
    assert named == {"b": ROWS - 1, "z": 1}
    [unread] = [cell for cell in cells(owner_dsn) if cell.sealed[2:3] == b"z"]
    with pytest.raises(CannotOpen):
        unread.text(vault)
    command = CLI.invoke(COMMAND, ["rotate-keys"], env=environment_of(turned(settings)))
    assert command.exit_code == 1
    assert "premises.door_sealed: 1 rows are opened by no key" in command.stderr


@pytest.mark.usefixtures("town")
def test_the_command_killed_at_any_point_and_run_again_ends_like_an_undisturbed_one(
    settings: Settings, owner_dsn: str
) -> None:
    after = turned(settings)
    before = texts(owner_dsn, vault_of(after))
    for point in ("page.read:kill:2", "page.before_commit:kill:3", "page.committed:kill:4"):
        died = wattline(environment_of(after, WATTLINE_FAULT=f"rotation.{point}"), "rotate-keys")
        assert died.returncode == -signal.SIGKILL, died.stderr
        assert texts(owner_dsn, vault_of(after)) == before
    done = CLI.invoke(COMMAND, ["rotate-keys", "--json"], env=environment_of(after))
    assert done.exit_code == 0, done.stderr
    told = json.loads(done.stdout)
    assert {each["key_id"] for each in told["rows"]} == {"b"}
    assert sum(each["rows"] for each in told["rows"]) == len(before)
    assert texts(owner_dsn, vault_of(after)) == before
    again = CLI.invoke(COMMAND, ["rotate-keys"], env=environment_of(after))
    assert "key a: 0 rows, may be taken out of the ring" in again.stdout


@pytest.mark.usefixtures("town")
def test_the_task_rotates_when_the_ring_has_an_older_key_and_rests_otherwise(
    database: Database, settings: Settings, owner_dsn: str
) -> None:
    runtime.use(database)
    SETUP.fill(Setup(settings, vault_of(settings), None))
    jobs.rotate()
    with database.read() as session:
        assert session.sql("select count(*) from key_rotation").scalar_one() == 0
    SETUP.fill(Setup(turned(settings), vault_of(turned(settings)), None))
    jobs.rotate()
    assert {cell.sealed[2:3] for cell in cells(owner_dsn)} == {b"b"}


Found = Callable[[Settings], list[tuple[str, str]]]


@pytest.fixture
def data_keys(monkeypatch: pytest.MonkeyPatch) -> Found:
    def made(settings: Settings) -> list[tuple[str, str]]:
        with monkeypatch.context() as patch:
            for name, value in environment_of(settings).items():
                patch.setenv(name, value)
            return [(each.verdict, each.detail) for each in doctor.examine() if each.name == "data keys"]

    return made


@pytest.mark.usefixtures("town")
def test_the_doctor_says_which_key_is_still_needed_and_which_may_go(
    database: Database, settings: Settings, data_keys: Found
) -> None:
    rows = ROWS * len(sealed_columns())
    assert data_keys(settings) == [("ok", f"a seals; {rows} rows name it")]
    needed = ("warning", f"{rows} rows still name a: `wattline rotate-keys`")
    assert data_keys(turned(settings)) == [("ok", "b seals; 0 rows name it"), needed]
    rotation.rotate(database, vault=vault_of(turned(settings)))
    spent = ("ok", "no row names a: it may be taken out of the ring")
    assert data_keys(turned(settings)) == [("ok", f"b seals; {rows} rows name it"), spent]
    lost = ("wrong", f"{rows} rows name b, which is not in the ring")
    assert data_keys(settings) == [("ok", "a seals; 0 rows name it"), lost]
