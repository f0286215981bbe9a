"""What identity itself knows of a person: who they are, where they are signed in, what they allowed, what they did."""

from datetime import datetime
from uuid import UUID

from core import audit, idempotency
from core.crypto.vault import Vault
from core.db import ReadSession, WriteSession
from core.errors import Json
from services.identity import queries
from services.identity.queries import owner_of

_GONE = (
    """delete from wechat_follower f using wechat_identity w
       where w.user_id = :user_id and f.appid = w.appid and f.openid_blind = w.openid_blind""",
    "delete from wechat_identity where user_id = :user_id",
    "delete from wechat_union where user_id = :user_id",
    "delete from data_export where user_id = :user_id",
    "delete from session_family where user_id = :user_id",
    """delete from otp_challenge c using app_user u where u.id = :user_id and c.phone_blind = u.phone_blind""",
    """delete from sign_in_limit l using app_user u
       where u.id = :user_id and l.kind = 'phone' and l.key = u.phone_blind""",
    "select identity_erase(:user_id)",
)


class Identity:
    """`identity.ports.PersonalData` of identity and of the mechanisms of core."""

    def export(self, session: ReadSession, *, vault: Vault, user_id: UUID) -> dict[str, list[dict[str, Json]]]:
        """The person, their devices, their decisions, their acts."""
        owner = owner_of(user_id)
        user = session.sql("select * from app_user where id = :id", id=user_id).one()
        devices = session.sql(
            """select kind, device_name, created_at, last_used_at, revoked_at from session_family
               where user_id = :id order by created_at, id""",
            id=user_id,
        )
        chats = session.sql(
            "select appid, linked_at, used_at from wechat_identity where user_id = :id order by linked_at", id=user_id
        )
        decisions = session.sql(
            """select purpose, text_version, decision, edge, decided_at from consent where user_id = :id order by id""",
            id=user_id,
        )
        return {
            "person": [
                {
                    "phone": queries.phone_of(session, vault=vault, user_id=user_id),
                    "locale": user.locale,
                    "created_at": user.created_at.isoformat(),
                    "signed_in_at": user.signed_in_at.isoformat(),
                }
            ],
            "devices": [
                {
                    "kind": row.kind,
                    "name": row.device_name,
                    "signed_in_at": row.created_at.isoformat(),
                    "last_used_at": row.last_used_at.isoformat(),
                    "signed_out_at": None if row.revoked_at is None else row.revoked_at.isoformat(),
                }
                for row in devices
            ],
            "wechat": [
                {"appid": row.appid, "linked_at": row.linked_at.isoformat(), "used_at": row.used_at.isoformat()}
                for row in chats
            ],
            "consents": [
                {
                    "purpose": row.purpose,
                    "text_version": row.text_version,
                    "decision": row.decision,
                    "edge": row.edge,
                    "decided_at": row.decided_at.isoformat(),
                }
                for row in decisions
            ],
            "acts": audit.acts_of(session, actor=owner),
        }

    def keeps(self, session: ReadSession, *, user_id: UUID) -> bool:  # noqa: ARG002 -- the port's signature
        """Nothing here is under way for longer than a code lives."""
        return False

    def erase(self, session: WriteSession, *, vault: Vault, user_id: UUID, now: datetime) -> None:  # noqa: ARG002 -- as above
        """Delete the person; their decisions and acts stay, of an id that leads to nobody."""
        owner = owner_of(user_id)
        audit.forget_addresses(session, actor=owner)
        idempotency.forget_caller(session, caller=owner)
        for statement in _GONE:
            session.sql(statement, user_id=user_id)
