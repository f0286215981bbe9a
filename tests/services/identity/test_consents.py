"""What people allow: asked before use, kept as decided, taken back as easily as given."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from uuid import UUID

import psycopg
import pytest

from core.crypto.vault import Vault
from core.db import Database
from services.identity import operations, ports, queries
from services.identity.errors import ConsentTextChanged
from services.identity.ports import CONSENT_TEXTS, ConsentPurpose, Edge
from services.identity.queries import ConsentView
from tests.factories.accounts import ACTOR
from tests.factories.identity import NOON, OTHER_PHONE, user
from web.consents import TEXTS


class Deciding:
    """One person's decisions."""

    def __init__(self, database: Database, user_id: UUID) -> None:
        self.database, self.user_id = database, user_id

    def give(self, *, version: int = 1, hours: int = 0) -> ConsentView:
        with self.database.write() as session:
            return operations.give_consent(
                session,
                user_id=self.user_id,
                purpose=ConsentPurpose.MARKETING,
                text_version=version,
                edge=Edge.API,
                actor=ACTOR,
                now=NOON + timedelta(hours=hours),
            )

    def withdraw(self, *, hours: int = 0) -> ConsentView:
        with self.database.write() as session:
            return operations.withdraw_consent(
                session,
                user_id=self.user_id,
                purpose=ConsentPurpose.MARKETING,
                edge=Edge.PORTAL,
                actor=ACTOR,
                now=NOON + timedelta(hours=hours),
            )

    def may(self) -> bool:
        with self.database.read() as session:
            found = queries.consents(session, user_id=self.user_id)
        return {each.purpose: each.is_given for each in found}[ConsentPurpose.MARKETING]

    def rows(self) -> list[tuple[object, ...]]:
        with self.database.read() as session:
            found = session.sql("select purpose, text_version, decision, edge, decided_at from consent order by id")
            return [tuple(row) for row in found]


@pytest.fixture
def deciding(database: Database, vault: Vault) -> Deciding:
    with database.write() as session:
        return Deciding(database, user(session, vault=vault, now=NOON))


def test_nothing_is_allowed_before_it_is_given(deciding: Deciding) -> None:
    assert not deciding.may()
    assert not deciding.withdraw().is_given
    assert deciding.rows() == []


def test_every_decision_is_kept_and_the_newest_holds(deciding: Deciding, database: Database) -> None:
    assert deciding.give().is_given
    assert deciding.give(hours=1).is_given
    assert deciding.may()
    assert not deciding.withdraw(hours=2).is_given
    assert not deciding.may()
    deciding.give(hours=3)
    assert deciding.may()
    assert deciding.rows() == [
        ("marketing", 1, "given", "api", NOON),
        ("marketing", 1, "withdrawn", "portal", NOON + timedelta(hours=2)),
        ("marketing", 1, "given", "api", NOON + timedelta(hours=3)),
    ]
    with database.read() as session:
        acts = session.sql("select after ->> 'decision' from audit where act = 'identity.consent' order by id")
        assert acts.scalars().all() == ["given", "withdrawn", "given"]


def test_an_older_text_is_no_consent_to_a_newer_one(deciding: Deciding, monkeypatch: pytest.MonkeyPatch) -> None:
    deciding.give()
    monkeypatch.setitem(ports.CONSENT_TEXTS, ConsentPurpose.MARKETING, 2)
    assert not deciding.may()
    with pytest.raises(ConsentTextChanged) as refused:
        deciding.give(version=1)
    assert refused.value.facts == {"text_version": 2}
    assert deciding.give(version=2).is_given
    assert deciding.may()


def test_one_person_decides_for_nobody_else(deciding: Deciding, database: Database, vault: Vault) -> None:
    deciding.give()
    with database.write() as session:
        other = user(session, vault=vault, phone=OTHER_PHONE, now=NOON)
    assert not Deciding(database, other).may()


def test_the_same_decision_at_the_same_moment_is_one_row(deciding: Deciding) -> None:
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda _: deciding.give(), range(8)))
    assert len(deciding.rows()) == 1


@pytest.mark.parametrize("statement", ["update consent set decision = 'given'", "delete from consent"])
def test_not_even_the_owner_of_the_table_rewrites_a_decision(
    deciding: Deciding, owner_dsn: str, statement: str
) -> None:
    deciding.give()
    with psycopg.connect(owner_dsn) as owner, pytest.raises(psycopg.errors.RestrictViolation):
        owner.execute(statement.encode())


def test_every_valid_text_is_written_in_both_languages() -> None:
    for purpose in ConsentPurpose:
        words = TEXTS[purpose, CONSENT_TEXTS[purpose]]
        assert all((words.title_zh, words.zh, words.title_en, words.en))
        assert words.title("en") == words.title_en
        assert words.text("zh-CN") == words.zh
