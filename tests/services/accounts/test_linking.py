"""Who may act for an account: proof, limits, grants, revocation."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from core.crypto.vault import Vault
from core.db import Database
from services.accounts import operations, queries
from services.accounts.models import Role
from services.accounts.operations import Evidence, LastBillAmount, LinkOutcome, LinkResult, MeterNumber
from services.accounts.queries import AccountRef, Permission
from tests.factories.accounts import ACTOR, make_account, make_user

NOW = datetime(2026, 6, 15, 4, 0, tzinfo=UTC)


@pytest.fixture
def account(database: Database, vault: Vault) -> AccountRef:
    with database.write() as session:
        return make_account(
            session, vault, account_no="7000000001", name="王Xiao明", meter_no="M-42", last_bill_minor=12_860
        )


@pytest.fixture
def user_id(database: Database, vault: Vault) -> UUID:
    with database.write() as session:
        return make_user(session, vault)


def link(
    database: Database,
    vault: Vault,
    user_id: UUID,
    *,
    account_no: str = "7000000001",
    character: str = "王",
    evidence: Evidence = MeterNumber("M-42"),  # noqa: B008 -- frozen
    now: datetime = NOW,
) -> LinkResult:
    with database.write() as session:
        return operations.link_account(
            session,
            vault=vault,
            user_id=user_id,
            account_no=account_no,
            name_character=character,
            evidence=evidence,
            actor=ACTOR,
            now=now,
        )


def may(database: Database, user_id: UUID, permission: Permission, *, now: datetime = NOW) -> bool:
    with database.read() as session:
        found = queries.resolve_access(
            session, user_id=user_id, account_no="7000000001", permission=permission, now=now
        )
        return found is not None


@pytest.mark.usefixtures("account")
@pytest.mark.parametrize("evidence", [MeterNumber("M-42"), LastBillAmount(12_860)])
@pytest.mark.parametrize("character", ["王", "明", "x", "Ｘ"])
def test_one_character_and_one_detail_prove_an_account(
    database: Database, vault: Vault, user_id: UUID, evidence: Evidence, character: str
) -> None:
    result = link(database, vault, user_id, evidence=evidence, character=character)
    assert result.outcome is LinkOutcome.LINKED
    assert may(database, user_id, Permission.OWN)
    with database.read() as session:
        assert session.sql("select kind from outbox").scalars().all() == [7]
    assert link(database, vault, user_id, evidence=evidence, character=character).outcome is LinkOutcome.LINKED
    with database.read() as session:
        assert session.sql("select count(*) from outbox").scalar_one() == 1


@pytest.mark.usefixtures("account")
@pytest.mark.parametrize(
    "wrong",
    [
        {"account_no": "7999999999"},
        {"character": "李"},
        {"character": ""},
        {"character": "王X"},
        {"character": " "},
        {"character": "*"},
        {"evidence": MeterNumber("M-43")},
        {"evidence": LastBillAmount(12_861)},
    ],
)
def test_every_wrong_proof_has_the_same_result_and_leaves_evidence(
    database: Database, vault: Vault, user_id: UUID, wrong: dict[str, object]
) -> None:
    assert link(database, vault, user_id, **wrong) == LinkResult(LinkOutcome.REFUSED)  # type: ignore[arg-type] # a table of cases
    assert not may(database, user_id, Permission.VIEW)
    with database.read() as session:
        assert session.sql("select count(*) from link_failure").scalar_one() == 1


def test_an_account_without_a_bill_is_not_proved_by_nothing(database: Database, vault: Vault, user_id: UUID) -> None:
    with database.write() as session:
        make_account(session, vault, account_no="7000000002", name="王")
    refused = link(database, vault, user_id, account_no="7000000002", evidence=LastBillAmount(0))
    assert refused.outcome is LinkOutcome.REFUSED


@pytest.mark.usefixtures("account")
def test_five_failures_a_day_stop_a_person_even_with_the_right_proof(
    database: Database, vault: Vault, user_id: UUID
) -> None:
    for minutes in range(5):
        at = NOW + timedelta(minutes=minutes)
        assert link(database, vault, user_id, account_no=f"799999999{minutes}", now=at).outcome is LinkOutcome.REFUSED
    limited = link(database, vault, user_id, now=NOW + timedelta(minutes=10))
    assert (limited.outcome, limited.retry_after_s) == (LinkOutcome.LIMITED, 24 * 3600 - 600)
    assert link(database, vault, user_id, now=NOW + timedelta(days=1, seconds=1)).outcome is LinkOutcome.LINKED


@pytest.mark.usefixtures("account")
def test_five_failures_a_day_stop_everybody_at_one_account(database: Database, vault: Vault, user_id: UUID) -> None:
    with database.write() as session:
        people = [make_user(session, vault) for _ in range(5)]
    for person in people:
        link(database, vault, person, character="李")
    assert link(database, vault, user_id).outcome is LinkOutcome.LIMITED


def test_a_closed_account_cannot_be_linked(database: Database, vault: Vault, user_id: UUID) -> None:
    with database.write() as session:
        make_account(session, vault, account_no="7000000003", name="王", state="closed", meter_no="M-9")
    refused = link(database, vault, user_id, account_no="7000000003", evidence=MeterNumber("M-9"))
    assert refused.outcome is LinkOutcome.REFUSED


@pytest.mark.parametrize(
    ("role", "allowed"),
    [
        (Role.OWNER, {Permission.VIEW, Permission.PAY, Permission.OWN}),
        (Role.PAYER, {Permission.VIEW, Permission.PAY}),
        (Role.VIEWER, {Permission.VIEW}),
    ],
)
def test_a_role_allows_what_it_says_while_it_lasts(
    database: Database, account: AccountRef, user_id: UUID, role: Role, allowed: set[Permission]
) -> None:
    until = NOW + timedelta(days=30)
    with database.write() as session:
        operations.grant_access(
            session, user_id=user_id, account_id=account.id, role=role, actor=ACTOR, now=NOW, valid_to=until
        )
    assert {each for each in Permission if may(database, user_id, each)} == allowed
    assert not may(database, user_id, Permission.VIEW, now=NOW - timedelta(seconds=1))
    assert not may(database, user_id, Permission.VIEW, now=until)
    with database.write() as session:
        assert operations.revoke_access(session, user_id=user_id, account_id=account.id, actor=ACTOR, now=NOW)
    assert not may(database, user_id, Permission.VIEW)
    with database.write() as session:
        assert not operations.revoke_access(session, user_id=user_id, account_id=account.id, actor=ACTOR, now=NOW)


def test_another_role_takes_the_place_of_the_one_held(database: Database, account: AccountRef, user_id: UUID) -> None:
    with database.write() as session:
        for role in (Role.VIEWER, Role.OWNER):
            operations.grant_access(session, user_id=user_id, account_id=account.id, role=role, actor=ACTOR, now=NOW)
        [grantee] = queries.grantees(session, account_ids=[account.id], now=NOW)
        [card] = queries.accounts_of(session, user_id=user_id, now=NOW, limit=9)
    assert (grantee.role, card.role) == ("owner", "owner")


@pytest.mark.parametrize("attack", ["' or 1=1 --", "%", "７０００００００01", "7000000001 "])
def test_no_odd_account_number_opens_anything(database: Database, user_id: UUID, attack: str) -> None:
    with database.read() as session:
        found = queries.resolve_access(session, user_id=user_id, account_no=attack, permission=Permission.VIEW, now=NOW)
    assert found is None
