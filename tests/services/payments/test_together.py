"""One payment for several accounts: one order, a part for each bill, one transaction per book, all or nothing."""

from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest

from core import clock, faults
from core.crypto.vault import Vault
from core.db import Database
from core.errors import Refusal
from core.faults import InjectedFault
from core.money import MixedCurrencies
from services.accounts import operations as accounts
from services.billing import queries as billing
from services.payments import operations, queries
from services.payments.errors import AccountNotPayable, AmountChanged, AmountTooLarge, TooManyParts
from services.payments.flows import paying
from services.payments.operations import Wanted, orders
from services.payments.operations.orders import MOST_TOGETHER
from tests.factories import payments as make
from tests.factories.accounts import ACTOR, make_user
from tests.factories.payments import Household

pytestmark = pytest.mark.usefixtures("offline")


def homes(database: Database, vault: Vault, *bills: tuple[int, ...], **other: Any) -> list[Household]:
    """Accounts of one person, each with bills of these amounts."""
    with database.write() as session:
        user_id = make_user(session, vault)
    return [make.household(database, vault, bills=amounts, user_id=user_id, **other) for amounts in bills]


def together(of: list[Household], amount_minor: int, **other: Any) -> Wanted:
    numbers = tuple(home.account.account_no for home in of)
    return replace(make.wanted(of[0], amount_minor), account_no=None, account_nos=numbers, **other)


def owed(database: Database, home: Household) -> int:
    with database.read() as session:
        return billing.owed(session, account_id=home.account.id).due.minor


def breaches(database: Database) -> list[object]:
    with database.read() as session:
        return [*queries.check_invariants(session), *queries.check_claims(session), *billing.check_invariants(session)]


def seen(database: Database, no: str, user_id: UUID) -> queries.PaymentView:
    with database.read() as session:
        found = queries.payment(session, payment_no=no, user_id=user_id, now=clock.now())
    assert found is not None
    return found


def test_every_account_is_settled_by_one_payment_with_one_transaction_per_book(
    database: Database, vault: Vault
) -> None:
    of = homes(database, vault, (10_000, 2_000), (3_000,), (700,))
    no = make.order(database, vault, together(of, 15_700))
    make.apply(database, make.paid(make.latest(database, no)))
    assert [owed(database, home) for home in of] == [0, 0, 0]
    payment = seen(database, no, of[0].user_id)
    assert (payment.state, len(payment.parts)) == ("paid", 4)
    assert payment.account_nos == tuple(sorted(home.account.account_no for home in of))
    assert sum(part.amount.minor for part in payment.parts) == 15_700
    with database.read() as session:
        posted = session.sql("select count(*) from txn where source = 5").scalar_one()
        told = session.sql("select count(*) from outbox where kind = 1").scalar_one()
    assert (posted, told) == (3, 1)
    assert [make.books(database, home).clearing for home in of] == [12_000, 3_000, 700]
    assert breaches(database) == []


def test_the_same_word_of_the_provider_again_books_nothing_more(database: Database, vault: Vault) -> None:
    of = homes(database, vault, (10_000,), (3_000,))
    no = make.order(database, vault, together(of, 13_000))
    paid = make.paid(make.latest(database, no))
    for _ in range(3):
        make.apply(database, paid)
    assert [make.books(database, home).clearing for home in of] == [10_000, 3_000]
    assert breaches(database) == []


def test_a_death_between_the_books_leaves_none_of_them_booked_and_the_next_word_all(
    database: Database, vault: Vault
) -> None:
    of = homes(database, vault, (10_000,), (3_000,))
    no = make.order(database, vault, together(of, 13_000))
    paid = make.paid(make.latest(database, no))

    def die(name: str) -> None:
        if name == "payments.apply.before_commit":
            raise InjectedFault(name)

    faults.arm(die)
    with pytest.raises(InjectedFault):
        paying._apply(database, paid, now=clock.now())
    faults.arm(None)
    assert [owed(database, home) for home in of] == [10_000, 3_000]
    assert [make.books(database, home).clearing for home in of] == [0, 0]
    make.apply(database, paid)
    assert [owed(database, home) for home in of] == [0, 0]
    assert breaches(database) == []


def test_a_bill_that_was_settled_meanwhile_leaves_its_share_in_advance_on_its_own_account(
    database: Database, vault: Vault
) -> None:
    of = homes(database, vault, (10_000,), (3_000,))
    no = make.order(database, vault, together(of, 13_000))
    alone = make.order(database, vault, make.wanted(of[1], 3_000))
    make.apply(database, make.paid(make.latest(database, alone)))
    make.apply(database, make.paid(make.latest(database, no)))
    assert [make.books(database, home).prepaid for home in of] == [0, 3_000]
    assert breaches(database) == []


def test_only_the_sum_that_the_payer_saw_of_accounts_that_they_may_pay_for_is_taken(
    database: Database, vault: Vault
) -> None:
    of = homes(database, vault, (10_000,), (3_000,))
    strange, foreign = make.household(database, vault), homes(database, vault, (500,), currency="EUR")
    foreign_of_same = make.household(database, vault, bills=(500,), user_id=of[0].user_id, currency="EUR")
    many = [of[0]] * (MOST_TOGETHER + 1)
    cases: list[tuple[type[Refusal], Wanted]] = [
        (AmountChanged, together(of, 12_999)),
        (AmountChanged, together(of, 13_001)),
        (AmountTooLarge, together(of, 13_000, most_major=129)),
        (AccountNotPayable, together([*of, strange], 23_000)),
        (AccountNotPayable, together([*of, *foreign], 13_500)),
        (MixedCurrencies, together([*of, foreign_of_same], 13_500)),
        (TooManyParts, together(many, 13_000)),
    ]
    for refusal, wanted in cases:
        with pytest.raises(refusal):
            make.order(database, vault, wanted)
    with database.read() as session:
        assert session.sql("select count(*) from payment_order").scalar_one() == 0


def test_another_try_is_for_the_same_accounts(database: Database, vault: Vault) -> None:
    of = homes(database, vault, (10_000,), (3_000,))
    no = make.order(database, vault, together(of, 13_000))
    with database.write() as session:
        operations.keep_refusal(session, attempt_id=make.latest(database, no).id, reason="PARAM_ERROR", now=clock.now())
        operations.add_attempt(session, vault=vault, wanted=together(of, 13_000), payment_no=no, now=clock.now())
    make.apply(database, make.paid(make.latest(database, no)))
    assert [owed(database, home) for home in of] == [0, 0]


def test_losing_one_of_the_accounts_hides_the_whole_payment(database: Database, vault: Vault) -> None:
    of = homes(database, vault, (10_000,), (3_000,))
    no = make.order(database, vault, together(of, 13_000))
    with database.write() as session:
        session.sql("update access_grant set revoked_at = now() where account_id = :id", id=of[1].account.id)
        assert queries.payment(session, payment_no=no, user_id=of[0].user_id, now=clock.now()) is None


def test_a_group_is_paid_whole_by_one_order_and_only_for_the_sum_that_was_seen(
    database: Database, vault: Vault, monkeypatch: pytest.MonkeyPatch
) -> None:
    of = homes(database, vault, (10_000, 2_000), (700,), ())
    stranger = make.household(database, vault)
    with database.write() as session:
        made = accounts.create_group(session, user_id=of[0].user_id, name="Shops", actor=ACTOR, now=clock.now())
        accounts.add_to_group(
            session, user_id=of[0].user_id, group_id=made, account_nos=None, actor=ACTOR, now=clock.now()
        )
    wanted = replace(make.wanted(of[0], 12_700), account_no=None, group_id=made)
    monkeypatch.setattr(orders, "MOST_PARTS", 2)
    with pytest.raises(TooManyParts):
        make.order(database, vault, wanted)
    monkeypatch.setattr(orders, "MOST_PARTS", 3)
    with pytest.raises(AmountChanged):
        make.order(database, vault, replace(wanted, amount_minor=12_699))
    with pytest.raises(AccountNotPayable):
        make.order(database, vault, replace(wanted, user_id=stranger.user_id))
    no = make.order(database, vault, wanted)
    make.apply(database, make.paid(make.latest(database, no)))
    assert [owed(database, home) for home in of] == [0, 0, 0]
    payment = seen(database, no, of[0].user_id)
    assert (len(payment.parts), payment.account_nos) == (3, tuple(home.account.account_no for home in of[:2]))
    assert breaches(database) == []
    with pytest.raises(AmountChanged):
        make.order(database, vault, wanted)
