"""An account passes to another holder: the earlier side loses it in the same transaction, and nothing else moves."""

import threading
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from core import clock, intake
from core.audit import Actor
from core.crypto.vault import Vault
from core.db import Database
from services.accounts import operations, queries
from services.accounts.events import AccessEnded, HolderChanged
from services.accounts.models import Role, Scope
from services.accounts.operations import (
    AccountsLoader,
    LastBillAmount,
    LinkOutcome,
    MeterNumber,
    Terms,
    Told,
    UnitsLoader,
)
from services.accounts.queries import AccountRef, Permission, quality
from services.billing import queries as billing
from tests.factories.accounts import ACTOR, account_record, grant, make_user, write_csv
from tests.factories.billing import ZONE, bill_record, load

NUMBER = 1
FRIENDS = "+8613300000002"
Import = Callable[..., None]


@pytest.fixture
def import_accounts(database: Database, vault: Vault, tmp_path: Path) -> Import:
    """Import one account as a file says it."""
    loader = AccountsLoader(vault, currency="CNY", phone_region="+86", locales=("zh-CN", "en"), zone=ZONE)
    units: list[dict[str, object]] = [{"code": "3701", "parent_code": "", "kind": "city", "name": "某市"}]
    intake.run(database, path=write_csv(tmp_path / "units.csv", units), loader=UnitsLoader())

    def made(**other: object) -> None:
        path = write_csv(tmp_path / "accounts.csv", [account_record(NUMBER, **other)])
        intake.run(database, path=path, loader=loader)

    return made


@pytest.fixture
def account(database: Database, import_accounts: Import) -> AccountRef:
    import_accounts(name="王明")
    with database.read() as session:
        found = queries.account_by_no(session, account_no=f"80{NUMBER:08d}")
    assert found is not None
    return found.ref


@pytest.fixture
def owner(database: Database, vault: Vault, account: AccountRef) -> UUID:
    with database.write() as session:
        user_id = make_user(session, vault)
        grant(session, user_id=user_id, account_id=account.id)
    return user_id


@pytest.fixture
def friend(database: Database, vault: Vault, account: AccountRef, owner: UUID) -> UUID:
    with database.write() as session:
        user_id = make_user(session, vault, phone=FRIENDS)
        made = invite(session, vault, account, owner, FRIENDS)
        operations.accept(session, user_id=user_id, invitation_id=made, actor=ACTOR, now=clock.now())
    return user_id


def invite(session: Any, vault: Vault, account: AccountRef, owner: UUID, phone: str) -> UUID:
    made = operations.invite(
        session,
        vault=vault,
        owner_id=owner,
        account=account,
        phone=phone,
        region="+86",
        terms=Terms(Role.PAYER, Scope.FULL, None),
        actor=ACTOR,
        now=clock.now(),
    )
    return made.id


def may(database: Database, user_id: UUID, account: AccountRef) -> bool:
    with database.read() as session:
        found = queries.resolve_access(
            session, user_id=user_id, account_no=account.account_no, permission=Permission.VIEW, now=clock.now()
        )
    return found is not None


def link(database: Database, vault: Vault, user_id: UUID, account: AccountRef, evidence: Any, name: str) -> LinkOutcome:
    with database.write() as session:
        return operations.link_account(
            session,
            vault=vault,
            user_id=user_id,
            account_no=account.account_no,
            name_character=name,
            evidence=evidence,
            actor=ACTOR,
            now=clock.now(),
        ).outcome


def events(database: Database, kind: int) -> list[dict[str, Any]]:
    with database.read() as session:
        rows = session.sql("select payload from outbox where kind = :kind order by id", kind=kind)
        return [row.payload for row in rows]


METER = MeterNumber(f"M{NUMBER:09d}")


def test_all_grants_and_invitations_of_the_earlier_side_end_and_their_people_and_the_audit_log_hear_of_it(
    database: Database, vault: Vault, import_accounts: Import, account: AccountRef, owner: UUID, friend: UUID
) -> None:
    with database.write() as session:
        late = make_user(session, vault, phone="+8613300000003")
        open_one = invite(session, vault, account, owner, "+8613300000003")
    import_accounts(customer_no="K-later", name="李雷", phone="13800990099")
    assert not may(database, owner, account)
    assert not may(database, friend, account)
    with database.write() as session:
        assert operations.accept(session, user_id=late, invitation_id=open_one, actor=ACTOR, now=clock.now()) is None
        acts = session.sql("select actor, before, after from audit where act = 'accounts.holder_changed'").all()
    assert len(acts) == 1
    assert acts[0].actor.startswith("import_run:")
    assert acts[0].before["customer_id"] != acts[0].after["customer_id"]
    assert {each["user_id"] for each in events(database, AccessEnded.code)} == {str(owner), str(friend)}
    assert [each["account_id"] for each in events(database, HolderChanged.code)] == [account.id]


def test_a_correction_of_the_same_holder_changes_no_access(
    database: Database, import_accounts: Import, account: AccountRef, owner: UUID, friend: UUID
) -> None:
    import_accounts(name="王小明", phone="13800990099", building="99号")
    assert may(database, owner, account)
    assert may(database, friend, account)
    assert events(database, HolderChanged.code) == []


def test_the_earlier_holder_proves_nothing_any_more_and_the_later_one_does(
    database: Database, vault: Vault, import_accounts: Import, account: AccountRef, owner: UUID
) -> None:
    with database.write() as session:
        load(session, bill_record(account.account_no, "B-0001"))
        later = make_user(session, vault)
    import_accounts(customer_no="K-later", name="李雷")
    assert link(database, vault, owner, account, METER, "李") is LinkOutcome.REFUSED
    assert link(database, vault, later, account, LastBillAmount(12_860), "李") is LinkOutcome.REFUSED
    assert link(database, vault, later, account, METER, "王") is LinkOutcome.REFUSED
    assert link(database, vault, later, account, METER, "李") is LinkOutcome.LINKED


def test_what_the_earlier_holder_told_of_the_account_is_not_the_later_ones(
    database: Database, vault: Vault, import_accounts: Import, account: AccountRef
) -> None:
    told = Told(None, False, "sms", 4, {"solar": True})  # noqa: FBT003 -- what is told
    today, now = clock.now().date(), clock.now()
    with database.write() as session:
        operations.tell_details(
            session, vault=vault, account_id=account.id, told=told, by="customer", actor=ACTOR, today=today, now=now
        )
    import_accounts(name="王明", phone="13800138001")
    with database.read() as session:
        assert quality.details(session, account_id=account.id).household_size == 4
    import_accounts(customer_no="K-later", name="李雷")
    with database.read() as session:
        assert quality.details(session, account_id=account.id).confirmed_at is None


@pytest.mark.parametrize(("other_before", "other_after", "stands"), [("C1", "C9", False), ("C9", "C1", True)])
def test_an_address_is_theirs_who_told_it_last_of_an_account_that_the_customer_held_then(
    database: Database,
    vault: Vault,
    import_accounts: Import,
    account: AccountRef,
    other_before: str,
    other_after: str,
    *,
    stands: bool,
) -> None:
    """Whose accounts the other one is told of, and goes to afterwards, decides nothing."""
    import_accounts(name="王明", customer_no="C1")
    other = {"account_no": "8000000009", "premises_no": "P9", "meter_no": None, "phone": None}
    names = {"C1": "王明", "C9": "李雷"}
    import_accounts(**other, customer_no=other_before, name=names[other_before])
    with database.write() as session:
        second = queries.account_by_no(session, account_no="8000000009")
        assert second is not None
        first_, second_ = make_user(session, vault), make_user(session, vault, phone=FRIENDS)
        for user, ref, mail in ((first_, account, "a@example.org"), (second_, second.ref, "b@example.org")):
            operations.tell_details(
                session,
                vault=vault,
                account_id=ref.id,
                told=Told(mail, False, None, None, {}),  # noqa: FBT003 -- what is told
                by="customer",
                actor=Actor(f"user:{user}"),
                today=date(2026, 5, 1),
                now=clock.now(),
            )
    import_accounts(**other, customer_no=other_after, name=names[other_after])
    with database.write() as session:
        told = operations.Access().export(session, vault=vault, user_id=first_)["told_details"]
        assert [each["email"] for each in told] == (["a@example.org"] if stands else [None])
        operations.Access().erase(session, vault=vault, user_id=first_, now=clock.now())
        left = session.sql(
            """select k.address_masked from contact_point k join customer c on c.id = k.customer_id
               where k.id = 2 and c.customer_no = 'C1'"""
        ).all()
    assert len(left) == (0 if stands else 1), "what somebody else told last stays; what the person told goes"


def test_a_mistaken_change_that_is_mended_lets_the_holder_prove_again(
    database: Database, vault: Vault, import_accounts: Import, account: AccountRef, owner: UUID
) -> None:
    import_accounts(customer_no="K-later", name="李雷")
    import_accounts(name="王明")
    assert not may(database, owner, account)
    assert link(database, vault, owner, account, METER, "王") is LinkOutcome.LINKED


def test_a_proof_that_is_being_made_is_closed_by_the_change_that_waited_for_it(
    database: Database, vault: Vault, import_accounts: Import, account: AccountRef
) -> None:
    with database.write() as session:
        late = make_user(session, vault)
    changing = threading.Thread(target=lambda: import_accounts(customer_no="K-later", name="李雷"))
    with database.write() as session:
        outcome = operations.link_account(
            session,
            vault=vault,
            user_id=late,
            account_no=account.account_no,
            name_character="王",
            evidence=METER,
            actor=ACTOR,
            now=clock.now(),
        ).outcome
        changing.start()
    changing.join()
    assert outcome is LinkOutcome.LINKED
    assert not may(database, late, account)


def test_the_later_holder_sees_what_is_open_and_of_their_own_time_and_no_paid_bill_of_before(
    database: Database, import_accounts: Import, account: AccountRef
) -> None:
    today = clock.now().astimezone(ZONE).date()
    old: dict[str, Any] = {"period_first": "2024-01-01", "period_end": "2024-02-01"}
    soon = str(today + timedelta(days=1))
    with database.write() as session:
        load(
            session,
            bill_record(account.account_no, "B-paid", state="settled", **old),
            bill_record(account.account_no, "B-open", **old),
            bill_record(
                account.account_no,
                "B-mine",
                state="settled",
                period_first=str(today - timedelta(days=9)),
                period_end=soon,
            ),
        )
    import_accounts(customer_no="K-later", name="李雷")
    with database.read() as session:
        card = queries.account_by_no(session, account_no=account.account_no)
        assert card is not None
        assert isinstance(card.holder_since, date)
        seen = billing.bills_page(session, account_id=account.id, since=card.holder_since)
        hidden = billing.bill_by_no(session, account_id=account.id, bill_no="B-paid", since=card.holder_since)
        every = billing.bills_page(session, account_id=account.id)
    assert {bill.bill_no for bill in seen} == {"B-open", "B-mine"}
    assert hidden is None
    assert len(every) == 3
