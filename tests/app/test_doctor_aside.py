"""What a doctor says of accounts at which work by the clock fails."""

import pytest

from app.commands import doctor
from core.config import Settings
from core.crypto.vault import Vault
from core.db import Database
from tests.factories.accounts import make_account
from tests.support.processes import environment_of


def test_an_account_that_was_set_aside_is_named_with_its_reason_and_wrong_when_it_stays_so(
    database: Database, vault: Vault, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in environment_of(settings).items():
        monkeypatch.setenv(name, value)
    with database.write() as session:
        account = make_account(session, vault)
        session.sql(
            """insert into set_aside (work, owner, part, together, failures, reason)
               values ('usage.aggregate', :account, '2026-06', 1, 3, 'DataError: division by zero')""",
            account=account.id,
        )

    def told() -> list[tuple[str, str]]:
        return [(each.name, each.detail) for each in doctor.examine() if "aside" in each.name and each.verdict != "ok"]

    named = f"usage.aggregate failed 3 times at account {account.account_no} 2026-06: DataError: division by zero"
    assert told() == [("set aside", named)]
    with database.write() as session:
        session.sql("update set_aside set since = now() - interval '1 hour'")
    late, aside = told()
    assert (late[0], late[1].startswith("1 wait, the oldest for 36"), aside) == (
        "queue set_aside",
        True,
        ("set aside", named),
    )
