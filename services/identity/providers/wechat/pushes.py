"""Messages and events that the platform sends to us: proved, opened, read; and what is answered in the chat.

In plain mode the signature covers the time and a nonce, not the body: whoever sees an address may forge messages for
some minutes. An application with a key is therefore never believed in plain.

While a token or a key is changed the old and the new hold, and a message is answered with those that it came with:
nobody here knows when the platform begins to use the new ones.
"""

import base64
import hashlib
import hmac
import json
import secrets
from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from xml.etree.ElementTree import Element, ParseError

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC
from defusedxml.ElementTree import fromstring

from core.config_lists import WechatApp
from core.errors import Json
from services.identity.errors import WechatPushMalformed, WechatPushUnproved
from services.identity.ports import WechatPush

WINDOW: Final = timedelta(minutes=5)
MAX_BYTES: Final = 65_536
MAX_DEPTH: Final = 8
MAX_NAME: Final = 128
RANDOM_BYTES: Final = 16
LENGTH_BYTES: Final = 4
BLOCK_BYTES: Final = 32
"""Of the padding: twice that of the cipher."""

CIPHER_BYTES: Final = 16
ECHO_CHARACTERS: Final = 128


def confirm(apps: Iterable[WechatApp], query: Mapping[str, str], *, now: datetime) -> str:
    """The text to repeat; raises WechatPushUnproved for whoever is not the platform."""
    _signer(apps, query, now=now)
    echo = query.get("echostr", "")
    if not (echo.isascii() and echo.isalnum() and len(echo) <= ECHO_CHARACTERS):
        raise WechatPushUnproved(reason="echo")
    return echo


def read(apps: Iterable[WechatApp], query: Mapping[str, str], body: bytes, *, now: datetime) -> WechatPush:
    """A message that is the platform's, for one of these applications, and of now.

    Raises WechatPushUnproved, and WechatPushMalformed for what is signed and no message.
    """
    app, token = _signer(apps, query, now=now)
    if len(body) > MAX_BYTES:
        raise WechatPushMalformed(reason="size")
    text, key = _text(body), ""
    if app.aes_keys:
        text, key = _opened(app, token, query, text)
    elif query.get("encrypt_type", "raw") != "raw":
        raise WechatPushUnproved(reason="unexpected_encryption")
    fields = _fields(text)
    openid, kind, moment = _name(fields, "FromUserName"), _kind(fields), _moment(fields)
    return WechatPush(app.appid, kind, _key(app.appid, fields, openid), openid, moment, fields, (token, key))


def reply(app: WechatApp, push: WechatPush, text: str, *, now: datetime) -> bytes:
    """The answer that shows `text` in the chat, encrypted as the message was."""
    stamp = str(int(now.timestamp()))
    plain = (
        f"<xml><ToUserName>{_cdata(push.openid)}</ToUserName>"
        f"<FromUserName>{_cdata(_name(push.fields, 'ToUserName'))}</FromUserName>"
        f"<CreateTime>{stamp}</CreateTime><MsgType>{_cdata('text')}</MsgType>"
        f"<Content>{_cdata(text)}</Content></xml>"
    )
    token, key = push.proof
    if not key:
        return plain.encode()
    box, nonce = _encrypt(key, app.appid, plain), str(secrets.randbelow(10**10))
    proof = _signature(token, stamp, nonce, box)
    return (
        f"<xml><Encrypt>{_cdata(box)}</Encrypt><MsgSignature>{_cdata(proof)}</MsgSignature>"
        f"<TimeStamp>{stamp}</TimeStamp><Nonce>{_cdata(nonce)}</Nonce></xml>"
    ).encode()


def _signer(apps: Iterable[WechatApp], query: Mapping[str, str], *, now: datetime) -> tuple[WechatApp, str]:
    """The application whose token signed the query, now, and that token.

    All are tried: the time tells nothing about any.
    """
    stamp, nonce = query.get("timestamp", ""), query.get("nonce", "")
    sent = query.get("signature", "").encode("utf-8", "surrogatepass")
    found: tuple[WechatApp, str] | None = None
    for app in apps:
        for token in app.tokens:
            if hmac.compare_digest(_signature(token, stamp, nonce).encode(), sent):
                found = app, token
    if found is None:
        raise WechatPushUnproved(reason="signature")
    if not (stamp.isascii() and stamp.isdigit() and len(stamp) <= len(str(2**40))):
        raise WechatPushUnproved(reason="timestamp")
    if abs(now.timestamp() - int(stamp)) > WINDOW.total_seconds():
        raise WechatPushUnproved(reason="timestamp")
    return found


def _signature(*parts: str) -> str:
    joined = "".join(sorted(parts)).encode("utf-8", "surrogatepass")
    return hashlib.sha1(joined, usedforsecurity=False).hexdigest()


def _text(body: bytes) -> str:
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise WechatPushMalformed(reason="encoding") from error
    return text.strip()


def _opened(app: WechatApp, token: str, query: Mapping[str, str], text: str) -> tuple[str, str]:
    """What is in the box, and the key that opened it. What another key opens is noise that names no application."""
    box = _fields(text).get("Encrypt")
    if not isinstance(box, str):
        raise WechatPushUnproved(reason="plain")
    stamp, nonce = query.get("timestamp", ""), query.get("nonce", "")
    proof = _signature(token, stamp, nonce, box).encode()
    if not hmac.compare_digest(proof, query.get("msg_signature", "").encode("utf-8", "surrogatepass")):
        raise WechatPushUnproved(reason="msg_signature")
    *earlier, last = app.aes_keys
    for key in earlier:
        with suppress(WechatPushMalformed, WechatPushUnproved):
            return _decrypt(key, app.appid, box), key
    return _decrypt(last, app.appid, box), last


def _decrypt(key: str, appid: str, box: str) -> str:
    try:
        sealed = base64.b64decode(box, validate=True)
    except ValueError as error:
        raise WechatPushMalformed(reason="box") from error
    if not sealed or len(sealed) % CIPHER_BYTES:
        raise WechatPushMalformed(reason="box")
    decryptor = _cipher(key).decryptor()
    plain = decryptor.update(sealed) + decryptor.finalize()
    padding = plain[-1]
    start = RANDOM_BYTES + LENGTH_BYTES
    end = start + int.from_bytes(plain[RANDOM_BYTES:start], "big")
    if not 1 <= padding <= BLOCK_BYTES or end > len(plain) - padding:
        raise WechatPushMalformed(reason="box")
    if not hmac.compare_digest(plain[end:-padding], appid.encode()):
        raise WechatPushUnproved(reason="appid")
    return _text(plain[start:end])


def _encrypt(key: str, appid: str, text: str) -> str:
    raw = text.encode()
    plain = secrets.token_bytes(RANDOM_BYTES) + len(raw).to_bytes(LENGTH_BYTES, "big") + raw + appid.encode()
    padding = BLOCK_BYTES - len(plain) % BLOCK_BYTES
    encryptor = _cipher(key).encryptor()
    sealed = encryptor.update(plain + bytes((padding,)) * padding) + encryptor.finalize()
    return base64.b64encode(sealed).decode()


def _cipher(key: str) -> Cipher[CBC]:
    raw = base64.b64decode(f"{key}=")
    return Cipher(AES(raw), CBC(raw[:CIPHER_BYTES]))


def _fields(text: str) -> dict[str, Json]:
    """The fields of a message in XML or, as mini-programs may choose, in JSON."""
    found = _from_json(text) if text.startswith("{") else _from_xml(text)
    if not isinstance(found, dict):
        raise WechatPushMalformed(reason="fields")
    return found


def _from_json(text: str) -> Json:
    """Numbers as texts: an id of 64 bits stays what it is."""
    try:
        found: Json = json.loads(text, parse_int=str, parse_float=str, parse_constant=str)
        written = json.dumps(found, ensure_ascii=False)
        written.encode()  # half of a surrogate pair is no text
    except (ValueError, RecursionError) as error:
        raise WechatPushMalformed(reason="json") from error
    if "\\u0000" in written:
        raise WechatPushMalformed(reason="nul")
    return found


def _from_xml(text: str) -> Json:
    """No entities, no document type: what needs them is no message of the platform's."""
    try:
        root: Element = fromstring(text, forbid_dtd=True)
    except (ParseError, ValueError, RecursionError) as error:
        raise WechatPushMalformed(reason="xml") from error
    return _value(root, 0)


def _value(element: Element, depth: int) -> Json:
    if depth > MAX_DEPTH:
        raise WechatPushMalformed(reason="depth")
    if len(element) == 0:
        return element.text or ""
    found: dict[str, Any] = {}
    for child in element:
        value = _value(child, depth + 1)
        known = found.get(child.tag)
        if known is None:
            found[child.tag] = value
        elif isinstance(known, list):
            known.append(value)
        else:
            found[child.tag] = [known, value]
    return found


def _name(fields: Mapping[str, Json], name: str) -> str:
    value = fields.get(name)
    if not isinstance(value, str) or not 0 < len(value) <= MAX_NAME:
        raise WechatPushMalformed(reason=name.lower())
    return value


def _kind(fields: Mapping[str, Json]) -> str:
    kind = _name(fields, "MsgType").lower()
    return f"event.{_name(fields, 'Event').lower()}" if kind == "event" else kind


def _moment(fields: Mapping[str, Json]) -> datetime:
    stamp = _name(fields, "CreateTime")
    if not (stamp.isascii() and stamp.isdigit() and len(stamp) <= len(str(2**33))):
        raise WechatPushMalformed(reason="createtime")
    return datetime.fromtimestamp(int(stamp), UTC)


def _key(appid: str, fields: Mapping[str, Json], openid: str) -> str:
    """What names a message however often it comes: its number, or for events who, when and what.

    Hashed: an openid is a person's. Send-finish events of one moment differ in their `MsgID`.
    """
    number = fields.get("MsgId")
    if isinstance(number, str) and number.isascii() and number.isdigit() and len(number) <= MAX_NAME:
        return f"{appid}:{number}"
    told = (openid, *(str(fields.get(name, "")) for name in ("CreateTime", "Event", "EventKey", "MsgID")))
    return f"{appid}:{hashlib.sha256('|'.join(told).encode()).hexdigest()}"


def _cdata(text: str) -> str:
    return f"<![CDATA[{text.replace(']]>', ']]]]><![CDATA[>')}]]>"
