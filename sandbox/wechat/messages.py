"""What people do in a chat, told to the supplier: signed, in plain or encrypted, until it is taken or three times."""

import json
import re
import secrets
import time
from collections.abc import Mapping
from typing import Any, Final
from xml.sax.saxutils import escape

import httpx

from sandbox import deliveries
from sandbox.books import Books, note
from sandbox.credentials import Platform, WeChatApp
from sandbox.deliveries import Delivery, Packet, Struck
from sandbox.wechat.crypto import decrypt, encrypt, signature
from sandbox.wechat.people import People

MESSAGE: Final = "wechat.message"
STALE_S: Final = 301
FOREIGN_APPID: Final = "wx0000000000000000"
TAKEN: Final = frozenset({"", "success"})
_ADDRESS: Final = "wechat.callback_url"
_FIELD: Final = re.compile(r"<(\w+)>\s*(?:<!\[CDATA\[(.*?)\]\]>|([^<]*))\s*</\1>", re.DOTALL)

Fields = Mapping[str, Any]


class Chats:
    """What was said to applications, and what they answered."""

    waits_s: Final = (5, 5)

    def __init__(self, books: Books, platform: Platform, people: People) -> None:
        self._books, self._platform, self._people = books, platform, people

    def say(
        self, app: WeChatApp, person: int, fields: Fields, *, is_plain: bool = False, is_json: bool | None = None
    ) -> dict[str, Any]:
        """Queue a message or event of a person; a message gets its number here. Answers what will be told.

        Encrypted when the application has a key, unless `is_plain`; JSON for mini-programs, unless said otherwise.
        """
        now = time.time()
        head = {"ToUserName": app.original_id, "FromUserName": self._people.openid(app.appid, person)}
        told = {**head, "CreateTime": int(now), **fields}
        if told["MsgType"] != "event":
            told.setdefault("MsgId", secrets.randbelow(10**17) + 10**16)
        content = {
            "appid": app.appid,
            "fields": told,
            "is_plain": is_plain or not app.aes_key,
            "is_json": app.kind == "mini_program" if is_json is None else is_json,
        }
        with self._books.change() as change:
            address = change.execute("select value from setting where name = ?", (_ADDRESS,)).fetchone()
            change.execute(
                "insert into wechat_chat (at, appid, person, said) values (?, ?, ?, ?)",
                (now, app.appid, person, json.dumps(told, ensure_ascii=False)),
            )
            if address is not None:
                deliveries.queue(
                    change,
                    kind=MESSAGE,
                    subject=str(told.get("MsgId", told["FromUserName"])),
                    url=address["value"],
                    event=str(told.get("Event", told["MsgType"])),
                    content=content,
                    serial=None,
                    due_at=now,
                )
        return told

    def set_address(self, url: str | None) -> None:
        """Where messages go from now on; None: nowhere."""
        with self._books.change() as change:
            change.execute("delete from setting where name = ?", (_ADDRESS,))
            if url is not None:
                change.execute("insert into setting (name, value) values (?, ?)", (_ADDRESS, url))

    def address(self) -> str | None:
        """Where messages go."""
        row = self._books.one("select value from setting where name = ?", _ADDRESS)
        return None if row is None else str(row["value"])

    def log(self, most: int = 200) -> list[dict[str, Any]]:
        """What was said and answered, newest first."""
        rows = self._books.all("select * from wechat_chat order by id desc limit ?", most)
        return [{**row, "said": json.loads(row["said"])} for row in rows]

    def compose(self, delivery: Delivery, struck: Struck) -> Packet:
        """Body and signed query of one try."""
        content = delivery.content
        app = self._app(content["appid"])
        moment = int(time.time()) - (int(struck["stale"].value or STALE_S) if "stale" in struck else 0)
        token = secrets.token_hex(8) if "wrong_token" in struck else app.token
        stamp, nonce = str(moment), str(secrets.randbelow(10**10))
        query = {
            "signature": signature(token, stamp, nonce),
            "timestamp": stamp,
            "nonce": nonce,
            "openid": content["fields"]["FromUserName"],
        }
        plain = _json(content["fields"]) if content["is_json"] else xml_of(content["fields"])
        if content["is_plain"]:
            body = plain
        else:
            inside = str(struck["appid"].value or FOREIGN_APPID) if "appid" in struck else app.appid
            box = encrypt(app.aes_key, inside, plain)
            query |= {"encrypt_type": "aes", "msg_signature": signature(token, stamp, nonce, box)}
            shell = {"ToUserName": app.original_id, "Encrypt": _altered(box) if "altered" in struck else box}
            body = _json(shell) if content["is_json"] else xml_of(shell)
        media_type = "application/json" if content["is_json"] else "text/xml"
        return Packet(body.encode(), {"Content-Type": media_type}, str(httpx.QueryParams(query)))

    def is_acknowledged(self, delivery: Delivery, answer: httpx.Response) -> bool:
        """200 with `success`, nothing, or an answer for the chat."""
        if answer.status_code != 200:  # noqa: PLR2004 -- OK
            return False
        if answer.text in TAKEN:
            return True
        reply = self._reply(self._app(delivery.content["appid"]), answer.text, delivery.content)
        if reply is None:
            return False
        openid = delivery.content["fields"]["FromUserName"]
        with self._books.change() as change:
            change.execute(
                "update wechat_chat set reply = ? where id = (select max(c.id) from wechat_chat c "
                "join wechat_openid o on o.appid = c.appid and o.person = c.person where o.openid = ? "
                "and json_extract(c.said, '$.CreateTime') = ?)",
                (reply, openid, delivery.content["fields"]["CreateTime"]),
            )
            note(change, time.time(), delivery.subject, replied=len(reply))
        return True

    def _reply(self, app: WeChatApp, text: str, content: Mapping[str, Any]) -> str | None:
        """The text of an answer that is as the documents want it."""
        said = fields_of(text)
        if not content["is_plain"]:
            proof = signature(app.token, said.get("TimeStamp", ""), said.get("Nonce", ""), said.get("Encrypt", ""))
            if proof != said.get("MsgSignature"):
                return None
            try:
                said = fields_of(decrypt(app.aes_key, app.appid, said["Encrypt"]))
            except ValueError:
                return None
        asked = content["fields"]
        is_ours = said.get("ToUserName") == asked["FromUserName"] and said.get("FromUserName") == asked["ToUserName"]
        return said.get("Content") if is_ours and said.get("MsgType") == "text" else None

    def _app(self, appid: str) -> WeChatApp:
        found = self._platform.app(appid)
        if found is None:
            raise KeyError(appid)
        return found


def xml_of(fields: Fields, name: str = "xml") -> str:
    """Fields as the platform writes them: texts in CDATA, numbers bare, lists as repeated elements."""
    return f"<{name}>{''.join(_element(key, value) for key, value in fields.items())}</{name}>"


def fields_of(text: str) -> dict[str, str]:
    """The fields of a flat answer: the platform's own reader takes no more than that."""
    inner = text.partition("<xml>")[2].rpartition("</xml>")[0]
    return {name: cdata or plain for name, cdata, plain in _FIELD.findall(inner)}


def _element(name: str, value: Any) -> str:
    if isinstance(value, Mapping):
        return xml_of(value, name)
    if isinstance(value, list):
        return "".join(_element(name, each) for each in value)
    if isinstance(value, int | float):
        return f"<{name}>{value}</{name}>"
    text = str(value)
    return f"<{name}>{escape(text)}</{name}>" if "]]>" in text else f"<{name}><![CDATA[{text}]]></{name}>"


def _json(fields: Fields) -> str:
    return json.dumps(fields, ensure_ascii=False)


def _altered(box: str) -> str:
    return ("B" if box[0] == "A" else "A") + box[1:]
