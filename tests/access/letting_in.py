"""Invitations and grants for the access tests, made as owners make them."""

import itertools
import uuid
from uuid import UUID

from core import clock
from services.accounts import operations
from services.accounts.models import Role, Scope
from services.accounts.operations import Terms
from tests.access.asking import Asked, Scene
from tests.factories import identity as people
from tests.factories.accounts import ACTOR
from tests.support.town import Home, Person, Town

PAYER = Terms(Role.PAYER, Scope.FULL, None)
_numbers = itertools.count(1)


def somebodys_phone() -> str:
    """A telephone that nobody has been asked about."""
    return f"+86134{next(_numbers):08d}"


def invite(town: Town, owner: Person, home: Home, phone: str, terms: Terms = PAYER) -> UUID:
    """An open invitation; answers its id."""
    with town.runtime.db.write() as session:
        made = operations.invite(
            session,
            vault=town.runtime.vault,
            owner_id=owner.user_id,
            account=home.account,
            phone=phone,
            region="+86",
            terms=terms,
            actor=ACTOR,
            now=clock.now(),
        )
    return made.id


def accept(town: Town, person: Person, invitation_id: UUID) -> None:
    """Somebody takes an invitation up."""
    with town.runtime.db.write() as session:
        account = operations.accept(
            session, user_id=person.user_id, invitation_id=invitation_id, actor=ACTOR, now=clock.now()
        )
    assert account is not None


def let_in(town: Town, home: Home, terms: Terms = PAYER) -> tuple[Person, UUID]:
    """Somebody whom a new owner of the home let in, and the id of their grant."""
    owner = town.settle(home, has_payments=False)
    person = town.settle(home, by_quote=True, has_payments=False)
    accept(town, person, invite(town, owner, home, person.phone, terms))
    return person, grant_id(town, home, person)


def grant_id(town: Town, home: Home, person: Person) -> UUID:
    """The id of a person's living grant."""
    with town.runtime.db.read() as session:
        found: UUID = session.sql(
            "select id from access_grant where user_id = :user and account_id = :account and revoked_at is null",
            user=person.user_id,
            account=home.account.id,
        ).scalar_one()
    return found


def make_room(town: Town, home: Home) -> None:
    """Nobody is let in or invited any more: an account has room for so many."""
    with town.runtime.db.write() as session:
        session.sql(
            "update access_grant set revoked_at = now() where account_id = :id and role <> 'owner' and revoked_at is null",
            id=home.account.id,
        )
        session.sql(
            """update access_invitation set state = 'withdrawn', ended_at = now(), phone_sealed = null
               where account_id = :id and state = 'open'""",
            id=home.account.id,
        )


def add_wechat(made: Scene) -> Asked:
    """A WeChat of nobody, of somebody else, or one that WeChat does not know."""
    town, appid = made.town, made.town.sandbox.mini_program["appid"]
    person, code = town.sandbox.wechat_person(), "made-up"
    if made.object != "missing":
        code = town.sandbox.wechat_code("js", appid, person)
    if made.object in {"others", "other_unit"}:
        owner = town.people["neighbour" if made.object == "others" else "far"]
        with town.runtime.db.write() as session:
            people.join_wechat(
                session, town.runtime.vault, user_id=owner.user_id, appid=appid, openid=person["openids"][appid]
            )
    return Asked(
        "/api/v1/me/wechat", json={"appid": appid, "code": code}, headers={"idempotency-key": uuid.uuid4().hex}
    )
