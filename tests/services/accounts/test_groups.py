"""Groups of accounts: what belongs follows access at once, sums are of what belongs, and one payment settles a group."""

import threading
from datetime import date, timedelta
from typing import Final
from uuid import UUID

import pytest

from core import clock
from core.crypto.vault import Vault
from core.db import Database
from services.accounts import operations
from services.accounts.errors import GroupNameTaken, GroupNameWrong, TooManyGroups, TooManyMembers
from services.accounts.models import Role
from services.accounts.operations import groups as bounds
from services.accounts.queries import AccountRef
from services.billing.queries import grouping
from services.billing.queries.grouping import GroupView, Which
from tests.factories.accounts import ACTOR, grant, make_account, make_user
from tests.factories.billing import make_bill

TODAY: Final = date(2026, 6, 20)
LATE, SOON = TODAY - timedelta(days=1), TODAY + timedelta(days=5)


def build(
    database: Database, vault: Vault, user_id: UUID, *bills: tuple[int, date], currency: str = "CNY"
) -> AccountRef:
    """An account that somebody may pay for, with open bills of these amounts and due dates."""
    with database.write() as session:
        account = make_account(session, vault, currency=currency)
        grant(session, user_id=user_id, account_id=account.id, role=Role.PAYER)
        for amount, due in bills:
            make_bill(session, account, amount_minor=amount, due_date=due)
    return account


@pytest.fixture
def person(database: Database, vault: Vault) -> UUID:
    with database.write() as session:
        return make_user(session, vault)


@pytest.fixture
def shops(database: Database, vault: Vault, person: UUID) -> list[AccountRef]:
    """One in arrears with two bills, one that owes, one that owes nothing."""
    return [
        build(database, vault, person, (10_000, LATE), (2_000, SOON)),
        build(database, vault, person, (700, SOON)),
        build(database, vault, person),
    ]


@pytest.fixture
def group_id(database: Database, person: UUID, shops: list[AccountRef]) -> UUID:
    with database.write() as session:
        made = operations.create_group(session, user_id=person, name="Shops", actor=ACTOR, now=clock.now())
        numbers = [shop.account_no for shop in shops]
        operations.add_to_group(
            session, user_id=person, group_id=made, account_nos=numbers, actor=ACTOR, now=clock.now()
        )
    return made


def seen(database: Database, person: UUID, group_id: UUID) -> GroupView:
    with database.read() as session:
        found = grouping.group(session, user_id=person, group_id=group_id, today=TODAY, now=clock.now())
    assert found is not None
    return found


def listed(
    database: Database, person: UUID, group_id: UUID, which: Which, *, after: str = "", limit: int = 9
) -> list[str]:
    with database.read() as session:
        found = grouping.members(
            session,
            user_id=person,
            group_id=group_id,
            which=which,
            after=after,
            limit=limit,
            today=TODAY,
            now=clock.now(),
        )
    return [each.account_no for each in found]


def test_the_sums_are_of_all_that_belongs_by_currency_and_filters_find_who_owes(
    database: Database, vault: Vault, person: UUID, shops: list[AccountRef], group_id: UUID
) -> None:
    foreign = build(database, vault, person, (500, SOON), currency="EUR")
    with database.write() as session:
        operations.add_to_group(
            session, user_id=person, group_id=group_id, account_nos=None, actor=ACTOR, now=clock.now()
        )
    group = seen(database, person, group_id)
    assert [
        (each.due.minor, each.due.currency, each.accounts, each.owing, each.in_arrears, each.next_due)
        for each in group.totals
    ] == [
        (12_700, "CNY", 3, 2, 1, LATE),
        (500, "EUR", 1, 1, 0, SOON),
    ]
    numbers = [shop.account_no for shop in shops]
    assert listed(database, person, group_id, Which.OWING) == [*numbers[:2], foreign.account_no]
    assert listed(database, person, group_id, Which.ARREARS) == numbers[:1]
    assert listed(database, person, group_id, Which.ALL, after=numbers[0], limit=2) == numbers[1:]


@pytest.mark.parametrize("how", ["given up", "revoked", "expired", "only viewed"])
def test_an_access_that_ends_leaves_the_group_at_once(
    database: Database, person: UUID, shops: list[AccountRef], group_id: UUID, how: str
) -> None:
    account = shops[0]
    with database.write() as session:
        match how:
            case "given up":
                operations.give_up_access(session, user_id=person, account_id=account.id, actor=ACTOR, now=clock.now())
            case "revoked":
                operations.revoke_access(session, user_id=person, account_id=account.id, actor=ACTOR, now=clock.now())
            case "expired":
                session.sql("update access_grant set valid_to = now() where account_id = :id", id=account.id)
            case _:
                grant(session, user_id=person, account_id=account.id, role=Role.VIEWER, now=clock.now())
    group = seen(database, person, group_id)
    assert (group.accounts, group.totals[0].due.minor) == (2, 700)
    assert account.account_no not in listed(database, person, group_id, Which.ALL)


def test_who_gave_an_account_up_and_gets_it_back_puts_it_into_the_group_anew_and_other_terms_keep_it(
    database: Database, person: UUID, shops: list[AccountRef], group_id: UUID
) -> None:
    with database.write() as session:
        operations.give_up_access(session, user_id=person, account_id=shops[0].id, actor=ACTOR, now=clock.now())
        grant(session, user_id=person, account_id=shops[0].id, now=clock.now())
        grant(session, user_id=person, account_id=shops[1].id, role=Role.OWNER, now=clock.now())
    assert listed(database, person, group_id, Which.ALL) == [shop.account_no for shop in shops[1:]]


def test_numbers_of_nobody_and_of_others_are_told_alike_and_nothing_is_added_for_them(
    database: Database, vault: Vault, person: UUID, group_id: UUID
) -> None:
    with database.write() as session:
        foreign, stranger = make_account(session, vault), make_user(session, vault)
        wanted = [foreign.account_no, "7999999999"]
        added = operations.add_to_group(
            session, user_id=person, group_id=group_id, account_nos=wanted, actor=ACTOR, now=clock.now()
        )
        theirs = operations.add_to_group(
            session, user_id=stranger, group_id=group_id, account_nos=None, actor=ACTOR, now=clock.now()
        )
    assert added == operations.Added(0, tuple(sorted(wanted)))
    assert theirs is None


@pytest.mark.usefixtures("group_id")
def test_names_and_numbers_of_groups_are_bounded(
    database: Database, person: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    def make_one(name: str) -> UUID:
        with database.write() as session:
            return operations.create_group(session, user_id=person, name=name, actor=ACTOR, now=clock.now())

    for wrong in ("", "  ", "x" * 61, "a\u202eb", "a\x00b"):
        with pytest.raises(GroupNameWrong):
            make_one(wrong)
    with pytest.raises(GroupNameTaken):
        make_one(" Shops ")
    monkeypatch.setattr(bounds, "MOST_GROUPS", 2)
    made = make_one("Other")
    with pytest.raises(TooManyGroups):
        make_one("Third")
    monkeypatch.setattr(bounds, "MOST_MEMBERS", 2)
    with pytest.raises(TooManyMembers), database.write() as session:
        operations.add_to_group(session, user_id=person, group_id=made, account_nos=None, actor=ACTOR, now=clock.now())
    assert seen(database, person, made).accounts == 0


def test_two_who_change_the_same_persons_groups_at_once_keep_the_bound(
    database: Database, person: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bounds, "MOST_GROUPS", 1)
    refused: list[TooManyGroups] = []

    def make_one(name: str) -> None:
        try:
            with database.write() as session:
                operations.create_group(session, user_id=person, name=name, actor=ACTOR, now=clock.now())
        except TooManyGroups as refusal:
            refused.append(refusal)

    threads = [threading.Thread(target=make_one, args=(name,)) for name in ("A", "B", "C")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(refused) == 2
