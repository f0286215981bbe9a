"""`wattline export payments`: the feed in a file, gone on with whatever cut it off, safe for spreadsheets."""

import csv
import json
import signal
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from app.cli import cli_of
from app.commands import export
from core import clock
from core.config import Settings
from core.crypto.vault import Vault
from core.db import Database
from core.periods import business_date
from services.payments import flows
from services.payments.queries import feed
from tests.factories import payments as make
from tests.support.processes import environment_of, wattline
from tests.support.sandbox import SandboxProcess

COMMAND = cli_of(["export"])
SUFFIXES = ("csv", "jsonl")
FACTS = 5


@pytest.fixture
def house(database: Database, vault: Vault, town_sandbox: SandboxProcess) -> Iterator[None]:
    """Four payments, and one whose provider calls it by a formula."""
    make.fill(make.provider(town_sandbox.base_url, make.merchant(town_sandbox.credentials["wechat_pay"])))
    for _ in range(FACTS - 1):
        pay(database, vault)
    order = make.order(database, vault, make.wanted(make.household(database, vault)))
    result = replace(make.paid(make.latest(database, order)), transaction_id="=1+1")
    make.apply(database, replace(result, out_trade_no="STRANGER000000000001"))
    number(database)
    yield
    make.close_clients()


def pay(database: Database, vault: Vault) -> None:
    home = make.household(database, vault, bills=(3_000, 4_000))
    make.apply(database, make.paid(make.latest(database, make.order(database, vault, make.wanted(home, 3_000)))))


def number(database: Database) -> None:
    flows.number_feed(database, is_over=lambda: False)


def rows(file: Path) -> list[dict[str, Any]]:
    with file.open(encoding="utf-8", newline="") as source:
        return list(csv.DictReader(source)) if file.suffix == ".csv" else [json.loads(line) for line in source]


def ask(settings: Settings, file: Path, *options: str) -> Result:
    return CliRunner().invoke(COMMAND, ["export", "payments", str(file), *options], env=environment_of(settings))


def exported(settings: Settings, file: Path, *options: str) -> Any:
    done = ask(settings, file, "--json", *options)
    assert done.exit_code == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.usefixtures("house")
def test_both_forms_tell_what_the_feed_tells_and_a_spreadsheet_computes_none_of_it(
    database: Database, settings: Settings, tmp_path: Path
) -> None:
    for suffix in SUFFIXES:
        assert exported(settings, tmp_path / f"payments.{suffix}")["facts"] == FACTS
    with database.read() as session:
        page = feed.page(session, after=0, limit=100)
    told = [json.loads(item) for _, item in page.facts]
    lines = rows(tmp_path / "payments.jsonl")
    assert [{name: fact[name] for name in told[0]} for fact in lines] == told
    sheet = rows(tmp_path / "payments.csv")
    for row, fact in zip(sheet, lines, strict=True):
        assert (row["amount_minor"], row["currency"]) == (str(fact["amount"]["amount_minor"]), "CNY")
        assert row["cursor"] == fact["cursor"]
        shares = [share.split("|") for share in row["settled"].split(";") if share]
        assert [(kind, no, int(taken)) for kind, no, taken in shares] == [
            (each["kind"], each["no"], each["amount_minor"]) for each in fact["settled"]
        ]
    assert [row["provider_transaction"] for row in sheet if row["kind"] == "suspended"] == ["'=1+1"]


@pytest.mark.usefixtures("house")
@pytest.mark.parametrize("suffix", SUFFIXES)
def test_an_export_that_was_killed_and_torn_ends_like_an_undisturbed_one_and_grows_by_what_is_new(
    suffix: str,
    database: Database,
    vault: Vault,
    settings: Settings,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    whole, cut = tmp_path / f"whole.{suffix}", tmp_path / f"cut.{suffix}"
    export.run(database, settings, file=whole)
    died = wattline(
        environment_of(settings, WATTLINE_FAULT="export.page.written:kill"), "export", "payments", str(cut), "--json"
    )
    assert died.returncode == -signal.SIGKILL
    content = whole.read_bytes()
    monkeypatch.setattr(export, "FACTS_AT_ONCE", 2)
    for length in (*range(0, len(content), 211), len(content)):
        cut.write_bytes(content[:length])
        export.run(database, settings, file=cut)
        assert cut.read_bytes() == content
    pay(database, vault)
    number(database)
    assert exported(settings, cut)["facts"] == 1
    assert cut.read_bytes().startswith(content)
    assert len(rows(cut)) == FACTS + 1


@pytest.mark.usefixtures("house")
def test_days_and_cursors_bound_what_is_written(database: Database, settings: Settings, tmp_path: Path) -> None:
    day = business_date(clock.now(), settings.zone)
    whole = tmp_path / "whole.jsonl"
    export.run(database, settings, file=whole)
    middle = rows(whole)[1]["cursor"]
    for name, options, count in (
        ("today", ("--from", f"{day - timedelta(days=1)}", "--to", f"{day}"), FACTS),
        ("earlier", ("--to", f"{day - timedelta(days=2)}"), 0),
        ("later", ("--from", f"{day + timedelta(days=1)}"), 0),
        ("behind", ("--after", middle), FACTS - 2),
    ):
        file = tmp_path / f"{name}.csv"
        assert exported(settings, file, *options)["facts"] == count, name
        assert len(rows(file)) == count


def test_what_is_no_export_is_left_alone_and_what_is_no_cursor_is_refused(settings: Settings, tmp_path: Path) -> None:
    for name, content in (("a.csv", "account_no,name\n1,x\n"), ("a.jsonl", '{"id": 1}\n'), ("a.txt", "")):
        file = tmp_path / name
        file.write_text(content)
        assert ask(settings, file).exit_code == 2
        assert file.read_text() == content
    refused = ask(settings, tmp_path / "b.csv", "--after", "nonsense")
    assert (refused.exit_code, "no cursor" in refused.stderr) == (2, True)
