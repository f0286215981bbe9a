"""Who follows the supplier's official accounts, known by their openids alone until they sign in."""

from datetime import datetime

from core import ids
from core.crypto.vault import Vault
from core.db import WriteSession, statement
from services.identity.queries import openid_blind


def note_follower(session: WriteSession, *, vault: Vault, appid: str, openid: str, follows: bool, at: datetime) -> None:
    """Remember that somebody follows an account, or does not any more; news that is older than what is known is not.

    Idempotent.
    """
    session.sql(
        statement(__package__, "note_follower.sql"),
        id=ids.uuid7(),
        appid=appid,
        blind=openid_blind(vault, appid, openid),
        sealed=vault.seal(table="wechat_follower", column="openid", owner=f"wechat:{appid}", text=openid),
        follows=follows,
        at=at,
    )
