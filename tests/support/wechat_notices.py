"""Notices that the platform might send, true or not, signed with whatever keys a test gives it."""

from functools import cache
from pathlib import Path
from typing import Any, Final

from sandbox import credentials
from sandbox.credentials import Platform
from sandbox.wechat_pay.signing import sealed, signed_headers, to_bytes
from tests.support.receiver import Call

URL: Final = "/callbacks/wechat-pay"


@cache
def platform_of(home: Path) -> Platform:
    """The keys of a sandbox that runs: reading its two private ones takes longer than most requests."""
    return credentials.load(home)


def paid(platform: Platform, out_trade_no: str, **other: Any) -> dict[str, Any]:
    """What the platform says of a paid order of one yuan."""
    return {
        "mchid": platform.mchid,
        "appid": platform.appid,
        "out_trade_no": out_trade_no,
        "transaction_id": f"42{out_trade_no}",
        "trade_state": "SUCCESS",
        "success_time": "2026-06-20T11:00:00+08:00",
        "amount": {"total": 100, "payer_total": 100, "currency": "CNY"},
        **other,
    }


def notice(platform: Platform, resource: dict[str, Any] | bytes, *, number: str = "notice-1", **envelope: Any) -> bytes:
    """A notice's body; `resource` is sealed with the platform's API v3 key."""
    plain = resource if isinstance(resource, bytes) else to_bytes(resource)
    content = {
        "id": number,
        "create_time": "2026-06-20T11:00:00+08:00",
        "event_type": "TRANSACTION.SUCCESS",
        "resource_type": "encrypt-resource",
        "summary": "支付成功",
        "resource": {**sealed(platform, plain, associated="transaction"), "original_type": "transaction"},
    }
    return to_bytes({**content, **envelope})


def signed(platform: Platform, body: bytes, *, serial: str | None = None, moment: int | None = None) -> Call:
    """The call that brings a body, signed now unless told otherwise, with the key that `serial` names."""
    headers = signed_headers(platform, body, serial=serial or platform.public_key_id, moment=moment)
    lower = {name.lower(): value for name, value in headers.items()}
    return Call(URL, {**lower, "content-type": "application/json"}, body)
