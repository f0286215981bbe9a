"""What people do in a chat with the supplier: kept once, acted on once, and answered in their language.

Features add what they understand by `register`, from `app.wiring`. A kind that nobody registered is kept as it came and
gets no answer.
"""

import json
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import structlog
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from core import inbox
from core.db import ReadSession, WriteSession
from core.inbox import Callback
from notifications.setup import Setup
from services.identity import operations as identity
from services.identity import queries
from services.identity.ports import WECHAT, WechatKind, WechatPush

log = structlog.get_logger(__name__)

SOURCE: Final = "wechat"
SIGN_IN: Final = "/sign-in"
NONCE_BYTES: Final = 12

Act = Callable[[WriteSession, Setup, WechatPush], None]
Answer = Callable[[Setup, WechatPush, str], str | None]


@dataclass(frozen=True, slots=True)
class Handler:
    """What a kind of message does, once, and what is answered, every time it comes. The last argument is a language."""

    act: Act | None = None
    answer: Answer | None = None


_handlers: dict[str, Handler] = {}


def register(kind: str, handler: Handler) -> None:
    """Understand one more kind; two handlers for one kind are a mistake, one told twice is not."""
    if _handlers.setdefault(kind, handler) != handler:
        msg = f"two handlers for {kind}"
        raise ValueError(msg)


def known_kind(kind: str) -> str:
    """The kind, or `other`: for counters, whose labels must not be what a caller sent."""
    return kind if kind in _handlers else "other"


def receive(session: WriteSession, *, setup: Setup, push: WechatPush) -> str | None:
    """Keep a verified message once and act on it once; answers what to say in the chat, if anything.

    One that cannot be acted on is kept all the same: `apply_stored` goes on with it.
    """
    kept = inbox.receive(
        session,
        source=SOURCE,
        external_id=push.key,
        body=_seal(setup, push),
        subject=queries.openid_blind(setup.vault, push.appid, push.openid).hex(),
    )
    inbox.apply(session, kept, lambda within, _callback: _act(within, setup, push))
    return answer(session, setup=setup, push=push)


def answer(session: ReadSession, *, setup: Setup, push: WechatPush) -> str | None:
    """What to say; only an official account can answer at once."""
    handler = _handlers.get(push.kind)
    if handler is None or handler.answer is None:
        return None
    if WECHAT.get().apps.get(push.appid) is not WechatKind.OFFICIAL_ACCOUNT:
        return None
    wanted = queries.locale_of_wechat(session, vault=setup.vault, appid=push.appid, openid=push.openid)
    return handler.answer(setup, push, setup.locale(wanted))


def apply_stored(session: WriteSession, *, setup: Setup) -> bool:
    """Act on one kept message that could not be acted on when it came; False when none is due."""
    kept = inbox.claim_due(session, source=SOURCE)
    if kept is None:
        return False
    inbox.apply(session, kept, lambda within, callback: _act(within, setup, _open(setup, callback)))
    return True


def _act(session: WriteSession, setup: Setup, push: WechatPush) -> None:
    handler = _handlers.get(push.kind)
    if handler is None:
        log.info("wechat_kind_unknown", appid=push.appid)
    elif handler.act is not None:
        handler.act(session, setup, push)


def _seal(setup: Setup, push: WechatPush) -> bytes:
    """A message as it is kept: it names a person and what they said.

    Under the master key, not one of the ring: it is forgotten with its row, and no turn of the ring may cut it off.
    """
    told = {
        "kind": push.kind,
        "openid": push.openid,
        "said_at": push.said_at.isoformat(),
        "fields": dict(push.fields),
    }
    nonce = secrets.token_bytes(NONCE_BYTES)
    return nonce + _box(setup).encrypt(nonce, json.dumps(told, ensure_ascii=False).encode(), push.key.encode())


def _open(setup: Setup, kept: Callback) -> WechatPush:
    nonce, box = kept.body[:NONCE_BYTES], kept.body[NONCE_BYTES:]
    told = json.loads(_box(setup).decrypt(nonce, box, kept.external_id.encode()))
    return WechatPush(
        appid=kept.external_id.partition(":")[0],
        kind=told["kind"],
        key=kept.external_id,
        openid=told["openid"],
        said_at=datetime.fromisoformat(told["said_at"]),
        fields=told["fields"],
    )


def _box(setup: Setup) -> AESGCM:
    return AESGCM(setup.vault.subkey("wechat.inbox"))


def _followed(session: WriteSession, setup: Setup, push: WechatPush) -> None:
    identity.note_follower(
        session, vault=setup.vault, appid=push.appid, openid=push.openid, follows=True, at=push.said_at
    )


def _left(session: WriteSession, setup: Setup, push: WechatPush) -> None:
    identity.note_follower(
        session, vault=setup.vault, appid=push.appid, openid=push.openid, follows=False, at=push.said_at
    )


def _greeting(setup: Setup, _push: WechatPush, locale: str) -> str:
    settings = setup.settings
    link = settings.public_url + SIGN_IN
    if locale.startswith("zh"):
        return f"欢迎关注{settings.supplier_name}！登录后可查账单、缴电费、看通知：\n{link}"
    name = settings.supplier_name_en or settings.supplier_name
    return f"Welcome to {name}! Sign in to see bills, pay and read notices:\n{link}"


def _ways_in(setup: Setup, _push: WechatPush, locale: str) -> str:
    settings = setup.settings
    url, hotline = settings.public_url, settings.supplier_hotline
    if locale.startswith("zh"):
        return f"查账单：{url}/bills\n缴电费：{url}/\n报修与咨询：{hotline}（24小时）"
    return f"Bills: {url}/bills\nPay: {url}/\nReport a fault, or ask: {hotline}, day and night"


HANDLERS: Final = (
    ("event.subscribe", Handler(_followed, _greeting)),
    ("event.unsubscribe", Handler(_left)),
    ("text", Handler(answer=_ways_in)),
)
"""What everybody may say to a supplier."""
