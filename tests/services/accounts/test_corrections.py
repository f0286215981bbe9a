"""Locked data are corrected by two persons alone, and hold against files that repeat what was wrong, no longer."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import pytest

from core import clock, intake
from core.audit import Span
from core.crypto.vault import Vault
from core.db import Database
from core.periods import business_date
from services.accounts import operations, queries
from services.accounts.errors import CorrectionOutdated, CorrectionWrong, CustomerShared
from services.accounts.operations import AccountsLoader, Corrected, Correction, Told
from services.accounts.queries import AccountRef, finding
from services.accounts.roles import StaffPermission, StaffRole
from services.casework import operations as casework
from services.casework import queries as requests
from services.casework.errors import OwnRequest, RequestUnknown
from services.casework.operations import CORRECT_DATA, CorrectData, correct_data
from services.casework.ports import KINDS
from tests.factories import staff as people
from tests.factories.accounts import ACTOR, account_record, make_unit, write_csv
from tests.factories.billing import ZONE
from tests.factories.staff import Member
from tests.support.waiting import wait_for_waiting

WRONG, RIGHT, NEW = "王明", "王铭远", "王鸣"
PHONE, OTHER_PHONE = "13800138001", "13800138002"
NUMBER: Final = 1
TODAY: Final = business_date(clock.now(), ZONE)
BEGAN, SINCE = date(2024, 1, 1), date(2024, 6, 1)
Import = Callable[..., None]


@pytest.fixture
def import_accounts(database: Database, vault: Vault, tmp_path: Path) -> Import:
    """Import one account as a file says it."""
    loader = AccountsLoader(vault, currency="CNY", phone_region="+86", locales=("zh-CN", "en"), zone=ZONE)
    with database.write() as session:
        make_unit(session, code="3701")

    def made(**other: object) -> None:
        row = account_record(NUMBER, **{"name": WRONG, "phone": PHONE, "class": "residential", **other})
        report = intake.run(database, path=write_csv(tmp_path / "accounts.csv", [row]), loader=loader)
        assert report.rejected == 0

    return made


@pytest.fixture
def account(database: Database, vault: Vault, import_accounts: Import) -> AccountRef:
    KINDS.fill({CORRECT_DATA: correct_data(vault)})
    import_accounts()
    with database.read() as session:
        found = queries.account_by_no(session, account_no=f"80{NUMBER:08d}")
    assert found is not None
    return found.ref


@pytest.fixture
def staff(database: Database, vault: Vault, account: AccountRef) -> tuple[Member, Member]:
    """Who asks, and who decides, both in the account's unit."""
    assert account.unit_id
    with database.write() as session:
        agent = people.employ(session, vault, role=StaffRole.AGENT, unit="3701", now=clock.now())
        return agent, people.employ(session, vault, role=StaffRole.MANAGER, unit="3701", now=clock.now())


def proposed(
    database: Database,
    vault: Vault,
    account: AccountRef,
    by: Member,
    field: Corrected,
    value: str,
    *,
    on: date | None = SINCE,
) -> UUID:
    """A correction that was asked for; answers the request's id."""
    with database.write() as session:
        proposal = operations.propose_correction(
            session,
            vault=vault,
            account_no=account.account_no,
            wanted=Correction(field, value, "ID 37-18", on),
            staff_id=by.staff_id,
            today=TODAY,
            now=clock.now(),
        )
        assert proposal is not None
        return casework.ask(
            session,
            kind=CORRECT_DATA,
            subject=f"account:{account.id}:{field}",
            unit_id=account.unit_id,
            payload=CorrectData(correction_id=proposal.id, account_no=account.account_no, field=field),
            reason="identity card seen",
            by=by.staff_id,
            actor=ACTOR,
            now=clock.now(),
        )


def approve(database: Database, request_id: UUID, by: Member) -> None:
    with database.write() as session:
        casework.approve(
            session,
            request_id=request_id,
            by=by.staff_id,
            proved_at=clock.now(),
            why="",
            actor=ACTOR,
            now=clock.now(),
        )


def corrected(
    database: Database,
    vault: Vault,
    account: AccountRef,
    staff: tuple[Member, Member],
    field: Corrected,
    value: str,
    *,
    on: date | None = SINCE,
) -> None:
    approve(database, proposed(database, vault, account, staff[0], field, value, on=on), staff[1])


def known(database: Database, vault: Vault, account: AccountRef) -> tuple[str, str, str]:
    """Name, telephone and use class as they stand; name and search agree."""
    with database.read() as session:
        row = session.sql(
            """select c.id, c.customer_no, c.name_sealed, c.name_masked, c.tokens, a.class as use_class
               from account a join customer c on c.id = a.customer_id where a.id = :id""",
            id=account.id,
        ).one()
        owner = f"customer:{row.customer_no}"
        name = vault.open(table="customer", column="name", owner=owner, sealed=bytes(row.name_sealed))
        phone = queries.contact_address(session, vault=vault, customer_id=row.id, contact_id=1)
    tokens = {bytes(each) for each in row.tokens}
    assert row.name_masked.endswith(name[-1])
    assert {vault.blind("name", name), vault.blind("phone", phone or "")} <= tokens
    return name, (phone or "").removeprefix("+86"), row.use_class


def test_nothing_changes_until_another_approves_and_no_log_or_request_has_the_name(
    database: Database, vault: Vault, account: AccountRef, staff: tuple[Member, Member]
) -> None:
    agent, manager = staff
    request_id = proposed(database, vault, account, manager, Corrected.NAME, RIGHT)
    with pytest.raises(OwnRequest):
        approve(database, request_id, manager)
    with database.write() as session:
        casework.withdraw(session, request_id=request_id, by=manager.staff_id, actor=ACTOR, now=clock.now())
    assert known(database, vault, account)[0] == WRONG
    corrected(database, vault, account, (agent, manager), Corrected.NAME, RIGHT)
    assert known(database, vault, account) == (RIGHT, PHONE, "residential")
    with database.read() as session:
        told = str(
            session.sql("select before, after from audit where act like '%correct%' or act like 'casework%'").all()
        )
        told += str(session.sql("select payload from approval_request").all())
        rows = session.sql(
            "select before_shown, after_shown, after_sealed from data_correction where applied_at is not null"
        ).all()
    assert RIGHT not in told
    assert WRONG not in told
    assert [tuple(row) for row in rows] == [("*明", "**远", None)]


def test_a_corrected_name_holds_against_files_that_repeat_the_wrong_one_and_ends_with_a_new_one(
    database: Database, vault: Vault, account: AccountRef, staff: tuple[Member, Member], import_accounts: Import
) -> None:
    corrected(database, vault, account, staff, Corrected.NAME, RIGHT)
    import_accounts()
    assert known(database, vault, account)[:2] == (RIGHT, PHONE)
    import_accounts(phone=OTHER_PHONE)
    assert known(database, vault, account)[:2] == (RIGHT, OTHER_PHONE)
    import_accounts(phone=OTHER_PHONE, name=NEW)
    assert known(database, vault, account)[:2] == (NEW, OTHER_PHONE)
    import_accounts(phone=OTHER_PHONE)
    assert known(database, vault, account)[:2] == (WRONG, OTHER_PHONE)


def test_a_corrected_use_holds_against_files_that_repeat_the_wrong_one_and_ends_when_they_say_the_same(
    database: Database, vault: Vault, account: AccountRef, staff: tuple[Member, Member], import_accounts: Import
) -> None:
    corrected(database, vault, account, staff, Corrected.USE_CLASS, "commercial")
    import_accounts(phone=OTHER_PHONE)
    assert known(database, vault, account)[2] == "commercial"
    corrected(database, vault, account, staff, Corrected.USE_CLASS, "industrial")
    import_accounts()
    assert known(database, vault, account)[2] == "industrial"
    import_accounts(**{"class": "industrial"})
    import_accounts()
    assert known(database, vault, account)[2] == "residential"


def test_a_correction_of_an_earlier_holder_can_only_be_refused(
    database: Database, vault: Vault, account: AccountRef, staff: tuple[Member, Member], import_accounts: Import
) -> None:
    request_id = proposed(database, vault, account, staff[0], Corrected.NAME, RIGHT)
    import_accounts(customer_no="K-later", name="李雷")
    with pytest.raises(CorrectionOutdated):
        approve(database, request_id, staff[1])
    assert known(database, vault, account)[0] == "李雷"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        (Corrected.NAME, ""), (Corrected.NAME, WRONG), (Corrected.NAME, f" {WRONG} "), (Corrected.NAME, "a\u202eb"),
        (Corrected.NAME, "x" * 201), (Corrected.USE_CLASS, "residential"), (Corrected.USE_CLASS, "castle"),
        (Corrected.KIND, "ghost"), (Corrected.STREET, ""), (Corrected.METER, "9" * 33), (Corrected.TARIFF, ""),
        (Corrected.PAYMENT_MODE, "sometimes"),
    ],
)  # fmt: skip
def test_what_is_no_value_or_known_already_is_not_proposed(
    database: Database, vault: Vault, account: AccountRef, staff: tuple[Member, Member], field: Corrected, value: str
) -> None:
    with pytest.raises(CorrectionWrong):
        proposed(database, vault, account, staff[0], field, value)


def test_what_nobody_decided_is_forgotten_and_nobody_elsewhere_proposes(
    database: Database, vault: Vault, account: AccountRef, staff: tuple[Member, Member]
) -> None:
    request_id = proposed(database, vault, account, staff[0], Corrected.NAME, RIGHT)
    with database.write() as session:
        make_unit(session, code="3702")
        elsewhere = people.employ(session, vault, role=StaffRole.ADMIN, unit="3702", now=clock.now())
        asked: dict[str, Any] = {
            "account_no": account.account_no,
            "wanted": Correction(Corrected.NAME, NEW, "ID 37-18"),
        }
        nothing = operations.propose_correction(
            session, vault=vault, staff_id=elsewhere.staff_id, today=TODAY, now=clock.now(), **asked
        )
        seen = finding.staff_account(
            session,
            account_no=account.account_no,
            staff_id=elsewhere.staff_id,
            permission=StaffPermission.ACCOUNTS_CORRECT,
            now=clock.now(),
        )
        early = operations.purge_corrections(session, now=clock.now() + timedelta(hours=95), most=9)
        late = operations.purge_corrections(session, now=clock.now() + timedelta(hours=97), most=9)
    assert (nothing, seen, early, late) == (None, None, 0, 1)
    with pytest.raises(CorrectionOutdated):
        approve(database, request_id, staff[1])


def test_what_several_stations_show_of_a_customer_is_changed_only_by_whoever_may_in_all_of_them(
    database: Database, vault: Vault, account: AccountRef, staff: tuple[Member, Member]
) -> None:
    now = clock.now()
    with database.write() as session:
        asked, decides = (people.member(session, vault, now=now) for _ in range(2))
        for member, role in ((asked, StaffRole.AGENT), (decides, StaffRole.MANAGER)):
            people.grant(session, member.staff_id, role=role, unit="3701", now=now)
    before = proposed(database, vault, account, asked, Corrected.NAME, RIGHT)
    with database.write() as session:
        elsewhere = make_unit(session, code="3702")
        session.sql(
            """insert into account (account_no, unit_id, customer_id, premises_id, class, state, currency)
               select 'ELSEWHERE', :unit, customer_id, premises_id, class, 'active', currency from account where id = :id""",
            unit=elsewhere,
            id=account.id,
        )
    with pytest.raises(RequestUnknown):
        approve(database, before, decides)
    with database.read() as session:
        assert requests.to_decide(session, by=decides.staff_id, now=clock.now(), limit=9).requests == ()
    with database.write() as session:
        casework.withdraw(session, request_id=before, by=asked.staff_id, actor=ACTOR, now=now)
    corrected(database, vault, account, staff, Corrected.USE_CLASS, "commercial")
    again = proposed(database, vault, account, asked, Corrected.NAME, RIGHT)
    with pytest.raises(RequestUnknown):
        approve(database, again, decides)
    assert known(database, vault, account)[0] == WRONG, "asking tells of no account elsewhere, and does nothing"
    with database.write() as session:
        people.grant(session, decides.staff_id, role=StaffRole.MANAGER, unit="3702", now=now)
    approve(database, again, decides)
    assert known(database, vault, account)[0] == RIGHT


@pytest.mark.parametrize(("email", "removes"), [("new@example.com", False), (None, True)])
def test_nobody_of_one_station_alone_changes_the_address_of_a_customer_of_several(
    database: Database,
    vault: Vault,
    account: AccountRef,
    staff: tuple[Member, Member],
    email: str | None,
    *,
    removes: bool,
) -> None:
    told = Told(email, removes_email=removes, contact_by=None, household_size=3, equipment={})
    now = clock.now()

    def fill(said: Told) -> bool:
        with database.write() as session:
            return operations.fill_gaps(
                session,
                vault=vault,
                account_no=account.account_no,
                told=said,
                staff_id=staff[0].staff_id,
                actor=ACTOR,
                today=now.date(),
                now=now,
            )

    assert fill(told)
    with database.write() as session:
        elsewhere = make_unit(session, code="3702")
        session.sql(
            """insert into account (account_no, unit_id, customer_id, premises_id, class, state, currency)
               select 'ELSEWHERE', :unit, customer_id, premises_id, class, 'active', currency from account where id = :id""",
            unit=elsewhere,
            id=account.id,
        )
    with pytest.raises(CustomerShared):
        fill(told)
    assert fill(replace(told, email=None, removes_email=False)), "what is told of their own account is theirs to write"


def test_whoever_erases_a_customer_and_whoever_approves_a_correction_wait_for_each_other_in_one_order(
    database: Database, vault: Vault, account: AccountRef, staff: tuple[Member, Member]
) -> None:
    request_id = proposed(database, vault, account, staff[0], Corrected.NAME, RIGHT)
    with ThreadPoolExecutor(1) as threads:
        with database.write() as session:
            assert operations.lock_holder(session, customer_no=f"K{NUMBER:07d}") is not None
            approving = threads.submit(approve, database, request_id, staff[1])
            wait_for_waiting(database, message="the approval does not wait for the erasing")
            casework.strike_reasons(session, about=[Span(f"account:{account.id}")])
        approving.result()
    assert known(database, vault, account)[0] == RIGHT
