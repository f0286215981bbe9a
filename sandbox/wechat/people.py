"""The platform's people: an openid for each application, one unionid, and the codes that stand for them once."""

import secrets
import sqlite3
import time
from typing import Any, Final

from sandbox.books import Books, note
from sandbox.credentials import Platform, WeChatApp
from sandbox.wechat.refusals import Refused

CODE_LIFE_S: Final = 300
PER_MINUTE: Final = 100
JS, PHONE, OAUTH = "js", "phone", "oauth"
BASE, USERINFO = "snsapi_base", "snsapi_userinfo"


class People:
    """Everybody with a WeChat."""

    def __init__(self, books: Books, platform: Platform) -> None:
        self._books, self._platform = books, platform

    def add(self, *, name: str = "", phone: str | None = None, country: str = "86") -> dict[str, Any]:
        """A new person; `phone` is national, without its country."""
        now = time.time()
        with self._books.change() as change:
            made = change.execute(
                "insert into wechat_person (name, phone, country, unionid, created_at) values (?, ?, ?, ?, ?)",
                (name, phone, country, "o6_" + secrets.token_urlsafe(19), now),
            )
            person = int(made.lastrowid or 0)
            note(change, now, f"wechat:{person}", person_added=name)
        return self.one(person)

    def one(self, person: int) -> dict[str, Any]:
        """A person, with the openid of each application."""
        row = self._books.one("select * from wechat_person where id = ?", person)
        if row is None:
            raise KeyError(person)
        openids = {app.appid: self.openid(app.appid, person) for app in self._platform.wechat}
        return {**row, "is_blocked": bool(row["is_blocked"]), "openids": openids}

    def all(self) -> list[dict[str, Any]]:
        """Everybody, the newest first."""
        rows = self._books.all("select id from wechat_person order by id desc limit 100")
        return [self.one(row["id"]) for row in rows]

    def block(self, person: int) -> None:
        """Whoever the platform distrusts signs in nowhere."""
        with self._books.change() as change:
            change.execute("update wechat_person set is_blocked = 1 where id = ?", (person,))

    def openid(self, appid: str, person: int) -> str:
        """Who a person is to an application: made at first need, the same ever after."""
        known = self._books.one("select openid from wechat_openid where appid = ? and person = ?", appid, person)
        if known is None:
            with self._books.change() as change:
                change.execute(
                    "insert or ignore into wechat_openid (appid, person, openid) values (?, ?, ?)",
                    (appid, person, "o" + secrets.token_urlsafe(20)[:27]),
                )
            known = self._books.one("select openid from wechat_openid where appid = ? and person = ?", appid, person)
        return str(known["openid"] if known else "")

    def behind(self, openid: str) -> tuple[str, int] | None:
        """The application and person of an openid."""
        row = self._books.one("select appid, person from wechat_openid where openid = ?", openid)
        return None if row is None else (row["appid"], row["person"])

    def code(self, *, kind: str, appid: str, person: int, scope: str = BASE) -> str:
        """What a person's client gives to an application: good once, for five minutes."""
        made, now = "0" + secrets.token_urlsafe(23), time.time()
        with self._books.change() as change:
            change.execute(
                "insert into wechat_code (code, kind, appid, person, scope, expires_at) values (?, ?, ?, ?, ?, ?)",
                (made, kind, appid, person, scope, now + CODE_LIFE_S),
            )
        return made

    def expire_code(self, code: str) -> None:
        """Let a code's five minutes be over."""
        with self._books.change() as change:
            change.execute("update wechat_code set expires_at = ? where code = ?", (time.time(), code))

    def session(self, app: WeChatApp, code: str) -> dict[str, Any]:
        """What `jscode2session` answers. Raises Refused."""
        person = self._redeem(app.appid, JS, code)["person"]
        return {"session_key": secrets.token_urlsafe(18)[:22] + "==", **self._names(app.appid, person)}

    def authorised(self, app: WeChatApp, code: str) -> dict[str, Any]:
        """What `sns/oauth2/access_token` answers: the unionid only for a scope that the person agreed to."""
        row = self._redeem(app.appid, OAUTH, code)
        names = self._names(app.appid, row["person"])
        if row["scope"] == BASE:
            names.pop("unionid")
        tokens = {"access_token": secrets.token_urlsafe(60), "refresh_token": secrets.token_urlsafe(60)}
        return {**tokens, "expires_in": 7200, "scope": row["scope"], **names}

    def phone(self, appid: str, code: str) -> dict[str, Any]:
        """What `getuserphonenumber` answers. Raises Refused."""
        person = self.one(self._redeem(appid, PHONE, code)["person"])
        national, country = str(person["phone"] or ""), person["country"]
        whole = national if country == "86" else f"+{country} {national}"
        mark = {"timestamp": int(time.time()), "appid": appid}
        told = {"phoneNumber": whole, "purePhoneNumber": national, "countryCode": country, "watermark": mark}
        return {"errcode": 0, "errmsg": "ok", "phone_info": told}

    def _names(self, appid: str, person: int) -> dict[str, str]:
        return {"openid": self.openid(appid, person), "unionid": str(self.one(person)["unionid"])}

    def _redeem(self, appid: str, kind: str, code: str) -> dict[str, Any]:
        if not code:
            raise Refused(41008)
        now = time.time()
        with self._books.change() as change:
            row = change.execute("select * from wechat_code where code = ?", (code,)).fetchone()
            if row is None or row["appid"] != appid or row["kind"] != kind or row["expires_at"] <= now:
                raise Refused(40029)
            if row["used_at"] is not None:
                raise Refused(40163)
            _check_person(change, row["person"], kind, now)
            change.execute("update wechat_code set used_at = ? where code = ?", (now, code))
            return dict(row)


def _check_person(change: sqlite3.Connection, person: int, kind: str, now: float) -> None:
    if change.execute("select is_blocked from wechat_person where id = ?", (person,)).fetchone()[0]:
        raise Refused(40226)
    recent = "select count(*) from wechat_code where person = ? and kind = ? and used_at > ?"
    if change.execute(recent, (person, kind, now - 60)).fetchone()[0] >= PER_MINUTE:
        raise Refused(45011)
