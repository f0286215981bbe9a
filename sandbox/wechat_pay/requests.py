"""What an order may say, by the platform's documents: each breach names the field."""

import json
import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any, Final

NUMBER: Final = re.compile(r"[0-9A-Za-z_\-|*]{6,32}")
DESCRIPTION_BYTES: Final = 127
ATTACH_BYTES: Final = 128
MOST_MINOR: Final = 10**12
TRADE_TYPES: Final = {"native": "NATIVE", "h5": "MWEB", "jsapi": "JSAPI", "app": "APP"}


class Refused(Exception):
    """The platform refuses: HTTP status, code, message."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(code)
        self.status, self.code, self.message = status, code, message


def as_object(body: bytes) -> dict[str, Any]:
    """A body's JSON object; raises Refused for anything else."""
    try:
        content = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise Refused(400, "PARAM_ERROR", "请求体不是有效的JSON") from error
    if not isinstance(content, dict):
        raise Refused(400, "PARAM_ERROR", "请求体不是有效的JSON")
    return content


def check_order(method: str, body: dict[str, Any], *, currency: str) -> None:
    """Raise Refused unless an order says all that its method needs, in the document's limits."""
    for name in _wrong(method, body, currency):
        raise Refused(400, "PARAM_ERROR", f"参数错误：{name}")


def expiry(body: dict[str, Any]) -> float | None:
    """The last moment to pay, as seconds; None when the order leaves it open."""
    given = body.get("time_expire")
    return None if given is None else datetime.fromisoformat(given).timestamp()


def _wrong(method: str, body: dict[str, Any], currency: str) -> Iterator[str]:
    number, amount = body.get("out_trade_no"), body.get("amount")
    if not _is_text(body.get("description"), DESCRIPTION_BYTES):
        yield "description"
    if not isinstance(number, str) or not NUMBER.fullmatch(number):
        yield "out_trade_no"
    url = body.get("notify_url")
    # The platform wants https and a public host; a sandbox on one machine cannot.
    if not _is_text(url, 255) or not re.fullmatch(r"https?://[^\s?#/]+(/[^\s?#]*)?", str(url)):
        yield "notify_url"
    if not isinstance(amount, dict) or type(amount.get("total")) is not int or not 0 < amount["total"] <= MOST_MINOR:
        yield "amount.total"
    elif amount.get("currency", currency) != currency:
        yield "amount.currency"
    if "attach" in body and not _is_text(body["attach"], ATTACH_BYTES, least=0):
        yield "attach"
    if "time_expire" in body and not _is_time(body["time_expire"]):
        yield "time_expire"
    if method == "jsapi" and not _is_text(_part(body, "payer", "openid"), 128):
        yield "payer.openid"
    if method == "h5":
        if not _is_text(_part(body, "scene_info", "payer_client_ip"), 45):
            yield "scene_info.payer_client_ip"
        if not _is_text(_part(body, "scene_info", "h5_info", "type"), 32):
            yield "scene_info.h5_info.type"


def _part(body: dict[str, Any], *path: str) -> object:
    found: object = body
    for name in path:
        found = found.get(name) if isinstance(found, dict) else None
    return found


def _is_text(value: object, most: int, *, least: int = 1) -> bool:
    try:
        return isinstance(value, str) and least <= len(value.encode()) <= most and "\x00" not in value
    except UnicodeEncodeError:  # half of a surrogate pair
        return False


def _is_time(value: object) -> bool:
    try:
        return isinstance(value, str) and datetime.fromisoformat(value).tzinfo is not None
    except ValueError:
        return False
