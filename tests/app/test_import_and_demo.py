"""`wattline import` and `wattline demo`, run as programs."""

import gzip
import hashlib
import json
import os
import pwd
import socket
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from app.demo import SUPPLIERS
from app.demo.bills import bills_of
from app.house import PROFILES, Profile
from core import clock
from core.config import Settings
from core.db import Database
from core.periods import business_date
from services.billing import queries as billing
from services.billing.events import BillIssued
from services.ledger import queries as ledger
from tests.factories.accounts import account_record, write_csv, write_jsonl
from tests.factories.billing import bill_record
from tests.support.processes import wattline

NINE_DAYS = Path(__file__).parents[1] / "services/metering/samples/nine_days.xml.gz"
UNITS: list[dict[str, object]] = [
    {"code": "37", "parent_code": None, "kind": "province", "name": "某省电力"},
    {"code": "3701", "parent_code": "37", "kind": "city", "name": "济南供电"},
]


@pytest.fixture
def environment(settings: Settings) -> dict[str, str]:
    """Variables of this test's deployment."""
    secret = {
        name: value.get_secret_value()
        for name in ("database_url", "redis_url", "master_key", "data_keys", "token_keys")
        if (value := getattr(settings, name))
    }
    plain = {"environment": "test", "public_url": settings.public_url}
    return {**os.environ, **{f"WATTLINE_{name.upper()}": value for name, value in {**secret, **plain}.items()}}


def test_a_whole_supplier_is_imported_by_three_commands(
    environment: dict[str, str], database: Database, tmp_path: Path
) -> None:
    files = (
        ("units", write_jsonl(tmp_path / "units.jsonl", UNITS)),
        ("accounts", write_csv(tmp_path / "accounts.csv", [account_record(number) for number in range(1, 6)])),
        ("bills", write_jsonl(tmp_path / "bills.jsonl", [bill_record("8000000001", "B-0001")])),
    )
    for kind, path in files:
        done = wattline(environment, "import", kind, str(path), "--json")
        assert done.returncode == 0, done.stderr
        assert json.loads(done.stdout)["rejected"] == 0
    with database.read() as session:
        assert session.sql("select sum(open_minor) from bill").scalar_one() == 12_860


def test_an_import_stands_in_the_audit_log_with_its_operator_and_its_outcome(
    environment: dict[str, str], database: Database, tmp_path: Path
) -> None:
    path = write_jsonl(tmp_path / "units.jsonl", [*UNITS, {**UNITS[0], "code": "?"}])
    done = wattline(environment, "import", "units", str(path))
    assert (done.returncode, "no known unit" in done.stdout) == (3, False), "a file of units makes them"
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    with database.read() as session:
        begun, finished = session.sql("select * from audit order by id").all()
    me = (f"operator:{pwd.getpwuid(os.getuid()).pw_name}", socket.gethostname())
    assert [(each.actor, each.address) for each in (begun, finished)] == [me, me]
    assert (begun.act, begun.after) == ("import.begin", {"kind": "units", "sha256": digest, "resumed_from": 0})
    assert (finished.act, finished.after) == ("import.finish", {"rows": 3, "rejected": 1})
    assert begun.subject == finished.subject


def test_rejected_rows_are_explained_in_a_file_and_by_the_exit_code(
    environment: dict[str, str], tmp_path: Path
) -> None:
    wattline(environment, "import", "units", str(write_jsonl(tmp_path / "units.jsonl", UNITS)))
    path = write_csv(tmp_path / "accounts.csv", [account_record(1, state="active"), account_record(2, state="asleep")])
    done = wattline(environment, "import", "accounts", str(path))
    assert done.returncode == 3
    assert "1 rejected" in done.stdout
    explained = (tmp_path / "accounts.csv.rejects.csv").read_text(encoding="utf-8")
    assert explained == 'row,field,reason,code\n3,state,"is none of active, suspended, closed",none_of\n'
    write_csv(path, [account_record(1), account_record(2)])
    assert wattline(environment, "import", "accounts", str(path)).returncode == 0
    assert not (tmp_path / "accounts.csv.rejects.csv").exists()


def test_a_file_that_cannot_be_understood_stops_the_command_before_it_writes(
    environment: dict[str, str], tmp_path: Path
) -> None:
    path = tmp_path / "accounts.csv"
    path.write_text("account_no,colour\n1,red\n", encoding="utf-8")
    done = wattline(environment, "import", "accounts", str(path))
    assert (done.returncode, done.stdout) == (2, "")
    assert "unknown columns: colour" in done.stderr


def test_a_file_of_another_system_is_imported_with_the_names_that_it_has_for_meters(
    environment: dict[str, str], database: Database, tmp_path: Path
) -> None:
    wattline(environment, "import", "units", str(write_jsonl(tmp_path / "units.jsonl", UNITS)))
    wattline(environment, "import", "accounts", str(write_csv(tmp_path / "accounts.csv", [account_record(1)])))
    names = write_csv(tmp_path / "names.csv", [{"source": "RetailCustomer/2/UsagePoint/2", "meter_no": "M000000001"}])
    sample = gzip.decompress((NINE_DAYS).read_bytes()).replace(
        b"https://services.greenbuttondata.org/DataCustodian/espi/1_1/resource/", b""
    )
    feed = tmp_path / "readings.xml"
    feed.write_bytes(sample)
    done = wattline(environment, "import", "readings", str(feed), "--meters", str(names), "--json")
    assert (done.returncode, json.loads(done.stdout)["new"]) == (0, 216), done.stderr
    with database.read() as session:
        energy = session.sql("select sum(e) from interval_day, unnest(energies) e").scalar_one()
    assert energy == 199_563_000
    done = wattline(environment, "import", "readings", str(feed), "--zone", "Asia/Shanghai")
    assert (done.returncode, "the file tells its zone" in done.stderr) == (2, True)


def demo(environment: dict[str, str]) -> dict[str, Any]:
    done = wattline(environment, "demo", "--json")
    assert done.returncode == 0, done.stderr
    told: dict[str, Any] = json.loads(done.stdout)
    return told


@pytest.mark.parametrize(
    "latest", [date(2026, 1, 1), date(2026, 3, 31), date(2026, 11, 1), date(2026, 11, 24), date(2028, 2, 29)], ids=str
)
def test_the_demos_newest_bills_are_of_the_day_that_is_wanted_and_every_month_has_one(latest: date) -> None:
    household = SUPPLIERS["cny"].households[0]
    own = list(bills_of(household, number=0, latest=latest, months=24, currency="CNY"))
    issued = [date.fromisoformat(str(bill["issue_date"])) for bill in own]
    assert (issued[-1], len(set(issued)), issued) == (latest, 24, sorted(issued))
    assert all(str(bill["period_end"]) <= str(bill["issue_date"]) < str(bill["due_date"]) for bill in own)
    assert [own[at]["period_end"] for at in range(23)] == [own[at]["period_first"] for at in range(1, 24)]


@pytest.mark.parametrize("profile", list(Profile))
def test_the_demo_is_whole_and_again_changes_nothing(
    environment: dict[str, str], database: Database, profile: Profile
) -> None:
    environment |= PROFILES[profile]
    first_today = business_date(clock.now(), ZoneInfo(environment.get("WATTLINE_SUPPLIER_ZONE", "Asia/Shanghai")))
    first = demo(environment)
    assert demo(environment) == first
    currency = "EUR" if profile is Profile.EUR else "CNY"
    assert {account["due"]["currency"] for account in first["accounts"]} == {currency}
    assert len(first["accounts"]) == (10 if profile is Profile.EUR else 20)
    assert {account["class"] for account in first["accounts"]} == {
        "residential",
        "commercial",
        "industrial",
        "agricultural",
    }
    assert any(account["due"]["amount_minor"] == 0 for account in first["accounts"])
    assert any(len(person["accounts"]) > 1 for person in first["people"]) or profile is Profile.EUR
    with database.read() as session:
        assert session.sql("select count(*) from unit").scalar_one() >= 4
        assert session.sql("select count(*) from bill").scalar_one() >= 24 * len(first["accounts"]) - 12
        assert billing.check_invariants(session) == []
        held = session.sql("select distinct reason from reading_quarantine where state = 'open'").scalars().all()
        assert held, "a demo without a reading that nobody believes shows half of the console"
        known = session.sql(
            "select count(*) as days, count(distinct account_id) as meters, max(day) as latest from interval_day"
        ).one()
        assert (known.days > 390 * known.meters, known.latest) == (True, first_today - timedelta(days=1))
        assert ledger.check_invariants(session) == []
        due = {each["account_no"]: each["due"]["amount_minor"] for each in first["accounts"]}
        rows = session.sql(
            """select account_no, (select coalesce(sum(open_minor), 0)::bigint from bill b where b.account_id = a.id) as due
               from account a"""
        )
        assert {row.account_no: row.due for row in rows} == due
        owing = {each["account_no"] for each in first["accounts"] if each["due"]["amount_minor"] > 0}
        told = session.sql(
            """select a.account_no
               from outbox o
               join bill b on b.account_id = cast(o.payload ->> 'account_id' as bigint)
                 and b.id = cast(o.payload ->> 'bill_id' as bigint)
               join account a on a.id = b.account_id
               where o.kind = :kind and b.issue_date > current_date - 8 and b.due_date > current_date""",
            kind=BillIssued.code,
        )
        assert {row.account_no for row in told} == owing, "what is owed is news, whatever day this is"
