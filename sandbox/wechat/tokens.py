"""Access tokens of applications: stable for two hours, renewed shortly before their end while the old one is good."""

import secrets
import time
from typing import Any, Final

from sandbox.books import Books
from sandbox.wechat.refusals import Refused

LIFE_S: Final = 7200
RENEWED_S: Final = 300


class Tokens:
    """Who may call for which application."""

    def __init__(self, books: Books) -> None:
        self._books = books

    def stable(self, appid: str, *, is_forced: bool) -> dict[str, Any]:
        """The living token, or a new one near its end or by force, which ends the old one at once."""
        now = time.time()
        with self._books.change() as change:
            newest = change.execute(
                "select token, expires_at from wechat_token where appid = ? and is_revoked = 0 and expires_at > ? "
                "order by expires_at desc limit 1",
                (appid, now + RENEWED_S),
            ).fetchone()
            if newest is not None and not is_forced:
                return _told(newest["token"], newest["expires_at"] - now)
            if is_forced:
                change.execute("update wechat_token set is_revoked = 1 where appid = ?", (appid,))
            token = secrets.token_urlsafe(102)
            change.execute(
                "insert into wechat_token (token, appid, expires_at) values (?, ?, ?)", (token, appid, now + LIFE_S)
            )
        return _told(token, LIFE_S)

    def appid_of(self, token: str) -> str:
        """Whose token this is. Raises Refused."""
        if not token:
            raise Refused(41001)
        row = self._books.one("select appid, expires_at, is_revoked from wechat_token where token = ?", token)
        if row is None or row["is_revoked"]:
            raise Refused(40001)
        if row["expires_at"] <= time.time():
            raise Refused(42001)
        return str(row["appid"])

    def revoke(self, appid: str) -> None:
        """End every token of an application, as a forced refresh elsewhere would."""
        with self._books.change() as change:
            change.execute("update wechat_token set is_revoked = 1 where appid = ?", (appid,))

    def expire(self, appid: str) -> None:
        """Let every token of an application be two hours old."""
        with self._books.change() as change:
            change.execute("update wechat_token set expires_at = ? where appid = ?", (time.time(), appid))


def _told(token: str, seconds: float) -> dict[str, Any]:
    return {"access_token": token, "expires_in": int(seconds)}
