"""A field that is not said leaves what is known; `-` takes it away. Of files, dry runs and whole files alike."""

from pathlib import Path
from typing import Final

import pytest

from core import intake
from core.crypto.vault import Vault
from core.db import Database
from core.intake import Report
from services.accounts.operations import AccountsLoader, UnitsLoader, WholeAccounts
from services.accounts.rules import customer_owner, premises_owner
from tests.factories.accounts import account_record, write_jsonl
from tests.factories.billing import ZONE

UNIT: Final[dict[str, object]] = {"code": "3701", "parent_code": None, "kind": "city", "name": "济南供电"}
OPTIONAL: Final = (
    *("phone", "locale", "state", "currency", "premises_no", "building", "door", "meter_no"),
    *("tariff_code", "agreement_from", "is_prepaid"),
)
WHOLE: Final = account_record(
    1, locale="en", state="closed", currency="USD", premises_no="P-1", is_prepaid=True, phone="13800138000"
)
SPARSE: Final = {name: value for name, value in WHOLE.items() if name not in OPTIONAL}


@pytest.fixture
def loader(vault: Vault) -> AccountsLoader:
    return AccountsLoader(vault, currency="CNY", phone_region="+86", locales=("zh-CN", "en"), zone=ZONE)


@pytest.fixture(autouse=True)
def _unit(database: Database, tmp_path: Path) -> None:
    intake.run(database, path=write_jsonl(tmp_path / "units.jsonl", [UNIT]), loader=UnitsLoader())


class Office:
    """Who sends files, and looks at what came of them."""

    def __init__(self, database: Database, vault: Vault, loader: AccountsLoader, place: Path) -> None:
        self.database, self.vault, self.loader, self.place, self.sent = database, vault, loader, place, 0

    def file(self, *records: dict[str, object]) -> Path:
        self.sent += 1
        return write_jsonl(self.place / f"{self.sent}.jsonl", list(records))

    def send(self, *records: dict[str, object]) -> Report:
        report = intake.run(self.database, path=self.file(*records), loader=self.loader)
        assert report.rejected == 0
        return report

    def known(self, account_no: object) -> dict[str, object]:
        """Everything of an account that a file may say, in clear."""
        with self.database.read() as session:
            row = session.sql(
                """select a.state, a.currency, p.premises_no, p.building, p.door_sealed, c.customer_no, c.name_sealed,
                     k.address_sealed, k.locale, m.meter_no, g.tariff_code, g.is_prepaid
                   from account a join premises p on p.id = a.premises_id join customer c on c.id = a.customer_id
                   left join contact_point k on k.customer_id = c.id left join meter m on m.account_id = a.id and m.removed_on is null
                   left join agreement g on g.account_id = a.id where a.account_no = :no""",
                no=account_no,
            ).one()
        found = dict(row._mapping)
        owner = customer_owner(row.customer_no)
        for column, table, name, of in (
            ("door_sealed", "premises", "door", premises_owner(row.premises_no)),
            ("name_sealed", "customer", "name", owner),
            ("address_sealed", "contact_point", "address", owner),
        ):
            sealed = found.pop(column)
            found[name] = (
                None if sealed is None else self.vault.open(table=table, column=name, owner=of, sealed=bytes(sealed))
            )
        return found


@pytest.fixture
def office(database: Database, vault: Vault, loader: AccountsLoader, tmp_path: Path) -> Office:
    return Office(database, vault, loader, tmp_path)


def test_a_row_without_its_optional_columns_changes_nothing_that_is_known(office: Office) -> None:
    office.send(WHOLE)
    before = office.known(WHOLE["account_no"])
    report = office.send(SPARSE)
    assert (report.changed, report.unchanged) == (0, 1)
    assert office.known(WHOLE["account_no"]) == before
    assert (before["state"], before["address"], before["premises_no"]) == ("closed", "+8613800138000", "P-1")


def test_what_a_row_does_say_changes_and_all_else_stays(office: Office) -> None:
    office.send(WHOLE)
    before = office.known(WHOLE["account_no"])
    said = {**SPARSE, "name": "王红", "street": "新街", "class": "commercial"}
    dry = intake.check(office.database, path=office.file(said), loader=office.loader)
    report = office.send(said)
    assert (dry.changed, report.changed) == (1, 1)
    assert office.known(WHOLE["account_no"]) == {**before, "name": "王红"}
    said["door"] = "9单元901"
    assert office.send(said).changed == 1
    assert office.known(WHOLE["account_no"]) == {**before, "name": "王红", "door": "9单元901"}
    assert office.send(said).unchanged == 1
    later = {**said, "tariff_code": "RES-2", "agreement_from": "2030-01-01"}
    office.send(later)
    with office.database.read() as session:
        assert session.sql("select is_prepaid from agreement order by id").scalars().all() == [True, True]


def test_a_new_account_gets_what_stands_in_for_what_is_not_said(office: Office) -> None:
    office.send(SPARSE)
    found = office.known(WHOLE["account_no"])
    assert (found["state"], found["currency"], found["premises_no"]) == ("active", "CNY", WHOLE["account_no"])
    assert (found["building"], found["door"], found["address"], found["meter_no"]) == ("", None, None, None)


def test_a_dash_takes_away_what_is_known_once(office: Office) -> None:
    office.send(WHOLE)
    before = office.known(WHOLE["account_no"])
    cleared = {**SPARSE, "phone": "-", "door": "-", "building": "-"}
    assert office.send(cleared).changed == 1
    gone = {**before, "building": "", "door": None, "address": None, "locale": None}
    assert office.known(WHOLE["account_no"]) == gone
    assert office.send(cleared).unchanged == 1
    assert office.send(SPARSE).unchanged == 1


def test_what_one_row_of_a_customer_and_place_says_holds_for_the_rows_that_say_nothing(office: Office) -> None:
    place = {"premises_no": "P-1"}
    second = {**SPARSE, **place, "account_no": "8000000002"}
    third = {**SPARSE, **place, "account_no": "8000000003"}
    report = office.send(second, {**WHOLE, "state": "active", "currency": "CNY"}, third)
    assert report.new == 3
    for number in ("8000000002", "8000000003"):
        found = office.known(number)
        assert (found["address"], found["locale"]) == ("+8613800138000", "en")
        assert (found["door"], found["building"]) == (WHOLE["door"], WHOLE["building"])
    assert office.send(third, second).unchanged == 2


def test_a_dry_run_and_a_whole_file_count_what_is_not_said_as_the_load_does(office: Office) -> None:
    office.send(*(account_record(number, state="suspended") for number in range(1, 9)))
    sparse = [
        {name: value for name, value in account_record(number).items() if name not in OPTIONAL}
        for number in range(1, 8)
    ]
    sparse[0]["phone"] = "13900139000"
    sparse[1]["phone"] = "-"
    sparse[2]["name"] = "李雷"
    path = office.file(*sparse)
    reports = [
        take(office.database, path=path, loader=office.loader, whole=WholeAccounts(""), chunk_rows=3)
        for take in (intake.check, intake.run)
    ]
    assert {(each.new, each.changed, each.unchanged, each.vanished) for each in reports} == {(0, 3, 4, 1)}


def test_an_account_that_names_no_premises_moves_none_of_its_neighbours(office: Office) -> None:
    place = {"premises_no": "P-1", "state": "active", "currency": "CNY", "meter_no": None}
    second = {**WHOLE, **place, "account_no": "8000000002"}
    office.send({**WHOLE, **place}, second)
    moved = {**SPARSE, "street": "新街"}
    report = intake.run(office.database, path=office.file(moved), loader=office.loader)
    with office.database.read() as session:
        [told] = intake.rejects(session, run_id=report.run_id)
        assert session.sql("select distinct street from premises").scalars().all() == [WHOLE["street"]]
    assert (told.field, told.reason.partition(":")[0]) == ("premises_no", "is missing")
    assert office.send(SPARSE).unchanged == 1, "the same address says nothing new"
    assert office.send({**moved, "premises_no": moved["account_no"]}).changed == 1, "it has a place of its own now"
    assert office.send({**moved, "street": "老街"}).changed == 1
    assert office.known("8000000002")["premises_no"] == "P-1"
    assert office.send({**second, "street": "北街"}).changed == 1


@pytest.mark.parametrize("is_known", [True, False], ids=["known", "new"])
def test_a_dry_run_compares_what_a_later_row_of_the_account_does_say(office: Office, *, is_known: bool) -> None:
    if is_known:
        office.send(WHOLE)
    later = {
        "sparse": SPARSE,
        "more": {**SPARSE, "phone": "13900139000"},
        "other": {**WHOLE, "door": "1-1"},
        "whole": {**SPARSE, "phone": "138 0013 8000", "building": WHOLE["building"], "state": "closed"},
        "again": SPARSE,
    }
    path = office.file({**WHOLE, "street": "新街"}, *({**row, "street": "新街"} for row in later.values()))
    dry, real = (
        take(office.database, path=path, loader=office.loader, chunk_rows=1) for take in (intake.check, intake.run)
    )
    assert (dry.new, dry.changed, dry.unchanged) == (real.new, real.changed, real.unchanged)
    assert (real.new, real.unchanged) == ((0, 3) if is_known else (1, 3))
