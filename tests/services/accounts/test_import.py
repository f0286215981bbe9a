"""What `wattline import accounts|units` promises."""

import contextlib
import random
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest

from core import faults, intake
from core.crypto.vault import Vault
from core.db import Database
from core.faults import InjectedFault
from core.records import BadFile, Reject
from services.accounts import queries, rules
from services.accounts.operations import AccountsLoader, UnitsLoader
from services.accounts.queries import AccountId, finding
from services.accounts.roles import StaffRole
from services.accounts.rules import customer_owner
from tests.factories import staff as people
from tests.factories.accounts import account_record, write_csv, write_jsonl
from tests.factories.billing import ZONE
from tests.factories.staff import NOON
from tests.support.waiting import wait_until

TABLES = ("unit", "customer", "contact_point", "premises", "account", "agreement", "meter")
UNITS: list[dict[str, object]] = [
    {"code": "370101", "parent_code": "3701", "kind": "branch", "name": "历下供电所"},
    {"code": "37", "parent_code": None, "kind": "province", "name": "某省电力"},
    {"code": "3701", "parent_code": "37", "kind": "city", "name": "济南供电"},
]


@pytest.fixture
def loader(vault: Vault) -> AccountsLoader:
    return AccountsLoader(vault, currency="CNY", phone_region="+86", locales=("zh-CN", "en"), zone=ZONE)


@pytest.fixture
def _units(database: Database, tmp_path: Path) -> None:
    assert intake.run(database, path=write_jsonl(tmp_path / "units.jsonl", UNITS), loader=UnitsLoader()).rejected == 0


def versions(dsn: str) -> list[tuple[object, ...]]:
    """Row versions of every table: equal when nothing was written."""
    with psycopg.connect(dsn) as connection:
        return [
            row
            for table in TABLES
            for row in connection.execute(
                f"select '{table}', ctid::text, xmin::text, xmax::text from {table} order by ctid"
            ).fetchall()
        ]


def content(dsn: str) -> list[tuple[object, ...]]:
    """What the tables say, without row ids, ciphertexts (their nonces differ) and order."""
    with psycopg.connect(dsn) as connection:
        return connection.execute(
            """select a.account_no, u.code, a.class, a.state, a.currency, c.customer_no, c.kind, c.name_masked, c.tokens, c.fingerprint,
                 p.premises_no, p.district, p.street, p.building, p.fingerprint, g.tariff_code, g.valid_from, g.valid_to, g.is_prepaid,
                 m.meter_no, k.address_blind, k.address_masked, k.locale
               from account a join unit u on u.id = a.unit_id join customer c on c.id = a.customer_id join premises p on p.id = a.premises_id
               left join agreement g on g.account_id = a.id left join meter m on m.account_id = a.id
               left join contact_point k on k.customer_id = c.id order by 1, g.id, m.meter_no"""
        ).fetchall()


def all_rejects(database: Database, run_id: int) -> list[Reject]:
    with database.read() as session:
        return intake.rejects(session, run_id=run_id)


def test_units_come_in_any_order_and_know_all_above_them(database: Database, tmp_path: Path) -> None:
    report = intake.run(database, path=write_jsonl(tmp_path / "u.jsonl", UNITS), loader=UnitsLoader())
    assert (report.rows, report.rejected) == (3, 0)
    with database.read() as session:
        tree = session.sql(
            "select u.code, u.path, above.code as parent from unit u left join unit above on above.id = u.parent_id"
        )
        assert {unit.code: (unit.path, unit.parent) for unit in tree} == {
            "37": ("/37/", None),
            "3701": ("/37/3701/", "37"),
            "370101": ("/37/3701/370101/", "3701"),
        }


def test_a_unit_without_a_known_parent_and_one_that_moves_are_rejected(database: Database, tmp_path: Path) -> None:
    intake.run(database, path=write_jsonl(tmp_path / "u.jsonl", UNITS), loader=UnitsLoader())
    bad: list[dict[str, object]] = [
        {"code": "99", "parent_code": "98", "kind": "city", "name": "孤儿"},
        {"code": "3701", "parent_code": None, "kind": "city", "name": "济南供电"},
    ]
    report = intake.run(database, path=write_jsonl(tmp_path / "bad.jsonl", bad), loader=UnitsLoader())
    assert {(reject.row_no, reject.field) for reject in all_rejects(database, report.run_id)} == {
        (1, "parent_code"),
        (2, "parent_code"),
    }


@pytest.mark.usefixtures("_units")
def test_an_imported_account_can_be_read_back_whole(
    database: Database, loader: AccountsLoader, vault: Vault, owner_dsn: str, tmp_path: Path
) -> None:
    record = account_record(1, name="欧阳小明", phone="138 0013-8000", locale="en", is_prepaid=True)
    report = intake.run(database, path=write_jsonl(tmp_path / "a.jsonl", [record]), loader=loader)
    assert (report.rows, report.rejected) == (1, 0)
    with database.read() as session:
        card = queries.account_by_no(session, account_no="8000000001")
        assert card is not None
        assert (card.holder, card.address, card.state, card.ref.currency) == (
            "***明",
            "历下区 泉城路 2号",
            "active",
            "CNY",
        )
        [recipient] = queries.recipients(session, account_ids=[card.ref.id])
        assert (recipient.masked, recipient.locale) == ("+86138****8000", "en")
        opened = queries.contact_address(
            session, vault=vault, customer_id=recipient.customer_id, contact_id=recipient.contact_id
        )
        assert opened == "+8613800138000"
        assert queries.holder_has_character(session, vault=vault, account_id=card.ref.id, character="阳")
        assert not queries.holder_has_character(session, vault=vault, account_id=card.ref.id, character="三")
    with psycopg.connect(owner_dsn) as connection:
        row = connection.execute("select customer_no, name_sealed, tokens from customer").fetchone()
    assert row is not None
    assert vault.open(table="customer", column="name", owner=customer_owner(row[0]), sealed=row[1]) == "欧阳小明"
    assert {vault.blind("name", "欧阳小明"), vault.blind("name_pair", "小明"), vault.blind("phone_end", "8000")} <= set(
        row[2]
    )


@pytest.mark.usefixtures("_units")
def test_no_name_phone_or_door_lies_in_clear(
    database: Database, loader: AccountsLoader, owner_dsn: str, tmp_path: Path
) -> None:
    record = account_record(1, name="欧阳小明", phone="13800138000", door="三单元902")
    intake.run(database, path=write_jsonl(tmp_path / "a.jsonl", [record]), loader=loader)
    with psycopg.connect(owner_dsn) as connection:
        for table in (*TABLES, "import_run", "import_reject"):
            for (text,) in connection.execute(f"select t::text from {table} t").fetchall():
                for secret in ("欧阳", "13800138000", "三单元902"):
                    assert secret not in text
                    assert secret.encode().hex() not in text


@pytest.mark.usefixtures("_units")
@pytest.mark.parametrize("write", [write_csv, write_jsonl])
def test_the_same_file_again_changes_nothing(
    database: Database, loader: AccountsLoader, owner_dsn: str, tmp_path: Path, write: object
) -> None:
    path = tmp_path / f"a.{'csv' if write is write_csv else 'jsonl'}"
    write(path, [account_record(number) for number in range(1, 201)])  # type: ignore[operator] # one of two functions
    intake.run(database, path=path, loader=loader, chunk_rows=64)
    before = versions(owner_dsn)
    report = intake.run(database, path=path, loader=loader, chunk_rows=64)
    assert (report.rows, report.rejected, report.resumed_from) == (200, 0, 0)
    assert versions(owner_dsn) == before


@pytest.mark.usefixtures("_units")
def test_only_what_changed_is_written(
    database: Database, loader: AccountsLoader, owner_dsn: str, tmp_path: Path
) -> None:
    intake.run(database, path=write_jsonl(tmp_path / "a.jsonl", [account_record(1), account_record(2)]), loader=loader)
    before = versions(owner_dsn)
    changed = [
        account_record(1, phone="13900139000"),
        account_record(2, tariff_code="RES-2", agreement_from="2025-07-01"),
    ]
    intake.run(database, path=write_jsonl(tmp_path / "b.jsonl", changed), loader=loader)
    # Without xmax: a foreign key locks the account that its new agreement refers to.
    written = {row[:3] for row in before} - {row[:3] for row in versions(owner_dsn)}
    assert {row[0] for row in written} == {"customer", "contact_point", "agreement"}
    with psycopg.connect(owner_dsn) as connection:
        terms = connection.execute(
            "select tariff_code, valid_from::text, valid_to::text from agreement order by account_id, id"
        ).fetchall()
    assert terms == [
        ("RES-1", "2024-01-01", None),
        ("RES-1", "2024-01-01", "2025-07-01"),
        ("RES-2", "2025-07-01", None),
    ]


@pytest.mark.usefixtures("_units")
def test_a_file_with_one_percent_bad_rows_loads_the_rest_and_explains_each(
    database: Database, loader: AccountsLoader, tmp_path: Path
) -> None:
    records = [account_record(number) for number in range(1, 301)]
    records[49]["class"] = "palace"
    records[149]["unit_code"] = "nowhere"
    records[249]["phone"] = "call me"
    report = intake.run(database, path=write_jsonl(tmp_path / "a.jsonl", records), loader=loader, chunk_rows=100)
    assert (report.rows, report.rejected) == (300, 3)
    assert [(each.row_no, each.field) for each in all_rejects(database, report.run_id)] == [
        (50, "class"),
        (150, "unit_code"),
        (250, "phone"),
    ]
    assert not any("palace" in each.reason or "call me" in each.reason for each in all_rejects(database, report.run_id))
    with database.read() as session:
        assert session.sql("select count(*) from account").scalar_one() == 297


@pytest.mark.usefixtures("_units")
def test_contradictions_are_rejected_with_their_field(
    database: Database, loader: AccountsLoader, tmp_path: Path
) -> None:
    intake.run(
        database, path=write_jsonl(tmp_path / "first.jsonl", [account_record(1), account_record(2)]), loader=loader
    )
    rows = [
        account_record(1, currency="EUR"),
        account_record(3, meter_no="M000000002"),
        account_record(4),
        account_record(4, meter_no=None),
        account_record(5, customer_no="K0000004"),
        account_record(2, meter_no=None, agreement_from="2023-01-01"),
        account_record(6, agreement_from="2026-02-30"),
        account_record(7, agreement_from="today"),
        account_record(8, tariff_code=None),
        account_record(9, name=None),
        account_record(10, account_no="a b"),
    ]
    report = intake.run(database, path=write_jsonl(tmp_path / "a.jsonl", rows), loader=loader)
    assert {(each.row_no, each.field) for each in all_rejects(database, report.run_id)} == {
        (1, "currency"),
        (2, "meter_no"),
        (4, "account_no"),
        (5, "customer_no"),
        (6, "agreement_from"),
        (7, "agreement_from"),
        (8, "agreement_from"),
        (9, "tariff_code"),
        (10, "name"),
        (11, "account_no"),
    }


@pytest.mark.usefixtures("_units")
def test_unreadable_lines_are_rejects_not_crashes(database: Database, loader: AccountsLoader, tmp_path: Path) -> None:
    good = ",".join(str(value) for value in account_record(1).values()).encode()
    other = ",".join(str(value) for value in account_record(2).values()).encode()
    heading = ",".join(account_record(1)).encode()
    lines = [
        b"\xef\xbb\xbf" + heading,
        good,
        good + b",one,more",
        "8000000003,王".encode("gb18030") + b"," * 12,
        b'8000000004,"open' + b"," * 12,
        b"x" * 200_000,
        b"8000000005,nul\0" + b"," * 12,
        b"",
        other + b"\r",
    ]
    path = tmp_path / "a.csv"
    path.write_bytes(b"\n".join(lines))
    report = intake.run(database, path=path, loader=loader)
    assert (report.rows, report.rejected) == (7, 5)
    told = {each.row_no: each.reason for each in all_rejects(database, report.run_id)}
    assert told.keys() == {3, 4, 5, 6, 7}
    assert "columns" in told[3]
    assert "UTF-8" in told[4]
    assert "quotes" in told[5]
    assert "longer" in told[6]
    assert "not seen" in told[7]


@pytest.mark.usefixtures("_units")
@pytest.mark.parametrize(
    "line",
    [
        "[" * 60_000,
        '{"account_no": 1e999999}',
        '{"account_no": NaN}',
        "[]",
        '{"nope": 1}',
        '{"name": {"a": 1}}',
        '{"name": "\\ud800"}',
        '{"name": "a\\u0000"}',
    ],
)
def test_hostile_json_lines_are_rejects(database: Database, loader: AccountsLoader, tmp_path: Path, line: str) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text(line + "\n", encoding="utf-8")
    report = intake.run(database, path=path, loader=loader)
    assert (report.rows, report.rejected) == (1, 1)


@pytest.mark.usefixtures("_units")
def test_a_json_line_that_says_a_name_twice_is_a_reject(
    database: Database, loader: AccountsLoader, tmp_path: Path
) -> None:
    path = write_jsonl(tmp_path / "a.jsonl", [account_record(1)])
    path.write_text(path.read_text(encoding="utf-8").replace("{", '{"name": "王明", ', 1), encoding="utf-8")
    (reject,) = all_rejects(database, intake.run(database, path=path, loader=loader).run_id)
    assert (reject.row_no, reject.field, reject.reason) == (1, "line", "has a name twice")


@pytest.mark.usefixtures("_units")
@pytest.mark.parametrize("write", [write_csv, write_jsonl])
def test_what_nobody_sees_in_a_name_is_a_reject(
    database: Database, loader: AccountsLoader, tmp_path: Path, write: Callable[..., Path]
) -> None:
    unseen = ("\u202e", "\u200b", "\u2066", "\ufeff", "\u00ad", "\u2028", "\u0085", "\u007f")
    records = [account_record(number, name=f"王{each}明") for number, each in enumerate(unseen)]
    suffix = "csv" if write is write_csv else "jsonl"
    seen = account_record(99, name="Zoë\u3000王 🙂")
    report = intake.run(database, path=write(tmp_path / f"a.{suffix}", [*records, seen]), loader=loader)
    assert (report.rows, report.rejected) == (len(unseen) + 1, len(unseen))
    told = {each.reason for each in all_rejects(database, report.run_id)}
    assert told == {"has characters that are not seen"}


@pytest.mark.usefixtures("_units")
def test_what_nobody_sees_is_found_behind_an_escape(database: Database, loader: AccountsLoader, tmp_path: Path) -> None:
    path = write_jsonl(tmp_path / "a.jsonl", [account_record(1, name="王RLO明")])
    path.write_text(path.read_text(encoding="utf-8").replace("RLO", "\\u202e"), encoding="utf-8")
    (reject,) = all_rejects(database, intake.run(database, path=path, loader=loader).run_id)
    assert reject.reason == "has characters that are not seen"


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("a.txt", b"account_no\n"),
        ("a.csv", b"\xff\xfea\0c\0"),
        ("a.csv", b"account_no,colour\n"),
        ("a.csv", b"account_no\n"),
        ("a.csv", b"account_no,account_no\n"),
        ("a.csv", "户号,单位\n".encode("gb18030")),
        ("a.csv", b""),
    ],
)
def test_a_file_that_cannot_be_understood_is_refused_whole(
    database: Database, loader: AccountsLoader, tmp_path: Path, name: str, body: bytes
) -> None:
    path = tmp_path / name
    path.write_bytes(body)
    with pytest.raises(BadFile):
        intake.run(database, path=path, loader=loader)
    with database.read() as session:
        assert session.sql("select count(*) from import_run").scalar_one() == 0


@pytest.mark.usefixtures("_units")
def test_an_import_killed_ten_times_ends_like_an_undisturbed_one(
    database: Database, loader: AccountsLoader, owner_dsn: str, tmp_path: Path
) -> None:
    records = [account_record(number) for number in range(1, 241)]
    records[100]["class"] = "palace"
    path = write_jsonl(tmp_path / "a.jsonl", records)
    chance = random.Random(20261124)
    deaths = 0

    def die_sometimes(point: str) -> None:
        nonlocal deaths
        if point.startswith("import.") and deaths < 10 and chance.random() < 0.35:
            deaths += 1
            raise InjectedFault(point)

    faults.arm(die_sometimes)
    try:
        report = None
        while report is None:
            with contextlib.suppress(InjectedFault):
                report = intake.run(database, path=path, loader=loader, chunk_rows=20)
    finally:
        faults.arm(None)
    assert deaths == 10
    assert report.resumed_from > 0
    assert [(each.row_no, each.field) for each in all_rejects(database, report.run_id)] == [(101, "class")]
    disturbed = content(owner_dsn)
    assert len(disturbed) == 239
    intake.run(database, path=write_jsonl(tmp_path / "again.jsonl", [*records, account_record(999)]), loader=loader)
    assert content(owner_dsn)[:-1] == disturbed


def test_two_processes_on_one_file_do_not_both_write(
    database: Database, loader: AccountsLoader, tmp_path: Path
) -> None:
    intake.run(database, path=write_jsonl(tmp_path / "units.jsonl", UNITS), loader=UnitsLoader())
    path = write_jsonl(tmp_path / "a.jsonl", [account_record(number) for number in range(1, 41)])
    inner: list[object] = []

    def overtake(point: str) -> None:
        if point == "import.chunk.before" and not inner:
            inner.append(None)
            inner.append(intake.run(database, path=path, loader=loader, chunk_rows=10))

    faults.arm(overtake)
    try:
        with pytest.raises(intake.RunTaken):
            intake.run(database, path=path, loader=loader, chunk_rows=10)
    finally:
        faults.arm(None)
    with database.read() as session:
        assert session.sql("select count(*) from account").scalar_one() == 40


def test_the_account_of_a_stranger_is_none(database: Database) -> None:
    with database.read() as session:
        assert queries.account_by_no(session, account_no="nobody") is None
        assert queries.recipients(session, account_ids=[AccountId(1)]) == []


@pytest.mark.usefixtures("_units")
def test_an_account_is_found_by_what_another_file_wrote_of_its_holder_meanwhile(
    database: Database, loader: AccountsLoader, vault: Vault, tmp_path: Path
) -> None:
    intake.run(database, path=write_jsonl(tmp_path / "a.jsonl", [account_record(1)]), loader=loader)
    more = account_record(2) | {
        key: account_record(1)[key] for key in ("customer_no", "customer_kind", "name", "phone")
    }
    file = write_jsonl(tmp_path / "b.jsonl", [more])
    waiting = "select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'"

    def is_waiting() -> bool:
        with database.read() as asking:
            return bool(asking.sql(waiting).scalar_one())

    with ThreadPoolExecutor(1) as pool:
        with database.write() as session:
            member = people.member(session, vault, name="li")
            people.grant(session, member.staff_id, role=StaffRole.AGENT, unit="37")
            intake.take_turn(session, kind=AccountsLoader.kind)
            session.sql("update customer set tokens = :it", it=[vault.blind("phone", "+8613911112222")])
            other = pool.submit(intake.run, database, path=file, loader=loader)
            wait_until(is_waiting, timeout_s=60)
        assert other.result(timeout=60).rejected == 0
    wanted = rules.searched("13911112222", region="+86")
    with database.read() as reading:
        found = finding.found_accounts(
            reading, vault=vault, wanted=wanted, staff_id=member.staff_id, after="", limit=5, now=NOON
        )
    assert [each.account_no for each in found] == ["8000000001", "8000000002"]
