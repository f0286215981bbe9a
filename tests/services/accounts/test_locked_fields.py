"""Every locked field is corrected by two persons, from a day on where it is dated, and each change leaves one fact."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Final

import pytest

from core import clock
from core.crypto.vault import Vault
from core.db import Database
from services.accounts.catalogue import CATALOGUE, Level
from services.accounts.errors import CorrectionDateWrong, CorrectionOutdated, CorrectionWrong, DocumentMissing
from services.accounts.events import LockedDataChanged, MetersMoved
from services.accounts.operations import Corrected, Correction, propose_correction
from services.accounts.operations.locked import Standing
from services.accounts.queries import AccountRef
from services.accounts.queries.finding import found_accounts, searched
from services.accounts.roles import StaffRole
from services.casework.errors import RequestUnknown
from tests.factories import staff as people
from tests.factories.accounts import make_account, make_unit
from tests.factories.staff import Member
from tests.services.accounts.test_corrections import (
    BEGAN,
    NUMBER,
    PHONE,
    RIGHT,
    SINCE,
    TODAY,
    WRONG,
    account,
    approve,
    corrected,
    import_accounts,
    proposed,
    staff,
)

__all__ = ["account", "import_accounts", "staff"]
OTHER_PHONE: Final = "13800138002"
METER: Final = f"M{NUMBER:09d}"
FIELDS: Final = [
    (Corrected.NAME, WRONG, RIGHT, "name", WRONG, "李雷"),
    (Corrected.KIND, "person", "business", "customer_kind", "person", "business"),
    (Corrected.USE_CLASS, "residential", "commercial", "class", "residential", "industrial"),
    (Corrected.DISTRICT, "历下区", "市中区", "district", "历下区", "天桥区"),
    (Corrected.STREET, "泉城路", "经十路", "street", "泉城路", "解放路"),
    (Corrected.BUILDING, "2号", "", "building", "2号", "88号"),
    (Corrected.DOOR, "2单元102", "9单元901", "door", "2单元102", "8单元801"),
    (Corrected.METER, METER, "M-RIGHT", "meter_no", METER, "M-OTHER"),
    (Corrected.TARIFF, "RES-1", "RES-2", "tariff_code", "RES-1", "RES-3"),
    (Corrected.PAYMENT_MODE, "billed", "prepaid", "is_prepaid", "false", "true"),
]
"""A field; what stands there, what is right; the column, what it says wrongly, and what anew."""


def standing(database: Database, account: AccountRef) -> Standing:
    with database.read() as session:
        return Standing.of(session, account_id=account.id)


def facts(database: Database) -> list[tuple[object, object]]:
    """Which fields of which accounts were told to have changed; each is taken once."""
    with database.write() as session:
        rows = session.sql("delete from outbox where kind = :kind returning id, payload", kind=LockedDataChanged.code)
        return [(row.payload["account_id"], row.payload["field"]) for row in sorted(rows)]


def test_every_field_of_level_1_can_be_corrected() -> None:
    parts = {Corrected.DISTRICT, Corrected.STREET, Corrected.BUILDING, Corrected.DOOR}
    codes = {"address" if each in parts else each.value for each in Corrected}
    assert codes == {each.code for each in CATALOGUE if each.level is Level.LOCKED}
    assert [field for field, *_ in FIELDS] == list(Corrected)


@pytest.mark.parametrize(("field", "before", "right", "column", "wrong", "anew"), FIELDS)
def test_a_correction_holds_against_files_that_repeat_what_was_wrong_until_they_say_anything_else(
    database: Database,
    vault: Vault,
    account: AccountRef,
    staff: tuple[Member, Member],
    import_accounts: Callable[..., None],
    field: Corrected,
    before: str,
    right: str,
    column: str,
    wrong: str,
    anew: str,
) -> None:
    def stands() -> str:
        return standing(database, account).value(vault, field)

    assert stands() == before
    corrected(database, vault, account, staff, field, right)
    assert (stands(), facts(database)) == (right, [(account.id, field)])
    import_accounts(**{column: wrong, "phone": OTHER_PHONE})
    assert (stands(), facts(database)) == (right, [])
    import_accounts(**{column: anew, "phone": PHONE})
    told = facts(database)
    third = {"true": "prepaid"}.get(anew, anew)
    assert (stands(), told) == (third, [] if third == right else [(account.id, field)])
    import_accounts(**{column: wrong})
    assert (stands(), facts(database)) == (before, [(account.id, field)])


def test_a_meter_and_a_tariff_are_others_from_the_day_on_and_a_moved_account_is_found_where_it_is(
    database: Database, vault: Vault, account: AccountRef, staff: tuple[Member, Member]
) -> None:
    corrected(database, vault, account, staff, Corrected.METER, "M-RIGHT")
    corrected(database, vault, account, staff, Corrected.TARIFF, "RES-2")
    corrected(database, vault, account, staff, Corrected.PAYMENT_MODE, "prepaid")
    corrected(database, vault, account, staff, Corrected.STREET, "经十路")
    with database.read() as session:
        meters = session.sql("select meter_no, installed_on, removed_on from meter order by id").all()
        terms = session.sql(
            "select tariff_code, is_prepaid, valid_from, valid_to from agreement order by valid_from"
        ).all()
        moved = session.sql("select payload from outbox where kind = :kind", kind=MetersMoved.code).scalars().all()
        found = found_accounts(
            session,
            vault=vault,
            wanted=searched("经十路", region="+86"),
            staff_id=staff[0].staff_id,
            after="",
            limit=9,
            now=clock.now(),
        )
    assert [tuple(each) for each in meters] == [(METER, None, SINCE), ("M-RIGHT", SINCE, None)]
    assert [len(each["meter_ids"]) for each in moved] == [2]
    assert [tuple(each) for each in terms] == [("RES-1", False, BEGAN, SINCE), ("RES-2", True, SINCE, None)]
    assert [each.account_no for each in found] == [account.account_no]


@pytest.mark.parametrize("on", [None, BEGAN - timedelta(days=1), TODAY + timedelta(days=3)])
def test_what_is_dated_begins_neither_before_what_is_known_nor_after_today(
    database: Database, vault: Vault, account: AccountRef, staff: tuple[Member, Member], on: date | None
) -> None:
    with pytest.raises(CorrectionDateWrong):
        proposed(database, vault, account, staff[0], Corrected.TARIFF, "RES-2", on=on)


def test_an_account_that_is_closed_keeps_no_meter_and_is_given_none(
    database: Database,
    vault: Vault,
    account: AccountRef,
    staff: tuple[Member, Member],
    import_accounts: Callable[..., None],
) -> None:
    import_accounts(meter_no="-")
    corrected(database, vault, account, staff, Corrected.METER, "M-RIGHT", on=TODAY)
    import_accounts(meter_no="-")
    assert standing(database, account).meter == "M-RIGHT", "it repeats what was wrong"
    import_accounts(state="closed")
    assert standing(database, account).meter == ""
    with pytest.raises(CorrectionWrong):
        proposed(database, vault, account, staff[0], Corrected.METER, "M-OTHER", on=TODAY)


@pytest.mark.parametrize("field", [Corrected.STREET, Corrected.BUILDING, Corrected.METER, Corrected.TARIFF])
def test_the_sign_by_which_files_take_something_away_is_no_value(
    database: Database, vault: Vault, account: AccountRef, staff: tuple[Member, Member], field: Corrected
) -> None:
    with pytest.raises(CorrectionWrong):
        proposed(database, vault, account, staff[0], field, "-")


def test_nothing_is_proposed_without_its_document(
    database: Database, vault: Vault, account: AccountRef, staff: tuple[Member, Member]
) -> None:
    with database.write() as session, pytest.raises(DocumentMissing):
        propose_correction(
            session,
            vault=vault,
            account_no=account.account_no,
            wanted=Correction(Corrected.KIND, "business", " "),
            staff_id=staff[0].staff_id,
            today=TODAY,
            now=clock.now(),
        )


def test_what_became_something_else_before_the_decision_can_only_be_refused(
    database: Database,
    vault: Vault,
    account: AccountRef,
    staff: tuple[Member, Member],
    import_accounts: Callable[..., None],
) -> None:
    door = proposed(database, vault, account, staff[0], Corrected.DOOR, "9单元901")
    meter = proposed(database, vault, account, staff[0], Corrected.METER, "M-RIGHT")
    import_accounts(door="8单元801")
    with database.write() as session:
        make_account(session, vault, unit_id=account.unit_id, meter_no="M-RIGHT")
    for request_id in (door, meter):
        with pytest.raises(CorrectionOutdated):
            approve(database, request_id, staff[1])
    now = standing(database, account)
    assert (now.value(vault, Corrected.DOOR), now.meter) == ("8单元801", METER)


def test_what_premises_show_in_several_stations_is_changed_only_by_whoever_may_in_all_of_them(
    database: Database, vault: Vault, account: AccountRef
) -> None:
    with database.write() as session:
        asks, decides = (
            people.employ(session, vault, role=role, unit="3701", now=clock.now())
            for role in (StaffRole.AGENT, StaffRole.MANAGER)
        )
        there = make_account(session, vault, unit_id=make_unit(session, code="3702"))
        session.sql(
            """update account set premises_id = (select premises_id from account where id = :id) where id = :there""",
            id=account.id,
            there=there.id,
        )
    request_id = proposed(database, vault, account, asks, Corrected.STREET, "经十路")
    with pytest.raises(RequestUnknown):
        approve(database, request_id, decides)
    with database.write() as session:
        people.grant(session, decides.staff_id, role=StaffRole.MANAGER, unit="3702", now=clock.now())
    approve(database, request_id, decides)
    assert standing(database, account).street == "经十路"


def test_a_file_leaves_one_fact_of_each_locked_field_that_it_changes_and_none_of_new_accounts_or_telephones(
    database: Database, account: AccountRef, import_accounts: Callable[..., None]
) -> None:
    assert facts(database) == []
    import_accounts(phone=OTHER_PHONE)
    assert facts(database) == []
    import_accounts(phone=OTHER_PHONE, **{"class": "commercial"}, street="经十路", name="李雷")
    assert facts(database) == [(account.id, each) for each in ("name", "street", "use_class")]
