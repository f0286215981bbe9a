"""What becomes of money under way when the account passes to another holder."""

import pytest

from core import clock, outbox
from core.crypto.vault import Vault
from core.db import Database
from services.accounts.events import HolderChanged
from services.billing import queries as billing
from services.payments.operations import close_at_change_of_holder
from tests.factories import payments as make


@pytest.mark.usefixtures("offline")
def test_payments_under_way_are_closed_soon_and_what_is_paid_meanwhile_and_in_advance_stays_the_accounts(
    database: Database, vault: Vault
) -> None:
    home, neighbour = make.household(database, vault, bills=(12_860,)), make.household(database, vault)
    no = make.order(database, vault, make.wanted(home, 20_000))
    others = make.order(database, vault, make.wanted(neighbour))
    outbox.subscribe(HolderChanged, close_at_change_of_holder)
    with database.write() as session:
        outbox.add(session, HolderChanged(account_id=home.account.id, earlier_id=1, later_id=2))
    later = make.order(database, vault, make.wanted(home, 5_000))
    while outbox.relay_once(database):
        pass
    attempt = make.latest(database, no)
    now = clock.now()
    assert attempt.expires_at <= now < make.latest(database, others).expires_at
    assert now < make.latest(database, later).expires_at
    make.apply(database, make.paid(attempt))
    with database.read() as session:
        owed = billing.owed(session, account_id=home.account.id)
        assert make.order_state(session, no) == "paid"
    assert (owed.due.minor, owed.prepaid.minor) == (0, 20_000 - 12_860)
