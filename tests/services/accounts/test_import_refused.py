"""What a refused row says is written nowhere, neither through another row of its customer or premises."""

from pathlib import Path
from typing import Final

import pytest

from core import intake
from core.crypto.vault import Vault
from core.db import Database
from services.accounts.operations import AccountsLoader, UnitsLoader
from tests.factories.accounts import account_record, write_jsonl
from tests.factories.billing import ZONE

UNIT: Final[dict[str, object]] = {"code": "3701", "parent_code": None, "kind": "city", "name": "济南供电"}
PLACE: Final[dict[str, object]] = {"customer_no": "C-1", "premises_no": "P-1", "meter_no": None}
KNOWN: Final = account_record(1, **PLACE, building="12号", door="3单元502", phone="13800138000")
SILENT: Final = {
    name: value
    for name, value in {**KNOWN, "account_no": "8000000002"}.items()
    if name not in ("building", "door", "phone")
}
SAID: Final = {**KNOWN, "account_no": "8000000003", "building": "-", "door": "9单元901", "phone": "13900139000"}
METER: Final = account_record(9, meter_no="M-9")


@pytest.fixture
def loader(vault: Vault) -> AccountsLoader:
    return AccountsLoader(vault, currency="CNY", phone_region="+86", locales=("zh-CN", "en"), zone=ZONE)


@pytest.mark.parametrize(
    ("refused", "field"),
    [
        ({"unit_code": "9999"}, "unit_code"),
        ({"account_no": METER["account_no"], "currency": "USD"}, "currency"),
        ({"meter_no": "M-9"}, "meter_no"),
        ({"name": "李雷"}, "customer_no"),
        ({"street": "新街"}, "premises_no"),
    ],
)
@pytest.mark.parametrize("is_known", [True, False], ids=["known", "new"])
def test_a_refused_row_says_nothing_for_a_row_that_is_silent(
    database: Database,
    loader: AccountsLoader,
    tmp_path: Path,
    refused: dict[str, object],
    field: str,
    *,
    is_known: bool,
) -> None:
    intake.run(database, path=write_jsonl(tmp_path / "units.jsonl", [UNIT]), loader=UnitsLoader())
    first = [METER, KNOWN] if is_known else [METER]
    intake.run(database, path=write_jsonl(tmp_path / "known.jsonl", first), loader=loader)
    rows = [SILENT, {**SAID, **refused}]
    # A row that differs from an earlier one is the later of them; of all others it is the first.
    rows = rows if field in ("customer_no", "premises_no") else rows[::-1]
    report = intake.run(database, path=write_jsonl(tmp_path / "rows.jsonl", rows), loader=loader)
    with database.read() as session:
        assert [each.field for each in intake.rejects(session, run_id=report.run_id)] == [field]
        found = session.sql(
            """select p.building, p.door_sealed is null as has_no_door, k.address_masked
               from account a join premises p on p.id = a.premises_id left join contact_point k on k.customer_id = a.customer_id
               where a.account_no = :no""",
            no=SILENT["account_no"],
        ).one()
    assert tuple(found) == (("12号", False, "+86138****8000") if is_known else ("", True, None))
    again = intake.run(database, path=write_jsonl(tmp_path / "again.jsonl", [*first, SILENT]), loader=loader)
    assert again.unchanged == again.rows
