"""Staff set their own authenticator anew: for what they know and have, in two steps, and the old one holds until then."""

import threading
from datetime import datetime, timedelta

import pyotp
import pytest

from core.crypto.vault import Vault
from core.db import Database
from services.identity import queries, rules
from services.identity.errors import StaffCodeWrong, StaffOfferGone
from services.identity.operations import staff
from services.identity.operations.staff import Offer, Refused, Renewed, SignedIn, StaffOnline
from tests.factories import staff as people
from tests.factories.staff import ACTOR, NOON, PASSWORD, STEP, Member

LATER = NOON + timedelta(minutes=10)


@pytest.fixture
def member(database: Database, vault: Vault) -> Member:
    """Somebody who joined at noon, and has been signed in since."""
    with database.write() as session:
        return people.member(session, vault)


def online(database: Database, cookie: str) -> StaffOnline | None:
    with database.write() as session:
        return staff.resolve(session, token=cookie, now=LATER)


def ask(
    database: Database, vault: Vault, member: Member, code: str, *, password: str = PASSWORD, now: datetime = LATER
) -> Offer | Refused:
    here = online(database, member.cookie)
    assert here is not None
    with database.write() as session:
        return staff.offer(
            session,
            vault=vault,
            staff_id=member.staff_id,
            session_id=here.session_id,
            password=password,
            code=code,
            issuer="Wattline",
            actor=ACTOR,
            now=now,
        )


def offered(database: Database, vault: Vault, member: Member, code: str, *, now: datetime = LATER) -> Offer:
    made = ask(database, vault, member, code, now=now)
    assert isinstance(made, Offer)
    assert pyotp.parse_uri(made.otpauth).secret == made.secret != member.secret
    return made


def take(
    database: Database,
    vault: Vault,
    member: Member,
    made: Offer,
    *,
    code: str | None = None,
    cookie: str = "",
    now: datetime = LATER,
) -> Renewed:
    here = online(database, cookie or member.cookie)
    assert here is not None
    with database.write() as session:
        return staff.take_offer(
            session,
            vault=vault,
            staff_id=member.staff_id,
            session_id=here.session_id,
            ticket=made.ticket,
            code=code or pyotp.TOTP(made.secret).at(now),
            actor=ACTOR,
            now=now,
        )


def sign_in(database: Database, vault: Vault, member: Member, code: str, *, now: datetime = LATER) -> object:
    with database.write() as session:
        ticket = people.begin(session, vault, member.name, now=now)
        return people.enter(session, vault, ticket, code, now=now)


def test_the_new_one_holds_with_its_first_code_and_the_old_one_until_then(
    database: Database, vault: Vault, member: Member
) -> None:
    made = offered(database, vault, member, member.code(at=LATER))
    other = sign_in(database, vault, member, member.code(at=LATER + STEP), now=LATER + STEP)
    assert isinstance(other, SignedIn), "nothing has changed yet"
    with pytest.raises(StaffCodeWrong):
        take(database, vault, member, made, code=people.wrong(pyotp.TOTP(made.secret).at(LATER)))
    result = take(database, vault, member, made)
    assert online(database, result.token) is not None
    assert (online(database, member.cookie), online(database, other.token)) == (None, None)
    later = LATER + STEP
    for old in (member.code(at=later), member.recovery_codes[0], pyotp.TOTP(made.secret).at(LATER)):
        assert isinstance(sign_in(database, vault, member, old, now=later), Refused), "replaced, or used already"
    for new in (pyotp.TOTP(made.secret).at(later), result.recovery_codes[0]):
        assert isinstance(sign_in(database, vault, member, new, now=later), SignedIn)
    with database.read() as session:
        acts = list(session.sql("select act from audit where subject = :it", it=f"staff:{member.staff_id}").scalars())
        told = queries.authenticator_set_at(session, staff_id=member.staff_id, since=NOON)
    assert acts.count("identity.staff_authenticator_offered") == acts.count("identity.staff_authenticator_set") == 1
    assert told is not None


def test_it_takes_the_password_and_a_code_that_was_not_used(database: Database, vault: Vault, member: Member) -> None:
    code = member.code(at=LATER)
    assert isinstance(ask(database, vault, member, code, password="wrong"), Refused)
    assert isinstance(ask(database, vault, member, people.wrong(code)), Refused)
    assert isinstance(ask(database, vault, member, code), Offer), "a wrong password uses no code up"
    assert isinstance(ask(database, vault, member, code), Refused), "a code works once"
    for _ in range(rules.FREE_FAILURES):
        assert isinstance(ask(database, vault, member, code), Refused)
    assert isinstance(ask(database, vault, member, member.code(at=LATER + STEP)), Refused), "and guessing makes wait"


def test_whoever_came_by_a_recovery_code_gives_one_more(database: Database, vault: Vault, member: Member) -> None:
    came = sign_in(database, vault, member, member.recovery_codes[0])
    assert isinstance(came, SignedIn)
    assert came.by_recovery_code
    member.cookie = came.token
    assert isinstance(ask(database, vault, member, member.recovery_codes[0]), Refused)
    take(database, vault, member, offered(database, vault, member, member.recovery_codes[1]))


def test_an_offer_ends_after_ten_minutes_and_is_for_its_session_alone(
    database: Database, vault: Vault, member: Member
) -> None:
    made = offered(database, vault, member, member.code(at=LATER))
    other = sign_in(database, vault, member, member.code(at=LATER + STEP), now=LATER + STEP)
    assert isinstance(other, SignedIn)
    with pytest.raises(StaffOfferGone):
        take(database, vault, member, made, cookie=other.token)
    with pytest.raises(StaffOfferGone):
        take(database, vault, member, Offer("none", made.secret, ""))
    with pytest.raises(StaffOfferGone):
        take(database, vault, member, made, now=LATER + rules.OFFER_LIFE)
    take(database, vault, member, made, now=LATER + rules.OFFER_LIFE - timedelta(seconds=1))


def test_of_two_taken_at_once_one_holds(database: Database, vault: Vault, member: Member) -> None:
    offers = [offered(database, vault, member, code) for code in (member.code(at=LATER), member.recovery_codes[0])]
    here = online(database, member.cookie)
    assert here is not None
    gate, results = threading.Barrier(4), list[object]()

    def try_it(made: Offer) -> None:
        gate.wait(timeout=60)
        try:
            with database.write() as session:
                results.append(
                    staff.take_offer(
                        session,
                        vault=vault,
                        staff_id=member.staff_id,
                        session_id=here.session_id,
                        ticket=made.ticket,
                        code=pyotp.TOTP(made.secret).at(LATER),
                        actor=ACTOR,
                        now=LATER,
                    )
                )
        except StaffOfferGone as gone:
            results.append(gone)

    threads = [threading.Thread(target=try_it, args=(made,)) for made in offers * 2]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert sorted(type(each).__name__ for each in results) == ["Renewed"] + ["StaffOfferGone"] * 3


def test_a_password_that_was_changed_meanwhile_voids_the_offer(
    database: Database, vault: Vault, member: Member
) -> None:
    made = offered(database, vault, member, member.code(at=LATER))
    here = online(database, member.cookie)
    assert here is not None
    with database.write() as session:
        staff.change_password(
            session,
            staff_id=member.staff_id,
            session_id=here.session_id,
            current=PASSWORD,
            wanted="granite umbrella seventeen",
            names=[],
            actor=ACTOR,
            now=LATER,
        )
    with pytest.raises(StaffOfferGone):
        take(database, vault, member, made)
