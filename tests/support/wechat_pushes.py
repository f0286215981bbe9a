"""Messages as WeChat might send them, true or not, made by an independent library with whatever keys a test gives it."""

import secrets
import time
from typing import Any, Final
from urllib.parse import urlencode
from xml.sax.saxutils import escape

from wechatpy.crypto import WeChatCrypto
from wechatpy.utils import WeChatSigner

PATH: Final = "/callbacks/wechat"
OPENID: Final = "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o"


def signature(*parts: str) -> str:
    """The platform's: over the parts in their own order."""
    signer = WeChatSigner()
    signer.add_data(*parts)
    return str(signer.signature)


def address(token: str, *, at: float | None = None, nonce: str | None = None, **more: str) -> str:
    """Our address with a signed query, of now unless told otherwise."""
    stamp, nonce = str(int(time.time() if at is None else at)), nonce or secrets.token_hex(8)
    asked = {"signature": signature(token, stamp, nonce), "timestamp": stamp, "nonce": nonce, **more}
    return f"{PATH}?{urlencode(asked)}"


def message(content: str = "电费", *, number: int | None = None, openid: str = OPENID, **more: Any) -> str:
    """A text that somebody wrote."""
    number = secrets.randbelow(10**17) + 10**16 if number is None else number
    fields = {"MsgType": "text", "Content": content, "MsgId": number, **more}
    return xml(openid=openid, **fields)


def event(kind: str, *, openid: str = OPENID, at: int | None = None, **more: Any) -> str:
    """Something that somebody did."""
    return xml(openid=openid, at=at, MsgType="event", Event=kind, **more)


def xml(*, openid: str = OPENID, at: int | None = None, **fields: Any) -> str:
    """A message in the platform's form."""
    head = {"ToUserName": "gh_123456789abc", "FromUserName": openid, "CreateTime": at or int(time.time())}
    parts = {**head, **fields}
    return "<xml>" + "".join(_element(name, value) for name, value in parts.items()) + "</xml>"


def encrypted(app: dict[str, str], text: str, *, at: float | None = None, **changes: str) -> tuple[str, bytes]:
    """Address and body of an encrypted message; `changes` replace what its key is made of."""
    key = {**app, **changes}
    stamp, nonce = str(int(time.time() if at is None else at)), secrets.token_hex(8)
    crypto = WeChatCrypto(key["token"], key["aes_key"], key["appid"])
    box = crypto.encrypt_message(text, nonce, stamp).partition("<Encrypt><![CDATA[")[2].partition("]]>")[0]
    more = {"encrypt_type": "aes", "msg_signature": signature(key["token"], stamp, nonce, box), "openid": OPENID}
    body = f"<xml><ToUserName><![CDATA[gh_123456789abc]]></ToUserName><Encrypt><![CDATA[{box}]]></Encrypt></xml>"
    return address(key["token"], at=float(stamp), nonce=nonce, **more), body.encode()


def reply_of(app: dict[str, str], answer: str) -> str:
    """The text of our encrypted answer, as the independent library opens it."""
    said = {
        name: answer.partition(f"<{name}>")[2].partition(f"</{name}>")[0]
        for name in ("TimeStamp", "Nonce", "MsgSignature")
    }
    bare = {name: value.removeprefix("<![CDATA[").removesuffix("]]>") for name, value in said.items()}
    crypto = WeChatCrypto(app["token"], app["aes_key"], app["appid"])
    return str(crypto.decrypt_message(answer, bare["MsgSignature"], bare["TimeStamp"], bare["Nonce"]))


def _element(name: str, value: Any) -> str:
    if isinstance(value, int):
        return f"<{name}>{value}</{name}>"
    text = str(value)
    return f"<{name}>{escape(text)}</{name}>" if "]]>" in text else f"<{name}><![CDATA[{text}]]></{name}>"
