"""Owners let others pay or view: by telephone number, for as long as they like, and not a moment longer."""

import threading
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from core.crypto.vault import Vault
from core.db import Database
from core.errors import Refusal
from services.accounts import operations, queries
from services.accounts.errors import (
    AccessEndPast,
    AlreadyOwner,
    InvitationsLimited,
    InvitedYourself,
    NotOwner,
    OwnerStays,
    TooManyPeople,
)
from services.accounts.events import AccessInvited
from services.accounts.models import Role, Scope
from services.accounts.operations import LastBillAmount, LinkOutcome, MeterNumber, Terms
from services.accounts.operations.delegation import INVITES_A_DAY, MOST_PEOPLE, TEXTS_A_DAY
from services.accounts.queries import AccountRef, InvitationView, Permission
from services.identity.errors import InvalidPhone
from tests.factories.accounts import ACTOR, grant, make_account, make_user

NOW = datetime(2026, 6, 15, 4, 0, tzinfo=UTC)
PAYER = Terms(Role.PAYER, Scope.FULL, None)
OWN, FRIENDS = "+8613800000001", "+8613300000002"
AMOUNT = 12_860


@pytest.fixture
def account(database: Database, vault: Vault) -> AccountRef:
    with database.write() as session:
        made = make_account(session, vault, name="王明", meter_no="M-7")
        told(session, made, AMOUNT, NOW - timedelta(days=30))
    return made


@pytest.fixture
def owner(database: Database, vault: Vault, account: AccountRef) -> UUID:
    with database.write() as session:
        user_id = make_user(session, vault, phone=OWN)
        grant(session, user_id=user_id, account_id=account.id)
    return user_id


@pytest.fixture
def friend(database: Database, vault: Vault) -> UUID:
    with database.write() as session:
        return make_user(session, vault, phone=FRIENDS)


def told(session: Any, account: AccountRef, amount_minor: int, when: datetime) -> None:
    bill = operations.LastBill(account.id, amount_minor, when.date())
    operations.record_last_bills(session, bills=[bill], now=when)


def bill_comes(database: Database, account: AccountRef, amount_minor: int, when: datetime) -> None:
    with database.write() as session:
        told(session, account, amount_minor, when)


def invite(
    database: Database,
    vault: Vault,
    owner: UUID,
    account: AccountRef,
    *,
    phone: str = FRIENDS,
    terms: Terms = PAYER,
    now: datetime = NOW,
) -> InvitationView:
    with database.write() as session:
        return operations.invite(
            session,
            vault=vault,
            owner_id=owner,
            account=account,
            phone=phone,
            region="+86",
            terms=terms,
            actor=ACTOR,
            now=now,
        )


def accept(database: Database, user_id: UUID, invitation: InvitationView, *, now: datetime = NOW) -> bool:
    with database.write() as session:
        account = operations.accept(session, user_id=user_id, invitation_id=invitation.id, actor=ACTOR, now=now)
    return account is not None


def may(database: Database, user_id: UUID, account: AccountRef, *, now: datetime = NOW) -> set[Permission]:
    with database.read() as session:
        return {
            each
            for each in Permission
            if queries.resolve_access(session, user_id=user_id, account_no=account.account_no, permission=each, now=now)
        }


def link(database: Database, vault: Vault, user_id: UUID, account: AccountRef, evidence: Any, *, now: datetime) -> Any:
    with database.write() as session:
        return operations.link_account(
            session,
            vault=vault,
            user_id=user_id,
            account_no=account.account_no,
            name_character="明",
            evidence=evidence,
            actor=ACTOR,
            now=now,
        ).outcome


def events(database: Database, kind: int) -> int:
    with database.read() as session:
        return int(session.sql("select count(*) from outbox where kind = :kind", kind=kind).scalar_one())


def test_an_accepted_invitation_allows_what_it_says_until_its_end(
    database: Database, vault: Vault, owner: UUID, friend: UUID, account: AccountRef
) -> None:
    until = NOW + timedelta(days=30)
    made = invite(database, vault, owner, account, terms=Terms(Role.VIEWER, Scope.TOTALS, until))
    assert may(database, friend, account) == set()
    assert accept(database, friend, made)
    assert may(database, friend, account) == {Permission.VIEW}
    with database.read() as session:
        [card] = queries.accounts_of(session, user_id=friend, now=NOW, limit=9)
        people = queries.people(session, account_id=account.id, now=NOW)
        assert queries.invitations(session, account_id=account.id, now=NOW) == []
    assert (card.role, card.scope) == ("viewer", "totals")
    assert [(each.phone_masked, each.role, each.until) for each in people] == [
        ("+86138****0001", "owner", None),
        ("+86133****0002", "viewer", until),
    ]
    assert may(database, friend, account, now=until) == set()


def test_accepting_again_changes_nothing(
    database: Database, vault: Vault, owner: UUID, friend: UUID, account: AccountRef
) -> None:
    made = invite(database, vault, owner, account)
    assert accept(database, friend, made)
    assert accept(database, friend, made)
    assert events(database, 21) == 1


def test_an_invitation_is_for_its_telephone_alone(
    database: Database, vault: Vault, owner: UUID, account: AccountRef
) -> None:
    with database.write() as session:
        other = make_user(session, vault, phone="+8613300000003")
    made = invite(database, vault, owner, account)
    assert not accept(database, other, made)
    with database.write() as session:
        assert not operations.decline(session, user_id=other, invitation_id=made.id, actor=ACTOR, now=NOW)
        assert queries.invitations_to(session, user_id=other, now=NOW) == []


def test_it_does_not_matter_how_the_number_is_typed_nor_who_has_it(
    database: Database, vault: Vault, owner: UUID, account: AccountRef
) -> None:
    made = invite(database, vault, owner, account, phone="133 0000-0002")
    with database.write() as session:
        later = make_user(session, vault, phone=FRIENDS)
    assert accept(database, later, made)
    with pytest.raises(InvalidPhone):
        invite(database, vault, owner, account, phone="12")


def test_a_week_later_it_is_over_and_the_telephone_is_forgotten(
    database: Database, vault: Vault, owner: UUID, friend: UUID, account: AccountRef
) -> None:
    made = invite(database, vault, owner, account)
    assert not accept(database, friend, made, now=NOW + timedelta(days=7))
    with database.write() as session:
        operations.purge_invitations(session, now=NOW + timedelta(days=8), most=10)
        row = session.sql("select state, phone_sealed from access_invitation").one()
    assert (row.state, row.phone_sealed) == ("expired", None)
    assert invite(database, vault, owner, account, now=NOW + timedelta(days=8)).id != made.id


def test_a_withdrawn_or_declined_one_cannot_be_accepted(
    database: Database, vault: Vault, owner: UUID, friend: UUID, account: AccountRef
) -> None:
    for end in ("withdraw", "decline"):
        made = invite(database, vault, owner, account)
        with database.write() as session:
            if end == "withdraw":
                assert operations.withdraw(session, account_id=account.id, invitation_id=made.id, actor=ACTOR, now=NOW)
            else:
                assert operations.decline(session, user_id=friend, invitation_id=made.id, actor=ACTOR, now=NOW)
        assert not accept(database, friend, made)


def test_the_same_invitation_again_is_the_open_one_and_is_told_once_and_other_terms_replace_it(
    database: Database, vault: Vault, owner: UUID, friend: UUID, account: AccountRef
) -> None:
    first = invite(database, vault, owner, account)
    assert invite(database, vault, owner, account).id == first.id
    assert events(database, AccessInvited.code) == 1
    other = invite(database, vault, owner, account, terms=Terms(Role.VIEWER, Scope.FULL, None))
    assert not accept(database, friend, first)
    assert accept(database, friend, other)


def test_nobody_invites_themselves_beyond_their_own_time_or_without_owning(
    database: Database, vault: Vault, owner: UUID, friend: UUID, account: AccountRef
) -> None:
    refusals: list[tuple[type[Refusal], UUID, dict[str, Any]]] = [
        (InvitedYourself, owner, {"phone": OWN}),
        (AccessEndPast, owner, {"terms": Terms(Role.PAYER, Scope.FULL, NOW)}),
        (NotOwner, friend, {"phone": "+8613300000009"}),
    ]
    for refusal, person, other in refusals:
        with pytest.raises(refusal):
            invite(database, vault, person, account, **other)
    end = NOW + timedelta(days=3)
    with database.write() as session:
        session.sql("update access_grant set valid_to = :end where user_id = :owner", end=end, owner=owner)
    assert invite(database, vault, owner, account).until == end


def test_an_owner_who_accepts_stays_an_owner(
    database: Database, vault: Vault, owner: UUID, friend: UUID, account: AccountRef
) -> None:
    with database.write() as session:
        grant(session, user_id=friend, account_id=account.id)
    made = invite(database, vault, owner, account)
    with pytest.raises(AlreadyOwner):
        accept(database, friend, made)
    assert Permission.OWN in may(database, friend, account)


def test_invitations_are_limited_per_person_and_day(
    database: Database, vault: Vault, owner: UUID, account: AccountRef
) -> None:
    for number in range(INVITES_A_DAY):
        invite(database, vault, owner, account, phone=f"+86137000000{number:02d}")
    with pytest.raises(InvitationsLimited) as limited:
        invite(database, vault, owner, account, now=NOW + timedelta(hours=1))
    assert limited.value.facts["retry_after_s"] == 23 * 3600
    invite(database, vault, owner, account, now=NOW + timedelta(days=1))


def test_an_account_has_room_for_so_many_people(
    database: Database, vault: Vault, owner: UUID, account: AccountRef
) -> None:
    for number in range(MOST_PEOPLE):
        day = NOW + timedelta(days=number // INVITES_A_DAY)
        made = invite(database, vault, owner, account, phone=f"+86137000000{number:02d}", now=day)
    later = NOW + timedelta(days=3)
    with pytest.raises(TooManyPeople):
        invite(database, vault, owner, account, now=later)
    with database.write() as session:
        operations.withdraw(session, account_id=account.id, invitation_id=made.id, actor=ACTOR, now=later)
    invite(database, vault, owner, account, now=later)


def test_a_telephone_is_told_of_so_many_invitations_a_day_and_no_inviter_learns_of_it(
    database: Database, vault: Vault, account: AccountRef
) -> None:
    made = []
    for number in range(TEXTS_A_DAY + 2):
        with database.write() as session:
            another = make_user(session, vault, phone=f"+86136000000{number:02d}")
            grant(session, user_id=another, account_id=account.id)
            session.sql(
                "update access_invitation set state = 'withdrawn', ended_at = :now, phone_sealed = null", now=NOW
            )
        made.append(invite(database, vault, another, account))
    assert len({each.id for each in made}) == len(made)
    assert events(database, AccessInvited.code) == TEXTS_A_DAY


def test_what_an_owner_gave_ends_with_the_owners_own_access(
    database: Database, vault: Vault, owner: UUID, friend: UUID, account: AccountRef
) -> None:
    with database.write() as session:
        other_owner = make_user(session, vault)
        grant(session, user_id=other_owner, account_id=account.id)
    assert accept(database, friend, invite(database, vault, owner, account))
    open_one = invite(database, vault, owner, account, phone="+8613300000003")
    with database.write() as session:
        late = make_user(session, vault, phone="+8613300000003")
        assert operations.give_up_access(session, user_id=owner, account_id=account.id, actor=ACTOR, now=NOW)
    assert may(database, friend, account) == set()
    assert not accept(database, late, open_one)
    assert Permission.OWN in may(database, other_owner, account)
    assert events(database, 22) == 1


def test_an_owner_ends_what_was_given_and_no_owners_own_access(
    database: Database, vault: Vault, owner: UUID, friend: UUID, account: AccountRef
) -> None:
    assert accept(database, friend, invite(database, vault, owner, account))
    with database.read() as session:
        by_role = {each.role: each.grant_id for each in queries.people(session, account_id=account.id, now=NOW)}
    with database.write() as session:
        assert operations.revoke_grant(session, account_id=account.id, grant_id=by_role["payer"], actor=ACTOR, now=NOW)
        assert not operations.revoke_grant(
            session, account_id=account.id, grant_id=by_role["payer"], actor=ACTOR, now=NOW
        )
    assert may(database, friend, account) == set()
    with database.write() as session, pytest.raises(OwnerStays):
        operations.revoke_grant(session, account_id=account.id, grant_id=by_role["owner"], actor=ACTOR, now=NOW)


def test_access_that_ends_while_it_is_accepted_is_not_left_behind(
    database: Database, vault: Vault, owner: UUID, friend: UUID, account: AccountRef
) -> None:
    """The acceptance has seen its owner; the owner's leaving waits for it, and takes the new grant along."""
    made = invite(database, vault, owner, account)

    def leave() -> None:
        with database.write() as session:
            operations.give_up_access(session, user_id=owner, account_id=account.id, actor=ACTOR, now=NOW)

    leaving = threading.Thread(target=leave)
    with database.write() as session:
        assert operations.accept(session, user_id=friend, invitation_id=made.id, actor=ACTOR, now=NOW)
        leaving.start()
    leaving.join()
    assert may(database, friend, account) == set()


def test_the_amount_that_a_payer_or_viewer_may_see_proves_nothing_to_anybody_and_the_meter_does(
    database: Database, vault: Vault, owner: UUID, friend: UUID, account: AccountRef
) -> None:
    with database.write() as session:
        accomplice = make_user(session, vault)
    assert link(database, vault, accomplice, account, LastBillAmount(AMOUNT), now=NOW) is LinkOutcome.LINKED
    with database.write() as session:
        operations.give_up_access(session, user_id=accomplice, account_id=account.id, actor=ACTOR, now=NOW)
    assert accept(database, friend, invite(database, vault, owner, account))
    for person in (friend, accomplice):
        assert link(database, vault, person, account, LastBillAmount(AMOUNT), now=NOW) is LinkOutcome.REFUSED
    assert link(database, vault, accomplice, account, MeterNumber("M-7"), now=NOW) is LinkOutcome.LINKED
    assert may(database, friend, account) == {Permission.VIEW, Permission.PAY}
    assert link(database, vault, friend, account, MeterNumber("M-7"), now=NOW) is LinkOutcome.LINKED


@pytest.mark.parametrize("end", ["revoked", "expired"])
def test_a_bill_that_came_during_an_access_that_ended_is_no_proof_and_the_next_one_is(
    database: Database, vault: Vault, owner: UUID, friend: UUID, account: AccountRef, end: str
) -> None:
    ended = NOW + timedelta(days=10)
    until = ended if end == "expired" else None
    assert accept(
        database, friend, invite(database, vault, owner, account, terms=Terms(Role.VIEWER, Scope.TOTALS, until))
    )
    bill_comes(database, account, 7_700, NOW + timedelta(days=5))
    if end == "revoked":
        with database.write() as session:
            operations.revoke_access(session, user_id=friend, account_id=account.id, actor=ACTOR, now=ended)
    later = ended + timedelta(days=1)
    assert link(database, vault, friend, account, LastBillAmount(7_700), now=later) is LinkOutcome.REFUSED
    bill_comes(database, account, 8_800, ended + timedelta(days=20))
    later = ended + timedelta(days=21)
    assert link(database, vault, friend, account, LastBillAmount(8_800), now=later) is LinkOutcome.LINKED
