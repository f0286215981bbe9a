"""What programs are told of the accounts of their unit: numbers and amounts, once, and never a person."""

from collections.abc import Iterator
from dataclasses import replace
from uuid import uuid4

import pytest

from core import clock, outbox
from core.crypto.vault import Vault
from core.db import Database
from core.money import Money
from notifications.webhooks.events import SUBSCRIPTIONS
from services.accounts.events import AccountLinked, HolderChanged
from services.payments import operations
from services.payments.events import PaymentUnassigned
from tests.factories import payments as paying
from tests.factories.accounts import make_account, make_unit, make_user
from tests.factories.billing import bill_record, load, make_bill
from tests.factories.staff import ACTOR
from tests.support.hooks import HookOffice, Program, caller_for, relay
from tests.support.sandbox import SandboxProcess


@pytest.fixture(autouse=True)
def _offline(sms_provider: SandboxProcess) -> Iterator[None]:
    """Our payments, with the sandbox's merchant: nobody calls."""
    paying.fill(paying.provider(sms_provider.base_url, paying.merchant(sms_provider.credentials["wechat_pay"])))
    yield
    paying.close_clients()


def test_bills_and_payments_reach_the_program_with_numbers_and_amounts_and_nobodys_name(
    database: Database, vault: Vault, office: HookOffice, program: Program, unit_id: int
) -> None:
    home = paying.household(database, vault, bills=(10_000,), unit_id=unit_id, name="欧阳娜娜", phone="+8613912345678")
    no = paying.order(database, vault, paying.wanted(home, 10_300))
    paying.apply(database, paying.paid(paying.latest(database, no)))
    relay(database)
    office.send_due(caller_for(program))
    told = {each["type"]: each["data"] for each in program.told()}
    bill_no, account_no = home.bills[0].bill_no, home.account.account_no
    assert told["bill.issued"] == {
        "account_no": account_no,
        "bill_no": bill_no,
        "period_first": "2026-01-01",
        "period_end": "2026-01-28",
        "due_date": "2026-06-25",
        "amount": {"amount_minor": 10_000, "currency": "CNY"},
        "open": {"amount_minor": 0, "currency": "CNY"},
    }
    booked = told["payment.booked"]
    assert (booked["payment_no"], booked["amount"]) == (no, {"amount_minor": 10_300, "currency": "CNY"})
    assert {(part["account_no"], part["bill_no"], part["amount"]["amount_minor"]) for part in booked["parts"]} == {
        (account_no, bill_no, 10_000),
        (account_no, None, 300),
    }
    assert told["bill.settled"]["open"]["amount_minor"] == 0
    assert len(program.receiver.calls) == len(told) == 3
    everything = b"".join(call.body for call in program.receiver.calls).decode()
    assert "欧阳" not in everything
    assert "13912345678" not in everything


def test_money_that_staff_gave_its_account_and_took_back_is_told_with_the_same_parts(
    database: Database, vault: Vault, office: HookOffice, unit_id: int
) -> None:
    program = office.program(unit_id=unit_id, events=("payment.booked", "payment.assigned", "payment.unassigned"))
    home = paying.household(database, vault, bills=(10_000,), unit_id=unit_id)
    paid = paying.latest(database, paying.order(database, vault, paying.wanted(home, 9_000)))
    stray = replace(
        paying.paid(paid), out_trade_no="STRANGER000000000001", transaction_id="S1", amount=Money(2_500, "CNY")
    )
    paying.apply(database, paying.paid(paid))
    paying.apply(database, stray)
    with database.write() as session:
        [waiting] = paying.suspense(session)
        operations.assign(
            session,
            suspense_id=waiting.id,
            account_no=home.account.account_no,
            by=office.staff_id,
            actor=ACTOR,
            now=clock.now(),
        )
        outbox.add(session, PaymentUnassigned(suspense_id=waiting.id))
    relay(database)
    office.send_due(caller_for(program))
    assert program.types() == ["payment.booked", "payment.assigned", "payment.unassigned"]
    booked, assigned, taken_back = (each["data"] for each in program.told())
    assert taken_back == assigned
    assert (assigned["transaction_id"], assigned["amount"]["amount_minor"]) == ("S1", 2_500)
    assert [(part["account_no"], part["bill_no"], part["amount"]["amount_minor"]) for part in assigned["parts"]] == [
        (home.account.account_no, home.bills[0].bill_no, 1_000),
        (home.account.account_no, None, 1_500),
    ]
    assert assigned.keys() == booked.keys() - {"payment_no"}


def test_an_amended_bill_a_link_and_a_new_holder_are_told_too(
    database: Database, vault: Vault, office: HookOffice, program: Program, unit_id: int
) -> None:
    with database.write() as session:
        account = make_account(session, vault, unit_id=unit_id)
        bill = make_bill(session, account)
        load(session, bill_record(account.account_no, bill.bill_no, amount_minor=9_990))
        outbox.add(session, AccountLinked(account_id=account.id, user_id=str(uuid4())))
        outbox.add(session, HolderChanged(account_id=account.id, earlier_id=1, later_id=2))
    relay(database)
    office.send_due(caller_for(program))
    assert program.types() == ["bill.issued", "bill.amended", "account.linked", "account.holder_changed"]
    assert program.told()[1]["data"]["amount"]["amount_minor"] == 9_990
    assert [each["data"] for each in program.told()[2:]] == [{"account_no": account.account_no}] * 2


def test_a_program_hears_of_the_accounts_of_its_unit_alone_and_of_what_it_listens_to(
    database: Database, vault: Vault, office: HookOffice, unit_id: int
) -> None:
    with database.write() as session:
        east = make_unit(session, code="3701", parent="37", kind="city", name="东")
        west = make_unit(session, code="370", parent="37", kind="city", name="西")
        account = make_account(session, vault, unit_id=east)
        make_bill(session, account)
    heard, above = office.program(unit_id=east), office.program(unit_id=unit_id)
    elsewhere = office.program(unit_id=west)
    deaf = office.program(unit_id=east, events=("payment.booked",))
    relay(database)
    office.send_due(caller_for(heard, above, elsewhere, deaf))
    assert heard.types() == above.types() == ["bill.issued"]
    assert elsewhere.receiver.calls == deaf.receiver.calls == []


def test_of_a_payment_for_two_units_each_programs_learns_its_own_share(
    database: Database, vault: Vault, office: HookOffice, unit_id: int
) -> None:
    with database.write() as session:
        user_id = make_user(session, vault)
        units = [make_unit(session, code=f"37{no}", parent="37", kind="city") for no in ("01", "02")]
    bills = ((10_000,), (3_000,))
    homes = [
        paying.household(database, vault, bills=due, user_id=user_id, unit_id=unit)
        for due, unit in zip(bills, units, strict=True)
    ]
    only = ("payment.booked",)
    east, west, above = (office.program(unit_id=unit, events=only) for unit in (*units, unit_id))
    numbers = tuple(home.account.account_no for home in homes)
    no = paying.order(database, vault, replace(paying.wanted(homes[0], 13_000), account_no=None, account_nos=numbers))
    paying.apply(database, paying.paid(paying.latest(database, no)))
    relay(database)
    office.send_due(caller_for(east, west, above))

    def shares(program: Program) -> tuple[int, set[str]]:
        [told] = program.told()
        return told["data"]["amount"]["amount_minor"], {part["account_no"] for part in told["data"]["parts"]}

    assert shares(east) == (10_000, {numbers[0]})
    assert shares(west) == (3_000, {numbers[1]})
    assert shares(above) == (13_000, set(numbers))


def test_the_same_fact_told_twice_by_the_relay_is_one_message(
    database: Database, vault: Vault, office: HookOffice, program: Program, unit_id: int
) -> None:
    with database.write() as session:
        account = make_account(session, vault, unit_id=unit_id)
        fact = outbox.Delivery(77, AccountLinked(account_id=account.id, user_id=str(uuid4())), clock.now())
    handler = dict(SUBSCRIPTIONS)[AccountLinked]
    for _again in range(2):
        with database.write() as session:
            handler(session, fact, fact.event)
    assert office.send_due(caller_for(program)) == 1
