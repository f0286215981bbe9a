"""WeChat identities: who somebody is to each of the supplier's applications, joined to one person, and parted again."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from core import audit, ids, outbox
from core.audit import Actor
from core.crypto.vault import Vault
from core.db import Statement, WriteSession, statement
from core.locks import lock
from services.identity import queries, rules
from services.identity.errors import FreshSignInNeeded
from services.identity.events import WechatJoined
from services.identity.models import LimitKind
from services.identity.operations.codes import Limited, register, retry_after_s, within_limit
from services.identity.ports import WechatPerson
from services.identity.queries import WechatView, openid_blind, owner_of, unionid_blind


@dataclass(frozen=True, slots=True)
class _Union:
    """A unionid as it is kept; only when it belongs to the person whose identity is written."""

    sealed: bytes | None
    blind: bytes | None


def admit_wechat(session: WriteSession, *, vault: Vault, device: str, address: str, now: datetime) -> Limited | None:
    """Count a sign-in by WeChat for its device and network; says so when one has had too many. Commit either way.

    Their own counters, beside those of one-time codes: codes of WeChat cannot be guessed, but each try is a call.
    """
    for kind, owner, limit in (
        (LimitKind.ADDRESS, rules.address_group(address), rules.WECHAT_ADDRESS_LIMIT),
        (LimitKind.DEVICE, device, rules.WECHAT_DEVICE_LIMIT),
    ):
        key = vault.blind(f"wechat.{kind}", owner)
        if not within_limit(session, kind=kind, key=key, limit=limit, now=now):
            return Limited(retry_after_s(session, kind=kind, key=key, limit=limit, now=now))
    return None


def sign_in_wechat(
    session: WriteSession,
    *,
    vault: Vault,
    person: WechatPerson,
    phone: str | None,
    locale: str,
    address: str,
    now: datetime,
) -> UUID | None:
    """The person whom a WeChat is joined to, by its openid or else its unionid.

    Joined to nobody, it joins whoever has the proved number `phone`, whose profile is made where missing; None without
    one. `phone` is canonical.
    """
    _lock(session, vault, person)
    user_id = queries.user_of_wechat(session, vault=vault, person=person)
    if user_id is None and phone is not None:
        user_id = register(session, vault=vault, phone=phone, locale=locale, now=now)
    if user_id is None:
        return None
    session.sql("update app_user set signed_in_at = :now where id = :id", id=user_id, now=now)
    _join(session, vault=vault, person=person, user_id=user_id, address=address, now=now)
    return user_id


def join_wechat(
    session: WriteSession, *, vault: Vault, person: WechatPerson, user_id: UUID, address: str, now: datetime
) -> bool:
    """Let a person, who has just proved who they are, sign in by this WeChat from now on.

    False when it is somebody else's: they must part from it first. Idempotent.
    """
    _lock(session, vault, person)
    owner = queries.user_of_wechat(session, vault=vault, person=person)
    if owner not in {None, user_id}:
        return False
    _join(session, vault=vault, person=person, user_id=user_id, address=address, now=now)
    return True


def add_wechat(
    session: WriteSession,
    *,
    vault: Vault,
    person: WechatPerson,
    user_id: UUID,
    session_id: UUID,
    address: str,
    now: datetime,
) -> WechatView | None:
    """Let a signed-in person sign in by this WeChat from now on; None when it is somebody else's.

    Raises FreshSignInNeeded when the session is older than `rules.FRESH_SIGN_IN` or over, or no code opened it: neither
    a copied token nor a borrowed WeChat must become a way in that outlives it. Idempotent. Publishes WechatJoined
    for a new one.
    """
    if not queries.is_fresh(session, session_id=session_id, now=now):
        raise FreshSignInNeeded
    before = {each.id for each in queries.wechat_identities(session, user_id=user_id)}
    if not join_wechat(session, vault=vault, person=person, user_id=user_id, address=address, now=now):
        return None
    view = queries.wechat_identity(session, vault=vault, person=person)
    if view.id not in before:
        outbox.add(session, WechatJoined(identity_id=str(view.id), user_id=str(user_id)))
    return view


def unlink_wechat(session: WriteSession, *, user_id: UUID, identity_id: UUID, address: str) -> bool:
    """Part a person from one WeChat: from the identity and from all others of the same unionid.

    Otherwise the next sign-in would join them again. False when it is not theirs. Sessions that were opened by it go
    on: they are in the list of devices.
    """
    gone = session.sql(_sql("unlink_wechat.sql"), user_id=user_id, id=identity_id).scalars().all()
    session.sql(
        """delete from wechat_union u where u.user_id = :user_id
           and not exists (select from wechat_identity i where i.unionid_blind = u.unionid_blind)""",
        user_id=user_id,
    )
    for parted in gone:
        audit.record(
            session,
            actor=Actor(f"user:{user_id}", address),
            act="identity.wechat_unlinked",
            subject=f"wechat_identity:{parted}",
        )
    return bool(gone)


def _lock(session: WriteSession, vault: Vault, person: WechatPerson) -> None:
    """One after the other: a WeChat that signs in twice at once is joined once."""
    if person.unionid is not None:
        lock(session, key=f"identity.unionid|{unionid_blind(vault, person.unionid).hex()}")
    lock(session, key=f"identity.openid|{openid_blind(vault, person.appid, person.openid).hex()}")


def _join(
    session: WriteSession, *, vault: Vault, person: WechatPerson, user_id: UUID, address: str, now: datetime
) -> None:
    union = _union(session, vault=vault, unionid=person.unionid, user_id=user_id)
    identity_id = ids.uuid7()
    is_new = session.sql(
        _sql("join_wechat.sql"),
        id=identity_id,
        appid=person.appid,
        user_id=user_id,
        openid_sealed=vault.seal(table="wechat_identity", column="openid", owner=owner_of(user_id), text=person.openid),
        openid_blind=openid_blind(vault, person.appid, person.openid),
        unionid_sealed=union.sealed,
        unionid_blind=union.blind,
        now=now,
    ).scalar_one_or_none()
    if is_new:
        audit.record(
            session,
            actor=Actor(f"user:{user_id}", address),
            act="identity.wechat_linked",
            subject=f"wechat_identity:{identity_id}",
            after={"appid": person.appid},
        )


def _union(session: WriteSession, *, vault: Vault, unionid: str | None, user_id: UUID) -> _Union:
    if unionid is None:
        return _Union(None, None)
    blind = unionid_blind(vault, unionid)
    session.sql(
        "insert into wechat_union (unionid_blind, user_id) values (:blind, :user_id) on conflict do nothing",
        blind=blind,
        user_id=user_id,
    )
    owner = session.sql("select user_id from wechat_union where unionid_blind = :blind", blind=blind).scalar_one()
    if owner != user_id:
        return _Union(None, None)
    sealed = vault.seal(table="wechat_identity", column="unionid", owner=owner_of(user_id), text=unionid)
    return _Union(sealed, blind)


def _sql(name: str) -> Statement:
    return statement(__package__, name)
