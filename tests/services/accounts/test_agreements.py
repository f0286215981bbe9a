"""What is agreed about an account's price: which agreement holds on a day, and which of them a holder is shown."""

from datetime import date

from core.crypto.vault import Vault
from core.db import Database
from services.accounts.queries import agreements as reads
from tests.factories.accounts import make_account
from tests.factories.usage import bind


def test_an_agreement_holds_up_to_its_end_and_a_holder_sees_those_of_their_own_time(
    database: Database, vault: Vault
) -> None:
    with database.write() as session:
        account = make_account(session, vault)
        bind(session, account.id, "RES-1", no=1, first=date(2020, 1, 1), end=date(2025, 6, 1))
        bind(session, account.id, "RES-2", no=2, first=date(2025, 6, 1))
        shown = {
            day: reads.agreement_on(session, account_id=account.id, day=day)
            for day in (date(2019, 12, 31), date(2025, 5, 31), date(2025, 6, 1))
        }
        codes = [each.tariff_code for each in reads.agreements(session, account_id=account.id)]
        later = [each.tariff_code for each in reads.agreements(session, account_id=account.id, since=date(2025, 6, 1))]
    assert {day: each and each.tariff_code for day, each in shown.items()} == {
        date(2019, 12, 31): None,
        date(2025, 5, 31): "RES-1",
        date(2025, 6, 1): "RES-2",
    }
    assert codes == ["RES-2", "RES-1"]
    assert later == ["RES-2"]
