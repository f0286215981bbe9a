"""Invitations: once, for 72 hours, and replacing what somebody lost without letting anybody else in."""

from datetime import datetime, timedelta
from typing import Any

import pyotp
import pytest

from core.crypto.vault import Vault
from core.db import Database, WriteSession
from services.identity import queries, rules
from services.identity.errors import InvitationGone, StaffCodeWrong, StaffNameInvalid, StaffNameTaken, StaffUnknown
from services.identity.operations import staff
from services.identity.operations.staff import Accepted, Invited, Refused
from services.identity.rules import PasswordProblem
from tests.factories import staff as people
from tests.factories.staff import ACTOR, NOON, PASSWORD

LATER = NOON + timedelta(hours=1)


def accept(
    session: WriteSession, vault: Vault, token: str, *, password: str, code: str, now: datetime = LATER
) -> Accepted | Refused:
    return staff.accept(
        session,
        vault=vault,
        token=token,
        password=password,
        code=code,
        names=["Wattline"],
        user_agent="",
        address="::1",
        previous_token=None,
        now=now,
    )


def offered(session: WriteSession, vault: Vault, invited: Invited, *, now: datetime = LATER) -> str:
    """The code of the second factor that an invitation offers."""
    found = queries.invitation(session, vault=vault, token=invited.token, issuer="Wattline", now=now)
    assert found is not None
    assert pyotp.parse_uri(found.otpauth).secret == found.secret
    return pyotp.TOTP(found.secret).at(now)


def test_an_invitation_lets_in_once(database: Database, vault: Vault) -> None:
    with database.write() as session:
        invited = people.invited(session)
        joined = accept(session, vault, invited.token, password=PASSWORD, code=offered(session, vault, invited))
        assert isinstance(joined, Accepted)
        assert len(set(joined.recovery_codes)) == 10
        assert staff.resolve(session, token=joined.signed_in.token, now=LATER) is not None
        with pytest.raises(InvitationGone):
            accept(session, vault, invited.token, password=PASSWORD, code="000000")


def test_an_invitation_is_good_for_72_hours_and_until_the_next(database: Database, vault: Vault) -> None:
    with database.write() as session:
        old = people.invited(session)
        late = NOON + timedelta(hours=72)
        assert queries.invitation(session, vault=vault, token=old.token, issuer="x", now=late) is None
        fresh = staff.renew_invitation(session, staff_id=old.staff_id, told_to=None, actor=ACTOR, now=NOON)
        assert queries.invitation(session, vault=vault, token=old.token, issuer="x", now=NOON) is None
        with pytest.raises(InvitationGone):
            accept(session, vault, old.token, password=PASSWORD, code="000000")
        assert offered(session, vault, fresh)
        staff.disable(session, staff_id=old.staff_id, actor=ACTOR, now=NOON)
        assert queries.invitation(session, vault=vault, token=fresh.token, issuer="x", now=NOON) is None


def test_looking_at_an_invitation_writes_nothing_and_offers_the_same_secret(database: Database, vault: Vault) -> None:
    with database.write() as session:
        invited = people.invited(session)
    with database.read() as session:
        looks = {queries.invitation(session, vault=vault, token=invited.token, issuer="x", now=LATER) for _ in range(2)}
    assert len(looks) == 1


def test_a_code_that_the_authenticator_does_not_show_sets_nothing(database: Database, vault: Vault) -> None:
    with database.write() as session:
        invited = people.invited(session)
        code = offered(session, vault, invited)
    with pytest.raises(StaffCodeWrong), database.write() as session:
        accept(session, vault, invited.token, password=PASSWORD, code=people.wrong(code))
    with database.read() as session:
        assert session.sql("select state, password_hash, totp_sealed from staff").one() == ("invited", None, None)


def test_a_lost_authenticator_is_replaced_by_whoever_knows_the_password(database: Database, vault: Vault) -> None:
    """Neither who asked for it nor who approved it can use what they see."""
    with database.write() as session:
        member = people.member(session, vault)
        invited = staff.reset_second_factor(session, staff_id=member.staff_id, told_to=None, actor=ACTOR, now=LATER)
        assert staff.resolve(session, token=member.cookie, now=NOON) is None, "their sessions ended"
        code = offered(session, vault, invited)
        assert accept(session, vault, invited.token, password="guessed by a colleague", code=code) == Refused()
        assert isinstance(accept(session, vault, invited.token, password=PASSWORD, code=code), Accepted)
        assert (
            people.enter(
                session, vault, people.begin(session, vault, member.name, now=LATER), member.code(at=LATER), now=LATER
            )
            == Refused()
        ), "the lost one opens nothing"


def test_a_lost_password_is_replaced_by_whoever_has_the_authenticator(database: Database, vault: Vault) -> None:
    with database.write() as session:
        member = people.member(session, vault)
        invited = staff.reset_password(session, staff_id=member.staff_id, told_to=None, actor=ACTOR, now=LATER)
        new = "some other long words"
        of_invitation = offered(session, vault, invited)
        assert accept(session, vault, invited.token, password=new, code=of_invitation) == Refused()
        joined = accept(session, vault, invited.token, password=new, code=member.code(at=LATER))
        assert isinstance(joined, Accepted)
        assert joined.recovery_codes == [], "those that they have stay good"
        now = LATER + people.STEP
        old, fresh = (people.begin(session, vault, member.name, password=word, now=now) for word in (PASSWORD, new))
        assert people.enter(session, vault, old, member.code(at=now), now=now) == Refused()
        assert isinstance(people.enter(session, vault, fresh, member.code(at=now), now=now), staff.SignedIn)


def test_guessing_at_a_reset_makes_wait_as_at_the_sign_in(database: Database, vault: Vault) -> None:
    with database.write() as session:
        member = people.member(session, vault)
        invited = staff.reset_second_factor(session, staff_id=member.staff_id, told_to=None, actor=ACTOR, now=LATER)
        for number in range(5):
            accept(session, vault, invited.token, password=f"guess number {number}", code="000000")
        right: dict[str, Any] = {"password": PASSWORD, "code": offered(session, vault, invited)}
        assert accept(session, vault, invited.token, **right) == Refused()
        now = LATER + timedelta(seconds=31)
        right["code"] = offered(session, vault, invited, now=now)
        assert isinstance(accept(session, vault, invited.token, **right, now=now), Accepted)


def test_another_invitation_asks_for_the_half_that_is_still_there(database: Database, vault: Vault) -> None:
    """Whoever manages staff could otherwise let themselves in by inviting somebody anew."""
    with database.write() as session:
        member = people.member(session, vault)
        with pytest.raises(StaffUnknown):
            staff.renew_invitation(session, staff_id=member.staff_id, told_to=None, actor=ACTOR, now=LATER)
        staff.reset_second_factor(session, staff_id=member.staff_id, told_to=None, actor=ACTOR, now=LATER)
        staff.disable(session, staff_id=member.staff_id, actor=ACTOR, now=LATER)
        staff.enable(session, staff_id=member.staff_id, actor=ACTOR, now=LATER)
        again = staff.renew_invitation(session, staff_id=member.staff_id, told_to=None, actor=ACTOR, now=LATER)
        found = queries.invitation(session, vault=vault, token=again.token, issuer="x", now=LATER)
    assert found is not None
    assert found.purpose == "second_factor"


def test_a_name_is_somebodys_alone(database: Database) -> None:
    with database.write() as session:
        people.invited(session, name="chen")
        with pytest.raises(StaffNameTaken):
            people.invited(session, name="CHEN ")
        for name in ("x", "with space", "名字", "-dash", "a" * 64, "a|b"):
            with pytest.raises(StaffNameInvalid):
                people.invited(session, name=name)


@pytest.mark.parametrize(
    ("password", "problem"),
    [
        ("seven77", PasswordProblem.TOO_SHORT),
        ("x" * 257, PasswordProblem.TOO_LONG),
        ("aaaaaaaaaaaa", PasswordProblem.COMMON),
        ("abcabcabcabc", PasswordProblem.COMMON),
        ("abcdefgh", PasswordProblem.COMMON),
        ("87654321", PasswordProblem.COMMON),
        ("qwertyuiop", PasswordProblem.COMMON),
        ("1qaz2wsx", PasswordProblem.COMMON),
        ("Password1", PasswordProblem.COMMON),
        ("P@ssw0rd!", PasswordProblem.COMMON),
        ("woaini520", PasswordProblem.COMMON),
        ("19880412", PasswordProblem.COMMON),
        ("13800138000", PasswordProblem.COMMON),
        ("江东供电2026", PasswordProblem.NAME),
        ("JiangdongPower1", PasswordProblem.NAME),
        ("li.na2026", PasswordProblem.NAME),
        ("ＬＩ．ＮＡ２０２６", PasswordProblem.NAME),
        ("walrus teaspoon gravel", None),
        ("正确的马电池订书钉", None),
        ("password of my grandmother", None),
        ("Jiangdong Power is where I work", None),
        ("zx82!kdP", None),
        ("é" * 3 + "zx82!kdP" * 8, None),
    ],
)
def test_what_is_guessed_first_is_no_password_and_anything_else_is(
    password: str, problem: PasswordProblem | None
) -> None:
    names = ["江东供电", "Jiangdong Power", "li.na"]
    assert rules.password_problem(password, names=names) is problem
