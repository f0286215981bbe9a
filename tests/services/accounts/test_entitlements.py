"""What tariffs ask of an account: dated, one of a kind at a time, written once, ended with whom it is about."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

import pytest

from core import clock, intake
from core.crypto.vault import Vault
from core.db import Database
from core.intake import Report
from core.periods import Period
from services.accounts import operations
from services.accounts.errors import EntitlementsOverlap, EntitlementUnknown, EntitlementWrong
from services.accounts.operations import AccountsLoader, EntitlementsLoader
from services.accounts.queries import AccountRef, account_by_no
from services.accounts.queries.entitlements import AccountFacts, entitlements_of, expiring, facts_on
from services.accounts.roles import StaffRole
from tests.factories.accounts import ACTOR, account_record, make_account, make_unit, write_jsonl
from tests.factories.staff import NOON, employ

YEAR, NEXT, LATER = date(2026, 1, 1), date(2027, 1, 1), date(2028, 1, 1)
ZONE: Final = ZoneInfo("Asia/Shanghai")
Load = Callable[..., Report]


@pytest.fixture
def load(database: Database, tmp_path: Path) -> Load:
    """Import a file of entitlements of the account 8000000001 unless a row names another."""

    def made(*rows: dict[str, object], renewals: dict[str, int] | None = None) -> Report:
        records = [{"account_no": "8000000001", "kind": "persons", "valid_from": f"{YEAR}", **row} for row in rows]
        loader = EntitlementsLoader(renewals=renewals or {}, now=NOON)
        return intake.run(database, path=write_jsonl(tmp_path / "entitlements.jsonl", records), loader=loader)

    return made


@pytest.fixture
def account(database: Database, vault: Vault) -> AccountRef:
    with database.write() as session:
        return make_account(session, vault, account_no="8000000001")


def held(database: Database, account: AccountRef, period: Period | None = None) -> list[tuple[Any, ...]]:
    with database.read() as session:
        found = entitlements_of(session, account_id=account.id, period=period)
    return [(each.kind, each.value, each.valid_from, each.valid_to) for each in found]


def changes(database: Database) -> list[dict[str, Any]]:
    with database.read() as session:
        return list(session.sql("select payload from outbox where kind = 42 order by id").scalars())


def reasons(database: Database, report: Report) -> list[tuple[int, str, str]]:
    with database.read() as session:
        return [
            (each.row_no, each.field, each.reason) for each in intake.rejects(session, run_id=report.run_id, limit=99)
        ]


def test_a_file_is_compared_before_it_is_written(database: Database, account: AccountRef, load: Load) -> None:
    rows: tuple[dict[str, object], ...] = (
        {"value": 5, "document": "HK-1"},
        {"kind": "low_income"},
        {"kind": "contract_kw", "value": "600.5"},
    )
    first = load(*rows)
    assert (first.new, first.changed, first.unchanged, first.rejected) == (3, 0, 0, 0)
    again = load(*rows, {"kind": "contract_kw", "valid_from": f"{NEXT}", "value": 1})
    assert (again.new, again.changed, again.unchanged, again.rejected) == (0, 0, 3, 1)
    ended = load(
        {"kind": "contract_kw", "valid_to": f"{NEXT}"}, {"kind": "contract_kw", "valid_from": f"{NEXT}", "value": 700}
    )
    assert (ended.new, ended.changed) == (1, 1)
    assert held(database, account) == [
        ("contract_kw", Decimal("600.5"), YEAR, NEXT),
        ("contract_kw", Decimal(700), NEXT, None),
        ("low_income", Decimal(1), YEAR, None),
        ("persons", Decimal(5), YEAR, None),
    ]
    assert len(held(database, account, Period.month(2026, 12))) == 3
    with database.read() as session:
        assert facts_on(session, account_id=account.id, day=NEXT) == AccountFacts(
            5, frozenset({"low_income"}), Decimal(700), None
        )
        assert facts_on(session, account_id=account.id, day=date(2025, 12, 31)) == AccountFacts(
            None, frozenset(), None, None
        )
        told = (
            session.sql("select after from audit where act = 'accounts.entitlement_changed' order by id")
            .scalars()
            .all()
        )
    assert told[:3] == [
        {"entitlement": "persons", "valid_from": "2026-01-01", "valid_to": None},
        {"entitlement": "flag", "valid_from": "2026-01-01", "valid_to": None},
        {"entitlement": "contract_kw", "valid_from": "2026-01-01", "valid_to": None, "value": "600.5"},
    ]
    assert changes(database) == [
        {"account_ids": [account.id], "since": ["2026-01-01"], "until": [None]},
        {"account_ids": [account.id], "since": [f"{NEXT}"], "until": [None]},
    ]


def test_two_of_a_kind_never_hold_on_the_same_day_whatever_relied_on_a_row_that_is_refused(
    database: Database, account: AccountRef, load: Load
) -> None:
    load({"value": 4, "valid_to": f"{NEXT}"}, {"value": 5, "valid_from": f"{NEXT}"})
    report = load(
        {"value": 6, "valid_from": f"{LATER}"},
        {"value": 4, "valid_to": f"{date(2027, 6, 1)}"},
        {"kind": "low_income", "valid_from": f"{NEXT}"},
        {"kind": "low_income"},
    )
    overlaps = "overlaps another entitlement of this kind: say first when that one ends"
    assert reasons(database, report) == [(row, "valid_from", overlaps) for row in (1, 2, 4)]
    assert held(database, account) == [
        ("low_income", Decimal(1), NEXT, None),
        ("persons", Decimal(4), YEAR, NEXT),
        ("persons", Decimal(5), NEXT, None),
    ]


def test_what_never_held_is_void_and_makes_room(database: Database, account: AccountRef, load: Load) -> None:
    load({"value": 4})
    report = load({"valid_to": f"{YEAR}"}, {"value": 5, "valid_from": f"{date(2026, 3, 1)}"})
    assert report.rejected == 0
    assert held(database, account, Period(YEAR, LATER)) == [("persons", Decimal(5), date(2026, 3, 1), None)]


def test_wrong_rows_are_told_and_the_others_taken(database: Database, account: AccountRef, load: Load) -> None:
    report = load(
        {"account_no": "8000000099", "value": 5},
        {"value": "5.5"},
        {"value": None, "valid_to": "2026-02-30"},
        {"kind": "contract_kw", "value": "NaN"},
        {"kind": "low income", "value": 1},
        {"kind": "low_income", "value": 2},
        {"kind": "student", "valid_to": "2025-12-31"},
        {"kind": "blind"},
        {"kind": "blind"},
        {"kind": "contract_kw", "value": "1e3"},
    )
    assert reasons(database, report) == [
        (1, "account_no", "is no known account"),
        (2, "value", "is not a whole number of people from 1 to 99"),
        (3, "valid_from", "stands twice in the file"),
        (3, "valid_to", "is not a date like 2026-01-31"),
        (3, "value", "is missing"),
        (4, "value", "is not a number above 0 with at most 3 decimals"),
        (5, "kind", "is not a name of small letters, digits and _ that begins with a letter"),
        (6, "value", "must be 1 or empty: a flag holds or does not"),
        (7, "valid_to", "lies before valid_from"),
        (9, "valid_from", "stands twice in the file"),
        (10, "valid_from", "stands twice in the file"),
        (10, "value", "is not a number above 0 with at most 3 decimals"),
    ]
    assert [kind for kind, *_ in held(database, account)] == ["blind"]


def test_a_kind_that_must_be_proved_anew_ends_and_is_listed_until_something_follows(
    database: Database, vault: Vault, account: AccountRef, load: Load
) -> None:
    with database.write() as session:
        make_unit(session, code="3702", parent="37", kind="city")
        near, far = (employ(session, vault, role=StaffRole.AGENT, unit=unit, now=NOON) for unit in ("37", "3702"))
    load({"value": 5, "valid_from": "2024-10-31"}, {"kind": "low_income"}, renewals={"persons": 24})
    assert held(database, account)[1] == ("persons", Decimal(5), date(2024, 10, 31), date(2026, 10, 31))

    def ending(staff: Any) -> list[tuple[str, str, date]]:
        with database.read() as session:
            found = expiring(
                session, staff_id=staff.staff_id, today=date(2026, 10, 1), until=date(2026, 12, 1), now=NOON, limit=9
            )
        return [(each.account_no, each.kind, each.valid_to) for each in found]

    assert (ending(near), ending(far)) == ([("8000000001", "persons", date(2026, 10, 31))], [])
    load({"value": 5, "valid_from": "2026-10-31"}, renewals={"persons": 24})
    assert ending(near) == []


def test_staff_write_and_end_one_and_are_told_what_is_wrong(database: Database, account: AccountRef) -> None:
    def add(**other: Any) -> int:
        said = {"kind": "persons", "value": Decimal(5), "valid_from": YEAR, "valid_to": None, "document": "", **other}
        with database.write() as session:
            return operations.add_entitlement(
                session, account_id=account.id, renewals={"persons": 24}, actor=ACTOR, now=NOON, **said
            )

    made = add()
    assert held(database, account) == [("persons", Decimal(5), YEAR, LATER)]
    with pytest.raises(EntitlementsOverlap):
        add(valid_from=NEXT)
    for field, wrong in (
        ("kind", {"kind": "Persons"}),
        ("value", {"value": Decimal("5.5")}),
        ("value", {"kind": "low_income", "value": Decimal(2)}),
        ("value", {"kind": "contract_kw", "value": Decimal("NaN")}),
        ("valid_to", {"valid_to": YEAR}),
        ("document", {"document": "x" * 201}),
    ):
        with pytest.raises(EntitlementWrong) as refused:
            add(**wrong)
        assert refused.value.facts == {"field": field}

    def end(entitlement_id: int, day: date) -> None:
        with database.write() as session:
            operations.end_entitlement(
                session, account_id=account.id, entitlement_id=entitlement_id, valid_to=day, actor=ACTOR
            )

    end(made, NEXT)
    add(valid_from=NEXT, value=Decimal(6))
    with pytest.raises(EntitlementsOverlap):
        end(made, LATER)
    with pytest.raises(EntitlementUnknown):
        end(99, NEXT)
    assert held(database, account) == [
        ("persons", Decimal(5), YEAR, NEXT),
        ("persons", Decimal(6), NEXT, date(2029, 1, 1)),
    ]


def test_another_holder_ends_what_the_household_was_entitled_to(
    database: Database, vault: Vault, tmp_path: Path, load: Load
) -> None:
    loader = AccountsLoader(vault, currency="CNY", phone_region="+86", locales=("zh-CN", "en"), zone=ZONE)
    with database.write() as session:
        make_unit(session, code="37")
        make_unit(session, code="3701", parent="37", kind="city")

    def hold(customer_no: str) -> None:
        record = account_record(1, account_no="8000000001", customer_no=customer_no)
        intake.run(database, path=write_jsonl(tmp_path / "accounts.jsonl", [record]), loader=loader)

    hold("C-earlier")
    coming = f"{clock.now().year + 1}-01-01"
    load({"value": 5}, {"kind": "low_income", "valid_from": coming}, {"kind": "transformer_kva", "value": 630})
    hold("C-later")
    with database.read() as reading:
        account = account_by_no(reading, account_no="8000000001")
    assert account is not None
    today = clock.now().astimezone(ZONE).date()
    assert [(kind, valid_to) for kind, _, _, valid_to in held(database, account.ref)] == [
        ("low_income", date.fromisoformat(coming)),
        ("persons", today),
        ("transformer_kva", None),
    ]
    assert changes(database)[-1]["account_ids"] == [account.ref.id]
    with database.write() as session:
        holder = operations.lock_holder(session, customer_no="C-earlier")
        assert holder is not None
        operations.erase_holder(session, vault=vault, customer_no="C-earlier", holder=holder, actor=ACTOR, now=NOON)
    assert [kind for kind, *_ in held(database, account.ref)] == ["transformer_kva"]
