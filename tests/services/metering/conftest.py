"""An account with a meter, and imports of its readings."""

from pathlib import Path

import pytest

from core.crypto.vault import Vault
from core.db import Database
from services.accounts.queries import AccountRef
from tests.factories.accounts import make_account
from tests.factories.readings import Readings


@pytest.fixture
def account(database: Database, vault: Vault) -> AccountRef:
    """A home with the meter M1."""
    with database.write() as session:
        return make_account(session, vault, account_no="7000000001", meter_no="M1")


@pytest.fixture
def readings(database: Database, account: AccountRef, tmp_path: Path) -> Readings:  # noqa: ARG001 -- its meter
    """Imports into the test's database."""
    return Readings(database, tmp_path)
