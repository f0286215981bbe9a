"""What a doctor says of tariffs."""

from datetime import date

import pytest

from app.commands import doctor
from core.config import Settings
from core.crypto.vault import Vault
from core.db import Database
from tests.factories.accounts import give_tariff, make_account
from tests.factories.tariffs import make_tariff, make_version
from tests.support.processes import environment_of


def test_agreements_of_a_tariff_that_nobody_knows_are_warned_of(
    database: Database, vault: Vault, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in environment_of(settings).items():
        monkeypatch.setenv(name, value)
    with database.write() as session:
        for _ in range(2):
            give_tariff(session, make_account(session, vault).id)
    told = [(each.verdict, each.detail) for each in doctor.examine() if each.name == "tariffs"]
    assert [verdict for verdict, _ in told] == ["warning"]
    assert told[0][1].startswith("2 agreements name RES-1, ")
    with database.write() as session:
        make_tariff(session, code="RES-1")
        make_version(session, code="RES-1", valid_to=date(2025, 1, 1))
    told = [(each.verdict, each.detail) for each in doctor.examine() if each.name == "tariffs"]
    assert [verdict for verdict, _ in told] == ["warning"]
    assert told[0][1].startswith("no version of RES-1 is published from 2025-01-01 on, ")
    with database.write() as session:
        make_version(session, code="RES-1", valid_from=date(2025, 1, 1))
    assert "tariffs" not in {each.name for each in doctor.examine()}
