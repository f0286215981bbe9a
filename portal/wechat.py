"""The browser inside WeChat: how it is recognised, and what it remembers of whose WeChat it is.

A cookie that only we can read holds the person's name at the supplier's official account. It says who pays inside
WeChat, and who is joined when somebody signs in there by telephone; it signs nobody in.
"""

import base64
import hashlib
import hmac
import json
import secrets
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import quote

from fastapi import Request
from fastapi.responses import Response

from core.config import Settings
from core.crypto.vault import CannotOpen, Vault
from services.identity.ports import WECHAT, WechatPerson
from web import cookies

KEPT: Final = timedelta(days=30)
ASKED_AGAIN: Final = timedelta(minutes=1)
STATE_LIFE: Final = timedelta(minutes=10)
NOBODY: Final = "-"
"""WeChat was asked and did not say: pages go on without."""

_NONCE, _MAC, _STAMP = 16, 32, 10


def is_inside(request: Request) -> bool:
    """Whether the page is opened in WeChat, where only WeChat's own way to pay works."""
    agent = request.headers.get("user-agent", "")
    # The messenger for companies calls itself so too, and is another.
    return "MicroMessenger" in agent and "wxwork" not in agent


def account_for(request: Request) -> str | None:
    """The official account that speaks to this browser: None outside WeChat, or where the supplier has none."""
    return WECHAT.get().official_account if is_inside(request) else None


def way_there(next: str) -> str:  # noqa: A002 -- the form's name
    """The address that asks WeChat and comes back to a page of ours."""
    return "/wechat/go" if next == "/" else f"/wechat/go?next={quote(next, safe='/')}"


def person_of(request: Request, settings: Settings, vault: Vault, *, now: datetime) -> WechatPerson | None:
    """Whose WeChat this browser is, as WeChat itself has said within thirty days."""
    account, kept = account_for(request), request.cookies.get(_name(settings), NOBODY)
    if account is None or kept == NOBODY:
        return None
    try:
        sealed = base64.urlsafe_b64decode(kept + "=" * (-len(kept) % 4))
        told = json.loads(vault.open(table="browser", column="wechat", owner=f"wechat:{account}", sealed=sealed))
    except (ValueError, CannotOpen):
        return None
    if told["until"] < now.timestamp():
        return None
    return WechatPerson(account, told["openid"], told["unionid"])


def is_to_ask(request: Request, settings: Settings) -> bool:
    """Whether WeChat is to be asked first who this is: it is there, and has not been, whatever it may say."""
    return account_for(request) is not None and _name(settings) not in request.cookies


def remember(answer: Response, settings: Settings, vault: Vault, person: WechatPerson, *, now: datetime) -> None:
    """Keep whose WeChat this browser is."""
    told = {"openid": person.openid, "unionid": person.unionid, "until": int((now + KEPT).timestamp())}
    owner = f"wechat:{person.appid}"
    sealed = vault.seal(table="browser", column="wechat", owner=owner, text=json.dumps(told))
    value = base64.urlsafe_b64encode(sealed).decode().rstrip("=")
    cookies.put(answer, settings, _name(settings), value, max_age_s=int(KEPT.total_seconds()))


def remember_nobody(answer: Response, settings: Settings) -> None:
    """Do not ask WeChat again for a minute."""
    cookies.put(answer, settings, _name(settings), NOBODY, max_age_s=int(ASKED_AGAIN.total_seconds()))


def state_for(vault: Vault, visitor: str, *, now: datetime) -> str:
    """What WeChat brings back: it opens this browser's way back alone, for ten minutes."""
    stamp, nonce = f"{int((now + STATE_LIFE).timestamp()):0{_STAMP}}", secrets.token_hex(_NONCE // 2)
    return f"{stamp}{nonce}{_mac(vault, stamp + nonce, visitor)}"


def is_own_state(vault: Vault, visitor: str | None, state: str, *, now: datetime) -> bool:
    """Whether this browser was sent to WeChat by us, a moment ago: nobody else can have it sign in as them."""
    told, mac = state[: _STAMP + _NONCE], state[_STAMP + _NONCE :]
    if not visitor or not hmac.compare_digest(
        mac.encode("utf-8", "surrogatepass"), _mac(vault, told, visitor).encode()
    ):
        return False
    return int(told[:_STAMP]) >= now.timestamp()


def _mac(vault: Vault, told: str, visitor: str) -> str:
    bound = f"{told}|{visitor}".encode("utf-8", "surrogatepass")
    return hmac.new(vault.subkey("wechat-state"), bound, hashlib.sha256).hexdigest()[:_MAC]


def _name(settings: Settings) -> str:
    return "__Host-wechat" if settings.is_secure else "wechat"
